"""Predictions -> metrics, their intervals, and the rows that went most wrong."""

import math
from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.evaluation import measures
from goldilocks.evaluation.clusters import STRETCHES, row_clusters
from goldilocks.evaluation.intervals import Interval, interval
from goldilocks.evaluation.row_values import decided, logarithms
from goldilocks.problem import Problem


def scores(
    problem: Problem,
    truth: np.ndarray,
    predictions: np.ndarray,
    queries: np.ndarray | None = None,
) -> dict[str, float]:
    """Return the loss and the metrics of predictions, by their names.

    Args:
        problem: The loss and the metrics.
        truth: (rows, ...) as `encode_targets` makes them.
        predictions: float32 (rows, outputs). If one is not finite, no metric is.
        queries: As `Dataset.queries` returns them; None where rows are not ranked.
    """
    values = {"loss": measures.find(problem, "loss").score(problem, truth, predictions)}
    is_finite = np.isfinite(predictions).all()
    for name in problem.metrics:
        values[name] = math.nan
        if is_finite:
            values[name] = measures.find(problem, name).of(problem, truth, predictions, queries)
    return values


def intervals_of(
    problem: Problem, dataset: Dataset, rows: np.ndarray, truth: np.ndarray, predictions: np.ndarray
) -> dict[str, Interval]:
    """Return the 95 % intervals of the loss and the metrics, by name, where rows can tell one.

    Args:
        problem: The loss and the metrics.
        dataset: The data set, which knows which rows belong together.
        rows: The rows that were predicted, int64 (n,).
        truth: (n, ...) as `encode_targets` makes them.
        predictions: float32 (n, outputs).
    """
    clusters, intervals = row_clusters(dataset, rows, most=STRETCHES), {}
    for name in ("loss", *problem.metrics):
        of_score = interval(problem, name, truth, predictions, clusters, dataset.queries(rows))
        if of_score is not None:
            intervals[name] = of_score
    return intervals


@dataclass(frozen=True)
class Mistakes:
    """Rows and how they were predicted, the worst first.

    Attributes:
        rows: Positions among the predictions, int64 (k,).
        sizes: How wrong each is, float (k,): the probability of the predicted class, 0 to 1, or the
            absolute error; of several numbers the largest one, in deviations where the loss is, and
            of labels the largest one.
        outputs: Which of several numbers or labels it is, int64 (k,); 0 of others.
    """

    rows: np.ndarray
    sizes: np.ndarray
    outputs: np.ndarray


def answers(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Return predictions as a person reads them: predicted classes, or the numbers themselves."""
    return decided(problem, predictions) if problem.classifies else predictions


def worst(problem: Problem, y: np.ndarray, predictions: np.ndarray, *, most: int) -> Mistakes:
    """Return the rows that went most wrong: wrong classes, most confidently, or the largest errors.

    Args:
        problem: The problem type.
        y: (rows, ...) as `Dataset.y`.
        predictions: float32 (rows, outputs).
        most: Number of rows, at most.
    """
    outputs = np.zeros(len(y), np.int64)
    if not problem.classifies:
        errors = np.abs(y.reshape(len(y), -1) - predictions)
        if errors.shape[1] > 1 and problem.log_target:
            errors = np.abs(logarithms(y.reshape(len(y), -1)) - logarithms(predictions))
        if errors.shape[1] > 1 and problem.scale:
            errors = errors / np.array(problem.scale)
        sizes, outputs = errors.max(axis=1), errors.argmax(axis=1)
        wrong = np.arange(len(y))
    elif problem.type == "multilabel":
        errors = np.abs(y - predictions)
        sizes, outputs = errors.max(axis=1), errors.argmax(axis=1)
        wrong = np.flatnonzero((decided(problem, predictions) != y).any(axis=1))
    else:
        classes = decided(problem, predictions)
        sizes = predictions.max(axis=1)
        if problem.type == "binary":
            sizes = np.where(classes, predictions[:, 0], 1 - predictions[:, 0])
        wrong = np.flatnonzero(classes != y)

    rows = wrong[np.argsort(-sizes[wrong], kind="stable")][:most]
    return Mistakes(rows, sizes[rows], outputs[rows])
