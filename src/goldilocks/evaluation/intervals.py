"""Predictions -> how sure a score is: 95 % intervals over rows, and the luck of the best of many.

Which interval belongs to which score was chosen by how often it holds the truth:
`benchmarks/coverage.py` measures it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from goldilocks.dataset import Dataset
from goldilocks.evaluation import jackknife, measures, row_values
from goldilocks.problem import Problem
from goldilocks.protocol import duplicates

CONFIDENCE = 0.95
NORMAL = 1.96  # standard errors to either side in a 95 % interval of many rows
AREAS = ("auc", "average_precision")
RATES = ("precision", "recall", "f1_score", "balanced_accuracy", *AREAS)
RESAMPLES = 1999  # of a bootstrap of means
# From so many rows or clusters on, Student's t holds the truth as often as the bootstrap, and costs
# nothing.
MANY = 2000
# Below so many, a resample may repeat one value only, so that nothing can be bootstrapped.
FEW = 10


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval, in the unit of the score."""

    low: float
    high: float


def interval(
    problem: Problem,
    name: str,
    truth: np.ndarray,
    predictions: np.ndarray,
    clusters: np.ndarray | None,
    queries: np.ndarray | None = None,
) -> Interval | None:
    """Return the 95 % interval of a score.

    Accuracies have the interval of a share, and so have precision and recall, of the rows that are
    predicted to be positive, or are. Losses and errors have that of a mean, roots of means the
    roots of its ends. The other rates, and the area under the curve with DeLong's standard error
    (of clusters Obuchowski's, Biometrics 53, 1997), have Student's t interval on the logarithm of
    the odds (Pepe, The Statistical Evaluation of Medical Tests, 2003, section 5.2.3); the
    bootstrap's held the truth less often. All others, a person's own among them, have that of the
    mean of the jackknife's values, cut off where no score can be.

    Args:
        problem: The problem type and the loss.
        name: "loss", or a metric of the problem.
        truth: As `encode_targets` makes it.
        predictions: float32 (rows, outputs).
        clusters: int64 (rows,), equal for rows that belong together; None for independent rows.
        queries: As of `Measure.of`.

    Returns:
        The interval; None if there are too few rows, or a value is not finite.
    """
    outputs = predictions.shape[1]
    is_root = name == "root_mean_squared_error" and outputs == 1
    measure = measures.find(problem, "mse" if is_root else name)
    if not len(truth) or not np.isfinite(predictions).all():
        return None
    if name in RATES:
        return _rate_interval(problem, name, truth, predictions, clusters)
    if measure.per_row is not None:
        values = measure.per_row(problem, truth, predictions)
    else:
        clusters = jackknife.blocks(clusters, len(truth))
        values = jackknife.row_values(measure, problem, truth, predictions, queries, clusters)
        if not np.isfinite(values).all():
            return None
    if measure.range == measures.SHARE:
        return share_interval(values, clusters)

    of_mean = mean_interval(values, clusters)
    if of_mean is None:
        return None
    low, high = np.clip([of_mean.low, of_mean.high], *measure.range).tolist()
    return Interval(math.sqrt(low), math.sqrt(high)) if is_root else Interval(low, high)


def share_interval(values: np.ndarray, clusters: np.ndarray | None) -> Interval | None:
    """Return the 95 % interval of a share.

    Independent rows have Wilson's (Wilson 1927; recommended by Brown, Cai and DasGupta, "Interval
    estimation for a binomial proportion", Statistical Science 16, 2001). Clusters, and values
    between 0 and 1, have Student's t on the logarithm of the odds, which stays between 0 and 1 and
    holds where mistakes are rare.

    Args:
        values: float64 (rows,), 0 to 1.
        clusters: As of `interval`.

    Returns:
        The interval; None without a row, or if a single row or cluster is partly right.
    """
    if not len(values):
        return None
    share = float(values.mean())
    if clusters is None and np.isin(values, (0.0, 1.0)).all():
        return _wilson(float(values.sum()), len(values))
    return _odds_interval(share, (values - share) / len(values), clusters, len(values))


def mean_interval(values: np.ndarray, clusters: np.ndarray | None) -> Interval | None:
    """Return the 95 % interval of a mean over rows, or over clusters of them.

    From 2,000 rows or clusters on, and below 10: Student's t. Between them the bootstrap of t
    (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5): where a few rows
    have a large error it holds the truth more often than Student's t and than the bias-corrected
    bootstrap. The mean over clusters is a ratio of two sums (Cochran, Sampling Techniques, 1977,
    equation 6.13). If no value is below 0, the interval is cut off there.

    Args:
        values: float64 (rows,).
        clusters: As of `interval`.

    Returns:
        The interval; None for fewer than 2 rows or clusters, or if a value is not finite.
    """
    sums, sizes = _sums(values, clusters)
    if len(sums) < 2 or not np.isfinite(values).all():
        return None

    mean, error = _ratio(sums, sizes)
    reach = student_quantile(len(sums) - 1)
    lower, upper = -reach, reach
    if error > 0 and FEW <= len(sums) < MANY:
        lower, upper = _bootstrap_quantiles(sums, sizes)

    low, high = float(mean - upper * error), float(mean - lower * error)
    if values.min() >= 0:
        low = max(0.0, low)
    return Interval(low, high)


def standard_error(values: np.ndarray, clusters: np.ndarray | None) -> tuple[float, int]:
    """Return the standard error of a mean over rows, in their unit, and its degrees of freedom.

    Args:
        values: float64 (rows,).
        clusters: As of `interval`.

    Returns:
        The error of a single row or cluster is NaN.
    """
    sums, sizes = _sums(values, clusters)
    if len(sums) < 2:
        return math.nan, 0
    return float(_ratio(sums, sizes)[1]), len(sums) - 1


def best_of(count: int, error: float) -> float:
    """Return how much too good the best of equally good candidates is expected to look, by luck.

    The expected largest of `count` independent draws z of a normal distribution, which is the
    integral of 1 - P(z)^count over z > 0, minus that of P(z)^count over z < 0 (David and Nagaraja,
    Order Statistics, 2003, section 3.1), times `error`.

    Args:
        count: Number of candidates; for one or none the result is 0.
        error: Standard error of a score, as far as it is not shared by all candidates.
    """
    if count < 2:
        return 0.0
    from scipy import integrate  # A fifth of a second, and only final runs need it.

    # From z to -z; and not 1 - P(z)^count, of which nothing would be left for large z.
    above, _ = integrate.quad(
        lambda z: -np.expm1(count * special.log_ndtr(z)), 0, 40, points=[2, 5, 9]
    )
    below, _ = integrate.quad(lambda z: special.ndtr(-z) ** count, 0, 40, points=[2, 5, 9])
    return (above - below) * error


def student_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t, of so many degrees of freedom."""
    return float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2))


def row_clusters(dataset: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """Return which rows belong together: of one group, content, or stretch of a series.

    A stretch is as long as windows that share points of time.

    Args:
        dataset: The rows.
        rows: Some of them, int64 (n,).

    Returns:
        Integers (n,), equal for rows that belong together; None where all rows are independent.
    """
    if dataset.kind == "series":
        return dataset.x.starts[rows] // max(1, dataset.overlap)
    clusters = duplicates.clusters(dataset)
    if clusters is None or len(np.unique(clusters[rows])) == len(rows):
        return None
    return clusters[rows]


def _wilson(right: float, rows: int) -> Interval:
    """Return Wilson's interval of a share; `right` is a whole number but for rounding."""
    from scipy import stats  # A fifth of a second, and only final runs need it.

    test = stats.binomtest(round(right), rows)
    low, high = test.proportion_ci(CONFIDENCE, method="wilson")
    return Interval(float(low), float(high))


def _sums(values: np.ndarray, clusters: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return sum and number of rows of each cluster, or of each row, float64 (clusters,)."""
    if clusters is None:
        return values.astype(np.float64), np.ones(len(values))
    _, positions = np.unique(clusters, return_inverse=True)
    return np.bincount(positions, values), np.bincount(positions).astype(np.float64)


def _ratio(sums: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of `sums` over those of `sizes`, (..., clusters), and the standard errors."""
    count, total = sums.shape[-1], sizes.sum(axis=-1)
    mean = sums.sum(axis=-1) / total
    squares = ((sums - mean[..., np.newaxis] * sizes) ** 2).sum(axis=-1)
    return mean, np.sqrt(squares * count / (count - 1)) / total


def _bootstrap_quantiles(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the 2.5 % and 97.5 % quantiles of (mean - true mean) / error, over resampled clusters.

    Args:
        sums: Sum of each cluster, float64 (clusters,).
        sizes: Number of rows of each cluster, float64 (clusters,).
    """
    drawn = np.random.default_rng(0).integers(len(sums), size=(RESAMPLES, len(sums)))
    means, errors = _ratio(sums[drawn], sizes[drawn])
    varied = errors > 0  # Of rare mistakes in few clusters, a resample may have none.
    quotients = (means - _ratio(sums, sizes)[0])[varied] / errors[varied]
    return np.quantile(quotients, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])


def _rate_interval(
    problem: Problem,
    name: str,
    truth: np.ndarray,
    predictions: np.ndarray,
    clusters: np.ndarray | None,
) -> Interval | None:
    """Return the interval of one of `RATES`, a mean over classes; arguments as of `interval`.

    It is None where a class has no row that counts, or for an area no others.
    """
    has, says = row_values.both(problem, truth, predictions)
    counted = says if name == "precision" else has
    totals = counted.sum(axis=0)
    if not totals.all() or (name == "auc" and has.all(axis=0).any()):
        return None
    per_row = measures.get(name).per_row
    assert per_row is not None  # All of these have one.
    values = per_row(problem, truth, predictions)
    rate = float(values.mean())
    if name in ("precision", "recall") and has.shape[1] == 1 and clusters is None:
        return _wilson(rate * float(totals.sum()), int(totals.sum()))

    least = int(counted.any(axis=1).sum())
    if name in AREAS:
        least = int(min(totals.min(), (~has).sum(axis=0).min()))
    return _odds_interval(rate, (values - rate) / len(values), clusters, least)


def _odds_interval(
    rate: float, influence: np.ndarray, clusters: np.ndarray | None, rows: int
) -> Interval | None:
    """Return Student's t interval of the logarithm of a rate's odds; Wilson's of a rate of 0 or 1.

    Args:
        rate: 0 to 1.
        influence: How far each row moves the rate, float64 (rows,), with a sum of 0.
        clusters: As of `interval`.
        rows: Number of rows that count.
    """
    sums, _ = _sums(influence, clusters)
    count = len(sums)
    if not 0 < rate < 1:
        return _wilson(rate * min(rows, count), min(rows, count))
    if count < 2:
        return None

    error = math.sqrt(float((sums**2).sum()) * count / (count - 1)) / (rate * (1 - rate))
    reach = student_quantile(count - 1) * error
    middle = special.logit(rate)
    return Interval(float(special.expit(middle - reach)), float(special.expit(middle + reach)))
