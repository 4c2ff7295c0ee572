import pytest

from composition import FILES, NEEDED, OPTIONS, ROOT, checked, composed
from goldilocks.config import settings
from goldilocks.config.checks import path_errors
from goldilocks.config.composition import composed as before_checks
from goldilocks.config.rules import rule_of, same_type
from goldilocks.config.settings import leaves
from goldilocks.errors import ConfigError, unknown

FILE = f"dataset.file={ROOT / 'README.md'}"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            "dataset=boston model=baseline regularizer=l2_dropout",
            r"model=baseline has nothing that regularizer\.l2 and regularizer\.dropout could act "
            r"on; "
            r"expected regularizer=none, or another model than baseline\.",
        ),
        (
            "model=baseline regularizer=augmentation",
            r"model=baseline has nothing that regularizer\.flip, .+ and regularizer\.zoom could",
        ),
        (
            "dataset=boston regularizer.flip=true",
            r"dataset=boston is table data, and regularizer\.flip would change images\. Use one of "
            r"regularizer=dropout, early_stopping, l1, .+, none\.",
        ),
        (
            "model.units=[4,4]",
            r"model\.units is \[4, 4\]; model=convnet takes one value, not one for each layer: "
            r"type "
            r"model\.units=4\.",
        ),
        (
            "model=mlp model.layers=auto",
            r"model\.layers is 'auto'; model=mlp expects a whole number of at least 1",
        ),
        (
            "dataset=jena model.layers=auto",
            r"model\.layers is 'auto'; model=rnn expects a whole number of at least 1",
        ),
        (
            "model=mlp model.layers=0",
            r"model\.layers is 0; model=mlp expects a whole number of at least 1\.",
        ),
        (
            "model.layers=0",
            r"model\.layers is 0; model=convnet expects a whole number of at least 1, or auto\.",
        ),
        (
            "dataset=imdb model=embedding model.layers=auto",
            r"model=embedding expects a whole number of at least 0\.",
        ),
        (
            "dataset=jena model.layers=0",
            r"model\.layers is 0; model=rnn expects a whole number of at least 1\.",
        ),
        (
            "dataset=jena model.activation=[tanh,relu]",
            r"model\.activation=\['tanh', 'relu'\] is for 2 layers, and there are 1 "
            r"\(model\.units, model\.layers\); ",
        ),
        (
            "dataset=jena model.activation=[tanh] model.units=[32,64]",
            r"model\.activation=\['tanh'\] is for 1 layers, and there are 2 ",
        ),
        (
            "model=mlp model.activation=[tanh,relu]",
            r"model=mlp takes one value, not one for each layer: type model\.activation=tanh\.",
        ),
        (
            "dataset=jena model=conv_rnn model.units=[4]",
            r"model\.units is \[4\]; model=conv_rnn takes one value, .+: type model\.units=4\.",
        ),
        (
            "dataset=imdb model=embedding regularizer=l2_dropout",
            r"model=embedding with model\.layers=0 has no hidden layer that regularizer\.l2 could "
            r"act on; expected ",
        ),
        (
            "dataset=imdb model=rnn model.vectors=nowhere.txt",
            r"model\.vectors=nowhere\.txt is not a file here \(.+\); give the path of a GloVe "
            r"file, or stand_in\.",
        ),
        (
            "problem.loss=msee",
            r"problem\.loss is 'msee'; expected one of auto, .+ Did you mean mse\?",
        ),
        ("dataset=table problem.loss=msee " + FILE, r"problem\.loss is 'msee'; expected "),
        (
            "problem.loss=mse",
            r"problem\.loss is mse; a binary problem is trained with binary_crossentropy "
            r"or binary_focal_crossentropy\. If it is ",
        ),
        (
            "dataset=boston problem.type=binary",
            r"problem\.type is binary, but the data is regression; expected auto",
        ),
        (
            "dataset=table dataset.problem=clustering " + FILE,
            r"dataset\.problem is 'clustering'; expected one of auto, binary, .+\. Networks here learn "
            r"to predict a target; .+ has sklearn\.cluster",
        ),
        (
            "problem.type=bin",
            r"problem\.type is 'bin'; expected one of auto, .+, unit_regression\.$",
        ),
        (
            "problem.class_weight={yes:-1}",
            r"problem\.class_weight is \{'yes': -1\}; expected one of none, balanced, or weights of "
            r"classes, none below 0, such as \{yes:10\}\.",
        ),
        (
            "dataset=boston problem.class_weight=balanced",
            r"class_weight is balanced; a regression problem has no class of each row to weigh it "
            r"by\. Use problem\.class_weight=none\.",
        ),
        (
            "trainer.monitor=accuracy",
            r"trainer\.monitor is accuracy; this run will log val_loss, val_accuracy\.",
        ),
        (
            "problem.metrics=[auc] trainer.monitor=val_accuracy",
            r"trainer\.monitor is val_accuracy; this run will log val_loss, val_auc\.",
        ),
        (
            "trainer.monitor=val_data_loss",
            r"trainer\.monitor is val_data_loss; this run will log val_loss, val_accuracy\.",
        ),
        (
            "model=baseline final=true",
            r"final=true trains a model for its one test evaluation; model=baseline does not learn",
        ),
        (
            "inner_validation=0.2 final=true",
            r"final=true trains for trainer\.epochs and chooses no epoch, but inner_validation is "
            r"0\.2; leave it out\.",
        ),
        (
            "dataset=images",
            r"dataset=images needs a folder .+: add dataset\.dir=FOLDER, or dataset\.dir=FOLDER "
            r"dataset\.file=FILE\.",
        ),
        (
            "dataset=images dataset.dir=nowhere",
            r"dataset\.dir=nowhere is not a folder here \(.+\); give the path of one\.",
        ),
        ("dataset=catsdogs dataset.dir=nowhere", r"dataset\.dir=nowhere is not a folder here"),
        (
            "dataset=series",
            r"dataset=series needs .+: add dataset\.file=FILE dataset\.time=NAME "
            r"dataset\.target=NAME\.",
        ),
        (
            f"dataset=series dataset.time=when {FILE}",
            r"dataset=series needs .+: add dataset\.target=NAME\.",
        ),
        (
            "dataset=series dataset.time=when dataset.target=load dataset.file=none.csv",
            r"dataset\.file=none\.csv is not a file here",
        ),
        (
            f"dataset=series dataset.time=when dataset.target=load {FILE} dataset.lookback=2.5",
            r"dataset\.lookback is 2\.5; dataset=series expects a whole number of at least 1\.",
        ),
        (
            f"dataset=series dataset.time=when dataset.target=load {FILE} dataset.delay=0",
            r"dataset\.delay is 0; dataset=series expects a whole number",
        ),
        ("dataset=table", r"dataset=table needs a CSV or Parquet file: add dataset\.file=FILE\."),
        (
            "dataset=table dataset.file=none.csv",
            r"dataset\.file=none\.csv is not a file here \(.+\); give the path of one\.",
        ),
        (
            "dataset=jena protocol=iterated_kfold",
            r"protocol=iterated_kfold takes image, table and text data; dataset=jena is series "
            r"data\. Use protocol=holdout or protocol=kfold\.",
        ),
        (
            "protocol=kfold protocol.test=1.0",
            r"protocol\.test is 1\.0; expected a number between 0 and 1\.",
        ),
        (
            "protocol.validation=0.6 protocol.test=0.4",
            r"protocol\.validation=0\.6 and protocol\.test=0\.4 leave no",
        ),
        (
            "dataset=boston protocol=kfold protocol.k=1",
            r"protocol\.k is 1; expected a whole number of at least 2\.",
        ),
        (
            "dataset=texts",
            r"dataset=texts needs a folder .+: add dataset\.dir=FOLDER, or .+, or dataset\.file=FILE "
            r".+=NAME\.",
        ),
        ("dataset=texts dataset.dir=nowhere", r"dataset\.dir=nowhere is not a folder here"),
        (
            "dataset=texts dataset.file=none.csv dataset.text=a dataset.target=b",
            r"dataset\.file=none\.csv is not a file here",
        ),
        (
            f"dataset=texts {FILE} dataset.target=b",
            r"with its two columns: add dataset\.dir=FOLDER, or dataset\.text=NAME\.",
        ),
        (
            f"dataset=texts {FILE} dataset.text=b",
            r"dataset=texts needs a folder .+ with its two columns: add dataset\.target=NAME\.",
        ),
        (
            f"dataset=texts dataset.text=a dataset.dir={ROOT}",
            r"has dataset\.dir=.+ and dataset\.text=a; expected one of them, leave out the other\.",
        ),
        (
            f"dataset=texts dataset.dir={ROOT} dataset.target=b",
            r"dataset=texts needs a folder .+: add dataset\.file=FILE\.",
        ),
        (
            f"dataset=images dataset.dir={ROOT} {FILE} dataset.test_dir={ROOT}",
            r"dataset\.test_dir is a folder of classes, and dataset\.file has the targets;",
        ),
        (
            f"dataset=table {FILE} dataset.target=b dataset.test_file=none.csv",
            r"dataset\.test_file=none\.csv is not a file here",
        ),
        (
            f"dataset=images dataset.dir={ROOT} dataset.test_dir=nowhere",
            r"dataset\.test_dir=nowhere is not a folder here",
        ),
        (
            f"dataset=texts dataset.dir={ROOT} dataset.split=part",
            r"dataset\.split goes with dataset\.file; add that, or leave out dataset\.split\.",
        ),
        ("seed=-1", r"seed is -1; expected a whole number from 0 to 4294967295\."),
        ("seed=4294967295 trainer.repeats=2", r"the last seed is 4294967295; use a smaller seed"),
        (
            "trainer.epochs=null",
            r"trainer\.epochs is null; expected a whole number of at least 1\.",
        ),
        ("trainer.epochs=true", r"trainer\.epochs is true; expected"),
        (
            "model.activation=rellu",
            r"model\.activation is 'rellu'; expected one of celu, .+, relu, ",
        ),
    ],
)
def test_what_does_not_go_together_is_said_in_a_sentence(overrides, sentence):
    with pytest.raises(
        ConfigError,
        match=r"^the configuration has an error; nothing was run\.\n  1\. .*" + sentence,
    ):
        checked(*overrides.split())


@pytest.mark.parametrize(
    "overrides",
    [
        "regularizer=l2 trainer.monitor=val_data_loss",
        "regularizer.l1=0.1 trainer.monitor=val_data_loss",
        "problem.class_weight={yes:2.5,no:0} trainer.monitor=val_data_loss",
        "dataset=mnist problem.class_weight=balanced",
        "problem.metrics=[auc,precision] trainer.monitor=val_precision",
        "problem.loss=mse problem.override=true",
        "dataset=mnist problem.loss=categorical_crossentropy",
        "dataset=mnist model=mlp regularizer=augmentation regularizer.dropout=0.5",
        "model=mlp model.units=[64,4]",
        "dataset=imdb model=embedding regularizer.l2=0.1 model.layers=1",
        "dataset=imdb model=embedding regularizer.l2=0.1 model.units=[8]",
        "dataset=imdb model=embedding regularizer=dropout model.vectors=stand_in",
        f"dataset=imdb model=embedding model.vectors={ROOT / 'README.md'}",
        "dataset=jena model.units=[32,64] model.activation=[tanh,relu] "
        "regularizer.recurrent_dropout=0.5",
        "dataset=jena model=conv1d model.filters=[32,32,32]",
        "model.layers=2",
        "dataset=boston final=true",
        "dataset=jena protocol=kfold",
        "dataset=boston protocol=iterated_kfold protocol.test=0.9",
        # Only the data can say whether this fits.
        f"dataset=images dataset.dir={ROOT} problem.loss=mse",
        f"dataset=series {FILE} dataset.time=when dataset.target=load dataset.step=2.0",
        "dataset=jena dataset.step=0.5 dataset.lookback=2.5",
        f"dataset=table {FILE} model=baseline",
        f"dataset=table {FILE} dataset.target='~price'",
        f"dataset=texts dataset.dir={ROOT}",
        f"dataset=texts {FILE} dataset.text=a dataset.target=b",
    ],
)
def test_what_goes_together_passes(overrides):
    assert checked(*overrides.split())


def test_a_population_without_jax_is_refused_with_what_to_install(monkeypatch):
    assert checked("trainer=population")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError,
        match=r"trainer=population trains with JAX, which is not installed; type pip install "
        r"'goldilocks\[population\]', or use trainer=fit\.",
    ):
        checked("trainer=population")
    assert checked("trainer=fit")


def test_all_errors_are_listed_at_once_and_numbered():
    with pytest.raises(ConfigError) as raised:
        checked("dataset=boston", "model=convnet", "regularizer.zoom=0.1", "trainer.monitor=loss")
    lines = str(raised.value).splitlines()
    assert lines[0] == "the configuration has 3 errors; nothing was run."
    assert [line[:5] for line in lines[1:]] == ["  1. ", "  2. ", "  3. "]
    with pytest.raises(
        ConfigError, match=r"has 2 errors(.|\n)+1\. trainer\.epochs is 0(.|\n)+2\. seed is -1"
    ):
        checked("dataset=boston", "seed=-1", "trainer.epochs=0")


def test_leaves_are_dotted_a_list_is_one_and_a_target_none():
    tree = {"a": {"_target_": "f", "b": {"c": None}, "d": [1, 2]}, "e": 0}
    assert leaves(tree) == {"a.b.c": None, "a.d": [1, 2], "e": 0}


def test_weights_of_classes_are_one_value():
    tree = {"problem": {"class_weight": {"yes": 2}}}
    assert leaves(tree) == {"problem.class_weight": {"yes": 2}}


def test_an_unknown_name_is_answered_with_the_nearest_where_one_is_near():
    assert unknown("mlpp", ["convnet", "mlp"], what="a model") == (
        "mlpp is not a model; expected one of convnet, mlp. Did you mean mlp?"
    )
    assert unknown("x", ["convnet"], what="a model") == "x is not a model; expected one of convnet."


@pytest.mark.long
@pytest.mark.parametrize("group", settings.COMPOSED)
def test_a_whole_number_is_taken_in_every_option_where_a_real_one_is_expected(group):
    count = 0
    for name in OPTIONS[group]:
        defaults = leaves({group: FILES.read(group, name)})
        rules = {key: rule_of(key) or same_type(value) for key, value in defaults.items()}
        typed = {
            key: int(rule.allows(1))
            for key, rule in rules.items()
            if rule.real and (rule.allows(0) or rule.allows(1)) and type(defaults[key]) is not int
        }
        words = (f"{group}={name}", *NEEDED.get(name, ()))
        cfg = composed(*words, *(f"{key}={number}" for key, number in typed.items()))
        read = leaves(before_checks(cfg, cfg.hydra).tree)
        for key, number in typed.items():
            assert isinstance(read[key], float), f"{group}={name} {key}"
            assert read[key] == number
        count += len(typed)
    assert (count > 0) == (group in ("dataset", "optimizer", "regularizer"))


def test_the_number_of_whole_rows_stays_whole():
    assert checked("dataset=jena", "dataset.lookback=48").tree["dataset"]["lookback"] == 48
    assert isinstance(checked("dataset=jena").tree["dataset"]["lookback"], int)
    typed, same = (
        checked("dataset=jena", f"optimizer.learning_rate={one}") for one in ("1", "1.0")
    )
    assert typed.fingerprint("d", "c", "") == same.fingerprint("d", "c", "")


def test_the_nearest_file_beside_a_misspelled_one_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "customers.csv").touch()
    [error] = path_errors(tree(file="custmers.csv"))
    assert error.endswith(" Did you mean customers.csv?")
    [error] = path_errors(tree(dir="photo"))
    assert error.endswith(" Did you mean photos?")
    [error] = path_errors(tree(file="nowhere/rows.csv"))
    assert "Did you mean" not in error
    [error] = path_errors(tree(file="photos"))
    assert error == "dataset.file=photos is a folder; type dataset.dir=photos in its place."


def tree(**keys):
    """The keys of a data set that name files, and a model without any."""
    return {"model": {}, "dataset": keys}
