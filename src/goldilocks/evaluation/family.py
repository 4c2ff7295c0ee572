"""Scores of models -> their differences, in words that each stand for a test.

Two kinds of noise count: other rows would give another score, and another seed another network.
What a row does to two models cancels out, so the difference varies less than the scores themselves.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from goldilocks.evaluation.intervals import student_quantile
from goldilocks.evaluation.simultaneous import LEVEL, Candidates, Noise, Seeds

ROUNDING = 1e-9  # of a mean, beside its standard error

# The words of a difference, each for a test at the 5 % level.
BOTH = "beyond noise: on other rows as well, and with other seeds"
ROWS = "on other rows as well, but with other seeds it may vanish"
SEEDS = "with other seeds as well, but on other rows it may vanish"
ONE_SEED = "on other rows as well; one seed cannot tell whether with other seeds"
NO_ROWS = "with other seeds as well; whether on other rows is not known"
WITHIN = "within noise"
CANNOT_TELL = "one seed cannot tell"
NOT_FINITE = "a value is not finite"

# Names a training among those of one model: its seed, and its fold or "".
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The difference of two models, in the unit of the metric.

    Attributes:
        mean: The difference of the mean scores.
        error: Its standard error by all noise that is known; NaN where none is.
        freedom: Degrees of freedom of the error, where it is the only one that was looked at.
        reach: Half the width of the 95 % confidence interval: how far noise alone may move the
            mean. Of several differences, all intervals together hold the truth in 95 %.
        p: Two-sided p-value by all noise that is known, corrected for the differences that were
            looked at, 0 to 1; NaN where none is known.
        p_rows: The same by the noise of rows alone; NaN where it is not known.
        p_seeds: The same by the noise of seeds alone.
        pairs: Number of trainings of the model that has fewer.
        over: What the trainings are: "seeds" or "folds".
        rows: Number of rows that both were scored on; 0 where rows are not known.
        left_out: Number of rows that only some of the compared models were scored on.
        reason: Why there is no `p`, in words; "" where there is one.
    """

    mean: float
    error: float = math.nan
    freedom: float = math.nan
    reach: float = math.nan
    p: float = math.nan
    p_rows: float = math.nan
    p_seeds: float = math.nan
    pairs: int
    over: str = "seeds"
    rows: int = 0
    left_out: int = 0
    reason: str = ""

    @property
    def low(self) -> float:
        """Lower end of the 95 % confidence interval; NaN where the error is."""
        return self.mean - self.reach

    @property
    def high(self) -> float:
        """Upper end of the 95 % confidence interval; NaN where the error is."""
        return self.mean + self.reach

    @property
    def p_better(self) -> float:
        """One-sided p-value of a mean this far above 0, by the normal distribution.

        Where the targets have nothing to do with the inputs, the rows make all of the noise, and
        those are many. What the seeds add to the error makes the p-value larger than it need be.
        """
        if self.error == 0:
            return float(self.mean <= 0)
        return float(special.ndtr(-self.mean / self.error))

    @property
    def beyond_noise(self) -> bool | None:
        """Whether it is significant at the 5 % level by all noise that is known; None without."""
        return None if math.isnan(self.p) else self.p < LEVEL

    @property
    def is_sure(self) -> bool:
        """Whether it is significant by the noise of rows and seeds together, both being known."""
        return bool(self.beyond_noise) and not math.isnan(self.p_rows + self.p_seeds)

    @property
    def words(self) -> str:
        """What readers may rely on: each text stands for the tests that it names."""
        if self.reason:
            return self.reason
        rows_told, seeds_told = not math.isnan(self.p_rows), not math.isnan(self.p_seeds)
        if not rows_told and not self.beyond_noise:
            return WITHIN
        if not rows_told:
            return NO_ROWS
        if not seeds_told:
            return ONE_SEED if self.beyond_noise else WITHIN

        if self.beyond_noise:
            return BOTH
        if self.p_rows < LEVEL:
            return ROWS
        return SEEDS if self.p_seeds < LEVEL else WITHIN


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The scores of a model.

    Attributes:
        trainings: Of each training.
        rows: Of each training the values of its rows, whose mean is the score, by row; empty where
            they are not known.
        fixed: Whether the model has no seed: a baseline, or a model of scikit-learn.
    """

    trainings: Mapping[Key, float]
    rows: Mapping[Key, pd.Series] = field(default_factory=dict[Key, pd.Series])
    fixed: bool = False


@dataclass(frozen=True)
class Family:
    """Models that were compared with each other, the best picked by the same scores.

    Attributes:
        models: Each with its scores.
        higher: Whether a higher score is better.
        clusters: By row, which rows belong together, integers; None where all are independent.
        measured: Deviation of a score from seed to seed, as measured elsewhere, and its degrees of
            freedom, 0 without.
        overlap: As of `mean_interval.spread`, for folds whose rows are not known.
        named: How many of the models, from the first, the others may be compared with; 0: all.
    """

    models: Sequence[Scored]
    higher: bool
    clusters: pd.Series | None = None
    measured: tuple[float, int] = (0.0, 0)
    overlap: float = 0.0
    named: int = 0

    def difference(self, first: int, second: int) -> Difference:
        """Return how much better the first of two models is; negative where it is worse."""
        tests, finite = self._tests, self._finite
        counts = [len(self.models[index].trainings) for index in (first, second)]
        over = "folds" if self._is_folded else "seeds"
        if first not in finite or second not in finite:
            return Difference(mean=math.nan, pairs=min(counts), over=over, reason=NOT_FINITE)

        one, other = finite.index(first), finite.index(second)
        mean = float(self.means[one] - self.means[other])
        rows = 0 if self._covariance is None else len(self._common)
        left_out = self._left_out if rows else 0
        mean = mean if self.higher else 0 - mean
        if tests is None or tests.both is None:
            reason = CANNOT_TELL if over == "seeds" else "one fold cannot tell"
            return Difference(mean=mean, pairs=min(counts), over=over, reason=reason)

        def p_of(noise: Noise | None) -> float:
            return math.nan if noise is None else float(noise.p[one, other])

        error = float(tests.both.error[one, other])
        return Difference(
            mean=0.0 if abs(mean) < ROUNDING * error else mean,
            error=error,
            reach=tests.both.reach * error,
            p=p_of(tests.both),
            p_rows=p_of(tests.rows),
            p_seeds=p_of(tests.of_seeds),
            pairs=min(counts),
            over=over,
            rows=rows,
            left_out=left_out,
        )

    @property
    def shrinkage(self) -> float:
        """Return what is added to the score of the first model, so that its choice adds nothing.

        0 of a single model, and where a score of the first is not finite.
        """
        if self._tests is None or self._finite[0] != 0:
            return 0.0
        return self._tests.shrunk - float(self.means[0])

    @functools.cached_property
    def _is_folded(self) -> bool:
        return any(fold for model in self.models for _, fold in model.trainings)

    @functools.cached_property
    def _finite(self) -> list[int]:
        """Return which models have finite scores."""
        scores = [list(model.trainings.values()) for model in self.models]
        return [index for index, values in enumerate(scores) if np.isfinite(values).all()]

    @functools.cached_property
    def _table(self) -> pd.DataFrame:
        """Return the mean of each row over the trainings of each finite model, by row and model.

        A row that several shufflings have validated counts once. Empty where a model has no rows.
        """
        models = [self.models[index] for index in self._finite]
        if not all(model.rows for model in models):
            return pd.DataFrame()
        return pd.DataFrame(
            {
                index: pd.concat(list(model.rows.values())).groupby(level=0).mean()
                for index, model in enumerate(models)
            }
        )

    @functools.cached_property
    def _common(self) -> pd.DataFrame:
        return self._table.dropna()

    @property
    def _left_out(self) -> int:
        return len(self._table) - len(self._common)

    @functools.cached_property
    def _covariance(self) -> tuple[np.ndarray, int] | None:
        """Return the covariance of scores by the choice of rows, and its degrees of freedom."""
        values = self._common.to_numpy()
        if len(values) < 2:
            return None
        parts, sizes = values - values.mean(axis=0), len(values)
        if self.clusters is not None:
            parts = pd.DataFrame(parts).groupby(self.clusters[self._common.index].to_numpy()).sum()
            parts = parts.to_numpy()
        count = len(parts)
        if count < 2:
            return None
        return parts.T @ parts * (count / (count - 1) / sizes**2), count - 1

    @functools.cached_property
    def _scores(self) -> pd.DataFrame:
        """Return the score of each training, NaN where a model has none, by model and training.

        Of folds those that all models have, each the mean over seeds.
        """
        scores: dict[int, dict[Key, float]] = {}
        for index, model in enumerate(self.models[index] for index in self._finite):
            scores[index] = dict(model.trainings)
            if self._covariance is not None and self._left_out:
                common = self._common.index
                parts = {key: rows[rows.index.isin(common)] for key, rows in model.rows.items()}
                scores[index] = {key: rows.mean() for key, rows in parts.items() if len(rows)}

        table = pd.DataFrame(scores).T
        if self._is_folded:
            table = table.T.groupby(level=1, sort=False).mean().T.dropna(axis="columns")
        return table

    @functools.cached_property
    def means(self) -> np.ndarray:
        """Return the mean score of each finite model, float64 (models,)."""
        return self._scores.mean(axis="columns").to_numpy()

    @functools.cached_property
    def _tests(self) -> Candidates | None:
        """Return the tests of all differences; None of fewer than two models with a score."""
        scores = self._scores.to_numpy(dtype=float)
        if len(scores) < 2 or not scores.size:
            return None

        covariance, row_freedom = self._covariance or (None, 0)
        deviation, freedom = self.measured
        if self._is_folded:
            deviation *= math.sqrt(scores.shape[1])  # It is of the mean over folds.
        seeds = Seeds(
            scores=scores,
            fixed=np.array([self.models[index].fixed for index in self._finite]),
            folds=self._is_folded,
            overlap=0.0 if covariance is not None else self.overlap,
            deviation=deviation,
            freedom=freedom,
        )
        return Candidates(
            means=self.means,
            covariance=covariance,
            row_freedom=row_freedom,
            seeds=seeds,
            named=np.array(self._finite) < (self.named or len(self.models)),
        )


def single(
    mean: float, noise: Sequence[tuple[float, float]], *, pairs: int, rows: int
) -> Difference:
    """Return the only difference that is looked at: Student's t-test with the noise of its parts.

    Source: Welch, "The generalization of Student's problem", Biometrika 34 (1947); Satterthwaite,
    "An approximate distribution of estimates of variance components", Biometrics 2 (1946).

    Args:
        mean: The difference.
        noise: Of each part the standard error and its degrees of freedom: rows, seeds.
        pairs: As of `Difference`.
        rows: As of `Difference`.
    """
    error = math.hypot(*(part for part, _ in noise))
    weight = sum(part**4 / max(1, freedom) for part, freedom in noise if part)
    freedom = error**4 / weight if weight else math.inf
    if abs(mean) < ROUNDING * error:
        mean = 0.0  # The scores are equal: values of rows add up to them but for rounding.

    def p(of_mean: float, freedom: float) -> float:
        if of_mean == 0:  # All rows and seeds have the same difference.
            return float(mean == 0)
        return float(2 * special.stdtr(freedom, -abs(mean) / of_mean))

    of_each = [p(*part) if part[1] else math.nan for part in noise]
    return Difference(
        mean=mean,
        error=error,
        freedom=freedom,
        reach=student_quantile(freedom) * error,
        p=p(error, freedom),
        p_rows=of_each[0],
        p_seeds=of_each[1],
        pairs=pairs,
        rows=rows,
    )
