"""The comparison of two trees: keys in each tree's spelling, and the rows that differ."""

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("same_numbers")


def test_a_tree_with_the_new_keys_gets_the_command_as_it_is(benchmark):
    command = "-m dataset=imdb dataset.maxlen=20,30 dataset.padding=post"
    assert benchmark.spelled(command, {"dataset.maxlen", "dataset.padding"}) == command.split()


def test_a_tree_with_the_old_keys_gets_them_with_the_old_values(benchmark):
    words = benchmark.spelled(
        "dataset=imdb dataset.maxlen=20 dataset.padding=post", {"dataset.length"}
    )
    assert words == ["dataset=imdb", "dataset.length=20", "dataset.pad=after"]


def test_every_key_of_the_commands_is_one_of_this_tree(benchmark):
    keys = benchmark.keys_of(BENCHMARKS.parent / "conf")
    for command in benchmark.COMMANDS:
        for word in benchmark.spelled(command, keys):
            key = word.partition("=")[0]
            assert "." not in key or key in keys


def test_the_commands_cover_all_built_in_options(benchmark):
    words = {word for command in benchmark.COMMANDS for word in command.split()}
    datasets = ("boston", "catsdogs", "imdb", "jena", "mnist", "reuters")
    models = [file.stem for file in (BENCHMARKS.parent / "conf" / "model").glob("*.yaml")]
    assert {f"dataset={name}" for name in datasets} <= words
    assert {f"model={name}" for name in models if name != "mlp"} <= words
    assert {"-m", "final=true", "protocol=kfold", "protocol=iterated_kfold"} <= words


def test_equal_runs_have_no_differences(benchmark):
    runs = {"plain seed=0 #1": {"loss": float("nan"), "weights": "a1"}}
    assert (
        benchmark.differences(runs, {"plain seed=0 #1": {"loss": float("nan"), "weights": "a1"}})
        == []
    )


def test_a_number_that_differs_is_shown_with_both_values(benchmark):
    (line,) = benchmark.differences(
        {"plain #1": {"loss": 0.25}}, {"plain #1": {"loss": 0.25000001}}
    )
    assert line == "plain #1: loss is 0.25 in BASE and 0.25000001 in this tree"


def test_numbers_may_be_close_and_words_may_not(benchmark):
    base = {"plain #1": {"loss": 0.25, "verdict": "overfit"}}
    this = {"plain #1": {"loss": 0.25000001, "verdict": "underfit"}}
    (line,) = benchmark.differences(base, this, close=1e-6)
    assert line == "plain #1: verdict is 'overfit' in BASE and 'underfit' in this tree"


def test_a_number_that_only_one_run_has_is_a_difference(benchmark):
    (line,) = benchmark.differences(
        {"plain #1": {"loss": 1.0, "weights": "a1"}}, {"plain #1": {"loss": 1.0}}
    )
    assert "weights is 'a1' in BASE and None" in line


def test_a_missing_run_is_a_difference(benchmark):
    run = {"loss": 1.0}
    assert benchmark.differences({"fold #1": run, "fold #2": run}, {"fold #1": run}) == [
        "fold #2: only BASE has this run"
    ]
    assert benchmark.differences({"fold #1": run}, {"fold #1": run, "fold #2": run}) == [
        "fold #2: only this tree has this run"
    ]


def test_a_command_without_any_number_is_a_difference(benchmark):
    assert benchmark.differences({}, {}) == ["no run has a number to compare"]
