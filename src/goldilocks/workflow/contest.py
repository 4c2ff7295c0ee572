"""The candidates of step 5 beside the winner: as rows, and in sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goldilocks.config.settings import key_of
from goldilocks.evaluation.differences import Comparison, Difference
from goldilocks.formatting import number, signed
from goldilocks.report.workflow.results import Cell, Row, Table
from goldilocks.workflow.candidate import Trained, predictions
from goldilocks.workflow.tables import interval, row

Group = Sequence[Trained]  # the trainings of a candidate, one for each seed


@dataclass(frozen=True)
class Contest:
    """Candidates that were compared on the same validation rows.

    Attributes:
        comparison: Compares them.
        contenders: The best first, which is the winner.
        start: Where tuning began, one of the contenders.
    """

    comparison: Comparison
    contenders: Sequence[Group]
    start: Group

    @property
    def metric(self) -> str:
        """Return what they are compared by."""
        return self.comparison.metric

    @property
    def winner(self) -> Group:
        """Return the best contender."""
        return self.contenders[0]

    @property
    def gain(self) -> Difference:
        """Return how much better the winner is than where tuning began, or else the second."""
        rival = self.start
        if self.winner is self.start:
            rival = self.contenders[:2][-1]
        return self._difference(self.winner, rival)

    def score(self, group: Group) -> float:
        """Return the score of a candidate, the mean over rows, folds and seeds."""
        return self.comparison.score(predictions(group), self.metric).mean

    def table(self, metric: str) -> Table:
        """Return a row for each contender; the primary metric stands behind what decides."""
        scored = f"val_{self.metric}"
        names = ["candidate", "weights", scored, "seeds"]
        names += ["worse than the winner by", "that is", "verdict"]
        first: dict[str, Cell] = dict.fromkeys(names)  # The other columns stand behind these.
        return tuple(
            first
            | row(group[0], [metric, self.metric])
            | {scored: self.score(group), "seeds": len(group)}
            | self._beside(group)
            for group in self.contenders
        )

    def network_rows(self, small: Group) -> list[Row]:
        """Return the networks on the way to the winner, and the winner."""
        start = "overfit" if self.start[0].verdict == "overfit" else "largest"
        networks = {
            "small": small,
            start: self.start,
            "regularized": first_regularized(self.contenders[1:]),
            "winner": self.winner,
        }
        return [
            self._row(f"{name}: {group[0].candidate.name}", self.score(group), self._beside(group))
            for name, group in networks.items()
            if group
        ]

    def fixed_row(
        self, name: str, score: float, by_fold: Mapping[str, tuple[np.ndarray, np.ndarray]]
    ) -> Row:
        """Return the row of what has no seed, from its rows and predictions by fold."""
        gain = self.comparison.against_fixed(predictions(self.winner), by_fold, self.metric)
        return self._row(name, score, against_winner(dataclasses.replace(gain, mean=-gain.mean)))

    def reasons(self, metric: str) -> list[str]:
        """Return why the winner won, in sentences.

        Args:
            metric: The primary metric.
        """
        reasons = []
        if metric != self.metric:
            reasons.append(
                f"Candidates are compared by val_loss: {metric} is no mean over rows, which alone "
                "can be compared row by row."
            )

        if self.winner is not self.start:
            gain = self.gain
            seeds = "one seed" if gain.pairs == 1 else f"{gain.pairs} seeds"
            reasons.append(
                f"{self.winner[0].candidate.name} is {number(gain.mean)} better in "
                f"val_{self.metric} than {self.start[0].candidate.name}, where tuning began (95 % "
                f"interval {signed(gain.low, 3)} to {signed(gain.high, 3)}, {gain.rows:,} rows, "
                f"{seeds}): {gain.words}."
            )
        return [*reasons, *self._smaller()]

    def _smaller(self) -> list[str]:
        """Return that a smaller candidate is as good as the winner, if one is."""
        weights = self.winner[0].parameters
        smaller = [group for group in self.contenders if group[0].parameters < weights]
        for group in sorted(smaller, key=lambda group: group[0].parameters):
            gain = self._difference(group, self.winner)
            if not gain.beyond_noise:
                return [
                    f"{group[0].candidate.name} has {group[0].parameters:,} weights instead of "
                    f"{weights:,}, and is {number(0 - gain.mean)} behind in val_{self.metric} (95 "
                    f"% interval {signed(0 - gain.high, 3)} to {signed(0 - gain.low, 3)}): these "
                    "rows and seeds cannot tell the two apart."
                ]
        return []

    def _row(self, name: str, score: float, cells: Mapping[str, Cell]) -> Row:
        return {"candidate": name, f"val_{self.metric}": score, **cells}

    def _beside(self, group: Group) -> dict[str, Cell]:
        """Return the cells on how much worse a candidate is than the winner."""
        if group is self.winner:
            return {"worse than the winner by": "", "that is": "the winner"}
        return against_winner(self._difference(group, self.winner))

    def _difference(self, first: Group, second: Group) -> Difference:
        return self.comparison.compare(predictions(first), predictions(second), self.metric)


def against_winner(gain: Difference) -> dict[str, Cell]:
    """Return the cells on how much worse something is than the winner, from how much better."""
    return {
        "worse than the winner by": interval(0 - gain.high, 0 - gain.low),
        "that is": "clear" if gain.beyond_noise else "within noise",
    }


def first_regularized(contenders: Sequence[Group]) -> Group:
    """Return the first contender with any regularization, else an empty list."""
    for group in contenders:
        keys = set(map(key_of, group[0].candidate.overrides)) - {"regularizer.patience"}
        if any(key.startswith("regularizer") for key in keys):
            return group
    return []
