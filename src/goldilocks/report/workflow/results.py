"""What each step of a workflow found: a type for each step, and the report of them all.

The page can be made again from the logged report, and so from the store alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from goldilocks.errors import StoreError
from goldilocks.plots.capacity_curve import ModelSize
from goldilocks.tracking.store import MlflowStore

FILE = "report.json"

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]
Table = tuple[Row, ...]
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What people read of a step.

    Attributes:
        name: "problem", "baseline", "power", "scale", "tune", "final" or "register".
        title: For people.
        passed: Whether the gate at its end is open, so that the next step may begin.
        decision: What was decided, in one sentence.
        reasons: Why, in sentences with numbers; a command stands in a line below its sentence.
        table: The evidence, a row for each candidate.
        seconds: How long it took; of a step that was interrupted, since it was resumed.
        run_id: The run that the runs of the step stand below.
    """

    name: str
    title: str
    passed: bool = True
    decision: str
    reasons: tuple[str, ...]
    table: Table = ()
    seconds: float = 0.0
    run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainedRuns:
    """A candidate and the runs that trained it, a run for each seed."""

    name: str
    overrides: tuple[str, ...]
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
class FinalScore:
    """What the winner reached on the test rows.

    Attributes:
        run_id: Of the tested model.
        metric: What was measured, by Keras's name.
        test: On the test rows.
        low: Lower end of its 95 % confidence interval; None if there is none.
        high: Its upper end.
        validation: On the validation rows, before.
        selection_bias: By how much the best of as many equally good candidates would look too good.
        baseline: What the baseline reaches on the test rows.
        beats_baseline: Whether the winner is better than that.
        reference: What the reference reached on the test rows.
        gain: How much better than the reference the winner is; negative if it is worse.
        gain_low: Lower end of the gain's 95 % confidence interval.
        gain_high: Its upper end.
        loses_to_reference: Whether it is worse beyond noise.
    """

    run_id: str
    metric: str
    test: float
    low: float | None
    high: float | None
    validation: float
    selection_bias: float
    baseline: float
    beats_baseline: bool
    reference: float
    gain: float
    gain_low: float
    gain_high: float
    loses_to_reference: bool


@dataclass(frozen=True, kw_only=True)
class ProblemResult:
    """What step 1 found.

    Attributes:
        report: For people.
        overrides: What all later trainings have beyond what was typed.
        train_rows: How many rows a candidate is trained on.
        final_rows: How many rows the winner is trained on.
        changes: Codes of the findings that rows change with time.
    """

    report: StepReport
    overrides: tuple[str, ...]
    train_rows: int
    final_rows: int
    changes: tuple[str, ...] = ()


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
        report: For people; passed if a small network beats the baseline.
        small: The usual one, with each of its seeds.
        seed_error: Standard deviation of its score from seed to seed, by metric.
        overrides: What all later trainings have, if it was another one that passed.
    """

    report: StepReport
    small: TrainedRuns
    seed_error: Mapping[str, float]
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ScaleResult:
    """What step 4 found.

    Attributes:
        report: For people.
        trained: Each size that was trained, from the smallest; then the network of another kind,
            if one was.
        sizes: The same for people, without that network.
        overfit: The index of the smallest size that overfits; None if none does.
        start: The index among `trained` of what tuning begins at.
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
        shrunk: The winner's score without what the choice of it and of its epoch adds.
        trials: Of the search, a row for each.
        ended_by: Why the search ended: "no_gain", "trials" or "budget".
    """

    report: StepReport
    winner: TrainedRuns
    winner_size: ModelSize
    epochs: int
    comparison: Table
    considered: int
    noise: float
    shrunk: float
    trials: Table
    ended_by: str


@dataclass(frozen=True, kw_only=True)
class FinalResult:
    """What step 6 found; the score is None if the test rows were not evaluated."""

    report: StepReport
    score: FinalScore | None


@dataclass(frozen=True, kw_only=True)
class RegisterResult:
    """What step 7 did: the model's registered name and version, and what that is called there."""

    report: StepReport
    name: str
    version: int
    alias: str


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
    """The results of the steps that ended: a workflow may end at step 3 or step 6."""

    problem: ProblemResult
    baseline: BaselineResult
    power: PowerResult
    scale: ScaleResult | None = None
    tune: TuneResult | None = None
    final: FinalResult | None = None
    register: RegisterResult | None = None

    @property
    def score(self) -> FinalScore | None:
        """Return what the winner reached on the test rows, if they were evaluated."""
        return self.final.score if self.final else None

    @property
    def steps(self) -> list[StepReport]:
        """Return what people read of each step, in order."""
        results = (getattr(self, field.name) for field in dataclasses.fields(self))
        return [result.report for result in results if result is not None]


@dataclass(frozen=True, kw_only=True)
class WorkflowReport:
    """What a workflow found, and how.

    Attributes:
        name: Of the workflow.
        command: What was typed.
        data: Where the data came from.
        digest: Of the data.
        results: Of its steps.
        seconds: Spent in all.
        runs: Trainings in all.
        next_steps: What to try next, in sentences.
    """

    name: str
    command: str
    data: str
    digest: str
    results: Results
    seconds: float
    runs: int
    next_steps: tuple[str, ...]


def read_report(store: MlflowStore, run_id: str) -> WorkflowReport:
    """Read the report that was logged to the run of a workflow.

    Raises:
        StoreError: If the workflow has not ended, another version of Goldilocks wrote the report,
            or the store cannot be used.
    """
    text = store.read_artifact(run_id, FILE)
    try:
        return from_json(WorkflowReport, text)
    except ValidationError as error:
        raise StoreError(
            f"{FILE} was written by another version of Goldilocks ({error.error_count()} of its "
            "fields differ); repeat the workflow's command with force=true."
        ) from error


def from_json(kind: type[Value], text: str | bytes) -> Value:
    """Make a dataclass from JSON, the dataclasses and tuples in it as well.

    Raises:
        ValidationError: If a field is missing or has another type.
    """
    return TypeAdapter(kind).validate_json(text)
