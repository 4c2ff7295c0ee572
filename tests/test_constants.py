"""The benchmark that searches for a better constant than the baseline, on a few of its cases."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from goldilocks.evaluation import measures

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
CASES = [
    "mean_absolute_percentage_error, exponential",
    "mae, 70 % zeros",
    "f1_score, 1% positive",
    "log_loss, classes of 94.7, 3.7 and 1.6 %",
]


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        patch.setattr(importlib.import_module("constants"), "RANDOM", 20)
        yield importlib.import_module("constants")


@pytest.mark.parametrize("name", CASES)
def test_no_other_constant_is_found_that_is_better(benchmark, name):
    [case] = [case for case in benchmark.cases() if case[0] == name]
    ours, other, is_as_good = benchmark.compare(*case[1:])
    assert is_as_good
    assert ours == pytest.approx(other, rel=1e-4)


def test_a_constant_that_is_not_the_best_is_noticed(benchmark, monkeypatch):
    [case] = [case for case in benchmark.cases() if case[0] == "mae, lognormal"]
    mean = measures.get("mse").best_constant
    worse = replace(measures.get("mae"), best_constant=mean)
    monkeypatch.setattr(measures, "get", lambda name: worse)
    *_, is_as_good = benchmark.compare(*case[1:])
    assert not is_as_good
