import dataclasses

import numpy as np
import pytest

from goldilocks.evaluation import null_test
from goldilocks.problem import OwnMetric
from workflows import dataset, problem

ROWS = np.arange(200)
RNG = np.random.default_rng(3)
NUMBERS = RNG.normal(size=len(ROWS))


def gains(y, *predictions, kind="regression", metrics=("mae", "loss"), folds=False, **more):
    shaped = [np.asarray(values, "float32").reshape(len(y), -1) for values in predictions]
    rows = np.arange(len(y))
    data, asked = dataset(y, kind, **more), problem(kind, metrics[0])
    return null_test.gains(asked, data, rows, shaped, metrics, folds=folds)


@pytest.mark.long
def test_what_predicts_something_is_beyond_all_orders():
    best, other = gains(NUMBERS, 0.5 * NUMBERS)
    assert {best.metric, other.metric} == {"mae", "loss"}
    assert best.p == pytest.approx(1 / (1 + null_test.RANKING))
    assert best.mean > 0
    assert best.errors > 8


def test_what_predicts_nothing_is_not_and_ends_early():
    best = gains(NUMBERS, RNG.normal(0, 0.1, len(ROWS)))[0]
    assert best.p > 0.05
    assert best.mean < 0


def test_the_best_of_many_is_compared_with_the_best_of_many():
    noise = [RNG.normal(0, 0.1, len(ROWS)) for _ in range(8)]
    alone = min(gains(NUMBERS, one, metrics=("mae",))[0].p for one in noise)
    best = gains(NUMBERS, *noise, metrics=("mae",))
    assert len(best) == 8
    assert best[0].p > alone
    assert [gain.p for gain in best] == sorted(gain.p for gain in best)


def test_folds_need_a_clearer_gain():
    weak = 0.05 * NUMBERS + RNG.normal(0, 0.3, len(ROWS))
    one, of_folds = gains(NUMBERS, weak), gains(NUMBERS, weak, folds=True)
    assert of_folds[0].errors == pytest.approx(one[0].errors / np.sqrt(2), rel=0.2)


@pytest.mark.long
def test_groups_change_places_as_a_whole():
    groups = ROWS // 20
    of_group = RNG.normal(size=10)[groups]
    told = 0.9 * of_group + 0.1 * RNG.normal(size=len(ROWS))
    alone = gains(of_group, told)[0]
    together = gains(of_group, told, groups=groups)[0]
    assert together.errors < alone.errors / 2


def test_too_few_groups_tell_nothing():
    assert gains(NUMBERS, 0.5 * NUMBERS, groups=ROWS // 50) == []


def test_equal_predictions_are_never_beyond_chance():
    best = gains(NUMBERS, np.full(len(ROWS), NUMBERS.mean()))[0]
    assert best.p == 1
    assert best.errors == -np.inf


def test_a_metric_of_ones_own_may_not_know_other_orders():
    def first_only(y_true, y_pred):
        if not np.array_equal(y_true[:, 0], NUMBERS.astype("float32")):
            return float("nan")
        return 1.0

    metric = OwnMetric(path="package.own", function=first_only, greater_is_better=True)
    data, asked = dataset(NUMBERS, "regression"), problem("regression", "mae")
    asked = dataclasses.replace(asked, own_metrics=(metric,))
    predictions = [(0.5 * NUMBERS)[:, None].astype("float32")]
    found = null_test.gains(asked, data, ROWS, predictions, ("own", "mae"), folds=False)
    assert {gain.metric: gain.p for gain in found}["own"] == 1
