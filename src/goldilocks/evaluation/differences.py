"""Predictions of models -> the differences of their scores.

The values of rows tell the noise of rows, and the trainings that of seeds; `family` tests both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import targets_of
from goldilocks.evaluation import jackknife, measures
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.evaluation.clusters import row_clusters
from goldilocks.evaluation.family import Difference, Family, Key, Scored, single
from goldilocks.evaluation.intervals import standard_error
from goldilocks.problem import Problem

# Rows, int64 (n,), with the predictions, float32 (n, outputs), of each training.
Predictions = Mapping[Key, tuple[np.ndarray, np.ndarray]]


def between_samples(first: Difference, second: Difference) -> Difference:
    """Return `first - second` for two scores of different trainings on different rows.

    Nothing pairs them, so the noise of both counts in full.

    Args:
        first: A score, as `Comparison.score` returns it.
        second: The other score, likewise.
    """
    parts = [(first.error, first.freedom), (second.error, second.freedom)]
    return single(first.mean - second.mean, parts, pairs=first.pairs, rows=first.rows)


def row_scores(
    problem: Problem, dataset: Dataset, rows: np.ndarray, predictions: np.ndarray, metric: str
) -> np.ndarray:
    """Return values of rows, float64 (n,), whose mean is the score.

    Args:
        problem: The problem type, the loss and the metrics.
        dataset: The rows and their targets.
        rows: Those that were predicted, int64 (n,).
        predictions: float32 (n, outputs).
        metric: "loss", or the name of a metric.
    """
    measure, targets = measures.find(problem, metric), targets_of(problem, dataset, rows)
    if measure.per_row is not None:
        return measure.per_row(problem, targets, predictions)
    blocks = clusters_of(problem, dataset, rows, metric)
    assert blocks is not None  # Such measures have blocks.
    queries = dataset.queries(rows)
    return jackknife.row_values(measure, problem, targets, predictions, queries, blocks)


def clusters_of(
    problem: Problem, dataset: Dataset, rows: np.ndarray, metric: str
) -> np.ndarray | None:
    """Return which of some rows belong together, integers (n,); None if all are independent."""
    if measures.find(problem, metric).per_row is not None:
        return row_clusters(dataset, rows)
    count = len(dataset.y)
    return jackknife.blocks(row_clusters(dataset, np.arange(count)), count)[rows]


def stored(
    problem: Problem, dataset: Dataset, rows: np.ndarray, predictions: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what a comparison of stored runs needs, whose report has no data.

    Args:
        problem: The problem type, the loss and the metrics.
        dataset: The rows and their targets.
        rows: Those that were predicted, int64 (n,).
        predictions: float32 (n, outputs).

    Returns:
        Of the loss and the primary metric `values_<name>`, float64 (n,), and `clusters_<name>`,
        int64 (n,); nothing where a prediction is not finite.
    """
    arrays: dict[str, np.ndarray] = {}
    if not np.isfinite(predictions).all():
        return arrays
    for name in {"loss", problem.metric}:
        arrays[f"values_{name}"] = row_scores(problem, dataset, rows, predictions, name)
        clusters = clusters_of(problem, dataset, rows, name)
        arrays[f"clusters_{name}"] = rows if clusters is None else clusters
    return arrays


@dataclass(frozen=True)
class Comparison:
    """Compares models by their predictions of validation rows.

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

    def family(
        self,
        models: Sequence[Predictions],
        metric: str,
        *,
        fixed: Sequence[Predictions] = (),
        others: Sequence[Predictions] = (),
    ) -> Family:
        """Return models that were compared with each other, in the order of the arguments.

        Args:
            models: The predictions of each, of one seed or of several.
            metric: "loss", or the name of a metric.
            fixed: Of models without a seed.
            others: Of models among which the best was picked too, though no difference from them
                is asked for.
        """
        scored = [self._scored(model, metric) for model in models]
        scored += [self._scored(model, metric, fixed=True) for model in fixed]
        named = len(scored)
        scored += [self._scored(model, metric) for model in others]
        rows = np.unique(np.concatenate([one.index for of in scored for one in of.rows.values()]))
        clusters = clusters_of(self.problem, self.dataset, rows, metric)
        return Family(
            scored,
            measures.find(self.problem, metric).greater_is_better,
            None if clusters is None else pd.Series(clusters, rows),
            self._measured(metric),
            named=named,
        )

    def compare(self, first: Predictions, second: Predictions, metric: str) -> Difference:
        """Return how much better the first model is; negative where it is worse.

        Args:
            first: Its predictions, of one seed or of several.
            second: The other model's.
            metric: "loss", or the name of a metric.
        """
        return self.family([first, second], metric).difference(0, 1)

    def against_baseline(self, predictions: Predictions, metric: str) -> Difference:
        """Return how much better a model is than the baseline of these very rows."""
        baseline = {
            key: (rows, baseline_predictions(self.problem, self.dataset, rows, metric))
            for key, (rows, _) in predictions.items()
        }
        return self._gain(predictions, baseline, metric)

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
        return self._gain(predictions, repeated, metric)

    def score(self, predictions: Predictions, metric: str) -> Difference:
        """Return the mean score over rows, folds and seeds, as its difference from 0."""
        return self._mean(self._scores(predictions, metric), metric)

    def _measured(self, metric: str) -> tuple[float, int]:
        """Return the deviation from seed to seed that was measured, and its degrees of freedom."""
        if metric not in self.seed_error:
            return 0.0, 0
        return self.seed_error[metric], self.seeds_measured - 1

    def _scored(self, predictions: Predictions, metric: str, *, fixed: bool = False) -> Scored:
        rows = self._rows(predictions, metric)
        means = {key: float(values.mean()) for key, values in rows.items()}
        return Scored(trainings=means, rows=rows, fixed=fixed)

    def _gain(self, first: Predictions, second: Predictions, metric: str) -> Difference:
        """Return how much better the first model is than one without a seed."""
        gaps = self._scores(first, metric) - self._scores(second, metric)
        if not measures.find(self.problem, metric).greater_is_better:
            gaps = 0 - gaps
        return self._mean(gaps.dropna(), metric)  # Rows of one model alone: NaN.

    def _rows(self, predictions: Predictions, metric: str) -> dict[Key, pd.Series]:
        """Return values of rows of each training, by row."""
        return {
            key: pd.Series(row_scores(self.problem, self.dataset, rows, predicted, metric), rows)
            for key, (rows, predicted) in predictions.items()
        }

    def _scores(self, predictions: Predictions, metric: str) -> pd.Series:
        """Return a score for each row that each training predicted, by seed, fold and row."""
        return pd.concat(self._rows(predictions, metric), names=["seed", "fold", "row"])

    def _mean(self, values: pd.Series, metric: str) -> Difference:
        """Return the mean over rows and seeds with the noise of both.

        Args:
            values: By seed, fold and row.
            metric: Of the values.
        """
        # A row that several shufflings have validated counts once, with its mean.
        by_seed = values.groupby(level="seed", sort=False)
        table = pd.DataFrame({seed: part.groupby(level="row").mean() for seed, part in by_seed})
        means, rows = table.mean(axis=1).to_numpy(), table.index.to_numpy()

        row_noise = standard_error(means, clusters_of(self.problem, self.dataset, rows, metric))
        seed_noise = self._seed_noise(table.mean(), metric)
        noise = [row_noise, seed_noise]
        return single(float(means.mean()), noise, pairs=table.shape[1], rows=len(rows))

    def _seed_noise(self, seed_means: pd.Series, metric: str) -> tuple[float, float]:
        """Return the standard error that seeds make, and its degrees of freedom.

        Where `seed_error` was measured, its spread is pooled with that of these seeds.

        Args:
            seed_means: The mean difference of each seed.
            metric: Of the differences.
        """
        deviation, measured = self._measured(metric)
        squares = float(((seed_means - seed_means.mean()) ** 2).sum()) + measured * deviation**2
        freedom = len(seed_means) - 1 + measured
        if not freedom:
            return 0.0, 0.0
        return math.sqrt(squares / freedom / len(seed_means)), freedom
