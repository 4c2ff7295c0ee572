"""Runs of this folder whose process is gone: what they left unsent is sent, and they are marked."""

import time

from mlflow.tracking import MlflowClient

from goldilocks.tracking import StoreError, journal, opening, sender
from goldilocks.tracking.failures import explained
from goldilocks.tracking.journal import Journal

REASON_LENGTH = 1000
GONE = "its process was gone"


def everything() -> list[str]:
    """Repair every run of this folder whose process does not live; says, a line a run, what was done.

    A store that cannot be reached is said as well: what it lacks stays in the journals.
    """
    said = []
    for left in journal.all_left():
        with left.held() as free:
            if free:
                said += _repaired(left)
    return said


def interrupted(*, forget: bool) -> list[tuple[str, str, int]]:
    """The runs of this folder that could go on, each with its ID, its name, and the bytes that it takes.

    Args:
        forget: Delete them: they stay in the store as they are, and will not go on.
    """
    found = []
    for left in journal.all_left():
        with left.held() as free:
            entries = left.entries()
            if free and entries and entries[-1][0] == "end" and left.sent == len(entries):
                size = sum(file.stat().st_size for file in left.folder.rglob("*") if file.is_file())
                found.append((left.folder.name, entries[0][1]["name"], size))
                if forget:
                    left.remove()
    return found


def _repaired(left: Journal) -> list[str]:
    left.mend()
    entries = left.entries()
    if not entries:  # It was killed before it had begun, or another process has just removed it.
        left.remove()
        return []
    run_id, about = left.folder.name, entries[0][1]
    if entries[-1][0] != "end":
        epochs = [value["epoch"] for kind, value in entries if kind == "metrics"]
        last = max(epochs, default=0)
        left.add("tags", {"reason": GONE, "last_epoch": str(last)})
        left.add("end", {"status": "KILLED", "time": int(time.time() * 1000)})
        done = [f"run {run_id} ({about['name']}): {GONE} after epoch {last}; marked KILLED."]
    elif left.sent < len(entries):
        done = [f"run {run_id} ({about['name']}): sent what the store lacked."]
    else:
        done = []
    try:
        _send_all(left, run_id, about["uri"])
    except StoreError as error:
        return [f"run {run_id} ({about['name']}): not yet sent: {error}"]
    if entries[-1][0] == "end" and entries[-1][1]["status"] == "FINISHED":
        left.remove()
    return done


def _send_all(left: Journal, run_id: str, uri: str) -> None:
    entries = left.entries()
    if left.sent >= len(entries):
        return
    if uri.startswith(opening.SQLITE):  # Noted as relative to this folder; MLflow keeps connections by their names.
        uri = opening.SQLITE + str(opening.database(uri))
    with explained(uri):
        opening.reach(uri)
        client = MlflowClient(uri)
        while waiting := entries[left.sent :]:
            left.sent += sender.send(client, uri, run_id, left, waiting)
