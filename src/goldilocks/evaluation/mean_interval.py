"""Several trainings of one configuration -> their mean curve, its best epoch, and their spread.

The trainings are the folds of a cross-validation, or repeats with other seeds on one split.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goldilocks.evaluation import intervals, measures
from goldilocks.evaluation.intervals import student_quantile
from goldilocks.evaluation.measures import SHARE, range_of
from goldilocks.problem import Problem


@dataclass(frozen=True)
class Spread:
    """The spread of one metric over several trainings, in its unit.

    Attributes:
        mean: The mean.
        deviation: The standard deviation, with count - 1 in the denominator; NaN of a single value.
        low: Lower end of the 95 % confidence interval of the mean; NaN of a single value.
        high: Upper end of the interval; NaN of a single value.
        count: Number of trainings.
        few_rows: Of an interval over rows, as of `Interval`.
    """

    mean: float
    deviation: float
    low: float
    high: float
    count: int
    few_rows: float | None = None


def mean_history(histories: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[float]]:
    """Return the mean of each curve over the trainings, for the epochs that all of them have.

    A value that is not finite stays in the mean: an epoch in which one training had NaN has the
    mean NaN, since without that training the others' result would pass for everyone's. A training
    that ended early, by patience or because it diverged, ends the mean there.

    Args:
        histories: For each training, one value an epoch for each name, the same names in all.

    Returns:
        The names in the order of the first history; all lists have the length of the shortest.
    """
    epochs = min(len(values) for history in histories for values in history.values())
    means = {}
    with np.errstate(invalid="ignore"):  # The mean of both infinities is NaN.
        for name in histories[0]:
            curves = [history[name][:epochs] for history in histories]
            means[name] = np.mean(curves, axis=0, dtype=float).tolist()
    return means


def best_epoch(curve: Sequence[float] | np.ndarray, *, higher: bool) -> int:
    """Return the epoch, from 1, of the best finite value; the first of equals, 1 if none is finite.

    Args:
        curve: One value an epoch, at least one.
        higher: Whether more of it is better.
    """
    costs = -np.asarray(curve) if higher else np.asarray(curve)
    return int(np.where(np.isfinite(costs), costs, np.inf).argmin()) + 1


def spread(values: Sequence[float], *, overlap: float) -> Spread:
    """Return the mean of one metric over several trainings, with its 95 % confidence interval.

    The interval is mean -+ t x sqrt(variance x (1 / count + overlap)), with Student's t of count -
    1 degrees of freedom. Without `overlap` it is the usual one, of independent values. The
    trainings of a cross-validation share most of their rows, so their values vary less than the
    result of training on new rows would, and the usual interval is too narrow. Source: Nadeau and
    Bengio, "Inference for the generalization error", Machine Learning 52 (2003), section 3, the
    corrected resampled t-test; for iterated k-fold: Bouckaert and Frank, "Evaluating the
    replicability of significance tests for comparing learning algorithms", PAKDD (2004).

    Args:
        values: One value for each training, at least one. If one is not finite, all numbers of the
            result but the count are NaN, as a diverged training makes the mean curve NaN.
        overlap: 0 for repeats with other seeds on one split, where the interval does not cover
            other rows. For folds, validation rows divided by training rows, which is 1 / (k - 1).
    """
    count = len(values)
    if not np.isfinite(values).all():
        return Spread(math.nan, math.nan, math.nan, math.nan, count)

    mean = sum(values) / count
    if count == 1:
        return Spread(mean, math.nan, math.nan, math.nan, count)
    deviation = float(np.std(values, ddof=1))
    reach = student_quantile(count - 1) * deviation * math.sqrt(1 / count + overlap)
    return Spread(mean, deviation, mean - reach, mean + reach, count)


def over_rows(
    problem: Problem,
    name: str,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    clusters: np.ndarray | None,
    spread: Spread,
) -> Spread:
    """Return the mean over folds with an interval from the values of all of their rows.

    It is that of the models of these folds, on endlessly many rows. Source: Bayle, Bayle, Janson
    and Mackey, "Cross-validation confidence intervals for test error", NeurIPS 33 (2020). Rates and
    areas are no means over rows: of few rows in a fold, rows alone would tell too little, and the
    ends of the folds' own interval count where they lie farther out.

    Args:
        problem: The problem type and the loss.
        name: "loss", or a metric of the problem.
        folds: Targets and predictions of each, as of `interval`.
        clusters: Of all of their rows, as of `interval`.
        spread: Of the folds' scores.

    Returns:
        The spread as it is of scores without values of rows, or if a value is not finite.
    """
    measure = measures.find(problem, name)
    if measure.per_row is None:
        return spread
    values = np.concatenate([measure.per_row(problem, *fold) for fold in folds])
    if not np.isfinite([spread.mean, *values]).all():
        return spread

    # Each fold's predictions are of its own best epoch, the mean is of one epoch for all.
    values += spread.mean - values.mean()
    if measure.range == SHARE:
        rows = sum(intervals.least_rows(problem, name, *fold) for fold in folds)
        ends = intervals.odds_interval(values, clusters, rows)
    else:
        ends = intervals.mean_interval(values, clusters)
    if ends is None:
        return spread
    low, high = np.clip([ends.low, ends.high], *measure.range).tolist()
    if name in intervals.RATES and spread.count > 1:
        low, high = min(low, spread.low), max(high, spread.high)
    return replace(spread, low=low, high=high, few_rows=ends.few_rows)


def bounded(spread: Spread, values: Sequence[float], name: str) -> Spread:
    """Cut off an interval where no value can be: outside the measure's range, or below 0.

    Args:
        spread: Of the values.
        values: Of one measure; of a loss, which may have any range, none may be below 0.
        name: The name of the measure.
    """
    least, most = range_of(name)
    if name.endswith("loss") and min(values) >= 0:
        least = 0.0
    return replace(spread, low=max(spread.low, least), high=min(spread.high, most))
