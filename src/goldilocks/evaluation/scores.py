"""Predictions -> metrics, their intervals, and the rows that went most wrong."""

from dataclasses import dataclass

import keras
import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.evaluation.intervals import Interval, interval, row_clusters
from goldilocks.evaluation.losses import loss_function
from goldilocks.problem import Problem


def scores(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Return the loss and the metrics of predictions, by Keras's names, as Keras computes them.

    Args:
        problem: The loss and the metrics.
        truth: (rows, ...) as `encode_targets` makes them.
        predictions: float32 (rows, outputs).
    """
    losses = loss_function(problem)(truth, predictions)
    values = {"loss": float(np.mean(keras.ops.convert_to_numpy(losses)))}
    for name in problem.metrics:
        metric = keras.metrics.get(_specific_name(name, problem))
        metric.update_state(truth, predictions)
        values[name] = float(keras.ops.convert_to_numpy(metric.result()))
    return values


def intervals_of(
    problem: Problem, dataset: Dataset, rows: np.ndarray, truth: np.ndarray, predictions: np.ndarray
) -> dict[str, Interval]:
    """Return the 95 % intervals of the loss and the metrics that have one, by Keras's names.

    Args:
        problem: The loss and the metrics.
        dataset: The data set, which knows which rows belong together.
        rows: The rows that were predicted, int64 (n,).
        truth: (n, ...) as `encode_targets` makes them.
        predictions: float32 (n, outputs).
    """
    clusters, intervals = row_clusters(dataset, rows), {}
    for name in ("loss", *problem.metrics):
        of_score = interval(problem, name, truth, predictions, clusters)
        if of_score is not None:
            intervals[name] = of_score
    return intervals


@dataclass(frozen=True)
class Mistakes:
    """Rows and how they were predicted, the worst first.

    Attributes:
        rows: Positions among the predictions, int64 (k,).
        sizes: How wrong each is, float (k,): the probability of the predicted class, 0 to 1, or the
            absolute error; of several numbers the largest one, in deviations where the loss is.
        outputs: Which of several numbers it is, int64 (k,); 0 of others.
    """

    rows: np.ndarray
    sizes: np.ndarray
    outputs: np.ndarray


def answers(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Return predictions as a person reads them: predicted classes, or the numbers themselves."""
    if problem.type in ("regression", "unit_regression"):
        return predictions
    return decided(problem, predictions)


def decided(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Return predicted classes, int64: indices (rows,), or if multilabel 0 and 1 (rows, labels).

    A probability must lie above its threshold, `Problem.thresholds`.
    """
    if problem.type == "multiclass":
        return predictions.argmax(axis=1)
    positive = (predictions > np.array(problem.thresholds or 0.5)).astype("int64")
    return positive if problem.type == "multilabel" else positive[:, 0]


def worst(problem: Problem, y: np.ndarray, predictions: np.ndarray, *, most: int) -> Mistakes:
    """Return the rows that went most wrong: wrong classes, most confidently, or the largest errors.

    Args:
        problem: The problem type.
        y: (rows, ...) as `Dataset.y`.
        predictions: float32 (rows, outputs).
        most: Number of rows, at most.
    """
    outputs = np.zeros(len(y), np.int64)
    if problem.type in ("regression", "unit_regression"):
        errors = np.abs(y.reshape(len(y), -1) - predictions)
        if errors.shape[1] > 1 and problem.scale:
            errors = errors / np.array(problem.scale)
        sizes, outputs = errors.max(axis=1), errors.argmax(axis=1)
        wrong = np.arange(len(y))
    elif problem.type == "multilabel":
        sizes = np.abs(y - predictions).max(axis=1)
        wrong = np.flatnonzero((decided(problem, predictions) != y).any(axis=1))
    else:
        classes = decided(problem, predictions)
        sizes = predictions.max(axis=1)
        if problem.type == "binary":
            sizes = np.where(classes, predictions[:, 0], 1 - predictions[:, 0])
        wrong = np.flatnonzero(classes != y)

    rows = wrong[np.argsort(-sizes[wrong], kind="stable")][:most]
    return Mistakes(rows, sizes[rows], outputs[rows])


def _specific_name(metric: str, problem: Problem) -> str:
    """Return what "accuracy" means for a problem; Keras itself finds out inside `compile` only."""
    if metric != "accuracy" or problem.type not in ("binary", "multiclass"):
        return metric
    if problem.type == "binary":
        return "binary_accuracy"
    sparse = problem.loss == "sparse_categorical_crossentropy"
    return "sparse_categorical_accuracy" if sparse else "categorical_accuracy"
