"""Predictions -> how sure a score is: 95 % intervals over rows, and the luck of the best of many.

Which interval belongs to which score was chosen by how often it holds the truth:
`benchmarks/coverage.py` measures it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.problem import Problem

CONFIDENCE = 0.95
NORMAL = 1.96  # standard errors to either side in a 95 % interval of many rows
SHARES = (
    "accuracy",
    "binary_accuracy",
)  # metrics that are the mean of what is right (1) or wrong (0)
SMALLEST = 1e-7  # Keras keeps divisors this far from 0 (`keras.config.epsilon`).
RESAMPLES = 1999  # of a bootstrap of means
# rows or clusters from which on Student's t holds the truth as often as the bootstrap, and costs
# nothing
MANY = 2000
# rows or clusters below which a resample may repeat one value only, so that nothing can be
# bootstrapped
FEW = 10
NUMBERS_AT_ONCE = 5_000_000  # of a bootstrap that are held in memory
BINS = 199  # between the 200 thresholds at which Keras's AUC looks


@dataclass(frozen=True)
class Interval:
    """Where the score of endlessly many such rows lies in 95 of 100 such samples, in the score's unit."""

    low: float
    high: float


def row_values(
    problem: Problem, name: str, truth: np.ndarray, predictions: np.ndarray
) -> np.ndarray | None:
    """What each row adds to a score that is a mean over rows; None of another score, such as auc.

    Args:
        problem: Says the type and the loss.
        name: "loss", or a Keras metric of the problem.
        truth: (rows, outputs), or integer classes (rows,), as `encode_targets` makes them.
        predictions: float32 (rows, outputs).

    Returns:
        float64 (rows,), whose mean is the score as Keras computes it.
    """
    if name == "loss":
        import keras

        values = keras.losses.get(problem.loss)(truth, predictions)
        return np.asarray(keras.ops.convert_to_numpy(values), np.float64).reshape(len(predictions))
    if problem.type == "multiclass" and name == "accuracy":
        classes = truth if truth.ndim == 1 else truth.argmax(axis=1)
        return (predictions.argmax(axis=1) == classes).astype(np.float64)
    if name == "binary_accuracy" or (name == "accuracy" and problem.type == "binary"):
        return ((predictions > 0.5) == (truth > 0.5)).mean(axis=1)
    if name in ("mae", "mse", "mean_absolute_percentage_error"):
        wrong = np.abs(truth - predictions.astype(np.float64))
        if name == "mse":
            wrong = wrong**2
        elif name == "mean_absolute_percentage_error":
            wrong = 100 * wrong / np.maximum(np.abs(truth), SMALLEST)
        return wrong.mean(axis=1)
    return None


def interval(
    problem: Problem,
    name: str,
    truth: np.ndarray,
    predictions: np.ndarray,
    clusters: np.ndarray | None,
) -> Interval | None:
    """The 95 % interval of a score; None where there are too few rows to tell, or a value is not finite.

    None as well of metrics that no problem has in `problem.PROBLEMS`, which only `problem.override`
    allows.

    Accuracies: `share_interval`; precision and recall are shares too, of the rows that are said to
        be, or are,
    positive. Losses and errors: `mean_interval`; a root of a mean has the roots of its ends. The
    area under the curve has Student's t interval on the logarithm of the odds (Pepe, The
    Statistical Evaluation of Medical Tests, 2003, section 5.2.3); the bootstrap's held the truth
    less often.

    Args:
        problem: Says the type and the loss.
        name: "loss", or a Keras metric of the problem.
        truth: As `encode_targets` makes it.
        predictions: float32 (rows, outputs).
        clusters: int64 (rows,): rows with the same number belong together; None where each stands
            for itself.
    """
    values = row_values(problem, name, truth, predictions)
    if values is not None:
        return (
            share_interval(values, clusters) if name in SHARES else mean_interval(values, clusters)
        )
    if name == "root_mean_squared_error":
        squares = row_values(problem, "mse", truth, predictions)
        assert squares is not None
        found = mean_interval(squares, clusters)
        return None if found is None else Interval(math.sqrt(found.low), math.sqrt(found.high))
    if name in ("precision", "recall"):
        return _rate(name, truth > 0.5, predictions > 0.5, clusters)
    if name == "auc":
        return _area(truth > 0.5, predictions, clusters)
    return None


def share_interval(values: np.ndarray, clusters: np.ndarray | None) -> Interval | None:
    """The 95 % interval of a share; None without a row, or of parts of 1 in a single row or cluster.

    Of independent rows Wilson's (Wilson 1927; recommended by Brown, Cai and DasGupta, "Interval
    estimation for a binomial proportion", Statistical Science 16, 2001). Of clusters, and of values
    between 0 and 1, Student's t on the logarithm of the odds, which stays between 0 and 1 and holds
    where mistakes are rare.

    Args:
        values: float64 (rows,), 0 to 1.
        clusters: As of `interval`.
    """
    if not len(values):
        return None
    rate = float(values.mean())
    if clusters is None and np.isin(values, (0.0, 1.0)).all():
        return _wilson(float(values.sum()), len(values))
    return _of_odds(rate, (values - rate) / len(values), clusters, len(values))


def mean_interval(values: np.ndarray, clusters: np.ndarray | None) -> Interval | None:
    """The 95 % interval of a mean over rows, or over clusters of them; None of fewer than 2, or of no finite values.

    From 2,000 rows or clusters on, and below 10: Student's t. Between them the bootstrap of t
    (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5): where a few rows
    have a large error it holds the truth more often than Student's t and than the bias-corrected
    bootstrap. The mean over clusters is a ratio of two sums (Cochran, Sampling Techniques, 1977,
    equation 6.13). Below 0 it is cut off where no value is.

    Args:
        values: float64 (rows,).
        clusters: As of `interval`.
    """
    sums, sizes = _sums(values, clusters)
    if len(sums) < 2 or not np.isfinite(values).all():
        return None
    mean, error = _ratio(sums, sizes)
    reach = student_quantile(len(sums) - 1)
    lower, upper = -reach, reach
    if error > 0 and FEW <= len(sums) < MANY:
        lower, upper = _quantiles_of_t(sums, sizes)
    low, high = mean - upper * error, mean - lower * error
    return Interval(max(0.0, low) if values.min() >= 0 else low, high)


def mean_error(values: np.ndarray, clusters: np.ndarray | None) -> tuple[float, float, int]:
    """Return a mean over rows, its standard error, and the number of independent rows or clusters.

    Args:
        values: float64 (rows,).
        clusters: As of `interval`.

    Returns:
        The mean and the error in the unit of the values; the error of a single row or cluster is
        NaN.
    """
    sums, sizes = _sums(values, clusters)
    if len(sums) < 2:
        return float(values.mean()), math.nan, len(sums)
    return *_ratio(sums, sizes), len(sums)


def best_of(count: int, error: float) -> float:
    """How much better than it is the best of so many equally good candidates is expected to look, by luck alone.

    The expected largest of `count` independent draws z of a normal distribution, which is the
    integral of 1 - P(z)^count over z > 0, minus that of P(z)^count over z < 0 (David and Nagaraja,
    Order Statistics, 2003, section 3.1), times `error`.

    Args:
        count: Candidates among which the best was picked; of none and of one, nothing is to be
            expected.
        error: Standard error of a score, as far as it is not shared by all candidates.
    """
    if count < 2:
        return 0.0
    from scipy import integrate, special

    # From z to -z; and not 1 - P(z)^count, of which nothing would be left for large z.
    above, _ = integrate.quad(
        lambda z: -np.expm1(count * special.log_ndtr(z)), 0, 40, points=[2, 5, 9]
    )
    below, _ = integrate.quad(lambda z: special.ndtr(-z) ** count, 0, 40, points=[2, 5, 9])
    return (above - below) * error


def _wilson(right: float, rows: int) -> Interval:
    """Wilson's interval of a share; `right` is a whole number but for rounding."""
    from scipy import stats

    found = stats.binomtest(round(right), rows).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(float(found.low), float(found.high))


def student_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t, of so many degrees of freedom."""
    from scipy import special  # `scipy.stats` takes a second more to import.

    return float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2))


def row_clusters(dataset: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """Return which rows belong together: those of one group, or of one stretch of a series.

    A stretch is as long as windows that share points of time.

    Args:
        dataset: The rows.
        rows: Some of them, int64 (n,).

    Returns:
        int64 (n,), equal for rows that belong together; None where all rows are independent.
    """
    if dataset.groups is not None:
        return dataset.groups[rows]
    return rows // max(1, dataset.overlap) if dataset.kind == "series" else None


def _sums(values: np.ndarray, clusters: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The sum of each cluster's values and its number of rows, both float64; without clusters, of each row."""
    if clusters is None:
        return values.astype(np.float64), np.ones(len(values))
    _, places = np.unique(clusters, return_inverse=True)
    return np.bincount(places, values), np.bincount(places).astype(np.float64)


def _ratio(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """The sum of `sums` over that of `sizes`, and its standard error; both are float64 (clusters,)."""
    mean, count = float(sums.sum() / sizes.sum()), len(sums)
    spread = float(np.sqrt(((sums - mean * sizes) ** 2).sum() * count / (count - 1)))
    return mean, spread / float(sizes.sum())


def _quantiles_of_t(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """The 2.5 % and the 97.5 % quantile of t = (mean - true mean) / error, from resamples of whole clusters."""
    generator, count, mean = np.random.default_rng(0), len(sums), sums.sum() / sizes.sum()
    found = []
    for start in range(0, RESAMPLES, step := max(1, NUMBERS_AT_ONCE // count)):
        drawn = generator.integers(count, size=(min(step, RESAMPLES - start), count))
        total, rows = sums[drawn], sizes[drawn]
        means = total.sum(axis=1) / rows.sum(axis=1)
        squares = ((total - means[:, None] * rows) ** 2).sum(axis=1) * count / (count - 1)
        errors = np.sqrt(squares) / rows.sum(axis=1)
        varied = errors > 0  # Of rare mistakes in few clusters, a resample may have none.
        found.append((means - mean)[varied] / errors[varied])
    low, high = np.quantile(np.concatenate(found), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _rate(
    name: str, truth: np.ndarray, said: np.ndarray, clusters: np.ndarray | None
) -> Interval | None:
    """The interval of precision or recall; bool (rows, outputs). None where no row counts."""
    both, among = (truth & said).sum(axis=1), (said if name == "precision" else truth).sum(axis=1)
    if not among.any():
        return None
    if clusters is None and truth.shape[1] == 1:
        return _wilson(float(both.sum()), int(among.sum()))
    rate = both.sum() / among.sum()
    return _of_odds(
        float(rate), (both - rate * among) / among.sum(), clusters, int((among > 0).sum())
    )


def _area(
    truth: np.ndarray, predictions: np.ndarray, clusters: np.ndarray | None
) -> Interval | None:
    """The interval of the area under the curve; truth is bool (rows, outputs). None without both kinds of rows.

    Its standard error is DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988); of
    clusters Obuchowski's (Biometrics 53, 1997).
    """
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives or not np.isfinite(predictions).all():
        return None
    bins = np.maximum(
        np.ceil(predictions * np.float32(BINS)).astype(np.int64) - 1, 0
    )  # As Keras puts them.
    of_positives, of_negatives = (
        np.bincount(bins[kind], minlength=BINS) for kind in (truth, ~truth)
    )
    # How many of the other kind stand on the wrong side of each bin; those in the same bin count
    # half.
    below = np.cumsum(of_negatives) - of_negatives / 2
    above = positives - np.cumsum(of_positives) + of_positives / 2
    area = float((of_positives * below).sum() / (positives * negatives))
    moves = np.where(
        truth,
        (below[bins] / negatives - area) / positives,
        (above[bins] / positives - area) / negatives,
    )
    return _of_odds(area, moves.sum(axis=1), clusters, min(positives, negatives))


def _of_odds(
    rate: float, moves: np.ndarray, clusters: np.ndarray | None, rows: int
) -> Interval | None:
    """Student's t interval of the logarithm of a rate's odds; Wilson's of so many rows where the rate is 0 or 1.

    Args:
        rate: 0 to 1.
        moves: How far each row moves it, float64 (rows,); together 0.
        clusters: As of `interval`.
        rows: Those that count.
    """
    from scipy import special

    together, _ = _sums(moves, clusters)
    count = len(together)
    if not 0 < rate < 1:
        return _wilson(rate * min(rows, count), min(rows, count))
    if count < 2:
        return None
    error = math.sqrt(float((together**2).sum()) * count / (count - 1)) / (rate * (1 - rate))
    reach = student_quantile(count - 1)
    low, high = special.expit(special.logit(rate) + error * np.array([-reach, reach]))
    return Interval(float(low), float(high))
