"""Targets as the loss of a problem takes them, and their prior and spread before training."""

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.problem import Problem


def encode_targets(problem: Problem, outputs: int, y: np.ndarray) -> np.ndarray:
    """Return targets as the problem's loss takes them: classes one-hot, but for the sparse loss.

    Args:
        problem: Says the loss.
        outputs: Of the model.
        y: Of every row, as `Dataset.y`.

    Returns:
        float32 or int64 (rows, outputs), or (rows,) for integer classes.
    """
    if problem.type != "multiclass":
        return y.reshape(len(y), -1).astype("float32")
    if problem.loss == "sparse_categorical_crossentropy":
        return y
    return np.eye(outputs, dtype="float32")[y]


def count_outputs(problem: Problem, dataset: Dataset) -> int:
    """Return how many numbers a prediction has: one for each class, else one for each target."""
    if problem.type == "multiclass":
        return len(dataset.classes)
    return int(np.prod(dataset.y.shape[1:], initial=1))


def target_prior(problem: Problem, outputs: int, y: np.ndarray) -> np.ndarray:
    """Return the best constant prediction: the class frequencies, or the mean of the targets.

    Args:
        problem: Says the problem type.
        outputs: Of the model.
        y: Training targets, as `Dataset.y`.

    Returns:
        float32 (outputs,).
    """
    if problem.type == "multiclass":
        return (np.bincount(y, minlength=outputs) / len(y)).astype("float32")
    return y.reshape(len(y), -1).mean(axis=0).astype("float32")


def target_spread(problem: Problem, y: np.ndarray) -> np.ndarray | None:
    """Return the standard deviation of training targets, float32 (outputs,), at least 1e-6.

    It is None where the targets are no quantities.
    """
    if problem.type != "regression":
        return None
    return np.maximum(y.reshape(len(y), -1).std(axis=0), 1e-6).astype("float32")
