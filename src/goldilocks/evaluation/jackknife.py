"""A score that is no mean over rows -> what each row adds to it, from the scores of fewer rows.

Source: the jackknife over blocks (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 11; Shao and Wu, "A general theory for jackknife variance estimation", Annals of Statistics
17, 1989).
"""

import numpy as np

from goldilocks.evaluation.measures import Measure
from goldilocks.evaluation.null_errors import FAST
from goldilocks.problem import Problem

BLOCKS = 100  # at most: so often the score is computed
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
    """Return a value of each row, float64 (rows,): their mean is the score, and varies as it does.

    They are equal within a block. Of a mean over rows they are the means of the blocks. Where rows
    cannot tell the score without a block, as without the only one of a class, it is taken for the
    worst that can be, so that nothing is beyond noise.

    Args:
        measure: What the predictions are scored by.
        problem: The problem type and the loss.
        truth: As of `Measure.score`.
        predictions: As of `Measure.score`.
        queries: As of `Measure.of`.
        block: As `blocks` returns them.
    """
    prepare, fast = FAST.get(measure.name, (None, None))

    def score(rows: np.ndarray) -> float:
        if prepare is not None and fast is not None:
            return fast(problem, truth[rows], prepare(problem, predictions[rows]))
        of_rows = None if queries is None else queries[rows]
        return measure.of(problem, truth[rows], predictions[rows], of_rows)

    whole, values = score(np.arange(len(block))), np.empty(len(block))
    worst = measure.range[0 if measure.greater_is_better else 1]
    for number in np.unique(block):
        inside = block == number
        without = score(np.flatnonzero(~inside)) if not inside.all() else np.nan
        if np.isnan(without) and np.isfinite(worst):
            without = worst
        size = inside.sum()
        values[inside] = whole + (whole - without) * (len(block) - size) / size
    return values + (whole - values.mean())
