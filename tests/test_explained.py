import subprocess
import sys

import pytest

from composition import CONF, FILES, OPTIONS, ROOT, checked
from goldilocks.config import explained
from goldilocks.config.command_line import help_text
from goldilocks.config.settings import COMPOSED
from goldilocks.errors import ConfigError


def told(*words):
    return help_text(words, CONF, "config")


def test_an_option_is_explained_key_by_key():
    text = told("model=mlp", "model.units=128")
    assert text.startswith("model=mlp\n  A stack of dense layers")
    assert (
        "  model.units=128\n"
        "    of each hidden layer; or a list, one for each layer: [64, 4].\n"
        "    Accepts a whole number of at least 1, or a list, each a whole number of at"
    ) in text
    assert "  model.layers=2" in text
    assert "traits" not in text


@pytest.mark.parametrize(
    ("words", "beginnings"),
    [
        (["dataset=table", "optimizer=adamw"], ["dataset=table", "optimizer=adamw"]),
        (["model=mlp,rnn"], ["model=mlp", "model=rnn"]),
        (["model"], ["model"]),
        (["mlp"], ["model=mlp"]),
        (["trainer.epochs=7"], ["trainer=fit"]),
        (["model.cell"], ["model=conv_rnn"]),
        (["problem"], ["problem"]),
        (["hydra/sweeper=search"], ["hydra/sweeper=search"]),
        (["experiment=imdb_l2"], ["experiment=imdb_l2"]),
    ],
)
def test_options_groups_and_keys_are_explained(words, beginnings):
    titles = [line for line in told(*words).splitlines() if line and line[0] != " "]
    assert titles == beginnings


def test_a_recipe_says_what_it_chooses_and_sets():
    lines = [line.strip() for line in told("experiment=imdb_l2").splitlines()]
    assert "Run: python train.py experiment=imdb_l2" in lines
    assert lines[-3].startswith("Chooses dataset=imdb model=mlp ") or "Chooses" in " ".join(lines)
    assert "trainer.epochs=20" in " ".join(lines)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("model=mpl", "mpl is not an option of model; .+ Did you mean mlp?"),
        ("model=cnn", "type model=convnet."),
        ("lr", "lr cannot be read; type optimizer.learning_rate=VALUE, a number above 0."),
        ("foo", "foo cannot be read; expected key=value."),
        ("trainer.epochs=0", "trainer.epochs is 0; expected a whole number of at least 1."),
    ],
)
def test_a_wrong_word_beside_help_is_a_sentence(word, sentence, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "train.py", "--help", word],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    start, _, end = sentence.partition(" .+ ")
    assert start in done.stderr
    assert end in done.stderr


def every_option():
    for group in COMPOSED:
        for name in OPTIONS[group]:
            yield explained.option(FILES, group, name, FILES.read(group, name)), group, name


def test_every_key_has_a_comment():
    without = [
        setting.key for option, _, _ in every_option() for setting in option.settings if not setting.comment
    ]  # fmt: skip
    assert without == []
    assert all(option.lines[0] for option, _, _ in every_option())


@pytest.mark.parametrize("model", OPTIONS["model"])
def test_what_a_model_is_said_to_accept_is_what_it_accepts(model):
    """Layers and lists differ from model to model."""
    kind = FILES.traits("model", model)["accepts"][0]
    data = {"image": "mnist", "table": "boston", "text": "imdb", "series": "jena"}[kind]
    option = explained.option(FILES, "model", model, FILES.read("model", model))
    for setting in option.settings:
        for words, value in ((", or auto", "auto"), ("or a list", "[4,4]"), ("at least 0", "0")):
            if setting.key in ("model.units", "model.layers"):
                try:
                    checked(f"dataset={data}", f"model={model}", f"{setting.key}={value}")
                    accepted = True
                except ConfigError:
                    accepted = False
                assert accepted == (words in setting.expected), (setting.key, value)


def test_the_page_of_settings_is_current():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import settings
    finally:
        sys.path.pop(0)
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings.page(), (
        "docs/settings.md is stale: type python docs/settings.py"
    )


def test_the_workflow_explains_the_same_and_its_budget():
    assert help_text(["budget"], CONF, "workflow").startswith("budget\n\n  budget=15\n")
    assert help_text(["model=mlp"], CONF, "workflow") == told("model=mlp")
