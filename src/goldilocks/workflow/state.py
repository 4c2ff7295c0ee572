"""A workflow under way: what all steps share, and what each of them has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.evaluation.differences import Comparison
from goldilocks.problem import Problem
from goldilocks.tracking import Store
from goldilocks.workflow.budget import Budget
from goldilocks.workflow.runner import Candidate, Runner, Trained
from goldilocks.workflow.step import Step


@dataclass
class Flow:
    """What the steps share.

    Attributes:
        settings: Of the workflow as it was typed.
        typed: Its overrides, without those that only a workflow has.
        store: Where runs are logged.
        dataset: Loaded.
        problem: What is predicted, and how that is measured.
        budget: What may be spent.
        folder: Where this workflow keeps what it goes on from.
        steps: Those that have ended, in order.
        runner: Trains candidates.
    """

    settings: Settings
    typed: tuple[str, ...]
    store: Store
    dataset: Dataset
    problem: Problem
    budget: Budget
    folder: Path
    steps: list[Step]
    runner: Runner

    def found(self, name: str) -> Mapping[str, Any]:
        """What an earlier step has chosen."""
        return next(step.chosen for step in self.steps if step.name == name)

    @property
    def comparison(self) -> Comparison:
        """Compares candidates; the noise from seed to seed is known once the step "power" has measured it."""
        power = next((step.chosen for step in self.steps if step.name == "power"), None)
        if power is None:
            return Comparison(self.dataset, self.problem, {}, 0)
        seeds = len(power["small"]["runs"])
        return Comparison(self.dataset, self.problem, power["seed_error"], seeds)

    @property
    def seeds(self) -> list[str]:
        """Overrides of the seeds that candidates are compared with."""
        first = self.settings.tree["seed"]
        return [f"seed={first + number}" for number in range(3)]

    def recall(self, remembered: Mapping[str, Any]) -> list[Trained]:
        """The trainings that `remember` noted, read from the store."""
        return [
            self.runner.load(Candidate(remembered["name"], tuple(remembered["overrides"])), run_id)
            for run_id in remembered["runs"]
        ]


def remember(candidate: Candidate, trained: Sequence[Trained]) -> dict[str, Any]:
    """A candidate and its runs, as JSON has it."""
    return {
        "name": candidate.name,
        "overrides": list(candidate.overrides),
        "runs": [each.run.run_id for each in trained],
    }
