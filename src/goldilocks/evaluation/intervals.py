"""Predictions -> how sure a score is: 95 % intervals over rows, and the luck of the best of many.

Which interval belongs to which score was chosen by how often it holds the truth:
`benchmarks/coverage.py` measures it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from goldilocks.evaluation import bootstrap, deviations, measures, row_values
from goldilocks.problem import Problem

CONFIDENCE = 0.95
NORMAL = 1.96  # standard errors to either side in a 95 % interval of many rows
AREAS = ("auc", "average_precision")
RATES = ("precision", "recall", "f1_score", "balanced_accuracy", *AREAS)
TOO_FEW = 1.5  # of `deviations.few`


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval, in the unit of the score.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        few_rows: About how many rows or clusters make the spread, where they are so few that the
            interval may be too short; None where they are enough, or where that is not known.
    """

    low: float
    high: float
    few_rows: float | None = None


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
    predicted to be positive, or are. The other rates and areas have Student's t interval on the
    logarithm of the odds, areas with DeLong's standard error (of clusters Obuchowski's, Biometrics
    53, 1997). Losses and errors have that of a mean, roots of means the roots of its ends, rankings
    that of the mean over queries. All others, a person's own among them, have the bootstrap's.

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
    if measure.by_query and queries is not None:
        of_queries = np.array(measure.of_queries(problem, truth, predictions, queries))
        return share_interval(of_queries[np.isfinite(of_queries)], None)
    if measure.per_row is None:

        def score(rows: np.ndarray) -> float:
            return measure.score(problem, truth[rows], predictions[rows])

        count = len(truth) if clusters is None else len(np.unique(clusters))
        return _bootstrapped(bootstrap.scores(score, clusters, len(truth)), count, measure.range)

    values = measure.per_row(problem, truth, predictions)
    if measure.range == measures.SHARE:
        return share_interval(values, clusters)

    mistake = None
    if name == "log_loss" or (name == "loss" and "crossentropy" in problem.loss):
        mistake = _mistake(problem, predictions)
    of_mean = mean_interval(values, clusters, mistake)
    if of_mean is None:
        return None
    low, high = np.clip([of_mean.low, of_mean.high], *measure.range).tolist()
    if is_root:
        low, high = math.sqrt(low), math.sqrt(high)
    return replace(of_mean, low=low, high=high)


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
    if clusters is None and np.isin(values, (0.0, 1.0)).all():
        return _wilson(float(values.sum()), len(values))
    return odds_interval(values, clusters, len(values))


def mean_interval(
    values: np.ndarray, clusters: np.ndarray | None, mistake: float | None = None
) -> Interval | None:
    """Return the 95 % interval of a mean over rows, or over clusters of them.

    Student's t is corrected for skewness: where a few rows have a large error the upper arm is
    longer. Where few rows make the spread, the largest error is not yet seen, and the upper end is
    at least that with one more row, or two, as bad as the worst.

    Args:
        values: float64 (rows,).
        clusters: As of `interval`.
        mistake: What a mistake would cost that no row may have shown. The upper end is at least
            that of Student's t with one more row of it; None where nothing is known of it.

    Returns:
        The interval, cut off at 0 if no value is below; None for fewer than 2 rows or clusters, or
        if a value is not finite.
    """
    sums, sizes = deviations.sums(values, clusters)
    if len(sums) < 2 or not np.isfinite(values).all():
        return None

    low, high = _ends(sums, sizes)
    worst = int(np.argmax(sums - values.mean() * sizes))
    more = (sums[worst], sizes[worst]) if mistake is None else (mistake, 1.0)
    moved, freedom = deviations.deviations(np.append(sums, more[0]), np.append(sizes, more[1]))
    skewness = deviations.skewness(moved)
    few = deviations.few(skewness, len(sums))
    if mistake is None:
        copies = min(2, round(few))
        added = np.repeat([more], copies, axis=0)
        high = max(high, _ends(np.append(sums, added[:, 0]), np.append(sizes, added[:, 1]))[1])
    else:
        mean = (values.sum() + mistake) / (len(values) + 1)
        high = max(high, float(mean + student_quantile(freedom) * np.linalg.norm(moved)))
    if values.min() >= 0:
        low = max(0.0, low)
    return Interval(low, high, 1 / skewness**2 if few > TOO_FEW else None)


def standard_error(values: np.ndarray, clusters: np.ndarray | None) -> tuple[float, float]:
    """Return the standard error of a mean over rows, in their unit, and its degrees of freedom.

    Args:
        values: float64 (rows,).
        clusters: As of `interval`.

    Returns:
        The error of a single row or cluster is NaN.
    """
    moved, freedom = deviations.deviations(*deviations.sums(values, clusters))
    if not freedom:
        return math.nan, 0.0
    return float(np.linalg.norm(moved)), freedom


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


def _wilson(right: float, rows: int) -> Interval:
    """Return Wilson's interval of a share; `right` is a whole number but for rounding."""
    from scipy import stats  # A fifth of a second, and only final runs need it.

    test = stats.binomtest(round(right), rows)
    low, high = test.proportion_ci(CONFIDENCE, method="wilson")
    return Interval(float(low), float(high))


def _ends(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Return the ends of Student's t interval of a mean, corrected for skewness."""
    moved, freedom = deviations.deviations(sums, sizes)
    mean, error = float(sums.sum() / sizes.sum()), float(np.linalg.norm(moved))
    skewness, reach = deviations.skewness(moved), student_quantile(freedom)
    above, below = (deviations.unskewed(end, skewness) for end in (reach, -reach))
    return mean - error * above, mean - error * below


def _mistake(problem: Problem, predictions: np.ndarray) -> float:
    """Return the mean log loss of rows if the next probable class, or another label, were true."""
    sure = predictions.astype(np.float64)
    if problem.type == "multiclass":
        others, labels = np.partition(sure, -2, axis=1)[:, -2], 1
    else:
        others, labels = np.minimum(sure, 1 - sure), sure.shape[1]
    return float(-np.log(np.maximum(others, row_values.SMALLEST)).mean()) / labels


def _bootstrapped(scores: np.ndarray, count: int, limits: tuple[float, float]) -> Interval | None:
    """Return the bootstrap's interval, from the scores of resampled rows; None if one is NaN.

    Percentiles that are as far apart as Student's t is wider than the normal distribution
    (Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69,
    2015, section 5.3). The jackknife's interval is too short where a function is not smooth.

    Args:
        scores: As `bootstrap.scores` returns them.
        count: Number of rows or clusters.
        limits: Where the score can be.
    """
    if not np.isfinite(scores).all():
        return None
    wider = math.sqrt(count / (count - 1)) * student_quantile(count - 1)
    ends = np.quantile(scores, special.ndtr([-wider, wider]))
    low, high = np.clip(ends, *limits).tolist()
    return Interval(low, high)


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
    if name in ("precision", "recall") and has.shape[1] == 1 and clusters is None:
        return _wilson(float(values.mean()) * float(totals.sum()), int(totals.sum()))

    return odds_interval(values, clusters, least_rows(problem, name, truth, predictions))


def least_rows(problem: Problem, name: str, truth: np.ndarray, predictions: np.ndarray) -> int:
    """Return the number of rows that count, of the rarest class; arguments as of `interval`."""
    if name not in RATES:
        return len(truth)
    has, says = row_values.both(problem, truth, predictions)
    counted = says if name == "precision" else has
    if name in (*AREAS, "balanced_accuracy"):
        return int(min(counted.sum(axis=0).min(), (~has).sum(axis=0).min()))
    return int(counted.any(axis=1).sum())


def odds_interval(values: np.ndarray, clusters: np.ndarray | None, rows: int) -> Interval | None:
    """Return Student's t interval of the logarithm of a rate's odds; Wilson's of a rate of 0 or 1.

    Source: Pepe, The Statistical Evaluation of Medical Tests, 2003, section 5.2.3. The variance is
    that of the rows that were seen and of one more, which is right or wrong by this rate: few rows
    may all be alike.

    Args:
        values: Whose mean is the rate, float64 (rows,), as of `row_values`.
        clusters: As of `interval`.
        rows: Number of rows that count, of the rarest class.
    """
    rate = float(values.mean())
    moved, freedom = deviations.deviations(*deviations.sums(values, clusters))
    if not 0 < rate < 1:
        return _wilson(rate * min(rows, len(moved)), min(rows, len(moved)))
    if not freedom:
        return None

    variance = float((moved**2).sum()) * rows / max(1, rows - 1)
    variance += rate * (1 - rate) / (rows + 1) ** 2
    reach = student_quantile(freedom) * math.sqrt(variance) / (rate * (1 - rate))
    return Interval(*special.expit(special.logit(rate) + np.array([-reach, reach])).tolist())
