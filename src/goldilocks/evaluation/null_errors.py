"""The error under the null: how far chance moves the score of predictions that know no target.

Whatever the predictions are, targets of other rows in their places leave them nothing to know. The
gains over the baseline that remain are chance: of areas under a curve Mann and Whitney's
distribution with its ties, of decisions the hypergeometric one, of other measures their own (Good,
Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005, chapter 3).
`benchmarks/null_errors.py` measures how often chance exceeds it.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import targets_of
from goldilocks.errors import ProblemError
from goldilocks.evaluation import measures
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.evaluation.clusters import row_clusters
from goldilocks.evaluation.measures import Measure
from goldilocks.problem import Problem

# The chance to exceed the best of so many permutations, 1 in 161 or 0.62 %, is that of a normal
# distribution to exceed its mean by `REACH` standard errors.
PERMUTATIONS, REACH = 160, 2.5
STRETCHES = 8  # of a series; and of fewer clusters there are too few permutations
MOST = 20_000  # rows that are permuted; of more a sample
ROUNDING = 1e-9  # of scores, relative to them: an equal one is not beyond another
SEED = 160  # of what is drawn here; the data may have been drawn with 0

GainOf = Callable[..., float]  # targets, and the positions of their rows -> the gain


def null_errors(
    problem: Problem, dataset: Dataset, rows: np.ndarray, predictions: np.ndarray
) -> dict[str, float]:
    """Return the error under the null of the primary metric, beside its baseline, by name.

    Where rows belong together there is that of the loss as well: formulas for independent rows do
    not hold for it.

    Args:
        problem: The loss and the metrics.
        dataset: The targets, and which rows belong together.
        rows: The rows that were predicted, int64 (n,).
        predictions: float32 (n, outputs).

    Returns:
        Without those that `null_error` cannot tell.
    """
    clusters, errors = row_clusters(dataset, rows), {}
    truth = targets_of(problem, dataset, rows)
    for name in {problem.metric} if clusters is None else {problem.metric, "loss"}:
        baseline = baseline_predictions(problem, dataset, rows, name)
        measure, queries = measures.find(problem, name), dataset.queries(rows)
        error = None
        # A function of one's own may not know what to say of permuted targets.
        with contextlib.suppress(ProblemError):
            error = null_error(measure, problem, truth, predictions, baseline, clusters, queries)
        if error is not None:
            errors[name] = error
    return errors


def null_error(
    measure: Measure,
    problem: Problem,
    truth: np.ndarray,
    predictions: np.ndarray,
    baseline: np.ndarray,
    clusters: np.ndarray | None,
    queries: np.ndarray | None = None,
) -> float | None:
    """Return the standard error of a score's gain over the baseline where only chance makes it.

    It is the standard deviation over permuted targets, or a 2.5th of the largest gain among them
    where that is more, as of rare classes: so 2.5 errors are exceeded no more often than those of a
    normal distribution. Clusters change places as a whole.

    A naive forecast knows earlier targets, which therefore cannot change places. Beside one it is
    the error of the jackknife over eight long stretches of time (Kunsch, "The jackknife and the
    bootstrap for general stationary observations", Annals of Statistics 17, 1989), by Student's t.

    Args:
        measure: What the predictions are scored by.
        problem: The problem type and the loss.
        truth: (rows, outputs), or integer classes (rows,), as `encode_targets` makes them.
        predictions: float32 (rows, outputs).
        baseline: float32 (rows, outputs): a constant, or a naive forecast of a series.
        clusters: (rows,), equal for rows that belong together, of a series ascending in time; None
            for independent rows.
        queries: The query of each row, as of `Measure.of`.

    Returns:
        The error, in the unit of the score; None for fewer than eight rows or clusters, for
        predictions that are not finite, and where nothing moves the score, as of constant ones.
    """
    if clusters is None:
        clusters = np.arange(len(truth))
    clusters = np.unique(clusters, return_inverse=True)[1]
    if clusters.max(initial=0) + 1 < STRETCHES or not np.isfinite(predictions).all():
        return None

    is_naive = bool((baseline != baseline[0]).any())
    rows = np.arange(len(truth)) if is_naive else sampled(clusters)
    truth, predictions, baseline = truth[rows], predictions[rows], baseline[rows]
    of_rows = None if queries is None else queries[rows]
    gain = gain_of(measure, problem, predictions, baseline, of_rows)
    if is_naive:
        student = special.stdtrit(STRETCHES - 1, special.ndtr(REACH)) / REACH
        error = jackknifed(gain, truth, clusters, STRETCHES) * float(student)
    else:
        error = _permuted(gain, truth, clusters[rows], math.sqrt(len(rows) / len(clusters)))
    smallest = ROUNDING * abs(measure.of(problem, truth, predictions, of_rows))
    return error if smallest < error < math.inf else None


def gain_of(
    measure: Measure,
    problem: Problem,
    predictions: np.ndarray,
    baseline: np.ndarray | None,
    queries: np.ndarray | None,
) -> GainOf:
    """Return the function of targets that says how much better than a baseline predictions are.

    Args:
        measure: As of `null_error`, and so are the rest.
        problem: The problem type and the loss.
        predictions: float32 (rows, outputs).
        baseline: float32 (rows, outputs); None for the score itself, of which more is better.
        queries: As of `Measure.of`.
    """
    sign = 1 if measure.greater_is_better else -1

    def gain(targets: np.ndarray, part: np.ndarray | slice = slice(None)) -> float:
        of_part = None if queries is None else queries[part]
        reached = measure.of(problem, targets, predictions[part], of_part)
        if baseline is None:
            return sign * reached
        return sign * (reached - measure.of(problem, targets, baseline[part], of_part))

    return gain


def sampled(clusters: np.ndarray) -> np.ndarray:
    """Return the rows that are permuted: those of as many clusters as have `MOST` rows.

    Args:
        clusters: Numbers from 0 on, (rows,).
    """
    if len(clusters) <= MOST:
        return np.arange(len(clusters))
    order = np.random.default_rng(SEED).permutation(clusters.max() + 1)
    return np.flatnonzero(order[clusters] < len(order) * MOST / len(clusters))


def jackknifed(gain: GainOf, truth: np.ndarray, clusters: np.ndarray, stretches: int) -> float:
    """Return the standard error of a gain, from those without each of some stretches of clusters.

    Args:
        gain: The gain.
        truth: The targets.
        clusters: Numbers from 0 on, ascending in time, (rows,).
        stretches: How many; the error has one degree of freedom less.
    """
    stretch = clusters * stretches // (clusters.max() + 1)
    gains: list[float] = []
    for number in range(stretches):
        rows = np.flatnonzero(stretch != number)
        gains.append(gain(truth[rows], rows))
    return float(np.std(gains) * math.sqrt(stretches - 1))


def _permuted(gain: GainOf, truth: np.ndarray, clusters: np.ndarray, scale: float) -> float:
    """Return the error of a gain, from those with permuted targets; NaN where none is a number.

    Args:
        gain: The gain.
        truth: The targets.
        clusters: Equal for rows that change places together.
        scale: By how much less it varies of all rows than of these.
    """
    drawn = itertools.islice(permutations(clusters), PERMUTATIONS)
    gains = np.array([gain(truth[others]) for others in drawn])
    gains = gains[np.isfinite(gains)]
    if not len(gains):
        return math.nan
    gains = gains.mean() + (gains - gains.mean()) * scale
    return float(max(gains.std(), gains.max() / REACH * (1 + ROUNDING)))


def permutations(clusters: np.ndarray) -> Iterator[np.ndarray]:
    """Yield for each row the position of another one, whose target it takes, int64 (rows,).

    There is no last one.

    Each cluster takes the targets of another one, beginning at any of its rows: of a larger one as
    many as it needs, of a smaller one again and again.
    """
    rng, rows = np.random.default_rng(SEED), np.argsort(clusters, kind="stable")
    _, starts, cluster, sizes = np.unique(
        clusters[rows], return_index=True, return_inverse=True, return_counts=True
    )
    within = np.arange(len(rows)) - starts[cluster]
    positions = np.argsort(rows)  # of the rows in that order
    while True:
        others = rng.permutation(len(sizes))
        begins = rng.integers(sizes[others])[cluster]
        of_row = others[cluster]
        yield rows[starts[of_row] + (begins + within) % sizes[of_row]][positions]
