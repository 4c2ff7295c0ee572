"""A score without values of rows -> such values, from the scores of fewer rows.

Source: the jackknife over blocks (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 11; Shao and Wu, "A general theory for jackknife variance estimation", Annals of Statistics
17, 1989).
"""

import numpy as np

from goldilocks.evaluation.measures import Measure
from goldilocks.problem import Problem

BLOCKS = 100  # at most: so often a score is computed
SEED = 100  # of which rows are in a block


def blocks(clusters: np.ndarray | None, rows: int) -> np.ndarray:
    """Return the number of each row's block, int64 (rows,); a block holds whole clusters.

    Args:
        clusters: Equal for rows that belong together, (rows,); None for independent rows.
        rows: How many there are.
    """
    if clusters is None:
        clusters = np.arange(rows)
    _, cluster = np.unique(clusters, return_inverse=True)
    return (np.random.default_rng(SEED).permutation(cluster.max() + 1) % BLOCKS)[cluster]


def row_values(
    measure: Measure,
    problem: Problem,
    truth: np.ndarray,
    predictions: np.ndarray,
    queries: np.ndarray | None,
    block: np.ndarray,
) -> np.ndarray:
    """Return values of each row, float64 (rows,), whose mean is the score.

    They are equal within a block, and the blocks are what varies independently: of a mean over rows
    they are the means of the blocks. All are NaN where rows cannot tell the score without a block.

    Args:
        measure: What the predictions are scored by.
        problem: The problem type and the loss.
        truth: As of `Measure.score`.
        predictions: As of `Measure.score`.
        queries: As of `Measure.of`.
        block: As `blocks` returns them.
    """

    def score(rows: np.ndarray) -> float:
        of_rows = None if queries is None else queries[rows]
        return measure.of(problem, truth[rows], predictions[rows], of_rows)

    whole, values = score(block >= 0), np.full(len(block), np.nan)
    for number in np.unique(block):
        inside = block == number
        if not inside.all():
            others = (~inside).sum() / inside.sum()
            values[inside] = whole + (whole - score(~inside)) * others
    return values + (whole - values.mean())
