"""The benchmark of the verdict: how often it is right on stored and simulated curves, and that
their truth is one.
"""

import csv
import importlib
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NONE = {"power": 0.4, "power_metric": 0, "fewer": 0, "more": 0, "calmer": 0, "larger": 0}


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("verdict")


@pytest.fixture(scope="module")
def simulated(benchmark):
    return sys.modules["verdict_simulated"]


@pytest.fixture(scope="module")
def networks(benchmark):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("verdict_networks")


def right(cases):
    return sum(case.right for case in cases) / len(cases)


def test_real_curves_get_the_verdict_of_their_interventions(benchmark):
    cases = benchmark.real(1)
    settled = [case for case in cases if case.settled]
    assert len(settled) >= 80
    assert right(settled) >= 0.8, benchmark.matrix(settled)


def test_curves_of_keras_get_their_verdict(benchmark):
    cases = benchmark.real_of_keras()
    assert len(cases) >= 20
    assert right([case for case in cases if case.settled]) >= 0.65


def test_simulated_curves_get_their_verdict(benchmark):
    cases = benchmark.simulated(1, 20)
    assert right(cases) >= 0.92, benchmark.matrix(cases)
    assert set(Counter(case.kind for case in cases).values()) == {60}


def test_the_file_of_real_curves_is_small_and_complete(benchmark):
    assert benchmark.CURVES.stat().st_size < 1e6
    with benchmark.CURVES.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len({line["number"] for line in lines}) == len(lines) >= 120
    for line in lines:
        assert {len(line[name].split()) for name in ("loss", "val_loss", "val_metric")} == {
            int(line["epochs"])
        }


def line(**gains):
    """A line of the file whose interventions brought this, case with an error of 0.001."""
    brought = NONE | gains
    errors = {f"{name}_error": 0.001 for name in brought}
    return {
        key: str(value)
        for key, value in (brought | errors | {"base_loss": 1, "held_base": 1}).items()
    } | {"held_best": "0.25"}


@pytest.mark.parametrize(
    ("gains", "end_loss", "expected"),
    [
        ({}, 0.2, ("balanced", True)),
        ({}, 2.1, ("diverged", True)),
        ({}, np.inf, ("diverged", True)),
        ({"power": 0.0009, "more": 0.2}, 0.2, ("no_power", True)),
        ({"power": 0.0015, "more": 0.2}, 0.2, ("no_power", False)),
        ({"power": 0, "power_metric": 0.2, "more": 0.2}, 0.2, ("underfit, more epochs", True)),
        ({"fewer": 0.05, "more": 0.2}, 0.2, ("overfit, fewer epochs", True)),
        ({"more": 0.05, "larger": 0.2}, 0.2, ("underfit, more epochs", True)),
        ({"calmer": 0.05, "larger": 0.2}, 0.2, ("overfit, more regularization", True)),
        ({"larger": 0.05}, 0.2, ("underfit, more units", True)),
        (
            {"larger": 0.009},
            0.2,
            ("balanced", True),
        ),  # the smallest that matters is 0.02 * sqrt(0.25 * 1) = 0.01
        ({"fewer": 0.05, "fewer_error": 0.03}, 0.2, ("balanced", False)),
        ({"fewer": 0.02, "fewer_error": 0.0095}, 0.2, ("overfit, fewer epochs", False)),
        ({"fewer": "nan", "more": 0.05}, 0.2, ("underfit, more epochs", True)),
    ],
)
def test_the_first_intervention_that_helps_is_the_truth(benchmark, gains, end_loss, expected):
    errors = {name: value for name, value in gains.items() if name.endswith("_error")}
    made = line(**{name: value for name, value in gains.items() if name not in errors})
    assert (
        benchmark.truth(made | {name: str(value) for name, value in errors.items()}, end_loss)
        == expected
    )


def course(*points):
    """A smooth course of 2 x 20 epochs through these (epoch, loss) points."""
    at, values = zip(*points, strict=True)
    return np.interp(np.arange(40), at, values)


@pytest.mark.parametrize(
    ("train", "val", "expected"),
    [
        ([(0, 1), (10, 0.3)], [(0, 1), (10, 0.32)], "balanced"),
        ([(0, 1), (10, 0.65)], [(0, 1), (10, 0.66)], "underfit, capacity"),
        ([(0, 1), (40, 0.3)], [(0, 1), (40, 0.32)], "underfit, slope"),
        ([(0, 1), (10, 0.3), (20, 0.1)], [(0, 1), (10, 0.4), (20, 0.6)], "overfit, rise"),
        ([(0, 1), (10, 0.05)], [(0, 1), (10, 0.5)], "overfit, gap"),
        ([(0, 1), (10, 0.05)], [(0, 1), (10, 0.9)], None),
        ([(0, 1), (10, 0.3), (20, 0.28)], [(0, 1), (10, 0.4), (19, 0.412)], None),
    ],
)
def test_the_truth_of_a_smooth_course(simulated, train, val, expected):
    assert simulated.truth(course(*train), course(*val), 0.004) == expected


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_networks_follow_the_gradient_of_their_loss(networks, kind):
    random = np.random.default_rng(0)
    outputs = random.normal(size=(2, 5, 3))
    y = (
        np.eye(3)[random.integers(0, 3, 5)] if kind != "regression" else random.normal(size=(5, 3))
    )[None]
    slopes = networks.slopes(kind, outputs, y)
    step = np.zeros_like(outputs)
    step[1, 2, 0] = 1e-6
    change = networks.row_losses(kind, outputs + step, y) - networks.row_losses(
        kind, outputs - step, y
    )
    assert slopes[1, 2, 0] == pytest.approx(change.mean(axis=1)[1] / 2e-6, rel=1e-4)


def test_networks_trained_together_do_not_interact(networks):
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 3)).astype("float32")
    rows = (x, (x[:, :1] * 2).astype("float32"))
    task = networks.Task("regression", rows, rows, rows)
    fixed = {
        "units": 16,
        "layers": 1,
        "epochs": 30,
        "optimizer": "sgd",
        "learning_rate": 0.03,
        "watched": {29},
    }
    both = networks.train(task, seeds=[1, 1], l2=np.array([0.0, 1.0]), dropout=np.zeros(2), **fixed)
    alone = networks.train(task, seeds=[1], l2=np.zeros(1), dropout=np.zeros(1), **fixed)
    np.testing.assert_allclose(both.loss[:1], alone.loss, rtol=1e-4)
    assert both.val_loss[1, 0] > 2 * alone.val_loss[0, 0]
