"""A run from its first line in the journal to the last one that its store has taken."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Generator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from mlflow.environment_variables import MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING
from mlflow.tracking import MlflowClient
from mlflow.tracking.context.registry import resolve_tags

from goldilocks import console
from goldilocks.errors import StoreError
from goldilocks.tracking import database, journal, repair, sender
from goldilocks.tracking.database import SQLITE
from goldilocks.tracking.failures import FAILURES, explained
from goldilocks.tracking.journal import Journal
from goldilocks.tracking.tracker import JournalTracker
from goldilocks.training.interruption import SIGNALS, handling

if TYPE_CHECKING:
    from goldilocks.tracking.store import MlflowStore

# Signals of a scheduler, a shutdown, a closed terminal: they end a run as Ctrl-C does.
TERMINATING = [number for number in SIGNALS if number != signal.SIGINT]
SECONDS_OF_A_REPAIR = 60  # that another process may hold a run, to send what it had left


@contextlib.contextmanager
def open_run(
    store: MlflowStore,
    name: str,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    resume: str | None,
) -> Generator[JournalTracker]:
    """Keep a run open inside a `with`, and afterwards end it as FINISHED, FAILED or KILLED.

    Args:
        store: Where the run is, or will be.
        name: For people.
        params: Logged unless an earlier process has logged them.
        tags: Of a new run.
        resume: ID of a run in which an earlier process was interrupted; None for a new one.

    Raises:
        StoreError: The store cannot be written, or another process has the run.
    """
    with contextlib.ExitStack() as stack:
        with explained(store.uri):
            written = journal.new()
            if resume:
                written = journal.of(resume)
            locked = stack.enter_context(written.held(seconds=SECONDS_OF_A_REPAIR))
        if not locked:
            raise StoreError(
                f"the run {resume} is under way in another process; expected one that ended."
            )

        with explained(store.uri):
            if not written.entries():
                begin = {"uri": _relative(store.uri), "name": name}
                written.add("begin", {**begin, "experiment": store.experiment_id})
            if resume:
                written.add("resumed", {})
                _set_running(store.client, resume)
            else:
                created = _create(store, name, tags, written)
                stack.enter_context(journal.of(created).held())
                written = written.move(created)
                written.add("opened", {})

        tracker = JournalTracker(store, written)
        run_id = written.run_id
        try:
            with _system_metrics(run_id), handling(TERMINATING, _stop), console.surviving():
                if not any(entry.kind == "params" for entry in written.entries()):
                    tracker.params(params)
                yield tracker
                if console.output_was_lost():
                    tracker.tags({"output": "nobody read it, or its disk was full"})
        except BaseException as error:
            _end_early(tracker, error)
            raise

        if tracker.close("FINISHED"):
            written.remove()
        else:
            console.note(
                f"the tracking store {store.uri} does not take what the run {run_id} logged. All "
                f"of it is kept in {journal.RUNS / run_id}, and sent when a run is started in this "
                "folder, or by `goldilocks repair`."
            )


@contextlib.contextmanager
def _system_metrics(run_id: str) -> Generator[None]:
    """Log the use of processors, memory and disk, where MLflow's environment variable asks for it.

    MLflow itself does it for runs that it starts, which ours are not.
    """
    if not MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get():
        yield
        return

    # MLflow imports it where it is asked for, too: it needs psutil.
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id, resume_logging=True)
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()


def _create(store: MlflowStore, name: str, tags: Mapping[str, str], written: Journal) -> str:
    """Create a run in the store, and return its ID."""
    shown = {key: console.without_passwords(value) for key, value in tags.items()}
    shown[sender.JOURNAL] = written.run_id
    try:
        run = store.client.create_run(
            store.experiment_id,
            run_name=console.without_passwords(name),
            tags=resolve_tags(shown),
        )
        return run.info.run_id
    except FAILURES:
        # The answer may be what was lost: then the run is there. A store that does not answer now
        # leaves the journal, and who repairs it looks again.
        run_id = repair.run_of(store.client, store.experiment_id, written.run_id)
        if run_id is None:
            written.remove()
            raise
        return run_id


def _set_running(client: MlflowClient, run_id: str) -> None:
    """Set a resumed run to RUNNING, and delete the tags of its interruption."""
    client.update_run(run_id, status="RUNNING")
    for tag in {"reason", "last_epoch"} & set(client.get_run(run_id).data.tags):
        client.delete_tag(run_id, tag)


def _end_early(tracker: JournalTracker, error: BaseException) -> None:
    """End a run as KILLED or FAILED, and ignore errors of the store: `error` says more."""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        status, reason = "KILLED", repair.INTERRUPTED
        reached = f" after epoch {tracker.last_epoch}" if tracker.last_epoch else ""
        console.note(
            f"the run {tracker.run_id} was interrupted{reached}; the same command goes on with it"
        )
    else:
        status, reason = "FAILED", f"{type(error).__name__}: {error}"

    with contextlib.suppress(StoreError, *FAILURES):
        tracker.tags(repair.ending(reason, tracker.last_epoch))
    with contextlib.suppress(StoreError, *FAILURES):
        tracker.close(status)


def _relative(uri: str) -> str:
    """Return a SQLite URI relative to this folder, so that the folder can be moved."""
    if not uri.startswith(SQLITE) or not database.database(uri).is_relative_to(Path.cwd()):
        return uri
    return SQLITE + str(database.database(uri).relative_to(Path.cwd()))


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
