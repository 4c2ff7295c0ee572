"""Values of rows -> what moves their mean: its variance, degrees of freedom and skewness.

A few rows with a large error, and groups of unequal sizes, leave less to go by than their number
says. An interval takes from here how much less.
"""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-9  # of the largest value, relative to it: a smaller error is none


def sums(values: np.ndarray, clusters: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return sum and number of rows of each cluster, or of each row, float64 (clusters,).

    Args:
        values: float64 (rows,).
        clusters: Equal for rows that belong together, (rows,); None for independent rows.
    """
    if clusters is None:
        return values.astype(np.float64), np.ones(len(values))
    _, positions = np.unique(clusters, return_inverse=True)
    return np.bincount(positions, values), np.bincount(positions).astype(np.float64)


def deviations(sums: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how far each cluster moves the mean over rows, and the degrees of freedom.

    The sum of the squares is the variance of the mean. Each deviation is enlarged by what its
    cluster has pulled the mean to itself, and degrees of freedom are fewer where sizes differ: CR2
    with Satterthwaite's correction (Bell and McCaffrey, "Bias reduction in standard errors for
    linear regression with multi-stage samples", Survey Methodology 28, 2002), of a mean.

    Args:
        sums: Of each cluster, float64 (clusters,).
        sizes: Number of rows of each cluster, float64 (clusters,).

    Returns:
        float64 (clusters,), and 0 degrees for fewer than two clusters.
    """
    if len(sums) < 2:
        return np.zeros(len(sums)), 0.0

    rows, weights = sizes.sum(), sizes / sizes.sum()
    moved = (sums - sums.sum() / rows * sizes) / rows / np.sqrt(1 - weights)
    if np.linalg.norm(moved) < ROUNDING * np.abs(sums / sizes).max():
        moved = np.zeros(len(sums))
    pulls = weights**2 / (1 - weights)
    return moved, float(1 / ((weights**2).sum() + pulls.sum() ** 2 - (pulls**2).sum()))


def skewness(deviations: np.ndarray) -> float:
    """Return the skewness of a mean, -1 to 1, from what moves it; 0 where nothing does."""
    squares = float((deviations**2).sum())
    return float((deviations**3).sum()) / squares**1.5 if squares else 0.0


def unskewed(quantile: float, skewness: float) -> float:
    """Return the quantile of a skewed t, by Hall's transformation.

    Source: Hall, "On the removal of skewness by transformation", Journal of the Royal Statistical
    Society B 54 (1992).
    """
    if abs(skewness) < ROUNDING:
        return quantile
    return 3 / skewness * (float(np.cbrt(1 + skewness * (quantile - skewness / 6))) - 1)


def few(skewness: float, count: int) -> float:
    """Return how few rows make the spread: above 1.5 too few, below 0.5 enough.

    1 / skewness^2 is about their number: of a mean that k equal rows move it is k. It is compared
    with three times the third root of the number of rows. As the skewness of a mean falls with the
    sixth root of it where the tail has the index 9/4, more than that is a sign of a tail whose
    variance is not finite, or not seen. `benchmarks/coverage.py` shows what comes of it.

    Args:
        skewness: Of the mean.
        count: Number of rows or clusters.
    """
    return 3 * count ** (1 / 3) * skewness**2
