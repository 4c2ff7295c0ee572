"""The records of a sweep's jobs: one small file each, for every process that shares the folder.

`update` is the only writer. The job's own process adds its run, the launcher how the job ended.
"""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldilocks import console

FOLDER = "jobs"


@dataclass(frozen=True)
class JobRecord:
    """A job of a sweep.

    Attributes:
        number: Its position in the sweep, from 0.
        name: For people.
        overrides: As its command line had them, without passwords.
        status: "waiting", "running", "finished", or "failed".
        reason: Why it failed, in words; "" if it did not.
        run_id: MLflow's; "" before its run is open, or without tracking.
        reused: Whether a finished run of the same configuration replaced the training.
        pruned: Whether it was stopped early because it would not have become the best.
        value: The number that a sweep compares; None until the job has finished.
        seconds: From its start to its end; None until then.
    """

    number: int
    name: str = ""
    overrides: tuple[str, ...] = ()
    status: str = "waiting"
    reason: str = ""
    run_id: str = ""
    reused: bool = False
    pruned: bool = False
    value: float | None = None
    seconds: float | None = None


def update(
    sweep_dir: Path, number: int, **changes: str | float | tuple[str, ...] | None
) -> JobRecord:
    """Change attributes of a job's record, and return the new record.

    Args:
        sweep_dir: The folder of the sweep.
        number: Of the job, from 0.
        changes: Attributes of `JobRecord`, by name.
    """
    record = dataclasses.replace(read(sweep_dir, number), **changes)
    record = dataclasses.replace(
        record,
        overrides=tuple(map(console.without_passwords, record.overrides)),
        reason=console.without_passwords(record.reason),
    )

    file = _file(sweep_dir, number)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, dataclasses.asdict(record))
    return record


def read(sweep_dir: Path, number: int) -> JobRecord:
    """Return the record of a job; "waiting" if nothing was written yet."""
    try:
        values = json.loads(_file(sweep_dir, number).read_text())
    except FileNotFoundError:
        return JobRecord(number)
    return JobRecord(**values | {"overrides": tuple(values["overrides"])})


def read_all(sweep_dir: Path) -> list[JobRecord]:
    """Return all records of a sweep, sorted by number."""
    numbers = sorted(int(file.stem) for file in (sweep_dir / FOLDER).glob("*.json"))
    return [read(sweep_dir, number) for number in numbers]


def write_json(file: Path, value: Any) -> None:
    """Write a value as JSON in one step: a process that is killed never leaves half a file."""
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(value, indent=1))
    fresh.replace(file)


def log_file(sweep_dir: Path, number: int) -> Path:
    """Return the file that collects the standard output and error of a job."""
    return sweep_dir / FOLDER / f"{number}.log"


def _file(sweep_dir: Path, number: int) -> Path:
    return sweep_dir / FOLDER / f"{number}.json"
