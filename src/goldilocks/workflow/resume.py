"""What an interrupted workflow resumes from: results of steps, and decisions within a step."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goldilocks.jobs import records
from goldilocks.report.workflow.results import Result, from_json


def save(result: Result, folder: Path) -> None:
    """Write the result of a step into a folder, never half-written."""
    records.write_json(folder / f"{result.report.name}.json", dataclasses.asdict(result))


def load(kind: type[Result], name: str, folder: Path) -> Result | None:
    """Return the result of a step that an earlier process finished, else None."""
    try:
        text = (folder / f"{name}.json").read_text()
    except FileNotFoundError:
        return None
    return from_json(kind, text)


def once(file: Path, decide: Callable[[], Any]) -> Any:
    """Return what was decided, as JSON has it: by an earlier process, or now.

    What depends on the time or the machine must not be decided twice. An interrupted step then
    asks for the same trainings as before, and takes those that are finished.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        records.write_json(file, decide())
    return json.loads(file.read_text())
