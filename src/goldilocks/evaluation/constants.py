"""Targets -> the constant prediction of the best score, by each measure.

In all functions targets are (rows, outputs) or integer classes (rows,), as `encode_targets` makes
them, `outputs` is their number of outputs, and a constant is float32 (outputs,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from goldilocks.evaluation.row_values import SMALLEST, indicators, logarithms
from goldilocks.problem import Problem

Constant = Callable[[Problem, np.ndarray, int], np.ndarray]


def frequencies(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the class frequencies, or the mean of each target."""
    if problem.type == "multiclass":
        return indicators(problem, truth, outputs).mean(axis=0, dtype="float32")
    return truth.reshape(len(truth), -1).mean(axis=0, dtype=np.float64).astype("float32")


def majority(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the most frequent class for certain; of labels, what most rows have of each."""
    shares = frequencies(problem, truth, outputs)
    if problem.type == "multiclass":
        return np.eye(outputs, dtype="float32")[shares.argmax()]
    return (shares > 0.5).astype("float32")


def always(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return yes for every row; of several classes the most frequent one."""
    if problem.type == "multiclass":
        return majority(problem, truth, outputs)
    return np.ones(outputs, "float32")


def cheapest(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return yes for every row where that costs less than never to say it."""
    share, (false_positive, false_negative) = frequencies(problem, truth, outputs), problem.cost
    return (false_negative * share > false_positive * (1 - share)).astype("float32")


def median(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the median of each target."""
    return np.median(truth.reshape(len(truth), -1), axis=0).astype("float32")


def weighted_median(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the median of each target with 1 / |target| as weights."""
    medians = []
    for values in truth.reshape(len(truth), -1).T:
        ascending = np.sort(values)
        weights = np.cumsum(1 / np.maximum(np.abs(ascending.astype(np.float64)), SMALLEST))
        medians.append(ascending[np.searchsorted(weights, weights[-1] / 2)])
    return np.array(medians, "float32")


def least_loss(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the constant of the least mean loss; where no formula is known, it is searched for."""
    losses = ("mse", "poisson", "binary_crossentropy")  # Best is the mean.
    if problem.log_target and problem.loss == "mse":
        return np.exp(frequencies(problem, logarithms(truth), outputs))
    if problem.loss in losses or problem.loss.endswith("categorical_crossentropy"):
        return frequencies(problem, truth, outputs)
    if problem.loss == "mae":
        return median(problem, truth, outputs)

    from scipy import optimize

    from goldilocks.evaluation.losses import loss_function

    loss, constants = loss_function(problem), []
    columns = np.asarray(truth, "float32").reshape(len(truth), -1)
    for output in range(outputs):
        # The mean over outputs is least where each is least: the others stay as they are.
        def mean_loss(value: float, output: int = output) -> float:
            predictions = columns.copy()
            predictions[:, output] = value
            return float(np.mean(np.asarray(loss(columns, predictions))))

        low, high = columns[:, output].min(), columns[:, output].max()
        if problem.loss.endswith("hinge"):
            low = -1.0  # It takes 0 for -1.
        least = optimize.minimize_scalar(mean_loss, bounds=(low, high), method="bounded")
        constants.append(least.x)
    return np.array(constants, "float32")
