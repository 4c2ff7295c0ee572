import dataclasses
import importlib
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import Dataset
from goldilocks.errors import ProblemError
from goldilocks.evaluation import measures
from goldilocks.evaluation.null_errors import MOST, null_error, null_errors
from goldilocks.problem import standard

ROWS = 400
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def error(name, type, truth, predictions, *, clusters=None, baseline=None):
    """Return the error under the null, beside the best constant unless another one is given."""
    measure, problem = measures.get(name), standard(type)
    if baseline is None:
        constant = measure.best_constant(problem, truth, predictions.shape[1])
        baseline = np.tile(constant, (len(truth), 1))
    return null_error(measure, problem, truth, predictions, baseline, clusters)


def binary(share, *, rows=ROWS):
    """Return targets and continuous predictions that have nothing to do with each other."""
    rng = np.random.default_rng(0)
    truth = rng.permutation(np.arange(rows) < share * rows).astype("float32")[:, np.newaxis]
    return truth, rng.random((rows, 1)).astype("float32")


def test_that_of_an_area_is_mann_whitneys():
    truth, predictions = binary(0.3)
    positives = int(truth.sum())
    exact = math.sqrt((ROWS + 1) / 12 / (positives * (ROWS - positives)))
    assert error("auc", "binary", truth, predictions) == pytest.approx(exact, rel=0.3)


def test_that_of_accuracy_of_halves_is_binomial():
    truth, predictions = binary(0.5)
    assert error("accuracy", "binary", truth, predictions) == pytest.approx(0.025, rel=0.3)


def test_that_of_squared_errors_is_of_a_correlation():
    rng = np.random.default_rng(0)
    truth, predictions = rng.normal(size=(2, ROWS, 1)).astype("float32")
    exact = 2 * truth.std() * predictions.std() / math.sqrt(ROWS)
    assert error("mse", "regression", truth, predictions) == pytest.approx(exact, rel=0.3)


def test_groups_count_as_one_and_copies_too():
    truth, predictions = binary(0.3)
    alone = error("auc", "binary", truth, predictions)
    repeated = [np.repeat(each, 5, axis=0) for each in (truth, predictions)]
    clusters = np.repeat(np.arange(ROWS), 5)[::-1]
    assert error("auc", "binary", *repeated, clusters=clusters) == pytest.approx(alone, rel=0.3)
    assert error("auc", "binary", *repeated) == pytest.approx(alone / math.sqrt(5), rel=0.3)

    sizes = np.random.default_rng(1).integers(1, 10, ROWS)
    unequal = [np.repeat(each, sizes, axis=0) for each in (truth, predictions)]
    effective = sizes.sum() ** 2 / (sizes**2).sum()
    of_unequal = error("auc", "binary", *unequal, clusters=np.repeat(np.arange(ROWS), sizes))
    assert of_unequal == pytest.approx(alone * math.sqrt(ROWS / effective), rel=0.3)


def test_a_sample_stands_for_many_rows():
    many = error("auc", "binary", *binary(0.3, rows=4 * MOST))
    few = error("auc", "binary", *binary(0.3, rows=MOST))
    assert many == pytest.approx(few / 2, rel=0.3)


def test_chance_that_beats_every_constant_makes_the_error_larger():
    rng = np.random.default_rng(0)
    truth, guesses = rng.integers(5, size=ROWS), rng.dirichlet(np.ones(5), ROWS)
    # A constant has an F1 score of one class alone, about 0.07; guesses have 0.2.
    assert error("f1_score", "multiclass", truth, guesses) > 0.1 / 2.5


def test_a_naive_forecast_is_beaten_in_long_stretches_of_time():
    rng = np.random.default_rng(0)
    values = rng.normal(size=ROWS + 1).cumsum()
    truth, last = values[1:, np.newaxis], values[:-1, np.newaxis]
    given = {"clusters": np.arange(ROWS) // 10, "baseline": last}

    walk = 0.05 * rng.normal(size=(ROWS, 1)).cumsum(axis=0)
    gain = np.abs(truth - last).mean() - np.abs(truth - last - walk).mean()
    assert gain < 2.5 * error("mae", "regression", truth, last + walk, **given)

    better = last + 0.5 * (truth - last)
    gain = np.abs(truth - last).mean() - np.abs(truth - better).mean()
    assert gain > 2.5 * error("mae", "regression", truth, better, **given)


def test_there_is_none_where_nothing_moves_or_little_is_there():
    truth, predictions = binary(0.3)
    assert error("auc", "binary", truth, np.full_like(predictions, 0.3)) is None
    assert error("auc", "binary", truth[:7], predictions[:7]) is None
    assert error("auc", "binary", truth, predictions, clusters=np.arange(ROWS) % 7) is None
    assert error("auc", "binary", truth, np.where(truth > 0, np.nan, predictions)) is None


def table(groups):
    """Return a table whose target is a class of each group."""
    truth = np.random.default_rng(0).integers(2, size=ROWS // 10).repeat(10).astype("float32")
    facts = {"source": "original", "location": "here", "digest": "", "name": "t", "kind": "table"}
    x = pd.DataFrame({"row": np.arange(ROWS)})
    return Dataset(problem="binary", x=x, y=truth, classes=("no", "yes"), groups=groups, **facts)


def test_a_run_has_that_of_its_metric_and_grouped_rows_that_of_their_loss():
    problem, rows = standard("binary"), np.arange(ROWS)
    predictions = np.random.default_rng(1).random(ROWS // 10).repeat(10)[:, np.newaxis]
    apart = null_errors(problem, table(None), rows, predictions.astype("float32"))
    grouped = null_errors(problem, table(rows // 10), rows, predictions.astype("float32"))
    assert set(apart) == {"accuracy"}
    assert set(grouped) == {"accuracy", "loss"}
    assert grouped["accuracy"] > 2 * apart["accuracy"]
    constant = np.full((ROWS, 1), 0.4, "float32")
    assert null_errors(problem, table(None), rows, constant) == {}


def test_a_function_of_ones_own_that_fails_on_permuted_targets_has_none(monkeypatch):
    def picky(problem, truth, predictions):
        if truth[0] == truth[-1]:
            raise ProblemError("the first and the last row are equal")
        return 0.5

    own = dataclasses.replace(measures.get("auc"), name="mine", score=picky)
    monkeypatch.setattr(measures, "find", lambda problem, name: own)
    data = table(None)
    data.y[0], data.y[-1] = 0, 1
    predictions = np.random.default_rng(1).random((ROWS, 1)).astype("float32")
    assert null_errors(standard("binary"), data, np.arange(ROWS), predictions) == {}


@pytest.mark.parametrize(
    "name",
    [
        "average_precision, 400 rows, 2% positive",
        "auc, 8 groups of 50, 20 % positive",
        "mse, random walk of 400, 24 ahead",
    ],
)
def test_powerless_predictors_are_rarely_beyond_it(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        benchmark = importlib.import_module("null_errors")
    kind, metric, draw = benchmark.cases()[name]
    beyond, without = benchmark.exceeded(kind, metric, draw, 20)
    # Of 0.62 % in 20 trials there are 3 or more once in 4,000 times.
    assert (beyond < 3, without) == (True, 0)
