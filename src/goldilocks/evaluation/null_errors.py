"""The error under the null: how far chance moves the score of predictions that know no target.

Whatever the predictions are, targets of other rows in their places leave them nothing to know. The
gains over the baseline that remain are chance: of areas under a curve Mann and Whitney's
distribution with its ties, of decisions the hypergeometric one, of other measures their own (Good,
Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005, chapter 3).
`benchmarks/null_errors.py` measures how often chance exceeds it.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy import special

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import count_outputs, encode_targets
from goldilocks.errors import ProblemError
from goldilocks.evaluation import measures
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.evaluation.intervals import row_clusters
from goldilocks.evaluation.measures import Measure, Score, decided, indicators
from goldilocks.problem import Problem

# The chance to exceed the best of so many permutations, 1 in 161 or 0.62 %, is that of a normal
# distribution to exceed its mean by `REACH` standard errors.
PERMUTATIONS, REACH = 160, 2.5
STRETCHES = 8  # of a series; and of fewer clusters there are too few permutations
MOST = 20_000  # rows that are permuted; of more a sample
ROUNDING = 1e-9  # of scores, relative to them: an equal one is not beyond another
SEED = 160  # of what is drawn here; the data may have been drawn with 0

Gain = Callable[..., float]  # targets, and the positions of their rows unless all -> the gain


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
    truth = encode_targets(problem, count_outputs(problem, dataset), dataset.y[rows])
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
    rows = np.arange(len(truth)) if is_naive else _sample(clusters)
    truth, predictions, baseline = truth[rows], predictions[rows], baseline[rows]
    sign, score = 1 if measure.greater_is_better else -1, measure.score
    if measure.by_query and queries is not None:
        score = functools.partial(measure.of, queries=queries[rows])
    elif measure.name in FAST and not is_naive:
        prepare, score = FAST[measure.name]
        predictions, baseline = prepare(problem, predictions), prepare(problem, baseline)

    def gain(targets: np.ndarray, part: np.ndarray | slice = slice(None)) -> float:
        """Return by how much the predictions of rows are better than the baseline's."""
        reached = score(problem, targets, predictions[part])
        return sign * (reached - score(problem, targets, baseline[part]))

    if is_naive:
        error = _jackknifed(gain, truth, clusters)
    else:
        error = _permuted(gain, truth, clusters[rows], math.sqrt(len(rows) / len(clusters)))
    smallest = ROUNDING * abs(score(problem, truth, predictions))
    return error if smallest < error < math.inf else None


def _sample(clusters: np.ndarray) -> np.ndarray:
    """Return the rows that are permuted: those of as many clusters as have `MOST` rows.

    Args:
        clusters: Numbers from 0 on, (rows,).
    """
    if len(clusters) <= MOST:
        return np.arange(len(clusters))
    order = np.random.default_rng(SEED).permutation(clusters.max() + 1)
    return np.flatnonzero(order[clusters] < len(order) * MOST / len(clusters))


def _jackknifed(gain: Gain, truth: np.ndarray, clusters: np.ndarray) -> float:
    """Return the error of a gain, from those without each of eight stretches of clusters."""
    stretches = clusters * STRETCHES // (clusters.max() + 1)
    gains: list[float] = []
    for stretch in range(STRETCHES):
        rows = np.flatnonzero(stretches != stretch)
        gains.append(gain(truth[rows], rows))
    student = special.stdtrit(STRETCHES - 1, special.ndtr(REACH)) / REACH
    return float(np.std(gains) * math.sqrt(STRETCHES - 1) * student)


def _permuted(gain: Gain, truth: np.ndarray, clusters: np.ndarray, scale: float) -> float:
    """Return the error of a gain, from those with permuted targets; NaN where none is a number.

    Args:
        gain: The gain.
        truth: The targets.
        clusters: Equal for rows that change places together.
        scale: By how much less it varies of all rows than of these.
    """
    gains = np.array([gain(truth[others]) for others in _permutations(clusters)])
    gains = gains[np.isfinite(gains)]
    if not len(gains):
        return math.nan
    gains = gains.mean() + (gains - gains.mean()) * scale
    return float(max(gains.std(), gains.max() / REACH * (1 + ROUNDING)))


def _permutations(clusters: np.ndarray) -> Iterator[np.ndarray]:
    """Yield for each row the position of another one, whose target it takes, int64 (rows,).

    Each cluster takes the targets of another one, beginning at any of its rows: of a larger one as
    many as it needs, of a smaller one again and again.
    """
    rng, rows = np.random.default_rng(SEED), np.argsort(clusters, kind="stable")
    _, starts, cluster, sizes = np.unique(
        clusters[rows], return_index=True, return_inverse=True, return_counts=True
    )
    within = np.arange(len(rows)) - starts[cluster]
    positions = np.argsort(rows)  # of the rows in that order
    for _ in range(PERMUTATIONS):
        others = rng.permutation(len(sizes))
        begins = rng.integers(sizes[others])[cluster]
        of_row = others[cluster]
        yield rows[starts[of_row] + (begins + within) % sizes[of_row]][positions]


def _ranks(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Return the rank of each prediction among those of its output, from 1, equal ones' mean."""
    ranks = np.empty(predictions.shape)
    for output, values in enumerate(predictions.T):
        _, value, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks[:, output] = (np.cumsum(counts) - (counts - 1) / 2)[value]
    return ranks


def _decisions(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Return whether each class or label is predicted, bool (rows, outputs)."""
    return indicators(problem, decided(problem, predictions), predictions.shape[1])


def _area(problem: Problem, truth: np.ndarray, ranks: np.ndarray) -> float:
    has = indicators(problem, truth, ranks.shape[1])
    positives = has.sum(axis=0)
    pairs = positives * (len(has) - positives)
    above = (ranks * has).sum(axis=0) - positives * (positives + 1) / 2
    return _mean(above, pairs)


def _average_precision(problem: Problem, truth: np.ndarray, ranks: np.ndarray) -> float:
    has, averages = indicators(problem, truth, ranks.shape[1]), []
    for output in np.flatnonzero(has.any(axis=0)):
        best_first = np.argsort(-ranks[:, output])
        ends = np.flatnonzero(np.diff(ranks[best_first, output], append=0))  # of equal ranks
        hits = np.cumsum(has[best_first, output])[ends]
        averages.append((np.diff(hits, prepend=0) * hits / (ends + 1)).sum() / hits[-1])
    return float(np.mean(averages)) if averages else math.nan


def _balanced_accuracy(problem: Problem, truth: np.ndarray, says: np.ndarray) -> float:
    has = indicators(problem, truth, says.shape[1])
    if problem.type == "multiclass":
        has, says = has.T[..., np.newaxis], says.T[..., np.newaxis]
    else:
        has, says = np.stack([has, ~has]), np.stack([says, ~says])
    sizes = has.sum(axis=1)  # (classes, labels)
    recalls = (has & says).sum(axis=1) / np.maximum(1, sizes)
    return float((recalls.sum(axis=0) / (sizes > 0).sum(axis=0)).mean())


def _f1_score(problem: Problem, truth: np.ndarray, says: np.ndarray) -> float:
    has = indicators(problem, truth, says.shape[1])
    return _mean(2 * (has & says).sum(axis=0), has.sum(axis=0) + says.sum(axis=0))


def _precision(problem: Problem, truth: np.ndarray, says: np.ndarray) -> float:
    has = indicators(problem, truth, says.shape[1])
    right, predicted = (has & says).sum(axis=0), says.sum(axis=0)
    return _mean(right / np.maximum(1, predicted), np.sign(predicted + has.sum(axis=0)))


def _mean(parts: np.ndarray, wholes: np.ndarray) -> float:
    """Return the mean of parts of wholes, without those of nothing; NaN if there is no other."""
    some = wholes > 0
    return float((parts[some] / wholes[some]).mean()) if some.any() else math.nan


# What prepares predictions, and a score of those: as `Measure.score`, but ten to a hundred times
# faster than scikit-learn, which checks its input each time.
FAST: Mapping[str, tuple[Callable[[Problem, np.ndarray], np.ndarray], Score]] = {
    "auc": (_ranks, _area),
    "average_precision": (_ranks, _average_precision),
    "balanced_accuracy": (_decisions, _balanced_accuracy),
    "f1_score": (_decisions, _f1_score),
    "precision": (_decisions, _precision),
}
