"""Predictions -> metrics, their intervals, and the rows that went most wrong."""

from dataclasses import dataclass

import keras
import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.evaluation.intervals import Interval, interval, row_clusters
from goldilocks.problem import Problem


def scores(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """The loss and the metrics of predictions, by Keras's names, computed by Keras.

    Args:
        problem: Says which.
        truth: (rows, ...) as `encode_targets` makes them.
        predictions: float32 (rows, outputs).
    """
    loss = keras.losses.get(problem.loss)
    values = {"loss": float(np.mean(keras.ops.convert_to_numpy(loss(truth, predictions))))}
    for name in problem.metrics:
        metric = keras.metrics.get(_specific(name, problem))
        metric.update_state(truth, predictions)
        values[name] = float(keras.ops.convert_to_numpy(metric.result()))
    return values


def intervals_of(
    problem: Problem, dataset: Dataset, rows: np.ndarray, truth: np.ndarray, predictions: np.ndarray
) -> dict[str, Interval]:
    """The 95 % intervals of the loss and the metrics, by Keras's names, of those that have one.

    Args:
        problem: Says which.
        dataset: Says which rows belong together.
        rows: Those that were predicted, int64 (n,).
        truth: (n, ...) as `encode_targets` makes them.
        predictions: float32 (n, outputs).
    """
    together = row_clusters(dataset, rows)
    found = {
        name: interval(problem, name, truth, predictions, together)
        for name in ("loss", *problem.metrics)
    }
    return {name: each for name, each in found.items() if each is not None}


def _specific(metric: str, problem: Problem) -> str:
    """What "accuracy" means for this problem; Keras itself finds out inside `compile` only."""
    if metric != "accuracy" or problem.type not in ("binary", "multiclass"):
        return metric
    if problem.type == "binary":
        return "binary_accuracy"
    sparse = problem.loss == "sparse_categorical_crossentropy"
    return "sparse_categorical_accuracy" if sparse else "categorical_accuracy"


@dataclass(frozen=True)
class Mistakes:
    """Rows and how they were predicted, the worst first.

    Attributes:
        rows: Positions among the predictions, int64 (k,).
        sizes: How wrong. Classes: probability given to what was said, 0 to 1. Regression: absolute
            error.
    """

    rows: np.ndarray
    sizes: np.ndarray


def answers(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Predictions as a person reads them: decided classes, or the numbers themselves."""
    return (
        predictions
        if problem.type in ("regression", "unit_regression")
        else decided(problem, predictions)
    )


def decided(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Class predictions as class indices, int64: (rows,), or (rows, labels) of 0 and 1 for a multilabel problem."""
    if problem.type == "multiclass":
        return predictions.argmax(axis=1)
    said = (predictions > 0.5).astype("int64")
    return said if problem.type == "multilabel" else said[:, 0]


def worst(problem: Problem, y: np.ndarray, predictions: np.ndarray, *, most: int) -> Mistakes:
    """The rows that went most wrong.

    Args:
        problem: Says what wrong means: the wrong class, most confidently; or the largest absolute
            error.
        y: (rows, ...) as `Dataset.y`.
        predictions: float32 (rows, outputs).
        most: At most so many.
    """
    if problem.type in ("regression", "unit_regression"):
        errors = np.abs(y.reshape(len(y), -1) - predictions).sum(axis=1)
        rows = np.argsort(-errors, kind="stable")[:most]
        return Mistakes(rows, errors[rows])
    said = decided(problem, predictions)
    if problem.type == "multilabel":
        sizes = np.abs(y - predictions).max(axis=1)
        wrong = np.flatnonzero((said != y).any(axis=1))
    else:
        certain = (
            predictions.max(axis=1)
            if problem.type == "multiclass"
            else np.abs(predictions[:, 0] - 0.5) + 0.5
        )
        sizes, wrong = certain, np.flatnonzero(said != y)
    rows = wrong[np.argsort(-sizes[wrong], kind="stable")][:most]
    return Mistakes(rows, sizes[rows])
