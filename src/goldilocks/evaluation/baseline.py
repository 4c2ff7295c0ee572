"""The prediction that a model must beat: the best constant, or the last value of a series."""

from collections.abc import Mapping

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.naive import LAST_VALUE
from goldilocks.problem import Problem, higher_is_better


def predict_baseline(dataset: Dataset, constant: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the baseline's predictions: the last observed value of a series, else a constant.

    Args:
        dataset: The rows, and of a series their last observed values.
        constant: The constant to predict, float32 (outputs,).
        rows: The rows to predict, int64 (n,).

    Returns:
        float32 (n, outputs).
    """
    if dataset.naive:
        return dataset.naive[LAST_VALUE][rows]
    return np.tile(constant, (len(rows), 1))


def beats(problem: Problem, scores: Mapping[str, float], baseline: Mapping[str, float]) -> bool:
    """Return whether the primary metric is better than the baseline's, noise left aside."""
    gain = scores[problem.metric] - baseline[problem.metric]
    return gain > 0 if higher_is_better(problem.metric) else gain < 0
