"""Runs of this folder whose process is gone: what they left unsent is sent, and they are marked."""

from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import database, journal, sender
from goldilocks.tracking.failures import explained, is_refusal
from goldilocks.tracking.journal import Journal, last_epoch, milliseconds

REASON_LENGTH = 1000
GONE, INTERRUPTED = "its process was gone", "interrupted"


def everything() -> list[str]:
    """Repair every run of this folder whose process does not live; return a line for each.

    A store that cannot be reached has a line as well: what it lacks stays in the journals.
    """
    lines: list[str] = []
    unreachable: set[str] = set()
    for left in journal.all_left():
        with left.held() as locked:
            if locked:
                lines += _repair(left, unreachable)
    return lines


def interrupted(*, forget: bool) -> list[str]:
    """Return a line for each run of this folder that can be resumed, or is not wholly sent.

    Args:
        forget: Delete them: they stay in the store as they are, and cannot be resumed.
    """
    lines: list[str] = []
    for left in journal.all_left():
        with left.held() as locked:
            entries = left.entries()
            if not locked or not entries or entries[-1][0] != "end":
                continue
            size = sum(file.stat().st_size for file in left.folder.rglob("*") if file.is_file())
            state, advice = "interrupted", "the command that started it resumes it"
            if unsent := len(entries) - left.sent:
                state, advice = f"{unsent} entries are not in its store", "they wait here"
            if forget:
                advice = "forgotten"
                left.remove()
            name = entries[0][1]["name"]
            lines.append(f"run {left.run_id} ({name}): {state}; {advice} ({size / 2**20:.1f} MiB).")
    return lines


def record_reason(run_id: str, reason: str) -> None:
    """Record why another process ended a run, unless the run recorded a better reason itself.

    Args:
        run_id: Of the run. Where its journal is not here, or held, nothing is recorded.
        reason: In words.
    """
    left = journal.of(run_id)
    if not left.is_left:
        return
    with left.held() as locked:
        entries = left.entries()
        if not locked or not entries:
            return
        reasons = [
            value["reason"] for kind, value in entries if kind == "tags" and "reason" in value
        ]
        if entries[-1][0] != "end" or reasons[-1:] == [INTERRUPTED]:
            _end(left, reason, last_epoch(entries))


def ending(reason: str, epoch: int) -> dict[str, str]:
    """Return the tags of a run that ended early: why, and after which epoch."""
    return {"reason": reason[:REASON_LENGTH], "last_epoch": str(epoch)}


def _end(left: Journal, reason: str, epoch: int) -> None:
    left.add("tags", ending(reason, epoch))
    left.add("end", {"status": "KILLED", "time": milliseconds()})


def _repair(left: Journal, unreachable: set[str]) -> list[str]:
    """Repair a run and return lines on it; an unreachable store joins `unreachable`."""
    entries = left.entries()
    if not entries:  # It was killed before it had begun, or another process has just removed it.
        left.remove()
        return []

    lines = []
    begin = entries[0][1]
    run, uri = f"run {left.run_id} ({begin['name']})", begin["uri"]
    kind, end = entries[-1]
    if kind != "end":
        epoch = last_epoch(entries)
        _end(left, GONE, epoch)
        lines = [f"{run}: {GONE} after epoch {epoch}; marked KILLED."]
    elif left.sent < len(entries):
        lines = [f"{run}: sent what the store lacked."]

    if uri in unreachable:
        return [f"{run}: not yet sent either."]
    try:
        _send_all(left, uri)
    except StoreError as error:
        if not is_refusal(error):
            unreachable.add(uri)
        return [f"{run}: not yet sent: {error}"]

    if kind == "end" and end["status"] == "FINISHED":
        left.remove()
    return lines


def _send_all(left: Journal, uri: str) -> None:
    entries = left.entries()
    if left.sent >= len(entries):
        return
    # The journal has it relative to this folder; MLflow keeps connections by their names.
    if uri.startswith(database.SQLITE):
        uri = database.SQLITE + str(database.database(uri))

    with explained(uri):
        database.reach(uri)
        client = MlflowClient(uri)
        while waiting := entries[left.sent :]:
            left.sent += sender.send(client, uri, left, waiting)
