"""Many trainings of one configuration -> one result: their mean curve, its best epoch, and how far they lie apart.

The trainings are the folds of a cross-validation, or repeats with other seeds on one split.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goldilocks.evaluation.intervals import student_quantile


@dataclass(frozen=True)
class Spread:
    """Where the values of many trainings lie, and where their mean would lie again; all in the unit of the values.

    Attributes:
        mean: Their mean.
        deviation: Their standard deviation, with count - 1 in the denominator; NaN of a single
            value.
        low: Lower end of the 95 % confidence interval of the mean; NaN of a single value.
        high: Its upper end; NaN of a single value.
        count: How many values there are.
    """

    mean: float
    deviation: float
    low: float
    high: float
    count: int


def mean_history(histories: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[float]]:
    """The mean of each curve over the trainings, epoch by epoch, for the epochs that all of them have.

    A value that is not finite stays in the mean: an epoch in which one training had NaN has the
    mean NaN, since leaving that training out would show the others' result as everyone's. A
    training that ended early, by patience or because it diverged, ends the mean there.

    Args:
        histories: Of each training, one value an epoch for each name, the same names in all of
            them.

    Returns:
        The names in the order of the first history; every list has the length of the shortest in
        all of them.

    Raises:
        ValueError: There is no history, or the names differ.
    """
    if not histories:
        raise ValueError("there are no histories to average; expected at least one.")
    for number, history in enumerate(histories[1:], start=2):
        if differing := sorted(set(histories[0]) ^ set(history)):
            raise ValueError(
                f"histories 1 and {number} do not both have {', '.join(differing)}; expected the "
                "same names in all, as "
                "trainings of one configuration have them."
            )
    epochs = min((len(values) for history in histories for values in history.values()), default=0)
    return {
        name: [
            _mean([float(history[name][epoch]) for history in histories]) for epoch in range(epochs)
        ]
        for name in histories[0]
    }


def best_epoch(history: Mapping[str, Sequence[float]], monitor: str, mode: str) -> int:
    """The epoch, counted from 1, of the best finite value; the first of equals, and 1 where no value is finite.

    Args:
        history: One value an epoch for each name.
        monitor: The name of the curve to look at.
        mode: "min" where lower is better, or "max", as Keras's callbacks have it.

    Raises:
        ValueError: The history has no such curve or no epoch, or `mode` is neither.
    """
    if mode not in ("min", "max"):
        raise ValueError(f"mode is {mode!r}; expected 'min' or 'max'.")
    if not len(history.get(monitor, ())):
        raise ValueError(
            f"the history has no epoch of {monitor}; expected at least one. It has "
            f"{', '.join(history)}."
        )
    sign = 1 if mode == "min" else -1
    costs = [sign * value if math.isfinite(value) else math.inf for value in history[monitor]]
    return costs.index(min(costs)) + 1


def spread(values: Sequence[float], *, overlap: float) -> Spread:
    """The mean of one measure over many trainings, with its 95 % confidence interval.

    The interval is mean -+ t x sqrt(variance x (1 / count + overlap)), with Student's t of count -
    1 degrees of freedom. Without `overlap` it is the usual one, of independent values. The
    trainings of a cross-validation share most of their rows, so their values vary less than the
    result of training on new rows would, and the usual interval is too narrow. Source: Nadeau and
    Bengio, "Inference for the generalization error", Machine Learning 52 (2003), section 3, the
    corrected resampled t-test; for iterated k-fold: Bouckaert and Frank, "Evaluating the
    replicability of significance tests for comparing learning algorithms", PAKDD (2004).

    Args:
        values: One of each training, at least one. A value that is not finite makes every number of
            the result NaN, but for the count, as a diverged training makes the mean curve.
        overlap: 0 for repeats with other seeds on one split: the interval then says nothing of
            other rows. Of folds, the number of validation rows divided by that of training rows,
            which is 1 / (k - 1).

    Raises:
        ValueError: There is no value, or `overlap` is negative or not finite.
    """
    if len(values) == 0:
        raise ValueError("there are no values to summarize; expected at least one.")
    if not 0 <= overlap < math.inf:
        raise ValueError(
            f"overlap is {overlap}; expected 0, or validation rows / training rows of a fold."
        )
    count = len(values)
    if not np.isfinite(values).all():
        return Spread(math.nan, math.nan, math.nan, math.nan, count)
    mean = _mean(values)
    if count == 1:
        return Spread(mean, math.nan, math.nan, math.nan, count)
    deviation = float(np.std(values, ddof=1))
    reach = student_quantile(count - 1) * deviation * math.sqrt(1 / count + overlap)
    return Spread(mean, deviation, mean - reach, mean + reach, count)


def _mean(values: Sequence[float]) -> float:
    """The mean; NaN where a value is NaN, or where infinities of both signs meet."""
    return sum(values) / len(values)
