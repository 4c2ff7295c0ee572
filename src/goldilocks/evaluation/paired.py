"""Trained candidates -> how far they lie apart, and whether that is more than noise.

Two kinds of noise are told: other validation rows would give another score, and another seed
another network. The candidates are compared in pairs, row by row and seed by seed, which takes out
what a row or a fold does to both.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import count_outputs, encode_targets, target_prior
from goldilocks.evaluation import intervals
from goldilocks.evaluation import scores as evaluation
from goldilocks.problem import Problem, higher_is_better
from goldilocks.workflow.runner import Key, Trained

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One candidate against another.

    Attributes:
        measure: What is compared, by Keras's name.
        gain: How much better the first is, in the measure's unit; negative where it is worse.
        error: Its standard error, of rows and seeds together.
        rows: How many validation rows both have predicted.
        seeds: How many seeds both have.
        freedom: Degrees of freedom of the error; few where few seeds, which hardly tell their
            spread, make most of it.
    """

    measure: str
    gain: float
    error: float
    rows: int
    seeds: int
    freedom: float

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval of the gain."""
        return self.gain - self.reach

    @property
    def high(self) -> float:
        """Its upper end."""
        return self.gain + self.reach

    @property
    def reach(self) -> float:
        """How far from the gain the ends of its interval lie, which is how far noise alone may bring it from 0."""
        from scipy import special

        return float(special.stdtrit(self.freedom, (1 + CONFIDENCE) / 2)) * self.error

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves out 0."""
        return abs(self.gain) > self.reach

    def chance(self) -> float:
        """How often noise alone would let the first look so much better, 0 to 1, one-sided.

        By the normal distribution: where the targets have nothing to do with the inputs, the rows
        make all the noise there is, and those are many. What the seeds add to the error makes it
        larger than it need be.
        """
        from scipy import special

        return float(special.ndtr(-self.gain / self.error)) if self.error else float(self.gain <= 0)


def joined(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The standard error of a sum, and its degrees of freedom, from those of its independent parts.

    Source: Welch, "The generalization of Student's problem", Biometrika 34 (1947); Satterthwaite
        (1946).
    """
    error = math.hypot(*(each for each, _ in parts))
    unsure = sum(each**4 / max(1, freedom) for each, freedom in parts if each)
    return error, error**4 / unsure if unsure else math.inf


def apart(first: Difference, second: Difference) -> Difference:
    """How much higher one score is than another that was measured on other rows with other networks."""
    error, freedom = joined([(each.error, each.freedom) for each in (first, second)])
    return dataclasses.replace(first, gain=first.gain - second.gain, error=error, freedom=freedom)


Values = Mapping[
    Key, tuple[np.ndarray, np.ndarray]
]  # by seed and fold: rows, and the score of each
Predicted = Mapping[
    str, tuple[np.ndarray, np.ndarray]
]  # by fold: rows, and predictions, float32 (n, outputs)


@dataclass(frozen=True)
class Judge:
    """What comparisons need to know of the data.

    Attributes:
        dataset: Loaded.
        problem: What is predicted.
        seed_error: Standard deviation of a score from seed to seed, by measure, for candidates that
            have one seed only; measured on one candidate, and empty until then.
        seeds_measured: With how many seeds that was.
    """

    dataset: Dataset
    problem: Problem
    seed_error: Mapping[str, float]
    seeds_measured: int

    @property
    def measure(self) -> str:
        """The measure of success where it is a mean over rows, which can be compared row by row; else the loss."""
        name, two = self.problem.metric, np.arange(2)
        told = intervals.row_values(self.problem, name, self._targets()[two], self._naive(two))
        return "loss" if told is None else name

    def compare(
        self, first: Sequence[Trained], second: Sequence[Trained], measure: str
    ) -> Difference:
        """How much better a candidate is than another, given the trainings of each, of one seed or of several.

        Args:
            first: Of the one.
            second: Of the other; they have a seed in common.
            measure: A mean over rows: "loss", or the name of a metric.
        """
        return self._difference(
            self._values(first, measure), self._values(second, measure), measure, networks=2
        )

    def against_baseline(self, trained: Sequence[Trained], measure: str) -> Difference:
        """How much better a candidate is than the dumb predictor, whose constant is the best for these very rows."""
        values = self._values(trained, measure)
        dumb = {
            key: (rows, self._scores(rows, self._naive(rows), measure))
            for key, (rows, _) in values.items()
        }
        return self._difference(values, dumb, measure, networks=1)

    def against_predicted(
        self, trained: Sequence[Trained], others: Predicted, measure: str
    ) -> Difference:
        """How much better a candidate is, with each of its seeds, than what has no seed: given predictions by fold."""
        scores = {
            fold: (rows, self._scores(rows, said, measure)) for fold, (rows, said) in others.items()
        }
        values = self._values(trained, measure)
        return self._difference(
            values, {(seed, fold): scores[fold] for seed, fold in values}, measure, networks=1
        )

    def score(self, trained: Sequence[Trained], measure: str) -> Difference:
        """The mean over rows, folds and seeds, as a difference from 0."""
        values = self._values(trained, measure)
        nothing = {key: (rows, np.zeros(len(rows))) for key, (rows, _) in values.items()}
        found = self._difference(values, nothing, measure, networks=1)
        return dataclasses.replace(found, gain=abs(found.gain))

    def _values(self, trained: Sequence[Trained], measure: str) -> Values:
        return {
            key: (rows, self._scores(rows, predictions, measure))
            for each in trained
            for key, (rows, predictions) in each.judged.items()
        }

    def _scores(self, rows: np.ndarray, predictions: np.ndarray, measure: str) -> np.ndarray:
        values = intervals.row_values(self.problem, measure, self._targets()[rows], predictions)
        assert values is not None  # `measure` says which are means over rows.
        return values

    def _targets(self) -> np.ndarray:
        return encode_targets(
            self.problem, count_outputs(self.problem, self.dataset), self.dataset.y
        )

    def _naive(self, rows: np.ndarray) -> np.ndarray:
        """What the dumb predictor says of rows."""
        outputs = count_outputs(self.problem, self.dataset)
        return evaluation.naive(
            self.dataset, target_prior(self.problem, outputs, self.dataset.y[rows]), rows
        )

    def _difference(
        self, first: Values, second: Values, measure: str, *, networks: int
    ) -> Difference:
        """Mean and standard error over rows and seeds; `networks` of the two were trained, each with its own luck."""
        sign = 1 if higher_is_better(measure) else -1
        gaps: dict[str, list[pd.Series]] = {}
        for (seed, fold), (rows, values) in first.items():
            if (seed, fold) in second:
                others, compared = second[seed, fold]
                gap = pd.Series(values, index=rows) - pd.Series(compared, index=others)
                gaps.setdefault(seed, []).append(
                    sign * gap.dropna()
                )  # Rows that only one has judged tell nothing.
        # A row that several shufflings have validated counts once, with its mean.
        table = pd.DataFrame(
            {seed: pd.concat(parts).groupby(level=0).mean() for seed, parts in gaps.items()}
        )
        means, rows = table.mean(axis=1), table.index.to_numpy()
        clusters = evaluation.clusters(self.dataset, rows)
        of_rows = intervals.paired(means.to_numpy(), np.zeros(len(means)), clusters).error
        independent = len(rows) if clusters is None else len(np.unique(clusters))
        error, freedom = joined(
            [(of_rows, independent - 1), self._of_seeds(table.mean(), measure, networks)]
        )
        return Difference(
            measure=measure,
            gain=float(means.mean()),
            error=error,
            rows=len(rows),
            seeds=table.shape[1],
            freedom=freedom,
        )

    def _of_seeds(self, gains: pd.Series, measure: str, networks: int) -> tuple[float, float]:
        """The standard error that seeds make, and its degrees of freedom: their spread, pooled with that measured."""
        squares, known = float(((gains - gains.mean()) ** 2).sum()), len(gains) - 1
        if measure in self.seed_error:
            squares += (self.seeds_measured - 1) * networks * self.seed_error[measure] ** 2
            known += self.seeds_measured - 1
        return (math.sqrt(squares / known / len(gains)), known) if known else (0.0, 0.0)
