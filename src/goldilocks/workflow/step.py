"""A step of the workflow that has ended, and where it is kept."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldilocks.jobs import records


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step has found; nothing in it but what JSON has.

    Attributes:
        name: "problem", "baseline", "power", "scale", "tune", "final" or "register".
        title: For people.
        passed: Whether the gate at its end is open: the next step may begin.
        decision: What was decided, one sentence.
        reasons: Why, in sentences with numbers.
        table: The evidence, a row each, by column.
        chosen: What later steps need.
        seconds: It took; of one that was stopped and went on, from there on.
        run_id: The run that the runs of the step stand below.
    """

    name: str
    title: str
    passed: bool
    decision: str
    reasons: Sequence[str]
    table: Sequence[Mapping[str, Any]]
    chosen: Mapping[str, Any]
    seconds: float = 0.0
    run_id: str = ""


def save(folder: Path, step: Step) -> None:
    """Keep a step that has ended, never half-written."""
    records.write_json(folder / f"{step.name}.json", dataclasses.asdict(step))


def once(file: Path, decide: Callable[[], Any]) -> Any:
    """What was decided, as JSON has it: by a process that was cut off later in the step, or now, and then kept.

    What depends on the time or the machine must not be decided twice: a step that is done again
    asks for the trainings that it asked for before, and takes them.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        records.write_json(file, decide())
    return json.loads(file.read_text())


def saved(folder: Path, name: str) -> Step | None:
    """A step that an earlier process has finished; None where it has not."""
    try:
        return Step(**json.loads((folder / f"{name}.json").read_text()))
    except FileNotFoundError:
        return None
