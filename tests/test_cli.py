import os
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

import pytest

from composition import OPTIONS, ROOT
from goldilocks.tracking import local

IMPORTED = "TensorFlow was imported before the configuration was right"


@pytest.fixture
def train(tmp_path):
    """Runs train.py in an empty folder, where importing TensorFlow or Keras fails with a message of
    ours.
    """
    for package in ("tensorflow", "keras"):
        (tmp_path / "fake" / package).mkdir(parents=True)
        (tmp_path / "fake" / package / "__init__.py").write_text(f"raise ImportError({IMPORTED!r})")
    work = tmp_path / "work"
    work.mkdir()
    path = os.pathsep.join([str(tmp_path / "fake"), str(ROOT / "src")])
    outside = {
        key: value for key, value in os.environ.items() if not key.startswith(("HYDRA_", "MLFLOW_"))
    }

    def run(*arguments, **environment):
        done = subprocess.run(
            [sys.executable, ROOT / "train.py", *arguments],
            cwd=work,
            env={**outside, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert list(work.iterdir()) == []
        return done

    return run


def test_help_shows_the_groups_and_examples_without_tensorflow(train):
    done = train("--help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    for group, options in OPTIONS.items():
        assert f"{group}: {', '.join(options)}" in lines
    assert len([line for line in lines if line.startswith("python train.py")]) == 6
    assert any(line.startswith("python train.py -m ") for line in lines)


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (
            ["dataset=boston", "seed=-1", "trainer.epochs=0"],
            [
                "1. trainer.epochs is 0; expected a whole number",
                "2. seed is -1; expected a whole number",
            ],
        ),
        (
            ["dataset=mnits", "model.unit=5"],
            [
                "1. dataset=mnits: mnits is not an option",
                "2. model.unit is not a key of this configuration; did you mean",
            ],
        ),
        (
            ["-m", "dataset=boston", "model=mlp,convnet", "regularizer=none,augmentation"],
            [
                "In dataset=boston model=mlp regularizer=augmentation, the configuration has an "
                "error",
                "In dataset=boston model=convnet regularizer=none, the configuration has an error",
                "1. model=convnet takes image data; dataset=boston is table data. Use model=mlp or "
                "model=baseline.",
            ],
        ),
        (
            ["model=null"],
            ["1. model=null: null is not an option of model; expected one of baseline, "],
        ),
        (
            ["-m", "seed=range(1,1000000000)"],
            ["has more than 100,000 values, each a run; expected fewer, and nothing was run."],
        ),
        (["seed=${nowhere}"], ["1. seed: Interpolation key 'nowhere' not found"]),
        (
            ["model._target_=os.system"],
            ["1. model._target_ is os.system; expected a function of goldilocks."],
        ),
    ],
)
def test_what_is_wrong_is_said_in_sentences_before_tensorflow_is_imported(
    train, arguments, sentences
):
    done = train(*arguments)
    assert done.returncode == 1
    assert "goldilocks: " in done.stderr
    assert "nothing was run." in done.stderr
    assert [sentence for sentence in sentences if sentence not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert IMPORTED not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config-name=workflow"], "--config-name is given, and a program here has one"),
        (
            ["-cn", "workflow"],
            "-cn is given, and a program here has one configuration. Leave it out",
        ),
        (
            ["--config-path", "x"],
            "type python train.py for a run, python workflow.py for a workflow",
        ),
        (["--epochs", "5"], "1. --epochs 5 is not a flag; type trainer.epochs=5."),
        (["dataset=boston", "-m", "model.units=1,0"], "model.units is 0; expected a whole number"),
    ],
)
def test_flags_that_are_not_there_are_answered_wherever_they_stand(train, arguments, sentence):
    done = train(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert "usage: " not in done.stderr


def test_the_version_is_that_of_goldilocks(train):
    assert train("--version").stdout == f"goldilocks {version('goldilocks')}\n"


@pytest.mark.long
def test_tensorflow_is_imported_once_the_configuration_is_right(train, tmp_path):
    """Else the tests above would pass whatever is imported."""
    file = tmp_path / "houses.csv"
    file.write_text(
        "size,price\n" + "".join(f"{row * row % 17},{row * 1.5}\n" for row in range(40))
    )
    done = train("dataset=table", f"dataset.file={file}", "dataset.target=price", "tracking=none")
    assert IMPORTED in done.stderr


def test_the_traceback_is_shown_to_who_asks_for_it(train):
    done = train("seed=-1", HYDRA_FULL_ERROR="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ConfigError: the configuration has an error" in done.stderr


def test_help_can_be_piped_into_a_program_that_stops_reading(tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, ROOT / "train.py", "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert done.stderr == ""


@pytest.mark.long
@pytest.mark.parametrize(
    "closed", ["2>&1 | true", "2>&-", pytest.param("2>&- >&-", marks=pytest.mark.slow)]
)
def test_a_training_that_nobody_reads_goes_on(folder, closed):
    boston = "dataset=boston dataset.source=stand_in trainer.epochs=1 'model.units=[4]'"
    typed = f"'{sys.executable}' '{ROOT / 'train.py'}' {boston} {closed}"
    done = subprocess.run(["sh", "-c", typed], stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0
    store = local.connect(uri=None, experiment="goldilocks")
    [found] = store.search("")
    assert found.status == "FINISHED"
    assert found.tags["output"] == "nobody read it, or its disk was full"


def test_an_interpreter_without_the_package_is_told_to_make_it(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    python = Path(tmp_path / "bare" / "bin" / "python")
    outside = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [python, ROOT / "train.py"], cwd=tmp_path, env=outside, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"goldilocks is not installed for {python}: run `make train`, then `.venv/bin/python train.py`."
    ]
