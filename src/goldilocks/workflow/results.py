"""What each step of a workflow found: a type for each step, and the files that a workflow resumes from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from goldilocks.jobs import records
from goldilocks.report.workflow.content import FinalScore, ModelSize, Row, StepReport, from_json
from goldilocks.workflow.candidate import Candidate


@dataclass(frozen=True, kw_only=True)
class TrainedRuns:
    """A candidate and the runs that trained it, a run for each seed."""

    candidate: Candidate
    run_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TunedReference:
    """The scikit-learn model that the winner is compared with.

    Attributes:
        name: Of the model.
        parameters: Those that were best.
        scores: Validation scores, the mean over folds.
        settings_tried: How many settings it is the best of.
        predictions: The file with its predictions of the validation rows of each fold.
    """

    name: str
    parameters: Mapping[str, Any]
    scores: Mapping[str, float]
    settings_tried: int
    predictions: str


@dataclass(frozen=True, kw_only=True)
class ProblemResult:
    """What step 1 found.

    Attributes:
        report: For people.
        overrides: What all later trainings have beyond what was typed.
        metrics: The metrics that were chosen; () if those of the problem stay.
        protocol: An option of the config group.
        train_rows: How many rows a candidate is trained on.
        final_rows: How many rows the winner is trained on.
    """

    report: StepReport
    overrides: tuple[str, ...]
    metrics: tuple[str, ...]
    protocol: str
    train_rows: int
    final_rows: int


@dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """What step 2 found: the dummy baseline, with its validation loss, and the tuned reference."""

    report: StepReport
    baseline: TrainedRuns
    loss: float
    reference: TunedReference


@dataclass(frozen=True, kw_only=True)
class PowerResult:
    """What step 3 found.

    Attributes:
        report: For people; passed if the small model beats the baseline.
        small: The small model, with each of its seeds.
        seed_error: Standard deviation of its score from seed to seed, by metric.
    """

    report: StepReport
    small: TrainedRuns
    seed_error: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ScaleResult:
    """What step 4 found.

    Attributes:
        report: For people.
        trained: Each size that was trained, from the smallest.
        sizes: The same for people.
        overfit: The index of the smallest size that overfits; None if none does.
        start: The index of the size that tuning begins at.
    """

    report: StepReport
    trained: tuple[TrainedRuns, ...]
    sizes: tuple[ModelSize, ...]
    overfit: int | None
    start: int


@dataclass(frozen=True, kw_only=True)
class TuneResult:
    """What step 5 found.

    Attributes:
        report: For people.
        winner: With each of its seeds.
        winner_size: The same for people.
        epochs: The winner's best epoch, the mean over seeds.
        comparison: The winner beside what it had to beat.
        considered: How many candidates it is the best of.
        noise: Standard error of a candidate's score, without what all candidates share.
        trials: Of the search, a row for each.
        ended_by: Why the search ended: "no_gain", "trials" or "budget".
    """

    report: StepReport
    winner: TrainedRuns
    winner_size: ModelSize
    epochs: int
    comparison: tuple[Row, ...]
    considered: int
    noise: float
    trials: tuple[Row, ...]
    ended_by: str


@dataclass(frozen=True, kw_only=True)
class FinalResult:
    """What step 6 found: the run of the tested model and its score; None if there is no test score."""

    report: StepReport
    run_id: str | None
    score: FinalScore | None


@dataclass(frozen=True, kw_only=True)
class RegisterResult:
    """What step 7 did: the model's registered name and version."""

    report: StepReport
    name: str
    version: int


Result = TypeVar(
    "Result",
    ProblemResult,
    BaselineResult,
    PowerResult,
    ScaleResult,
    TuneResult,
    FinalResult,
    RegisterResult,
)


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of the steps that ended; a workflow may end at step 3 or step 6."""

    problem: ProblemResult
    baseline: BaselineResult
    power: PowerResult
    scale: ScaleResult | None = None
    tune: TuneResult | None = None
    final: FinalResult | None = None
    register: RegisterResult | None = None

    @property
    def reports(self) -> tuple[StepReport, ...]:
        """Return what people read of each step, in order."""
        steps = (getattr(self, field.name) for field in dataclasses.fields(self))
        return tuple(step.report for step in steps if step is not None)


def save(result: Result, folder: Path) -> None:
    """Write the result of a step into a folder, never half-written."""
    records.write_json(folder / f"{result.report.name}.json", dataclasses.asdict(result))


def load(kind: type[Result], name: str, folder: Path) -> Result | None:
    """Return the result of a step that an earlier process finished, else None."""
    try:
        text = (folder / f"{name}.json").read_text()
    except FileNotFoundError:
        return None
    return from_json(kind, json.loads(text))


def once(file: Path, decide: Callable[[], Any]) -> Any:
    """Return what was decided, as JSON has it: by an earlier process, or now.

    What depends on the time or the machine must not be decided twice. An interrupted step then
    asks for the same trainings as before, and takes those that are finished.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        records.write_json(file, decide())
    return json.loads(file.read_text())
