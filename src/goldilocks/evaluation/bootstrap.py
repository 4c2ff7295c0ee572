"""A score of any function of rows -> the scores of resampled rows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np

from goldilocks.errors import ProblemError

RESAMPLES = 399  # so often a score is computed
SEED = 399


def scores(
    score: Callable[[np.ndarray], float], clusters: np.ndarray | None, rows: int
) -> np.ndarray:
    """Return the scores of rows that are drawn with replacement, float64 (`RESAMPLES`,).

    Clusters are drawn as a whole. All scores are NaN of a single row or cluster, and where a
    person's own function does not know what to say of such rows.

    Args:
        score: Positions of rows -> the score.
        clusters: Equal for rows that belong together, (rows,); None for independent rows.
        rows: How many there are.
    """
    if clusters is None:
        clusters = np.arange(rows)
    order = np.argsort(clusters, kind="stable")
    starts = np.unique(clusters[order], return_index=True)[1]
    ends = np.append(starts[1:], rows)
    resampled, rng = np.full(RESAMPLES, np.nan), np.random.default_rng(SEED)
    if len(starts) < 2:
        return resampled

    with contextlib.suppress(ProblemError):
        for number in range(RESAMPLES):
            drawn = rng.integers(len(starts), size=len(starts))
            sizes = ends[drawn] - starts[drawn]
            # The positions in `order` of each drawn cluster's rows, one cluster after the other.
            within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            resampled[number] = score(order[np.repeat(starts[drawn], sizes) + within])
    return resampled
