"""Two models -> their difference, and whether it is beyond noise.

The models are compared in pairs: training by training, of the same seed and fold, or row by row as
well. What a seed, a fold or a row does to both cancels out, so the difference varies less than the
scores themselves.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import targets_of
from goldilocks.evaluation import jackknife, mean_interval, measures
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.evaluation.intervals import (
    CONFIDENCE,
    row_clusters,
    standard_error,
    student_quantile,
)
from goldilocks.problem import Problem

ROUNDING = 1e-9  # of a mean, beside its standard error

# Names a training among those of one model: its seed, and its fold or "".
Key = tuple[str, str]
# Rows, int64 (n,), with the predictions, float32 (n, outputs), of each training.
Predictions = Mapping[Key, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The mean difference of two models over pairs, in the unit of the metric.

    Attributes:
        mean: The mean difference; NaN without a pair.
        error: Its standard error; NaN where one pair or one row cannot tell it.
        freedom: Degrees of freedom of the error; few where few seeds make most of it.
        pairs: Number of trainings of both models that have the same seed and fold.
        over: What the pairs are: "seeds" or "folds".
        rows: Number of rows that both models predicted; 0 where whole trainings are compared.
        adjusted: `p` after the correction for several comparisons; None before `holm` makes it.
        reason: Why there is no `p`, in words; "" where there is one.
    """

    mean: float
    error: float = math.nan
    freedom: float = math.nan
    pairs: int
    over: str = "seeds"
    rows: int = 0
    adjusted: float | None = None
    reason: str = ""

    @property
    def reach(self) -> float:
        """Half the width of the 95 % confidence interval: how far noise alone may move the mean."""
        return student_quantile(self.freedom) * self.error

    @property
    def low(self) -> float:
        """Lower end of the 95 % confidence interval; NaN where the error is."""
        return self.mean - self.reach

    @property
    def high(self) -> float:
        """Upper end of the 95 % confidence interval; NaN where the error is."""
        return self.mean + self.reach

    @property
    def p(self) -> float:
        """Two-sided p-value of Student's t-test, 0 to 1; NaN where the error is."""
        if self.error == 0:  # All pairs differ by the same amount.
            return float(self.mean == 0)
        return float(2 * special.stdtr(self.freedom, -abs(self.mean) / self.error))

    @property
    def p_corrected(self) -> float:
        """`p` after the correction for several comparisons, where there was one."""
        return self.p if self.adjusted is None else self.adjusted

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
        """Whether the difference is significant at the 5 % level; None where there is no `p`."""
        p = self.p_corrected
        return None if math.isnan(p) else p < 1 - CONFIDENCE

    @property
    def words(self) -> str:
        """`beyond_noise` in words, or the reason why there is no answer."""
        if self.reason:
            return self.reason
        return "beyond noise" if self.beyond_noise else "within noise"


def between_trainings(
    values: Mapping[Key, float], others: Mapping[Key, float], *, overlap: float
) -> Difference:
    """Return the mean of `values - others` over the trainings that both models have.

    Source: Student's paired t-test; of folds, whose trainings share rows, corrected as in
    `mean_interval.spread` (Nadeau and Bengio, "Inference for the generalization error", Machine
    Learning 52 (2003), section 3).

    Args:
        values: One value for each training of a model.
        others: One value for each training of the other model.
        overlap: 0 for seeds on one split; for folds, validation rows divided by training rows.
    """
    keys = [key for key in values if key in others]
    if not keys:
        return Difference(mean=math.nan, pairs=0, reason="no seed in common, so there are no pairs")

    count = len(keys)
    over = "folds" if any(fold for _, fold in keys) else "seeds"
    gaps = [values[key] - others[key] for key in keys]
    if not all(map(math.isfinite, gaps)):
        return Difference(mean=math.nan, pairs=count, over=over, reason="a value is not finite")

    spread = mean_interval.spread(gaps, overlap=overlap)
    if count == 1:
        reason = f"one {over.removesuffix('s')} cannot tell"
        return Difference(mean=spread.mean, pairs=count, over=over, reason=reason)

    error = spread.deviation * math.sqrt(1 / count + overlap)
    return Difference(mean=spread.mean, error=error, freedom=count - 1, pairs=count, over=over)


def between_samples(first: Difference, second: Difference) -> Difference:
    """Return `first - second` for two scores of different trainings on different rows.

    Nothing pairs them, so the noise of both counts in full.

    Args:
        first: A score, as `Comparison.score` returns it.
        second: The other score, likewise.
    """
    parts = [(first.error, first.freedom), (second.error, second.freedom)]
    error, freedom = _combine_errors(parts)
    return replace(first, mean=first.mean - second.mean, error=error, freedom=freedom)


def holm(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    """Correct the p-values of several comparisons, one in twenty of which is significant by chance.

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on; none falls below
    the one before it. Source: Holm, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6 (1979).
    """
    tested = [name for name, difference in differences.items() if not difference.reason]
    tested.sort(key=lambda name: differences[name].p)

    corrected, least = dict(differences), 0.0
    for rank, name in enumerate(tested):
        least = max(least, min(1.0, (len(tested) - rank) * differences[name].p))
        corrected[name] = replace(differences[name], adjusted=least)
    return corrected


@dataclass(frozen=True)
class Comparison:
    """Compares models by their predictions of validation rows.

    Two kinds of noise count: other rows would give another score, and another seed another network.

    Attributes:
        dataset: The rows and their targets.
        problem: The problem type, the loss and the metrics.
        seed_error: For each metric, the standard deviation of a score from seed to seed, measured
            on one model and used for all; empty before it is measured.
        seeds_measured: Number of seeds of that measurement.
    """

    dataset: Dataset
    problem: Problem
    seed_error: Mapping[str, float]
    seeds_measured: int

    @property
    def metric(self) -> str:
        """What models are compared by: the primary metric."""
        return self.problem.metric

    @functools.cached_property
    def _blocks(self) -> np.ndarray:
        """The block of each row of the data set, as `jackknife.blocks` returns them."""
        count = len(self.dataset.y)
        return jackknife.blocks(row_clusters(self.dataset, np.arange(count)), count)

    def compare(self, first: Predictions, second: Predictions, metric: str) -> Difference:
        """Return how much better the first model is; negative where it is worse.

        Args:
            first: Its predictions, of one seed or of several.
            second: The other model's predictions; the two have a seed in common.
            metric: "loss", or the name of a metric.
        """
        return self._gain(first, second, metric, networks=2)

    def against_baseline(self, predictions: Predictions, metric: str) -> Difference:
        """Return how much better a model is than the baseline of these very rows."""
        baseline = {
            key: (rows, baseline_predictions(self.problem, self.dataset, rows, metric))
            for key, (rows, _) in predictions.items()
        }
        return self._gain(predictions, baseline, metric, networks=1)

    def against_fixed(
        self,
        predictions: Predictions,
        fixed: Mapping[str, tuple[np.ndarray, np.ndarray]],
        metric: str,
    ) -> Difference:
        """Return how much better a model is, with each of its seeds, than one that has no seed.

        Args:
            predictions: Of the model.
            fixed: For each fold the rows, int64 (n,), and predictions, float32 (n, outputs), of the
                other model.
            metric: As of `compare`.
        """
        repeated = {(seed, fold): fixed[fold] for seed, fold in predictions}
        return self._gain(predictions, repeated, metric, networks=1)

    def score(self, predictions: Predictions, metric: str) -> Difference:
        """Return the mean score over rows, folds and seeds, as its difference from 0."""
        return self._mean(self._scores(predictions, metric), metric, networks=1)

    def _gain(
        self, first: Predictions, second: Predictions, metric: str, *, networks: int
    ) -> Difference:
        """Return how much better the first model is, with `networks` as of `_mean`."""
        gaps = self._scores(first, metric) - self._scores(second, metric)
        if not measures.find(self.problem, metric).greater_is_better:
            gaps = 0 - gaps
        return self._mean(gaps.dropna(), metric, networks=networks)  # Rows of one model alone: NaN.

    def _scores(self, predictions: Predictions, metric: str) -> pd.Series:
        """Return a score for each row that each training predicted, by seed, fold and row."""
        measure = measures.find(self.problem, metric)
        scores: dict[Key, pd.Series] = {}
        for key, (rows, predicted) in predictions.items():
            targets = targets_of(self.problem, self.dataset, rows)
            if measure.per_row is not None:
                values = measure.per_row(self.problem, targets, predicted)
            else:
                queries, blocks = self.dataset.queries(rows), self._blocks[rows]
                values = jackknife.row_values(
                    measure, self.problem, targets, predicted, queries, blocks
                )
            scores[key] = pd.Series(values, rows)
        return pd.concat(scores, names=["seed", "fold", "row"])

    def _mean(self, values: pd.Series, metric: str, *, networks: int) -> Difference:
        """Return the mean over rows and seeds with the noise of both.

        Args:
            values: By seed, fold and row.
            metric: Of the values.
            networks: How many trained networks they compare, each with the noise of its seed.
        """
        # A row that several shufflings have validated counts once, with its mean.
        by_seed = values.groupby(level="seed", sort=False)
        table = pd.DataFrame({seed: part.groupby(level="row").mean() for seed, part in by_seed})
        means, rows = table.mean(axis=1).to_numpy(), table.index.to_numpy()

        if measures.find(self.problem, metric).per_row is None:
            clusters = self._blocks[rows]
        else:
            clusters = row_clusters(self.dataset, rows)
        row_noise = standard_error(means, clusters)
        seed_noise = self._seed_noise(table.mean(), metric, networks)
        error, freedom = _combine_errors([row_noise, seed_noise])
        mean = float(means.mean())
        if abs(mean) < ROUNDING * error:
            mean = 0.0  # The scores are equal: values of rows add up to them but for rounding.
        return Difference(
            mean=mean,
            error=error,
            freedom=freedom,
            pairs=table.shape[1],
            rows=len(rows),
        )

    def _seed_noise(self, seed_means: pd.Series, metric: str, networks: int) -> tuple[float, float]:
        """Return the standard error that seeds make, and its degrees of freedom.

        Where `seed_error` was measured, its spread is pooled with that of these seeds.

        Args:
            seed_means: The mean difference of each seed.
            metric: Of the differences.
            networks: As of `_mean`.
        """
        squares, freedom = float(((seed_means - seed_means.mean()) ** 2).sum()), len(seed_means) - 1
        if metric in self.seed_error:
            squares += (self.seeds_measured - 1) * networks * self.seed_error[metric] ** 2
            freedom += self.seeds_measured - 1
        if not freedom:
            return 0.0, 0.0
        return math.sqrt(squares / freedom / len(seed_means)), freedom


def _combine_errors(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the standard error of a sum and its degrees of freedom, from those of its parts.

    Source: Welch, "The generalization of Student's problem", Biometrika 34 (1947); Satterthwaite,
    "An approximate distribution of estimates of variance components", Biometrics 2 (1946).
    """
    error = math.hypot(*(part for part, _ in parts))
    weight = sum(part**4 / max(1, freedom) for part, freedom in parts if part)
    return error, error**4 / weight if weight else math.inf
