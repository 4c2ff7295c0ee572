"""The content of a workflow's report, as it is logged: the page can be made again from the store alone."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from goldilocks.errors import StoreError

FILE = "report.json"

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What a report shows of a step.

    Attributes:
        name: "problem", "baseline", "power", "scale", "tune", "final" or "register".
        title: For people.
        passed: Whether the gate at its end is open, so that the next step may begin.
        decision: What was decided, in one sentence.
        reasons: Why, in sentences with numbers.
        table: The evidence, a row for each candidate.
        seconds: How long it took; of a step that was interrupted, since it was resumed.
        run_id: The run that the runs of the step stand below.
    """

    name: str
    title: str
    passed: bool = True
    decision: str
    reasons: tuple[str, ...]
    table: tuple[Row, ...] = ()
    seconds: float = 0.0
    run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """A model of one size.

    Attributes:
        name: What sets it apart.
        weights: How many it has.
        train_loss: Where the training ended; None if it diverged.
        val_loss: Where the training ended; None if it diverged.
        best_val_loss: At the best epoch.
        verdict: Of its learning curve.
    """

    name: str
    weights: int
    train_loss: float | None
    val_loss: float | None
    best_val_loss: float
    verdict: str


@dataclass(frozen=True, kw_only=True)
class FinalScore:
    """What the winner reached on the test rows.

    Attributes:
        name: Of the winner.
        metric: What was measured, by Keras's name.
        test: On the test rows.
        low: Lower end of its 95 % confidence interval; None if there is none.
        high: Its upper end.
        validation: On the validation rows, before.
        selection_bias: By how much the best of as many equally good candidates would look too good.
        reference: What the reference reached on the test rows.
        gain: How much better than the reference the winner is; negative if it is worse.
        gain_low: Lower end of the gain's 95 % confidence interval.
        gain_high: Its upper end.
    """

    name: str
    metric: str
    test: float
    low: float | None
    high: float | None
    validation: float
    selection_bias: float
    reference: float
    gain: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True, kw_only=True)
class WorkflowReport:
    """What a workflow found.

    Attributes:
        name: Of the workflow.
        command: What was typed.
        data: Where the data came from.
        digest: Of the data.
        metric: The primary metric.
        unit: Of the target; "" if it has none.
        steps: Those that ended, in order.
        baseline_loss: Validation loss of the dummy baseline; None if the workflow ended before.
        sizes: The model sizes that were trained, from the smallest.
        winner: Of step 5; None if the workflow ended before.
        comparison: The winner beside what it had to beat.
        trials: Of the search.
        final: None if the test rows were not evaluated.
        seconds: Spent in all.
        runs: Trainings in all.
        next_steps: What to try next, in sentences.
    """

    name: str
    command: str
    data: str
    digest: str
    metric: str
    unit: str
    steps: tuple[StepReport, ...]
    baseline_loss: float | None
    sizes: tuple[ModelSize, ...]
    winner: ModelSize | None
    comparison: tuple[Row, ...]
    trials: tuple[Row, ...]
    final: FinalScore | None
    seconds: float
    runs: int
    next_steps: tuple[str, ...]


def write(report: WorkflowReport, folder: Path) -> None:
    """Write a report into a folder, as JSON."""
    (folder / FILE).write_text(json.dumps(dataclasses.asdict(report), indent=1))


def read(file: Path) -> WorkflowReport:
    """Read a report that `write` wrote.

    Raises:
        StoreError: If another version of Goldilocks wrote it.
    """
    try:
        return from_json(WorkflowReport, json.loads(file.read_text()))
    except ValidationError as error:
        raise StoreError(
            f"{FILE} was written by another version of Goldilocks ({error.error_count()} of its "
            "fields differ); repeat the workflow's command with force=true."
        ) from error


def from_json(kind: type[Value], value: Any) -> Value:
    """Make a dataclass from what `json` read, the dataclasses and tuples in it as well.

    Raises:
        ValidationError: If a field is missing or has another type.
    """
    return TypeAdapter(kind).validate_python(value)
