import math

import numpy as np
import pytest
from scipy import special

from goldilocks.evaluation import measures
from goldilocks.evaluation.mean_interval import (
    Spread,
    best_epoch,
    bounded,
    mean_history,
    over_rows,
    spread,
)
from goldilocks.problem import Problem

NAN, INF = math.nan, math.inf


def test_the_mean_history_is_the_mean_of_each_epoch():
    mean = mean_history(
        [{"loss": [4.0, 2.0], "val_mae": [1.0, 3.0]}, {"val_mae": [2.0, 5.0], "loss": [2.0, 1.0]}]
    )
    assert mean == {"loss": [3.0, 1.5], "val_mae": [1.5, 4.0]}
    assert list(mean) == ["loss", "val_mae"]


def test_the_mean_history_has_the_epochs_that_all_trainings_have():
    assert mean_history([{"loss": [3.0, 2.0, 1.0]}, {"loss": [5.0, 4.0]}]) == {"loss": [4.0, 3.0]}
    assert mean_history([{"loss": [3.0, 2.0]}]) == {"loss": [3.0, 2.0]}
    assert mean_history([{"loss": []}, {"loss": [1.0]}]) == {"loss": []}


def test_a_diverged_training_makes_the_mean_nan():
    mean = mean_history([{"loss": [3.0, NAN, INF, INF]}, {"loss": [5.0, 4.0, 1.0, -INF]}])["loss"]
    assert mean[0] == 4.0
    assert math.isnan(mean[1])
    assert mean[2] == INF
    assert math.isnan(mean[3])


@pytest.mark.parametrize(
    ("curve", "higher", "best"),
    [
        ([3.0, 1.0, 2.0], False, 2),
        ([3.0, 1.0, 2.0], True, 1),
        ([2.0, 1.0, 1.0], False, 2),
        ([NAN, 2.0, 1.0, NAN], False, 3),
        ([0.5, NAN, INF], True, 1),
        ([-INF, 0.5], False, 2),
        ([NAN, NAN], False, 1),
    ],
)
def test_the_best_epoch_has_the_best_finite_value(curve, higher, best):
    assert best_epoch(curve, higher=higher) == best
    assert best_epoch(np.array(curve), higher=higher) == best


def test_the_spread_of_four_folds_is_that_computed_by_hand():
    # Squared distances from 2.38725: 0.094403, 0.068238, 0.277466, 0.001743; their sum / 3 is
    # 0.147283.
    folds = [2.080, 2.126, 2.914, 2.429]
    repeats, folded = spread(folds, overlap=0), spread(folds, overlap=1 / 3)
    assert (repeats.mean, repeats.deviation) == pytest.approx((2.38725, 0.383775), abs=1e-5)
    # Student's t of 3 degrees of freedom: 3.18245. Half-widths: t x deviation x sqrt(1/4), and
    # sqrt(1/4 + 1/3).
    assert (repeats.low, repeats.high) == pytest.approx(
        (2.38725 - 0.61067, 2.38725 + 0.61067), abs=1e-4
    )
    assert (folded.low, folded.high) == pytest.approx(
        (2.38725 - 0.93282, 2.38725 + 0.93282), abs=1e-4
    )
    assert folded.deviation == repeats.deviation
    assert folded.count == 4


def test_equal_values_have_an_interval_without_width():
    assert spread([0.5, 0.5, 0.5], overlap=0.25) == Spread(0.5, 0.0, 0.5, 0.5, 3)


def test_a_single_value_has_no_interval():
    alone = spread([0.75], overlap=0)
    assert (alone.mean, alone.count) == (0.75, 1)
    assert all(math.isnan(value) for value in (alone.deviation, alone.low, alone.high))


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_a_diverged_training_makes_the_spread_nan(bad):
    result = spread([1.0, bad, 2.0], overlap=0)
    assert all(
        math.isnan(value) for value in (result.mean, result.deviation, result.low, result.high)
    )
    assert result.count == 3


def test_the_interval_covers_the_mean_19_times_in_20():
    draws = np.random.default_rng(0).normal(3.0, 2.0, (2000, 4))
    covered = [
        result.low <= 3.0 <= result.high
        for result in (spread(values, overlap=0) for values in draws)
    ]
    assert np.mean(covered) == pytest.approx(
        0.95, abs=0.015
    )  # Three standard errors of 2,000 draws.


def test_the_corrected_interval_covers_where_the_usual_one_does_not():
    # What folds share moves all of them: with correlation r, variance x (1/n + r / (1 - r)) is
    # right; overlap is that.
    rng, shared = np.random.default_rng(0), 0.25
    draws = np.sqrt(shared) * rng.normal(size=(2000, 1)) + np.sqrt(1 - shared) * rng.normal(
        size=(2000, 4)
    )
    usual, corrected = (
        np.mean(
            [
                result.low <= 0 <= result.high
                for result in (spread(values, overlap=overlap) for values in draws)
            ]
        )
        for overlap in (0, shared / (1 - shared))
    )
    assert corrected == pytest.approx(0.95, abs=0.015)
    assert usual < 0.9


BINARY = Problem("binary", "sigmoid", "binary_crossentropy", ("accuracy",))


def folded(rng, rows, positive=0.5):
    """Targets and predictions of five folds."""
    truth = (np.arange(rows) % round(1 / positive) == 0).astype("float32")[:, None]
    sure = special.expit(2 * truth - 1 + rng.normal(size=(rows, 1)))
    fold = np.arange(rows) // round(1 / positive) % 5
    return [(truth[fold == each], sure[fold == each].astype("float32")) for each in range(5)]


def over(name, folds):
    scores = [measures.get(name).score(BINARY, *fold) for fold in folds]
    alone = bounded(spread(scores, overlap=0.25), scores, name)
    return alone, over_rows(BINARY, name, folds, None, alone)


def test_the_interval_over_folds_is_that_of_all_their_rows():
    folds = folded(np.random.default_rng(0), 500)
    alone, result = over("accuracy", folds)
    assert (result.mean, result.count, result.deviation) == (alone.mean, 5, alone.deviation)
    error = math.sqrt(alone.mean * (1 - alone.mean) / 500)
    assert result.high - result.low == pytest.approx(2 * 1.96 * error, rel=0.03)
    losses = np.concatenate([measures.get("log_loss").per_row(BINARY, *fold) for fold in folds])
    _, result = over("log_loss", folds)
    assert result.high - result.low == pytest.approx(2 * 1.96 * losses.std() / 500**0.5, rel=0.05)


def test_equal_recalls_of_few_rows_have_an_interval():
    truth = np.array([[1.0], [1.0], [0.0], [0.0]], "float32")
    half = np.array([[0.9], [0.1], [0.1], [0.1]], "float32")
    alone, result = over("recall", [(truth, half)] * 5)
    assert (alone.low, alone.high) == (0.5, 0.5)
    assert result.low < 0.25
    assert result.high > 0.75


def test_the_interval_of_a_rate_is_no_shorter_than_that_of_the_folds():
    alone, result = over("auc", folded(np.random.default_rng(0), 500, positive=0.05))
    assert result.low <= alone.low
    assert result.high >= alone.high


def test_what_has_no_values_of_rows_keeps_the_interval_of_the_folds():
    problem = Problem("regression", None, "mse", ("r2_score",))
    alone = spread([0.5, 0.6], overlap=1.0)
    fold = np.arange(4.0)[:, None], np.ones((4, 1), "float32")
    assert over_rows(problem, "r2_score", [fold, fold], None, alone) == alone
