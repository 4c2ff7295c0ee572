"""What comes from a store or a recipe of other people runs no code of theirs."""

import json
import pickle
import shutil
import subprocess
import sys
import zipfile

import h5py
import keras
import pytest
import yaml

from composition import CONF, ROOT
from goldilocks.config import command_line, words
from goldilocks.errors import ConfigError, ModelError
from goldilocks.tracking import served

MLMODEL = {
    "flavors": {
        "keras": {"data": "data", "save_exported_model": False},
        "python_function": {"loader_module": "goldilocks.tracking.served"},
    }
}
DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}


@pytest.fixture(scope="module")
def harmless(tmp_path_factory):
    folder = tmp_path_factory.mktemp("harmless")
    (folder / "data").mkdir()
    (folder / "MLmodel").write_text(yaml.safe_dump(MLMODEL))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save(folder / "data/model.keras")
    return folder


@pytest.fixture
def folder(harmless, tmp_path):
    return shutil.copytree(harmless, tmp_path / "model")


def with_layer(folder, layer):
    """Put a layer into the configuration of a saved model."""
    file = folder / "data/model.keras"
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"].append(layer)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def called(tmp_path):
    return tmp_path / "called"


def test_a_model_of_ours_is_loaded(folder):
    assert served.load(folder).count_params() == 3


GADGETS = {
    "a lambda": {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {"value": "x"}}},
    },
    "a lambda by name": {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": {"module": "os", "class_name": "function", "config": "system"}},
    },
    "an exported graph": {
        "module": "keras.layers",
        "class_name": "TFSMLayer",
        "config": {"filepath": "elsewhere"},
    },
    "a module of PyTorch": {
        "module": "keras.layers",
        "class_name": "TorchModuleWrapper",
        "config": {"module": "x"},
    },
    "a function of JAX": {
        "module": "keras.layers",
        "class_name": "JaxLayer",
        "config": {"call_fn": {"class_name": "__lambda__", "config": {"value": "x"}}},
    },
    "another module": {"module": "os", "class_name": "system", "config": {"command": "CALL"}},
    "a process": {"module": "subprocess", "class_name": "Popen", "config": {"args": "CALL"}},
    "a builtin": {"module": "builtins", "class_name": "exec", "config": {"source": "CALL"}},
    "a download": {
        "module": "keras.utils",
        "class_name": "get_file",
        "config": {"fname": "x", "origin": "http://127.0.0.1:9/x"},
    },
    "a download as a function": {
        "module": "keras.utils",
        "class_name": "function",
        "config": "get_file",
    },
    "a function of ours": {
        "module": "goldilocks.tracking.local",
        "class_name": "connect",
        "config": {"uri": None, "experiment": "x"},
    },
    "a name inside of Keras": {
        "module": "keras.src.saving.saving_lib",
        "class_name": "load_model",
        "config": {"filepath": "x"},
    },
    "another registered name": {**DENSE, "registered_name": "os>system"},
    "a module below Keras's name": {"module": "keras_hub.os", "class_name": "system", "config": {}},
    "no module": {"class_name": "system", "config": {"command": "CALL"}},
    "an activation": {
        **DENSE,
        "config": {
            "units": 1,
            "activation": {"module": "os", "class_name": "function", "config": "system"},
        },
    },
    "an initializer": {
        **DENSE,
        "config": {
            "units": 1,
            "kernel_initializer": {"module": "os", "class_name": "system", "config": {"a": 1}},
        },
    },
    "a lambda as initializer": {
        **DENSE,
        "config": {
            "units": 1,
            "bias_initializer": {"class_name": "__lambda__", "config": {"value": "x"}},
        },
    },
    "a vocabulary of another file": {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"vocabulary": "/etc/passwd"},
    },
    "a vocabulary from the net": {
        "module": "keras.layers",
        "class_name": "IntegerLookup",
        "config": {"vocabulary": "http://127.0.0.1:9/x"},
    },
}


@pytest.mark.parametrize("layer", GADGETS.values(), ids=GADGETS)
def test_a_layer_that_calls_something_is_refused(folder, tmp_path, layer):
    text = json.dumps(layer).replace("CALL", f"touch {called(tmp_path)}")
    with_layer(folder, json.loads(text))
    with pytest.raises(ModelError, match="expected a Keras model that this program has logged"):
        served.load(folder)
    assert not called(tmp_path).exists()


class Caller:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return shutil.os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("keras.save_exported_model", True, "exported graph"),
        ("keras.save_exported_model", "false", "exported graph"),
        ("keras.data", "../../elsewhere", "exported graph"),
        ("keras.data", None, "exported graph"),
        ("python_function.loader_module", "os", "asks for the loader os"),
        ("python_function.loader_module", "goldilocks.tracking.served.x", "asks for the loader"),
        ("python_function", {}, "none of a Keras model"),
        ("keras", None, "none of a Keras model"),
    ],
)
def test_another_description_is_refused(folder, key, value, sentence):
    flavors = json.loads(json.dumps(MLMODEL))["flavors"]
    place, _, name = key.partition(".")
    if name:
        flavors[place][name] = value
    else:
        flavors[place] = value
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors}))
    with pytest.raises(ModelError, match=sentence):
        served.load(folder)


@pytest.mark.parametrize(
    "text", ["", "- a", "flavors: [", "\0", "flavors: !!python/object/apply:os.mkdir [CALLED]"]
)
def test_a_description_that_is_none_is_refused(folder, tmp_path, text):
    (folder / "MLmodel").write_text(text.replace("CALLED", str(called(tmp_path))))
    with pytest.raises(ModelError, match="its file MLmodel is none of a Keras model"):
        served.load(folder)
    assert not called(tmp_path).exists()


def test_files_that_are_no_saved_model_are_refused(folder, tmp_path):
    file = folder / "data/model.keras"
    content = file.read_bytes()
    for other in (b"", content[:400], pickle.dumps(Caller(called(tmp_path))), b"PK\3\4"):
        file.write_bytes(other)
        with pytest.raises(ModelError):
            served.load(folder)
    file.unlink()
    with pytest.raises(ModelError):
        served.load(folder)
    with h5py.File(file, "w") as archive:
        archive["x"] = 1
    with pytest.raises(ModelError):
        served.load(folder)
    file.unlink()
    file.mkdir()
    with pytest.raises(ModelError):
        served.load(folder)
    assert not called(tmp_path).exists()


RECIPES = {
    "a callback": "hydra: {callbacks: {x: {_target_: os.mkdir, path: CALLED}}}",
    "a callback elsewhere": (
        "hydra: {callbacks: {x: '${y}'}}\ny: {_target_: os.mkdir, path: CALLED}"
    ),
    "a callback's argument": (
        "hydra: {callbacks: {sweep: {x: {_target_: os.mkdir, path: CALLED}}}}"
    ),
    "a callback that stands in a list": (
        "hydra: {callbacks: {sweep: {x: [{_target_: os.mkdir, path: CALLED}]}}}"
    ),
    "a callback of later": "hydra: {callbacks: {x: '${hydra.job.num}'}}",
    "another callback of ours": (
        "hydra: {callbacks: {x: {_target_: goldilocks.tracking.local.connect}}}"
    ),
    "the launcher": "hydra: {launcher: {_target_: hydra_plugins.other.Launcher}}",
    "the launcher's argument": "hydra: {launcher: {x: {_target_: os.mkdir, path: CALLED}}}",
    "the sweeper": "hydra: {sweeper: {_target_: os.mkdir}}",
    "a handler": "hydra: {job_logging: {handlers: {x: {(): os.mkdir, path: CALLED}}}}",
    "a handler by its class": "hydra: {job_logging: {handlers: {x: {class: os.mkdir}}}}",
    "a formatter": "hydra: {hydra_logging: {formatters: {x: {(): os.mkdir, path: CALLED}}}}",
    "a filter": "hydra: {job_logging: {filters: {x: {(): 'ext://os.mkdir', path: CALLED}}}}",
    "an outer object": "hydra: {job_logging: {handlers: {x: {stream: 'ext://os.environ'}}}}",
}


OWN = {
    "a recipe": "own: [called]\nproblem: {metrics: [called.metric]}",
    "a recipe that copies another key": "own: '${findings.mute}'\nfindings: {mute: [called]}",
    "a recipe that says it was typed": "own: [called]\nhydra: {overrides: {task: ['own=[called]']}}",
    "the space of a search": "hydra: {sweeper: {params: {own: '[called]'}}}",
}


LAUNCHERS = {
    "Ray": "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher",
    "Slurm": "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher",
}


@pytest.fixture
def conf(tmp_path):
    def write(recipe):
        (tmp_path / "conf" / "experiment").mkdir(parents=True)
        text = recipe.replace("CALLED", str(called(tmp_path)))
        file = tmp_path / "conf" / "experiment" / "foreign.yaml"
        file.write_text(f"# @package _global_\n{text}\n")
        return tmp_path / "conf"

    return write


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_that_has_something_called_is_refused(conf, tmp_path, recipe):
    typed = [f"hydra.searchpath=[file://{conf(recipe)}]", "experiment=foreign"]
    with pytest.raises(ConfigError, match=r"hydra\.\S+ is '.*', which would be called before"):
        command_line.compose_settings(typed, CONF)
    assert not called(tmp_path).exists()


@pytest.mark.parametrize("recipe", OWN.values(), ids=OWN)
def test_no_recipe_lists_packages_to_import(conf, tmp_path, monkeypatch, recipe):
    (tmp_path / "called.py").write_text(f"open({str(called(tmp_path))!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    typed = [f"hydra.searchpath=[file://{conf(recipe)}]", "experiment=foreign", "dataset=imdb"]
    with pytest.raises(ConfigError, match="own lists packages that are imported, which no recipe"):
        command_line.compose_settings(typed, CONF)
    assert not called(tmp_path).exists()


def test_a_recipe_may_choose_a_metric_of_a_package_that_the_person_lists(conf):
    folder = conf("problem: {metrics: [collections.Counter]}")
    typed = [f"hydra.searchpath=[file://{folder}]", "experiment=foreign", "dataset=imdb"]
    with pytest.raises(ConfigError, match="own does not list collections"):
        command_line.compose_settings(typed, CONF)
    with pytest.raises(ConfigError, match=r"write below the function: Counter\.greater_is_better"):
        command_line.compose_settings([*typed, "own=[collections]"], CONF)


@pytest.mark.parametrize("launcher", LAUNCHERS.values(), ids=LAUNCHERS)
def test_a_launcher_that_the_documentation_names_may_be_called(conf, launcher):
    folder = conf(f"hydra: {{launcher: {{_target_: {launcher}}}}}")
    typed = [f"hydra.searchpath=[file://{folder}]", "experiment=foreign"]
    command_line.compose_settings(typed, CONF)


def test_the_command_refuses_it_before_hydra_calls_anything(conf, tmp_path):
    typed = f"hydra.searchpath=[file://{conf(RECIPES['a callback'])}]"
    command = [sys.executable, ROOT / "train.py", typed, "experiment=foreign"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "hydra.callbacks.x._target_ is 'os.mkdir', which would be called" in done.stderr
    assert "Traceback" not in done.stderr
    assert not called(tmp_path).exists()


BROKEN = {
    "a tab": (b"trainer:\n\tepochs: 2\n", r"line 3: found character '\\t' that cannot start"),
    "a key twice": (b"seed: 1\nseed: 2\n", r"line 3: found duplicate key seed"),
    "a bracket": (b"trainer: {epochs: 2\n", r"line 3: expected ',' or '}'"),
    "no UTF-8": (b"# caf\xe9\n", r"byte 26 is no UTF-8"),
    "a NUL": (b"a: \0\n", r"unacceptable character"),
    "a list": (b"- a\n", r"holds a list or a word; expected lines of key: value"),
    "too much": (b"# 10 bytes\n" * 100_000, r"has 1,100,020 bytes; expected .* dataset\.file=FILE"),
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_recipe_that_cannot_be_read_names_its_file_and_line(conf, content, sentence):
    folder = conf("")
    file = folder / "experiment" / "foreign.yaml"
    file.write_bytes(b"# @package _global_\n" + content)
    typed = [f"hydra.searchpath=[file://{folder}]", "experiment=foreign"]
    with pytest.raises(ConfigError, match=rf"{file} .*{sentence}"):
        command_line.compose_settings(typed, CONF)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("optimizer=[1,2]", r"\[1,2\] is not an option of optimizer; expected one of adam"),
        ("hydra/launcher=1.0", r"hydra/launcher=1\.0 cannot be used: .*string or a list"),
        ("experiment=${oc.select:x}", r"is not an option of experiment"),
        ("model=null", r"null is not an option of model"),
        (f"trainer.epochs={'9' * 400}", r"trainer\.epochs is 9+; expected a whole number"),
        (f"optimizer.learning_rate={'9' * 400}", r"learning_rate is 9+; expected"),
        (f"regularizer.l1={'9' * 400}", r"regularizer\.l1 is 9+; expected"),
    ],
)
def test_a_word_that_hydra_does_not_expect_is_a_sentence(word, sentence):
    with pytest.raises(ConfigError, match=sentence):
        command_line.compose_settings(["dataset=boston", word], CONF)


def test_a_folder_of_options_goes_on_into_the_command(conf, tmp_path):
    conf("seed: 7")
    train = [sys.executable, ROOT / "train.py", "--config-dir", "conf", "experiment=foreign"]
    done = subprocess.run(
        [*train, "seed=-1"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "seed is -1; expected" in done.stderr
    assert "conf cannot be read" not in done.stderr
    typed = words.with_search_path(["--config-dir=conf", "-m", "seed=1,2"])
    assert typed[:2] == ["-m", "seed=1,2"]
    assert typed[2].startswith("hydra.searchpath=['file://")
    assert typed[2].endswith("/conf']")
