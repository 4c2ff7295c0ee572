"""A run from its first line in the journal to the last one that its store has taken."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.tracking.context.registry import resolve_tags

from goldilocks import console
from goldilocks.errors import StoreError
from goldilocks.tracking import database, journal, repair
from goldilocks.tracking.database import SQLITE
from goldilocks.tracking.failures import FAILURES, explained
from goldilocks.tracking.tracker import Tracker

if TYPE_CHECKING:
    from goldilocks.tracking.store import Store

SECONDS_OF_A_REPAIR = 60  # that another process may hold a run, to send what it had left


@contextlib.contextmanager
def run(
    store: Store,
    name: str,
    *,
    parent: str | None,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    continued: str | None,
) -> Iterator[Tracker]:
    """What `Store.run` gives."""
    with explained(store.uri):
        run_id = continued or _created(store, name, parent, tags)
        written = journal.of(run_id)
    with contextlib.ExitStack() as holding:
        with explained(store.uri):
            free = holding.enter_context(written.held(seconds=SECONDS_OF_A_REPAIR))
        if not free:
            raise StoreError(
                f"the run {run_id} is under way in another process; expected one that ended."
            )
        with explained(store.uri):
            _begin(store, written, run_id, name, again=continued is not None)
        where = f"run {run_id} of experiment {store.experiment}"
        tracker = Tracker(
            store.client, run_id, written, uri=store.uri, where=where, ui_command=store.ui_command
        )
        try:
            with _terminable():
                if not any(kind == "params" for kind, _ in written.entries()):
                    tracker.params(params)
                yield tracker
        except BaseException as error:
            _broke_off(tracker, error)
            raise
        if tracker.close("FINISHED"):
            written.remove()
        else:
            _say_what_waits(run_id, store.uri)


def _created(store: Store, name: str, parent: str | None, tags: Mapping[str, str]) -> str:
    above = {"mlflow.parentRunId": parent} if parent else {}
    given = resolve_tags({**tags, **above})
    return store.client.create_run(store.experiment_id, run_name=name, tags=given).info.run_id


def _begin(store: Store, written: journal.Journal, run_id: str, name: str, *, again: bool) -> None:
    """Note in a run's journal what `repair` must know, and set the run going again where it had ended."""
    if not written.entries():
        written.add("begin", {"uri": _beside(store.uri), "name": name})
    if again:
        store.client.update_run(run_id, status="RUNNING")
        for name in {"reason", "last_epoch"} & set(store.client.get_run(run_id).data.tags):
            store.client.delete_tag(run_id, name)  # Of the interruption, which is over.


def _broke_off(tracker: Tracker, error: BaseException) -> None:
    """End a run that did not come to its end; the error that stopped it says more than one of the store would."""
    killed = isinstance(error, (KeyboardInterrupt, SystemExit))
    reason = repair.INTERRUPTED if killed else f"{type(error).__name__}: {error}"
    with contextlib.suppress(StoreError, *FAILURES):
        tracker.tags(
            {"reason": reason[: repair.REASON_LENGTH], "last_epoch": str(tracker.last_epoch)}
        )
    with contextlib.suppress(StoreError, *FAILURES):
        tracker.close("KILLED" if killed else "FAILED")


def _beside(uri: str) -> str:
    """A SQLite URI as this folder has it, so that it stays right when the folder is moved."""
    if not uri.startswith(SQLITE) or not database.database(uri).is_relative_to(Path.cwd()):
        return uri
    return SQLITE + str(database.database(uri).relative_to(Path.cwd()))


def _say_what_waits(run_id: str, uri: str) -> None:
    console.note(
        f"the tracking store {uri} does not take what the run {run_id} logged. All of it is kept "
        "in "
        f"{journal.RUNS / run_id}, and sent when a run is started in this folder, or by "
        "`goldilocks repair`."
    )


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM (a scheduler's, a shutdown's) end a run as Ctrl-C does, so that it is marked."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
