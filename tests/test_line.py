import pytest

from composition import FILES
from goldilocks.config.line import python_value, read_line


@pytest.mark.parametrize(
    ("arguments", "values", "mistake"),
    [
        (["seed=1"], ["1"], None),
        (["-m", "seed=1,2"], ["1", "2"], None),
        (["seed=1,2"], ["1", "2"], "seed=1,2 gives several values; add -m for a run of each."),
        (["model.units=4,8"], ["4", "8"], "add -m for a run of each, or write one list: model.units=[4,8]."),
        (["model=cnn"], ["cnn"], "model=cnn: cnn is not an option of model; type model=convnet."),
        (["--model", "cnn"], ["cnn"], "--model cnn is not a flag: model=cnn: cnn is not an option of model; "),
        (["dataset=~/x (1)"], ["~/x (1)"], "type dataset=images 'dataset.dir=~/x (1)'."),
        (["~seed"], [], "~seed removes what a run needs; give it a value."),
    ],
)  # fmt: skip
def test_a_word_has_its_values_and_what_is_wrong_with_it(arguments, values, mistake):
    [typed], unreadable = read_line(arguments, FILES, "config")
    assert (list(typed.values), unreadable) == (values, [])
    assert len(typed.mistakes) == (mistake is not None)
    assert not mistake or mistake in typed.mistakes[0]


def test_a_workflow_is_not_told_to_sweep():
    [typed], _ = read_line(["model.units=4,8"], FILES, "workflow")
    assert typed.mistakes == [
        "model.units=4,8 gives several values; a workflow takes one of them, or write one list: "
        "model.units=[4,8]."
    ]


def test_values_are_read_as_hydra_reads_them():
    assert python_value("model.units", "[4,8]") == [4, 8]
    assert python_value("dataset.target", "price (USD)") == "price (USD)"
    assert python_value("seed", "((") == "(("
