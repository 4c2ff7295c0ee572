"""What became of each job of a sweep: a small file a job, which every process that shares the sweep's folder can read.

Whoever knows something adds it: the job's own process its name, run and value, the launcher why a
process is gone.
"""

import dataclasses
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "jobs"


@dataclass(frozen=True)
class JobRecord:
    """A job of a sweep.

    Attributes:
        number: Its place in the sweep, from 0.
        name: For people.
        overrides: As its command line had them.
        status: "waiting", "running", "finished", or "failed".
        reason: Why it failed, in words; "" where it did not.
        run_id: MLflow's; "" where it had none yet, or without tracking.
        reused: Whether a finished run of the same configuration was taken instead of training.
        pruned: Whether it was stopped early because it would not have become the best.
        value: What the sweep compares; None until it finished.
        seconds: Since it started, until it ended; None until then.
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


def note(sweep_dir: Path, number: int, **values: Any) -> None:
    """Add to the record of a job, replacing what it said of the same; it is never half-written.

    Args:
        sweep_dir: The folder of the sweep.
        number: Of the job, from 0.
        values: Attributes of `JobRecord`.
    """
    record = dataclasses.replace(of(sweep_dir, number), **values)
    file = _file(sweep_dir, number)
    file.parent.mkdir(parents=True, exist_ok=True)
    keep(file, dataclasses.asdict(record))


def keep(file: Path, value: Any) -> None:
    """Write a value to a file as JSON; a process that is killed leaves the file as it was, never half-written."""
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(value, indent=1))
    fresh.replace(file)


def of(sweep_dir: Path, number: int) -> JobRecord:
    """What is known of a job."""
    try:
        known = json.loads(_file(sweep_dir, number).read_text())
    except FileNotFoundError:
        return JobRecord(number)
    return JobRecord(**known | {"overrides": tuple(known["overrides"])})


def all_of(sweep_dir: Path) -> list[JobRecord]:
    """Every job that anything is known of, in order."""
    numbers = sorted(int(file.stem) for file in (sweep_dir / FOLDER).glob("*.json"))
    return [of(sweep_dir, number) for number in numbers]


def as_json(records: Sequence[JobRecord]) -> str:
    """Records as a JSON list."""
    return json.dumps([dataclasses.asdict(record) for record in records], indent=1)


def log_of(sweep_dir: Path, number: int) -> Path:
    """The file that everything goes to which a job writes to its standard output and error."""
    return sweep_dir / FOLDER / f"{number}.log"


def _file(sweep_dir: Path, number: int) -> Path:
    return sweep_dir / FOLDER / f"{number}.json"
