"""The candidates of step 5 beside the winner, as rows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from goldilocks.config.settings import key_of
from goldilocks.evaluation.differences import Comparison, Predictions
from goldilocks.evaluation.family import Difference, Family
from goldilocks.report.workflow.results import Cell, Row, Table
from goldilocks.workflow.candidate import Trained, predictions
from goldilocks.workflow.tables import row, worse

Group = Sequence[Trained]  # the trainings of a candidate, one for each seed


@dataclass(frozen=True)
class Contest:
    """Candidates that were compared on the same validation rows.

    Attributes:
        comparison: Compares them.
        contenders: The best first, which is the winner.
        start: Where tuning began, one of the contenders.
        small: The small network of step 3.
        trials: Of the search; those that are contenders were trained with other seeds too.
        fixed: What has no seed, by name: the predictions of each fold.
        features: The overrides that the search went on with, because they were better by a test.
    """

    comparison: Comparison
    contenders: Sequence[Group]
    start: Group
    small: Group = ()
    trials: Sequence[Trained] = ()
    fixed: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]] = field(
        default_factory=dict[str, Mapping[str, tuple[np.ndarray, np.ndarray]]]
    )
    features: Sequence[str] = ()

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
        if self.winner is self.start:
            return self.lead(self.contenders[:2][-1])
        return self.lead(self.start)

    @property
    def smaller(self) -> Group:
        """Return the smallest candidate that is as good as the winner and smaller, else []."""
        weights = self.winner[0].parameters
        smaller = [group for group in self.contenders if group[0].parameters < weights]
        smaller.sort(key=lambda group: group[0].parameters)
        return next((group for group in smaller if not self.lead(group).beyond_noise), [])

    @functools.cached_property
    def complete(self) -> list[Trained]:
        """Return the trials with all folds of the winner; the others were stopped before them.

        Compared with those, all candidates would be scored on a part of the rows alone.
        """
        folds = {fold for _, fold in self.winner[0].predictions}
        return [trial for trial in self.trials if folds <= {fold for _, fold in trial.predictions}]

    @functools.cached_property
    def family(self) -> Family:
        """Return all that was compared: the winner is the best of them, trials included."""
        run_ids = {training.run.run_id for group in self.contenders for training in group}
        others = [trial for trial in self.complete if trial.run.run_id not in run_ids]
        fixed: list[Predictions] = [
            {("", fold): part for fold, part in folds.items()} for folds in self.fixed.values()
        ]
        return self.comparison.family(
            [predictions(group) for group in self._named],
            self.metric,
            fixed=fixed,
            others=[trial.predictions for trial in others],
        )

    @property
    def _named(self) -> list[Group]:
        return [group for group in (*self.contenders, self.small) if group]

    def lead(self, group: Group) -> Difference:
        """Return how much better the winner is than a contender, or the small network."""
        same = (index for index, one in enumerate(self._named) if one is group)
        return self.family.difference(0, next(same))

    def score(self, group: Group) -> float:
        """Return the score of a candidate, the mean over rows, folds and seeds."""
        return self.comparison.score(predictions(group), self.metric).mean

    @property
    def shrunk(self) -> float:
        """Return the winner's score without what its choice among all candidates adds.

        What lacks the winner's features was set apart by a test, and not by luck.
        """
        of_winner = {*self.features} & {*self.winner[0].candidate.overrides}
        by_id: dict[str, Predictions] = {}
        for group in (*self.contenders, *([trial] for trial in self.complete)):
            if of_winner <= {*group[0].candidate.overrides}:
                by_id.setdefault(group[0].run.run_id, predictions(group))
        family = self.comparison.family(list(by_id.values()), self.metric)
        return self.score(self.winner) + family.shrinkage

    def table(self) -> Table:
        """Return a row for each contender."""
        scored = f"val_{self.metric}"
        names = ["candidate", "weights", scored, "seeds"]
        names += ["than the winner", "that is", "verdict"]
        first: dict[str, Cell] = dict.fromkeys(names)  # The other columns stand behind these.
        return tuple(
            first
            | row(group[0], [self.metric])
            | {scored: self.score(group), "seeds": len(group)}
            | self._worse_by(group)
            for group in self.contenders
        )

    def network_rows(self) -> list[Row]:
        """Return the networks on the way to the winner, and the winner."""
        start = "overfit" if self.start[0].verdict == "overfit" else "largest"
        networks = {
            "small": self.small,
            start: self.start,
            "regularized": first_regularized(self.contenders[1:]),
            "winner": self.winner,
        }
        return [
            {
                "candidate": f"{name}: {group[0].candidate.name}",
                f"val_{self.metric}": self.score(group),
                **self._worse_by(group),
            }
            for name, group in networks.items()
            if group
        ]

    def fixed_row(self, name: str, score: float) -> Row:
        """Return the row of what has no seed, one of `fixed`."""
        lead = self.family.difference(0, len(self._named) + list(self.fixed).index(name))
        return {"candidate": name, f"val_{self.metric}": score, **worse_by(lead)}

    def _worse_by(self, group: Group) -> dict[str, Cell]:
        if group is self.winner:
            return {"than the winner": "", "that is": "the winner"}
        return worse_by(self.lead(group))


def worse_by(lead: Difference) -> dict[str, Cell]:
    """Return the cells on how much worse something is than the winner, from the winner's lead."""
    return {
        "than the winner": worse(lead.low, lead.high),
        "that is": lead.words,
    }


def first_regularized(contenders: Sequence[Group]) -> Group:
    """Return the first contender with any regularization, else an empty list."""
    for group in contenders:
        keys = set(map(key_of, group[0].candidate.overrides)) - {"regularizer.patience"}
        if any(key.startswith("regularizer") for key in keys):
            return group
    return []
