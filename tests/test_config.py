import dataclasses
import re

import pytest
from omegaconf import OmegaConf

from composition import CONF, ROOT, checked
from goldilocks.config.command_line import compose_settings
from goldilocks.config.composition import typed_overrides
from goldilocks.config.mistakes import errors_in
from goldilocks.config.options import files_of
from goldilocks.config.settings import PARENT_FILE
from goldilocks.errors import ConfigError


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "catsdogs convnet"),
        (["dataset=boston", "model.units=4", "regularizer=l2"], "boston mlp l2 units=4"),
        (["dataset=boston", "optimizer=adam", "seed=3"], "boston mlp adam seed=3"),
        (["dataset=boston", "model=baseline"], "boston baseline"),
        (["dataset=boston", "tracking=none", "final=true"], "boston mlp final"),
        (["dataset=mnist", "tracking.experiment=x", "hydra.run.dir=."], "mnist convnet"),
        (["dataset=images", f"dataset.dir={ROOT}"], f"{ROOT.name} convnet"),
        (["experiment=mnist_dense"], "mnist_dense"),
        (
            ["experiment=mnist_dense", "trainer.epochs=9", "final=true"],
            "mnist_dense final epochs=9",
        ),
        (["experiment=mnist_dense", "regularizer=l2"], "mnist_dense l2"),
        (["dataset=boston", "regularizer=l2", "regularizer.l2=0.1"], "boston mlp l2=0.1"),
        (["dataset=boston", "regularizer=none", "seed=1"], "boston mlp seed=1"),
        (["dataset=boston", "+budget=5"], "boston"),
        (["dataset=boston", "+budget=5", "model=mlp"], "boston mlp"),
    ],
)
def test_a_name_says_what_was_chosen(overrides, name):
    assert checked(*overrides).name == name


def test_a_long_name_is_cut_and_keeps_what_is_short():
    columns = ",".join(f"column_{number}" for number in range(400))
    table = ["dataset=table", f"dataset.file={ROOT / 'README.md'}", "dataset.target=price"]
    names = [
        checked(*table, f"dataset.drop=[{columns}]", f"model.units={units}").name
        for units in (8, 16)
    ]
    assert [len(name) <= 60 and name.split()[-1] for name in names] == ["units=8", "units=16"]
    assert names[0].startswith("README mlp target=price drop=[")
    assert "..." in names[0]


@pytest.mark.parametrize(
    ("overrides", "role"),
    [
        (["dataset=boston"], "plain"),
        (["dataset=boston", "regularizer=dropout"], "regularized"),
        (["dataset=boston", "regularizer.l1=0.1"], "regularized"),
        (["dataset=boston", "regularizer=early_stopping"], "regularized"),
        (["dataset=boston", "model=baseline"], "baseline"),
        (["dataset=boston", "regularizer=l2", "final=true"], "final"),
    ],
)
def test_the_role_of_a_run(overrides, role):
    assert checked(*overrides).role == role


def test_the_command_can_be_pasted_into_a_shell():
    settings = checked(
        "dataset=table", f"dataset.file={ROOT / 'README.md'}", "dataset.target='the price'"
    )
    assert settings.command.startswith("python train.py dataset=table ")
    assert settings.command.endswith(" 'dataset.target=the price'")


def test_flat_has_every_leaf_by_its_dotted_key_and_the_options_by_their_groups():
    flat = checked("dataset=boston", "regularizer=l2").flat
    assert flat["dataset"] == "boston"
    assert flat["regularizer"] == "l2"
    assert flat["regularizer.l2"] == 0.001
    assert flat["model.units"] == 64
    assert flat["problem.type"] == "auto"
    assert "experiment" not in flat
    assert not [key for key, value in flat.items() if "_target_" in key or isinstance(value, dict)]


def test_seed_0_is_a_seed():
    assert checked("seed=0").tree["seed"] == 0
    assert checked("seed=0").flat["seed"] == 0
    assert checked("seed=0").fingerprint("d", "c", "") != checked("seed=1").fingerprint(
        "d", "c", ""
    )


def test_the_parent_is_read_from_the_folder_of_the_sweep(tmp_path):
    settings = dataclasses.replace(checked(), sweep_dir=tmp_path)
    (tmp_path / PARENT_FILE).write_text("abc")
    assert settings.parent == "abc"
    (tmp_path / PARENT_FILE).write_text("")
    assert settings.parent is None
    assert checked().parent is None


@pytest.mark.parametrize(
    "override",
    [
        "model.units=65",
        "seed=1",
        "optimizer=adam",
        "regularizer.l2=0.1",
        "protocol.seed=1",
        "final=true",
        "model=baseline",
    ],
)
def test_the_fingerprint_changes_with_what_can_change_a_result(override):
    assert checked("dataset=boston", override).fingerprint("d", "c", "") != checked(
        "dataset=boston"
    ).fingerprint("d", "c", "")


def test_the_fingerprint_changes_with_the_data_and_with_the_code():
    settings = checked("dataset=boston")
    assert (
        len(
            {
                settings.fingerprint(*digests, "")
                for digests in (("d", "c"), ("e", "c"), ("d", "e"), ("c", "d"))
            }
        )
        == 4
    )


@pytest.mark.parametrize(
    "override",
    ["tracking.uri=sqlite:///x.db", "tracking=none", "tracking.experiment=x", "dataset.cache_gib=0", f"dataset.dir={ROOT}",
     "regularizer=none", "diagnosis.probes=2"],
)  # fmt: skip
def test_the_fingerprint_stays_where_the_result_does(override):
    assert checked(override).fingerprint("d", "c", "") == checked().fingerprint("d", "c", "")


def test_the_same_settings_by_other_words_have_the_same_fingerprint():
    typed = checked("dataset=boston", "trainer.epochs=80", "trainer.batch_size=16")
    assert typed.fingerprint("d", "c", "") == checked("experiment=boston_holdout").fingerprint(
        "d", "c", ""
    )
    two = (
        checked("dataset=boston", "regularizer=l2"),
        checked("dataset=boston", "regularizer.l2=0.001"),
    )
    assert two[0].fingerprint("d", "c", "") == two[1].fingerprint("d", "c", "")


def test_traits_are_no_parameter_and_not_seen_by_builders():
    settings = checked("dataset=boston")
    assert settings.traits.model.honours
    assert not [key for key in settings.flat if "traits" in key]
    assert not [
        node for node in settings.tree.values() if isinstance(node, dict) and "traits" in node
    ]
    assert "traits" not in settings.builder("model").keywords


UNKNOWN = " is not a key of this configuration; "


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        (
            ["3 4", "dataset=mnits", "model.unit=5", "seed=-1"],
            ["3 4 cannot be read; expected key=value", "dataset=mnits: mnits is not an option of "
                                                       "dataset; ",
             f"model.unit{UNKNOWN}did you mean model.units?", "seed is -1; expected a whole number"],
        ),
        (["seed=[1", "trainer.epochs=0"], ["seed=[1 cannot be read; expected key=value", "trainer.epochs is 0; "]),
        (
            ["-m", "dataset=boston", "dataset.target=choice(Price ($),size)"],
            ["dataset.target=choice(Price ($),size) cannot be read; expected key=value, with quotes around each value"],
        ),
        (["=3", "seed=true"], ["=3 cannot be read; ", "seed is true; expected a whole number from "
                                                      "0 to 4294967295."]),
        (["datset=boston"], [f"datset{UNKNOWN}did you mean dataset?"]),
        (["zed=1"], [f"zed{UNKNOWN}expected one of model, optimizer, "]),
        (["tracking.qqqqqqqqqqqqqqqqqq=1"], [f"tracking.qqqqqqqqqqqqqqqqqq{UNKNOWN}expected one of "
                                             "tracking.uri, "]),
        (["-m", "model=mlp,convent"], ["model=convent: convent is not an option of model; "]),
        (["model=null"], ["model=null: null is not an option of model; "]),
        # Values of a sweep stand for all of it; a glob is read by Hydra alone.
        (["-m", "experiment=glob(mnist_*)", "model.units=0,4", "zed=1"], ["zed is not", "model.units is 0; expected"]),
        (["-m", "seed=range(-2,3)"], ["seed is -2; "]),
        # The keys of an option that was meant, and what fits it, are not told from another
        # option's.
        (["dataset=tabel", "dataset.target=y", "problem.loss=mse", "seed=-1"], ["dataset=tabel: ", "seed is -1; "]),
        (["experiment=bostn", "dataset.target=y"], ["experiment=bostn: "]),
        (["dataset=tabel", "dataset.targte=y"], ["dataset=tabel: ", "dataset.targte is not a key"]),
        # Where the groups are known, what does not fit is said beside what is misspelled.
        (["dataset=boston", "model=convnet", "sed=1"], ["sed is not a key", "model=convnet takes "
                                                                            "image data;"]),
        # A key of an earlier version, and its value, by the names of today.
        (["dataset=imdb", "dataset.words=500"], ["dataset.words is now dataset.max_tokens: type "
                                                 "dataset.max_tokens=500."]),
        (["dataset=imdb", "dataset.pad=before"], ["dataset.pad is now dataset.padding: type "
                                                  "dataset.padding=pre."]),
        (
            ["-m", "dataset=imdb", "++dataset.truncate=before,after", "dataset.hold=0"],
            ["dataset.truncate is now dataset.truncating: type dataset.truncating=pre,post.",
             "dataset.hold is now dataset.cache_gib: type dataset.cache_gib=0."],
        ),
        (["diagnosis.wide_gap=0.3", "seed=-1"], ["diagnosis.wide_gap is gone: a verdict follows from four "
                                                 "probabilities", "seed is -1; "]),
        (["diagnosis.probes=1", "tracking=none", "trainer.repeats=2"],
         ["diagnosis.probes=1 compares the stored training of this run with others, on its validation rows; "
          "with trainer.repeats=2 there is none.", "diagnosis.probes=1 compares "]),
        (["diagnosis.probes=1", "final=true"], ["diagnosis.probes=1 compares "]),
        (["diagnosis.probes=1", "dataset=boston", "protocol=kfold"], ["diagnosis.probes=1 compares "]),
        (["diagnosis.probes=-1"], ["diagnosis.probes is -1; expected a whole number"]),
        (["model.traits.honours=[l1]", "seed=-1"], ["model.traits are facts, ", "seed is -1; "]),
        (["seed=${nowhere}"], []),
        (["hydra.searchpath=[file:///nowhere]", "zed"], ["zed cannot be read; "]),
        (["~model=mlp", "seed=-1"], ["~model=mlp removes what a run needs; ", "seed is -1; "]),
        (["seed=range(1,3),5"], ["seed=range(1,3),5 gives no values that can be listed; "]),
        (["-m", "seed=range(1,3,0)"], ["seed=range(1,3,0) gives no values that can be listed; "]),
        (["hydra.run.dir=x", "+new=1", "dataset=boston"], []),
    ],
)  # fmt: skip
def test_every_error_of_a_command_line_is_found_and_none_besides(arguments, starts):
    errors = errors_in(arguments, CONF, "config")
    assert len(errors) == len(starts), errors
    for error, start in zip(errors, starts, strict=True):
        assert error.startswith(start)


@pytest.mark.parametrize(
    "override",
    ["hydra.searchpath=[file:///nowhere]", "hydra.job=null", "hydra/sweeper=nothing", "seed=${no}"],
)
def test_what_hydra_alone_refuses_is_a_sentence_that_says_what_to_type(override):
    words = re.escape(override.partition("=")[0].partition(".")[0])
    with pytest.raises(ConfigError, match=rf"  1\. .*{words}") as refusal:
        compose_settings([override], CONF)
    assert str(refusal.value).count("xpected GROUP=OPTION or KEY=VALUE of those") == 1


def test_the_options_of_the_whole_search_path_are_listed(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "zebra.yaml").touch()
    folder = f"file://{tmp_path}"
    [error] = errors_in([f"hydra.searchpath=[{folder}]", "model=nothing"], CONF, "config")
    assert error.endswith("pretrained, rnn, zebra.")
    # Those that the project's own file lists.
    (tmp_path / "config.yaml").write_text(f"hydra:\n  searchpath: [{folder}, pkg://goldilocks]\n")
    assert files_of(tmp_path, "config", []).names("model") == ["zebra"]
    assert "mlp" in files_of(tmp_path, "config", [f"hydra.searchpath=[file://{CONF}]"]).names(
        "model"
    )


def test_a_misspelled_option_is_answered_with_the_nearest_one():
    assert errors_in(["dataset=mnits"], CONF, "config")[0].endswith(" Did you mean mnist?")
    assert "Did you mean" not in errors_in(["dataset=zzzzzz"], CONF, "config")[0]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "model._target_=os.system",
            r"model\._target_ is os\.system; expected a function of goldilocks\.",
        ),
        ("+model.new=1", r"model\.new is not a key of any configuration; leave it out\."),
        ("model.traits.fewest_layers=0", r"model\.traits are facts, .+; leave out model\.traits\."),
        ("+dataset.traits.needs=money", r"dataset\.traits are facts, "),
        ("+optimizer.traits.fast=true", r"optimizer\.traits are facts, "),
        (
            "+dataset.hold=1",
            r"dataset\.hold is now dataset\.cache_gib: type dataset\.cache_gib=1\.",
        ),
        (
            "++diagnosis.horizon=1",
            r"diagnosis\.horizon is gone: a verdict follows from four .+ leave it out",
        ),
        ("problem=3", r"problem is not a key of any configuration"),
        ("~model.units", r"~model\.units removes what a run needs; give it a value\."),
        ("~dataset", r"~dataset removes what a run needs; give it a value\."),
        ("optimizer=[adam,sgd]", r"optimizer has no single option; expected optimizer=OPTION\."),
    ],
)
def test_what_hydra_composes_and_no_run_can_use_is_refused(override, sentence):
    with pytest.raises(
        ConfigError, match=rf"^the configuration has .+; nothing was run\.\n  1\. {sentence}"
    ):
        checked(override)


@pytest.mark.parametrize(
    "target",
    ["os.system", "goldilocks.config.command_line.os.system", "goldilocksmith.load", "keras.Model"],
)
def test_a_config_from_elsewhere_starts_nothing_but_goldilocks(target):
    settings = checked("dataset=boston")
    tree = {**settings.tree, "dataset": {**settings.tree["dataset"], "_target_": target}}
    with pytest.raises(
        ConfigError, match=rf"dataset\._target_ is {target}; expected a function of goldilocks\."
    ):
        dataclasses.replace(settings, tree=tree).builder("dataset")


def test_a_builder_has_its_keys_filled_in():
    builder = checked("dataset=boston", "dataset.subset=7").builder("dataset")
    assert builder.func.__module__ == "goldilocks.dataset.boston"
    assert builder.keywords == {"source": "auto", "subset": 7}


@pytest.mark.long
@pytest.mark.parametrize(
    "swept", ["experiment=glob(sequences_*)", "experiment=imdb_original,mnist_dense"]
)
def test_a_key_that_only_some_options_of_a_sweep_have_is_given_to_all_with_two_pluses(swept):
    [error] = errors_in(["-m", swept, "dataset.maxlen=100"], CONF, "config")
    assert error == (
        "dataset.maxlen is not a key of every option of this sweep; give it to all its jobs: "
        "++dataset.maxlen=100."
    )
    assert errors_in(["-m", swept, "++dataset.maxlen=100"], CONF, "config") == []
    assert errors_in(["-m", swept, "trainer.epochs=3"], CONF, "config") == []


def test_a_key_that_is_added_to_an_option_without_it_is_refused():
    error = "dataset.maxlen is not a key of dataset=boston; leave it out."
    with pytest.raises(ConfigError, match=error):
        checked("dataset=boston", "++dataset.maxlen=100")


def test_values_of_the_environment_stay_as_typed(monkeypatch):
    monkeypatch.setenv("DATA", "secret.csv")
    node = OmegaConf.create({"overrides": {"task": ["dataset.file=${oc.env:DATA}", "seed=1"]}})
    assert typed_overrides(node) == ["dataset.file=${oc.env:DATA}", "seed=1"]
