"""What every step of a workflow needs, whichever step it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldilocks.config.settings import Settings, key_of
from goldilocks.dataset import Dataset
from goldilocks.evaluation.differences import Comparison
from goldilocks.problem import Problem
from goldilocks.report.workflow.results import PowerResult, TrainedRuns
from goldilocks.tracking.store import MlflowStore
from goldilocks.workflow.budget import Budget
from goldilocks.workflow.candidate import Candidate, Trained
from goldilocks.workflow.runner import Runner

SEEDS = 3  # that a candidate is trained with before it can win


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a step needs beside the results of earlier steps.

    Attributes:
        settings: Of the workflow, as they were typed.
        typed: Its overrides, without those that only a workflow has.
        store: Where runs are logged.
        dataset: Loaded.
        problem: What is predicted, and how that is measured.
        budget: What may be spent.
        runner: Trains candidates.
        run_id: The run of the step, which its trainings stand below.
        folder: Where the step writes what it resumes from.
    """

    settings: Settings
    typed: tuple[str, ...]
    store: MlflowStore
    dataset: Dataset
    problem: Problem
    budget: Budget
    runner: Runner
    run_id: str
    folder: Path

    @property
    def typed_keys(self) -> set[str]:
        """Return the keys that were typed, whose values no step changes."""
        return set(map(key_of, self.typed))

    @property
    def seeds(self) -> list[str]:
        """Return the overrides of the seeds that candidates are compared with."""
        first = self.settings.tree["seed"]
        return [f"seed={first + number}" for number in range(SEEDS)]

    def comparison(self, power: PowerResult | None) -> Comparison:
        """Return what compares candidates; it knows the noise from seed to seed after step 3."""
        if power is None:
            return Comparison(self.dataset, self.problem, {}, 0)
        seeds = len(power.small.run_ids)
        return Comparison(self.dataset, self.problem, power.seed_error, seeds)

    def load(self, runs: TrainedRuns) -> list[Trained]:
        """Read the trainings of a candidate from the store."""
        candidate = Candidate(runs.name, runs.overrides)
        return [self.runner.load(candidate, run_id) for run_id in runs.run_ids]
