"""Rows of a data set -> which belong together, so that a spread counts them once."""

from __future__ import annotations

import math

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.protocol import duplicates

# The errors of a series stay alike for longer than windows overlap. Few long stretches allow for it
# (Ibragimov and Müller, "t-statistic based correlation and heterogeneity robust inference", Journal
# of Business & Economic Statistics 28, 2010).
STRETCHES = 12
FEWEST_STRETCHES = 8  # of a series, if its windows share more points of time than leaves so many


def row_clusters(
    dataset: Dataset, rows: np.ndarray, *, most: int | None = None
) -> np.ndarray | None:
    """Return which rows belong together: of one group, content, or stretch of time.

    Of a table that is divided by time, n rows are cut into stretches of n to the power of 1/3, so
    that neighbours that are alike count once (Lahiri, Resampling Methods for Dependent Data, 2003,
    section 7.2). A stretch of a series is as long as windows that share points of time, but an
    eighth of the rows at most, so that few rows are not one; it is never shorter than that power,
    nor than the way to the last predicted point, over which errors of forecasts are alike (Diebold
    and Mariano, "Comparing predictive accuracy", Journal of Business and Economic Statistics 13,
    1995).

    Args:
        dataset: The rows.
        rows: Some of them, int64 (n,).
        most: Into how many stretches of time rows are cut at most; None for as many as there are.

    Returns:
        Integers (n,), equal for rows that belong together; None where all rows are independent.
    """
    if dataset.is_ordered:
        starts, length = rows, round(len(rows) ** (1 / 3))
        if dataset.kind == "series":
            starts = dataset.x.starts[rows]
            eighth = (starts.max() - starts.min() + 1) // FEWEST_STRETCHES
            ahead = dataset.x.delay + dataset.x.horizon - 1
            length = max(length, ahead, min(dataset.overlap, eighth))
        if most:
            starts = starts - starts.min()
            length = max(length, math.ceil((starts.max() + 1) / most))
        return starts // length
    clusters = duplicates.clusters(dataset)
    if clusters is None or len(np.unique(clusters[rows])) == len(rows):
        return None
    return clusters[rows]
