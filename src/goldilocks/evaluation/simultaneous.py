"""Scores of several candidates -> of each two, whether they differ beyond noise, the best included.

Whoever looks for the best of many compares all of them, so the test is of the largest of all
differences, each divided by its error ("max-t"): Tukey's range test where errors are equal
(Hochberg and Tamhane, Multiple Comparison Procedures, 1987; Hothorn, Bretz and Westfall,
"Simultaneous inference in general parametric models", Biometrical Journal 50, 2008). How large it
gets by chance is simulated, because two kinds of noise add up: that of rows, which candidates
share, and that of seeds, whose deviation is known from few. `benchmarks/comparisons.py` measures
how often equal candidates are set apart.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

DRAWS = 4000  # an even number
SEED = 23
LEVEL = 0.05
# In the first half of the draws the deviations from seed to seed are equal, in the second they
# differ by a factor of up to 16; the half with the larger differences counts. If all were equal, of
# three seeds candidates whose deviations differ by 3 would be set apart in 8 to 16 %.
APART = 16.0
ROUNDING = 1e-9  # of a score, where values of rows add up to it
TRUTHS = 80  # true scores that a candidate may have, beside those of all
# Of the EM algorithm, from equal shares on: fewer steps leave the best of equals too much of its
# luck, and more fit the shares to noise.
STEPS = 40


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What a kind of noise says of the differences of n candidates.

    Attributes:
        error: Standard error of each difference, float64 (n, n).
        p: Of each difference, corrected for all that were looked at, float64 (n, n), 0 to 1.
        reach: So many errors to either side make intervals that all hold the truth in 95 %.
    """

    error: np.ndarray
    p: np.ndarray
    reach: float


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """How the scores of n candidates differ from training to training.

    Attributes:
        scores: float64 (n, trainings), NaN where a candidate has no such training.
        fixed: Of each candidate, whether it has no seed, bool (n,).
        folds: Whether the trainings are folds, whose rows are harder or easier for all candidates;
            then no score is NaN, and candidates without a seed count like the others.
        overlap: By how much the variance of a mean over folds is larger than of independent scores,
            in variances of a score (`mean_interval.spread`); 0 of seeds, and where the noise of
            rows is added.
        deviation: From seed to seed, as it was measured elsewhere.
        freedom: Degrees of freedom of that measurement, 0 without one.
    """

    scores: np.ndarray
    fixed: np.ndarray
    folds: bool = False
    overlap: float = 0.0
    deviation: float = 0.0
    freedom: int = 0

    @property
    def own_freedom(self) -> np.ndarray:
        """Return the degrees of freedom of each candidate's own deviation, float64 (n,)."""
        count = (~np.isnan(self.scores)).sum(axis=1)
        if self.folds:
            return (count - 1) * (1 - 1 / len(count))
        return np.where(self.fixed, 0.0, count - 1.0)

    @property
    def squares(self) -> np.ndarray:
        """Return the sum of squares of each candidate's scores about their mean, float64 (n,)."""
        strays = self.scores - np.nanmean(self.scores, axis=1, keepdims=True)
        if self.folds:
            strays -= strays.mean(axis=0)
        return np.where(self.own_freedom > 0, np.nansum(strays**2, axis=1), 0.0)

    @property
    def known(self) -> bool:
        """Return whether anything tells the noise of seeds."""
        return self.own_freedom.sum() + self.freedom > 0

    @property
    def weights(self) -> np.ndarray:
        """Return the variances of means in variances of a score, float64 (n,)."""
        weights = 1 / (~np.isnan(self.scores)).sum(axis=1) + self.overlap
        return weights if self.folds else np.where(self.fixed, 0.0, weights)

    def common(self, squares: np.ndarray, deviation: np.ndarray | float) -> np.ndarray:
        """Return the variance of a score, the mean over candidates, float64 (...,).

        Args:
            squares: As the property, float64 (..., n).
            deviation: As measured elsewhere, float64 (...,).
        """
        total = self.own_freedom.sum() + self.freedom
        return (squares.sum(axis=-1) + self.freedom * deviation**2) / total

    def variances(self, squares: np.ndarray, deviation: np.ndarray | float) -> np.ndarray:
        """Return the variances of means, float64 (..., n): a candidate's own counts if larger.

        Args:
            squares: As of `common`.
            deviation: As of `common`.
        """
        variances = self.common(squares, deviation)[..., np.newaxis]
        if not self.folds:
            variances = np.maximum(variances, squares / np.maximum(self.own_freedom, 0.5))
        return variances * self.weights

    def drawn(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return errors of means, and the variances that such trainings show, (draws, n)."""
        freedoms = self.own_freedom
        total, count = freedoms.sum() + self.freedom, len(freedoms)
        # The common deviation may be another one than the trainings show, and so may each one's.
        common = self.common(self.squares, self.deviation) * total / random.chisquare(total, DRAWS)
        scattered = APART ** random.uniform(-1, 1, (DRAWS, count + 1))
        scattered[: DRAWS // 2] = 1
        scattered *= (common / scattered.mean(axis=1))[:, np.newaxis]

        of_means, elsewhere = scattered[:, :count], scattered[:, count]
        errors = random.normal(size=(DRAWS, count)) * np.sqrt(of_means * self.weights)
        squares = np.where(
            freedoms > 0, random.chisquare(np.maximum(freedoms, 1e-9), (DRAWS, count)), 0
        )
        measured = random.chisquare(max(self.freedom, 1), DRAWS) / max(self.freedom, 1)
        return errors, self.variances(squares * of_means, np.sqrt(elsewhere * measured))


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Candidates whose differences are tested.

    Attributes:
        means: The score of each, float64 (n,), n at least 2.
        covariance: Of the scores' errors by the choice of rows, float64 (n, n); None if not known.
        row_freedom: Its degrees of freedom: rows or clusters, less one.
        seeds: The scores of trainings.
        named: Of each candidate, whether differences from it are asked for, bool (n,); the best of
            all was picked to be compared with these.
    """

    means: np.ndarray
    covariance: np.ndarray | None
    row_freedom: int
    seeds: Seeds
    named: np.ndarray

    @functools.cached_property
    def rows(self) -> Noise | None:
        """Test by the noise of rows alone; None where it is not known."""
        return None if self.covariance is None else self._noise(rows=True, seeds=False)

    @functools.cached_property
    def of_seeds(self) -> Noise | None:
        """Test by the noise of seeds alone; None where it is not known."""
        return self._noise(rows=False, seeds=True) if self.seeds.known else None

    @functools.cached_property
    def both(self) -> Noise | None:
        """Test by all noise that is known; None where none is."""
        if self.covariance is None or not self.seeds.known:
            return self.rows or self.of_seeds
        return self._noise(rows=True, seeds=True)

    @property
    def shrunk(self) -> float:
        """Return the score of the first candidate without what its choice as the best adds.

        It is the posterior mean, which a choice does not bias (Efron, "Tweedie's formula and
        selection bias", Journal of the American Statistical Association 106, 2011). The prior is
        fitted to the scores of all candidates with seeds, and has no shape of its own (Jiang and
        Zhang, "General maximum likelihood empirical Bayes estimation of normal means", Annals of
        Statistics 37, 2009): equal ones are moved to their mean, and one far ahead stays.
        """
        seeded = ~self.seeds.fixed
        scores, variances = self.means[seeded], np.zeros(seeded.sum())
        if self.covariance is not None:  # What rows do to all candidates has chosen none.
            within = self.covariance[np.ix_(seeded, seeded)]
            shared = within.mean(axis=0)
            variances += np.diag(within) - 2 * shared + shared.mean()
            variances *= len(scores) / max(len(scores) - 1, 1)
        if self.seeds.known:
            common = self.seeds.common(self.seeds.squares, self.seeds.deviation)
            variances += common * self.seeds.weights[seeded]
        if variances.min() <= 0 or np.ptp(scores) == 0:
            return float(scores[0])

        truths = np.union1d(np.linspace(scores.min(), scores.max(), TRUTHS), scores)
        exponents = -((scores[:, np.newaxis] - truths) ** 2) / (2 * variances[:, np.newaxis])
        likelihoods, prior = np.exp(exponents), np.gradient(truths)
        for _ in range(STEPS):
            posteriors = likelihoods * prior
            prior = (posteriors / posteriors.sum(axis=1, keepdims=True)).mean(axis=0)
        return float(np.average(truths, weights=likelihoods[0] * prior))

    @functools.cached_property
    def _drawn_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return errors of means by the choice of rows, (draws, n), and scales of variances."""
        assert self.covariance is not None  # Only then it is asked for.
        random = np.random.default_rng(SEED)
        values, vectors = np.linalg.eigh(self.covariance)
        roots = vectors * np.sqrt(np.maximum(values, 0))
        errors = random.normal(size=(DRAWS, len(self.means))) @ roots.T
        return errors, random.chisquare(self.row_freedom, (DRAWS, 1)) / self.row_freedom

    @functools.cached_property
    def _drawn_seeds(self) -> tuple[np.ndarray, np.ndarray]:
        return self.seeds.drawn(np.random.default_rng(SEED + 1))

    def _noise(self, *, rows: bool, seeds: bool) -> Noise:
        """Return what the largest of all drawn differences says of the differences of means."""
        count = len(self.means)
        errors, scale = np.zeros((DRAWS, count)), np.ones((DRAWS, 1))
        between, of_seeds, own_drawn = (
            np.zeros((count, count)),
            np.zeros(count),
            np.zeros(errors.shape),
        )
        if rows and self.covariance is not None:
            errors, scale = self._drawn_rows
            diagonal = np.diag(self.covariance)
            diagonal = np.add.outer(diagonal, diagonal)
            between = diagonal - 2 * self.covariance
            between[between < ROUNDING * diagonal] = 0
        if seeds:
            errors = errors + self._drawn_seeds[0]
            own_drawn = self._drawn_seeds[1]
            of_seeds = self.seeds.variances(self.seeds.squares, self.seeds.deviation)

        largest, order = np.zeros(DRAWS), np.arange(count)
        for first in np.flatnonzero(self.named):
            others = np.flatnonzero(~self.named | (order > first))
            shown = scale * between[first, others] + own_drawn[:, [first]] + own_drawn[:, others]
            squares = _over((errors[:, [first]] - errors[:, others]) ** 2, shown)
            largest = np.maximum(largest, squares.max(axis=1, initial=0))
        halves = np.sort(largest.reshape(2, -1), axis=1)

        variance = between + np.add.outer(of_seeds, of_seeds)
        squares = np.subtract.outer(self.means, self.means) ** 2
        squares[squares <= (ROUNDING * np.abs(self.means).max()) ** 2] = 0
        unlike = np.where(squares > 0, np.inf, 0)
        tested = np.where(variance > 0, _over(squares, variance), unlike)
        as_large = halves.shape[1] - np.minimum(*(np.searchsorted(half, tested) for half in halves))
        p = (1 + as_large) / (1 + halves.shape[1])
        np.fill_diagonal(p, 1.0)
        reach = math.sqrt(np.quantile(halves, 1 - LEVEL, axis=1).max())
        return Noise(error=np.sqrt(variance), p=p, reach=reach)


def _over(squares: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return quotients; 0 where there is no variance."""
    return np.divide(squares, variances, out=np.zeros_like(squares), where=variances > 0)
