"""Runs of this folder whose process is gone: what they left unsent is sent, and they are marked."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import database, journal, sender
from goldilocks.tracking.failures import explained, is_refusal
from goldilocks.tracking.journal import Journal

REASON_LENGTH = 1000
GONE, INTERRUPTED = "its process was gone", "interrupted"


def everything() -> list[str]:
    """Repair every run of this folder whose process does not live; says, a line a run, what was done.

    A store that cannot be reached is said as well: what it lacks stays in the journals.
    """
    said, away = [], set[str]()
    for left in journal.all_left():
        with left.held() as free:
            if free:
                said += _repaired(left, away)
    return said


@dataclass(frozen=True)
class Left:
    """A run of this folder that has ended and is still here.

    Attributes:
        run_id: MLflow's.
        name: For people.
        size: Bytes that it takes.
        unsent: Entries that its store has not taken; 0 of a run that only could go on.
    """

    run_id: str
    name: str
    size: int
    unsent: int


def interrupted(*, forget: bool) -> list[Left]:
    """The runs of this folder that could go on, or that their store has not taken.

    Args:
        forget: Delete them: they stay in the store as they are, and will not go on.
    """
    found = []
    for left in journal.all_left():
        with left.held() as free:
            entries = left.entries()
            if free and entries and entries[-1][0] == "end":
                size = sum(file.stat().st_size for file in left.folder.rglob("*") if file.is_file())
                unsent = len(entries) - left.sent
                found.append(Left(left.folder.name, entries[0][1]["name"], size, unsent))
                if forget:
                    left.remove()
    return found


def record_reason(left: Journal, reason: str) -> None:
    """Note why a run has ended, where it did not come to note that itself, or knew no better than that it was told to.

    Args:
        left: Its journal, held.
        reason: In words.
    """
    left.mend()
    entries = left.entries()
    reasons = [value["reason"] for kind, value in entries if kind == "tags" and "reason" in value]
    ended = bool(entries) and entries[-1][0] == "end"
    if entries and (not ended or reasons[-1:] == [INTERRUPTED]):
        left.add(
            "tags", {"reason": reason[:REASON_LENGTH], "last_epoch": str(_last_epoch(entries))}
        )
        left.add("end", {"status": "KILLED", "time": int(time.time() * 1000)})


def _last_epoch(entries: Sequence[tuple[str, Any]]) -> int:
    return max((value["epoch"] for kind, value in entries if kind == "metrics"), default=0)


def _repaired(left: Journal, away: set[str]) -> list[str]:
    """What was done about a run; stores that cannot be reached are added to `away`, and asked once only."""
    left.mend()
    entries = left.entries()
    if not entries:  # It was killed before it had begun, or another process has just removed it.
        left.remove()
        return []
    run_id, about = left.folder.name, entries[0][1]
    if entries[-1][0] != "end":
        last = _last_epoch(entries)
        left.add("tags", {"reason": GONE, "last_epoch": str(last)})
        left.add("end", {"status": "KILLED", "time": int(time.time() * 1000)})
        done = [f"run {run_id} ({about['name']}): {GONE} after epoch {last}; marked KILLED."]
    elif left.sent < len(entries):
        done = [f"run {run_id} ({about['name']}): sent what the store lacked."]
    else:
        done = []
    if about["uri"] in away:
        return [f"run {run_id} ({about['name']}): not yet sent either."]
    try:
        _send_all(left, run_id, about["uri"])
    except StoreError as error:
        if not is_refusal(error):
            away.add(about["uri"])
        return [f"run {run_id} ({about['name']}): not yet sent: {error}"]
    if entries[-1][0] == "end" and entries[-1][1]["status"] == "FINISHED":
        left.remove()
    return done


def _send_all(left: Journal, run_id: str, uri: str) -> None:
    entries = left.entries()
    if left.sent >= len(entries):
        return
    if uri.startswith(
        database.SQLITE
    ):  # Noted as relative to this folder; MLflow keeps connections by their names.
        uri = database.SQLITE + str(database.database(uri))
    with explained(uri):
        database.reach(uri)
        client = MlflowClient(uri)
        while waiting := entries[left.sent :]:
            left.sent += sender.send(client, uri, run_id, left, waiting)
