"""Runs whose process is gone: what they left unsent is sent, and they are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import database, journal, sender
from goldilocks.tracking.failures import explained, is_refusal
from goldilocks.tracking.journal import Entry, Journal, last_epoch, milliseconds

if TYPE_CHECKING:
    from goldilocks.tracking.query import StoredRun
    from goldilocks.tracking.store import MlflowStore

REASON_LENGTH = 1000
GONE, INTERRUPTED = "its process was gone", "interrupted"
SILENCE = 3600  # seconds without a sign of life after which a run may be ended by others


def everything(uri: str) -> list[str]:
    """Repair every run of this folder whose process does not live; return a line for each.

    A store that cannot be reached has a line as well: what it lacks stays in the journals.

    Args:
        uri: Of the store of runs whose journal has lost where they are.
    """
    lines: list[str] = []
    unreachable: set[str] = set()
    for left in journal.all_left():
        with left.held() as locked:
            if locked:
                lines += _repair(left, uri, unreachable)
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
            if not locked or not entries or entries[-1].kind != "end":
                continue
            size = sum(file.stat().st_size for file in left.folder.rglob("*") if file.is_file())
            state, advice = "interrupted", "the command that started it resumes it"
            if entries[-1].value["status"] == "FAILED":
                state = f"failed ({_reason(entries)})"
                advice = "mend that, and the command that started it goes on with it"
            if unsent := len(left.unsent()):
                state, advice = f"{unsent} entries are not in its store", "they wait here"
            if forget:
                advice = "forgotten"
                left.remove()
            lines.append(f"{_named(left, entries)}: {state}; {advice} ({size / 2**20:.1f} MiB).")
    return lines


def others(store: MlflowStore, *, end: bool) -> list[str]:
    """Return a line for each run of a store that is RUNNING, and has no journal in this folder.

    Args:
        store: An open store.
        end: End those as KILLED that gave no sign of life for `SILENCE` seconds.
    """
    lines = []
    for run in store.search("attributes.status = 'RUNNING'", everywhere=True):
        if sender.JOURNAL not in run.tags or journal.of(run.run_id).is_left:
            continue
        minutes = (milliseconds() - _last_sign(run)) // 60_000
        state = f"RUNNING elsewhere, or its folder is gone; last heard of {minutes} min ago"
        if minutes * 60 < SILENCE:
            advice = "it is left alone"
        elif end:
            with explained(store.uri):
                reason = f"no sign of life for {minutes} min"
                store.client.set_tag(run.run_id, "reason", reason)
                store.client.set_terminated(run.run_id, "KILLED")
            advice = "marked KILLED"
        else:
            advice = "`goldilocks repair --others` ends it"
        lines.append(f"run {run.run_id} ({run.name}): {state}; {advice}.")
    return lines


def run_of(client: MlflowClient, experiment_id: str, name: str) -> str | None:
    """Return the ID of the run that was created for a journal, None where there is none.

    Args:
        client: Of the store.
        experiment_id: Where the run would be.
        name: Of the journal, before the run had an ID.

    Raises:
        MlflowException, SQLAlchemyError, OSError: The store does not answer.
    """
    for run in client.search_runs([experiment_id], f"tags.`{sender.JOURNAL}` = '{name}'"):
        return run.info.run_id
    return None


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
        if entries[-1].kind != "end" or _reason(entries) == INTERRUPTED:
            _end(left, reason, last_epoch(entries))


def ending(reason: str, epoch: int) -> dict[str, str]:
    """Return the tags of a run that ended early: why, and after which epoch."""
    return {"reason": reason[:REASON_LENGTH], "last_epoch": str(epoch)}


def _end(left: Journal, reason: str, epoch: int) -> None:
    left.add("tags", ending(reason, epoch))
    left.add("end", {"status": "KILLED", "time": milliseconds()})


def _reason(entries: list[Entry]) -> str:
    """Return the last reason that was recorded; "" where there is none."""
    tags = [entry.value for entry in entries if entry.kind == "tags"]
    return ["", *(values["reason"] for values in tags if "reason" in values)][-1]


def _last_sign(run: StoredRun) -> int:
    """Return when a run was heard of last, in milliseconds since 1970."""
    return max(run.started, int(run.tags.get(journal.HEARTBEAT, 0)))


def _named(left: Journal, entries: list[Entry]) -> str:
    """Return a run as a line calls it."""
    names = [entry.value["name"] for entry in entries if entry.kind == "begin"]
    if names:
        return f"run {left.run_id} ({names[0]})"
    return f"run {left.run_id}"


def _repair(left: Journal, uri: str, unreachable: set[str]) -> list[str]:
    """Repair a run and return lines on it; an unreachable store joins `unreachable`."""
    entries, is_new = left.entries(), left.run_id.startswith(journal.NEW)
    if not left.is_left or (is_new and not entries):
        left.remove()  # It was killed before it began, or another process has just removed it.
        return []

    lines, run = [], _named(left, entries)
    for entry in entries:
        if entry.kind == "begin":
            uri = entry.value["uri"]
    if lost := left.fence():
        lines.append(
            f"{run}: its journal was damaged. The entries {', '.join(map(str, lost))} are lost, "
            f"all others are kept; the journal as it was is in {journal.DAMAGED}."
        )
        if entries and entries[-1].kind == "end":
            left.add("end", entries[-1].value)  # It is the last again.

    if uri in unreachable:
        return [*lines, f"{run}: not yet sent either."]
    try:
        if is_new:
            return lines + _adopt(left, uri, unreachable)
        return lines + _finish(left, run, uri)
    except StoreError as error:
        if not is_refusal(error):
            unreachable.add(uri)
        return [*lines, f"{run}: not yet sent: {error}"]


def _adopt(left: Journal, uri: str, unreachable: set[str]) -> list[str]:
    """Repair a run that was killed before its journal knew its ID.

    Raises:
        StoreError: The store did not answer.
    """
    begin = left.entries()[0]
    with explained(uri):
        run_id = run_of(_client(uri), begin.value.get("experiment", ""), left.run_id)
    if run_id is None:
        left.remove()
        return [f"run {begin.value['name']!r}: killed before it was in its store; forgotten."]

    with journal.of(run_id).held():
        return _repair(left.move(run_id), uri, unreachable)


def _finish(left: Journal, run: str, uri: str) -> list[str]:
    """Mark a run whose process is gone, send what its store lacks, and return a line on it.

    Raises:
        StoreError: The store did not take it.
    """
    lines, entries = [], left.entries()
    if not entries or entries[-1].kind != "end":
        epoch = last_epoch(entries)
        _end(left, GONE, epoch)
        lines = [f"{run}: {GONE} after epoch {epoch}; marked KILLED."]
    elif left.unsent():
        lines = [f"{run}: sent what the store lacked."]

    if left.unsent():
        with explained(uri):
            client = _client(uri)
            while waiting := left.unsent():
                sent = sender.send(client, uri, left, waiting)
                left.sent = waiting[sent - 1].number + 1
    if left.entries()[-1].value["status"] == "FINISHED":
        left.remove()
    return lines


def _client(uri: str) -> MlflowClient:
    """Return MLflow's access to a store that answers."""
    # The journal has it relative to this folder; MLflow keeps connections by their names.
    if uri.startswith(database.SQLITE):
        uri = database.SQLITE + str(database.database(uri))
    database.reach(uri)
    return MlflowClient(uri)
