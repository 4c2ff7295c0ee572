"""Targets and predictions -> the values of rows that measures are made of, or their scores.

The mean of the values is the score, and their standard error that of the score: what each row adds
to it, or of rates and areas the score and the row's influence on it (Hampel, "The influence curve
and its role in robust estimation", JASA 69, 1974).

In all functions targets are (rows, outputs) or integer classes (rows,), as `encode_targets` makes
them, predictions float32 (rows, outputs), and values float64 (rows,).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from goldilocks.problem import Problem

Score = Callable[[Problem, np.ndarray, np.ndarray], float]
RowValues = Callable[[Problem, np.ndarray, np.ndarray], np.ndarray]

SMALLEST = 1e-7  # Keras keeps divisors this far from 0 (`keras.config.epsilon`).
TINY = float(np.finfo(np.float32).tiny)  # whose logarithm is -87
TOP = 5  # most probable classes, of which one must be right: Keras's default


def indicators(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return which class or label each row has, bool (rows, outputs)."""
    if problem.type == "multiclass" and truth.ndim == 1:
        return np.eye(outputs, dtype=bool)[truth]
    return truth.reshape(len(truth), -1) > 0.5


def decided(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Return predicted classes, int64: indices (rows,), or if multilabel 0 and 1 (rows, labels).

    A probability must lie above its threshold, `Problem.thresholds`.
    """
    if problem.type == "multiclass":
        return predictions.argmax(axis=1)
    positive = (predictions > np.array(problem.thresholds or 0.5)).astype("int64")
    return positive if problem.type == "multilabel" else positive[:, 0]


def mean_known(scores: Sequence[float] | np.ndarray) -> float:
    """Return the mean of those that are not NaN; NaN without one."""
    finite = np.asarray(scores)[np.isfinite(scores)]
    return float(finite.mean()) if len(finite) else math.nan


def ndcg(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    """Return how well the rows of a query are ordered; NaN of a single row, or of equal ones."""
    from sklearn import metrics

    gains = truth.reshape(1, -1)
    if gains.min() == gains.max():
        return math.nan
    return float(metrics.ndcg_score(gains, predictions.reshape(1, -1)))


def mean_average_precision(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    """Return how early the relevant rows of a query come: those with a target above 0."""
    from sklearn import metrics

    relevant = truth.ravel() > 0
    if relevant.all() or not relevant.any():
        return math.nan
    return float(metrics.average_precision_score(relevant, predictions.ravel()))


def mean_of(per_row: RowValues) -> Score:
    """Return the score that is a mean over rows."""
    return lambda problem, truth, predictions: float(per_row(problem, truth, predictions).mean())


def linear(right: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return values of rows whose means are the sums of `right` over those of `counted`.

    Args:
        right: float (rows, outputs).
        counted: float (rows, outputs); a rate of nothing is 0.
    """
    totals = np.maximum(counted.sum(axis=0), 1)
    rates = right.sum(axis=0) / totals
    return rates + (right - rates * counted) * len(right) / totals


def rates_of_rows(name: str) -> RowValues:
    """Return what makes the values of rows of precision, recall or F1."""

    def per_row(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        has, says = both(problem, truth, predictions)
        counted = {"precision": says, "recall": has, "f1_score": (has + says.astype(float)) / 2}
        occurs = (has | says).any(axis=0)
        if not occurs.any():
            return np.full(len(truth), math.nan)
        return linear(has & says, counted[name])[:, occurs].mean(axis=1)

    return per_row


def both(
    problem: Problem, truth: np.ndarray, predictions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which class or label each row has and is predicted to have, bool (rows, outputs)."""
    outputs = predictions.shape[1]
    says = indicators(problem, decided(problem, predictions), outputs)
    return indicators(problem, truth, outputs), says


def recalls_of_rows(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return values of rows of the balanced accuracy, the mean recall of the classes."""
    has, says = both(problem, truth, predictions)
    pairs = [(has, says)]
    if problem.type != "multiclass":
        kinds = [np.stack([~part, part], axis=2) for part in (has, says)]
        pairs = [(kinds[0][:, output], kinds[1][:, output]) for output in range(has.shape[1])]
    recalls = [linear(has & says, has)[:, has.any(axis=0)] for has, says in pairs]
    return np.mean([values.mean(axis=1) for values in recalls], axis=0)


def areas_of_rows(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return values of rows by DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988)."""
    has, columns = indicators(problem, truth, predictions.shape[1]), list[np.ndarray]()
    for yes, column in zip(has.T, predictions.T, strict=True):
        if yes.all() or not yes.any():
            continue
        # The fraction of the other kind of rows on the right side of each row; equal ones count
        # half.
        position = np.unique(column, return_inverse=True)[1]
        kinds = np.bincount(position, yes), np.bincount(position, ~yes)
        above, below = (np.cumsum(kind) - kind / 2 for kind in kinds)
        right = np.where(yes, below[position] / (~yes).sum(), 1 - above[position] / yes.sum())

        area, rows = right[yes].mean(), np.where(yes, yes.sum(), (~yes).sum())
        columns.append(area + (right - area) * len(right) / rows)
    return np.mean(columns, axis=0) if columns else np.full(len(truth), math.nan)


def precisions_of_rows(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return values of rows of the average precision.

    It is the mean, over the rows of a class, of the precision at their predictions, T / P: the rows
    of the class with such a prediction or a higher one, and all such rows. A row of the class adds
    the precision at its own prediction and 1 / P at each of those below it, and any row takes T /
    P^2 away there.
    """
    has, columns = indicators(problem, truth, predictions.shape[1]), list[np.ndarray]()
    for yes, column in zip(has.T, predictions.T, strict=True):
        if not yes.any():
            continue
        # Equal predictions are one threshold, the highest first.
        step = np.unique(-column, return_inverse=True)[1]
        hits, rows = np.bincount(step, yes), np.bincount(step)
        positive = np.cumsum(rows)
        precision, gained = np.cumsum(hits) / positive, hits / positive
        score = (hits * precision).sum() / hits.sum()
        # Of a perfect order both sums are the same numbers, and each influence is exactly 0.
        added = np.cumsum(gained[::-1])[::-1][step]
        taken = np.cumsum((gained * precision)[::-1])[::-1][step]
        influence = yes * (precision[step] - score) + (yes * added - taken)
        columns.append(score + influence * len(yes) / hits.sum())
    return np.mean(columns, axis=0) if columns else np.full(len(truth), math.nan)


def r2_score(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    """Return the coefficient of determination, the mean over outputs; NaN of one row."""
    from sklearn import metrics

    if len(truth) < 2:
        return math.nan
    return float(metrics.r2_score(truth.reshape(len(truth), -1), predictions))


def root_mean_squared_error(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    """Return the root of the mean squared error, the mean over outputs."""
    errors = truth.reshape(len(truth), -1) - predictions.astype(np.float64)
    return float(np.sqrt((errors**2).mean(axis=0)).mean())


def logarithms(values: np.ndarray) -> np.ndarray:
    """Return the logarithms that a loss of logarithms compares, float64, as `values` in shape."""
    return np.log(np.maximum(values.astype(np.float64), TINY))


def losses(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the loss of each row, without penalties."""
    # Keras takes seconds, and pages of stored runs do without.
    from goldilocks.evaluation.losses import loss_function

    values = loss_function(problem)(truth, predictions)
    return np.asarray(values, np.float64).reshape(len(predictions))


def log_losses(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return -log of the probability of what is true, the mean over labels."""
    has = indicators(problem, truth, predictions.shape[1])
    sure = np.clip(predictions.astype(np.float64), SMALLEST, 1 - SMALLEST)
    if problem.type == "multiclass":
        return -np.log(sure / sure.sum(axis=1, keepdims=True))[has]
    return -np.where(has, np.log(sure), np.log1p(-sure)).mean(axis=1)


def right(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return 1 for a row that is right and 0 for another; of labels the share that is right."""
    has, says = indicators(problem, truth, predictions.shape[1]), decided(problem, predictions)
    if problem.type == "multiclass":
        return (has.argmax(axis=1) == says).astype(np.float64)
    return (has == says.reshape(has.shape)).mean(axis=1)


def costs(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return what each row costs, by `Problem.cost`, the mean over labels."""
    false_positive, false_negative = problem.cost
    has = indicators(problem, truth, predictions.shape[1])
    says = decided(problem, predictions).reshape(has.shape) > 0
    return (false_positive * (says & ~has) + false_negative * (has & ~says)).mean(axis=1)


def among_top(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return 1 where the true class is among the `TOP` most probable ones, else 0."""
    has = indicators(problem, truth, predictions.shape[1])
    more_probable = (predictions > predictions[has][:, np.newaxis]).sum(axis=1)
    return (more_probable < TOP).astype(np.float64)


def errors(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return absolute errors, float64 (rows, outputs)."""
    return np.abs(truth.reshape(len(truth), -1) - predictions.astype(np.float64))


def absolute(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the absolute error of each row, the mean over outputs."""
    return errors(problem, truth, predictions).mean(axis=1)


def squared(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the squared error of each row, the mean over outputs."""
    return (errors(problem, truth, predictions) ** 2).mean(axis=1)


def in_per_cent(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the error of each row in per cent of its target, the mean over outputs."""
    sizes = np.maximum(np.abs(truth.reshape(len(truth), -1)), SMALLEST)
    return 100 * (errors(problem, truth, predictions) / sizes).mean(axis=1)
