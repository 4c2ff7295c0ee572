"""The MLflow store: MLflow's own default in this folder, a database elsewhere, or a tracking server."""

import contextlib
import getpass
import logging
import os
import shlex
import signal
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import requests
from mlflow.entities import RunStatus
from mlflow.tracking import MlflowClient

from goldilocks.tracking import StoreError, histories, stored, targets
from goldilocks.tracking.provenance import program
from goldilocks.tracking.run import FAILURES, Tracker, explained
from goldilocks.tracking.stored import StoredRun
from goldilocks.tracking.targets import Selection

# A new store is migrated step by step, and every step logs a line.
for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.ERROR)
# It writes a traceback at every try to reach a store that is full or gone; what it raises is said in a sentence.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


SQLITE = "sqlite:///"
SECONDS_TO_ANSWER = 10  # that a tracking server, or whoever holds a lock, has

# The MLflow UI then opens on runs and their metrics, not on its pages for language-model traces.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True)
class Store:
    """An open store, and the experiment that runs go into."""

    client: MlflowClient
    uri: str
    experiment_id: str
    experiment: str

    @property
    def ui_command(self) -> str:
        """The command that shows this store; MLflow's default needs no more than `mlflow ui`."""
        if self.uri.startswith("http"):
            return f"open {self.uri}"
        default = f"sqlite:///{Path.cwd() / 'mlflow.db'}"
        store = [] if self.uri in (default, "sqlite:///mlflow.db") else ["--backend-store-uri", self.uri]
        return shlex.join([program("mlflow"), "ui", *store])

    @contextlib.contextmanager
    def run(
        self, name: str, *, parent: str | None, params: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Iterator[Tracker]:
        """A run that is open inside the `with`, and afterwards FINISHED, FAILED (an error) or KILLED (a signal).

        Args:
            name: For people.
            parent: ID of the sweep's run, or None.
            params: What is logged as parameters, by dotted names.
            tags: What the run can be found by.

        Raises:
            StoreError: The store cannot be written.
        """
        with explained(self.uri):
            run = mlflow.start_run(
                experiment_id=self.experiment_id, run_name=name, parent_run_id=parent, nested=True, tags=dict(tags)
            )
        where = f"run {run.info.run_id} of experiment {self.experiment}"
        tracker = Tracker(self.client, run.info.run_id, uri=self.uri, where=where, ui_command=self.ui_command)
        status = RunStatus.FAILED
        try:
            with _terminable():
                tracker.params(params)
                yield tracker
                tracker.flush()
                status = RunStatus.FINISHED
        except (KeyboardInterrupt, SystemExit):
            status = RunStatus.KILLED
            raise
        finally:
            tracker.close()
            with contextlib.suppress(*FAILURES):  # The error that brought us here says more than this one would.
                mlflow.end_run(RunStatus.to_string(status))

    def model(self, run_id: str) -> Any:
        """The `keras.Model` that a run logged, raw rows -> predictions.

        Args:
            run_id: The whole ID, of any experiment of this store.

        Raises:
            StoreError: There is no such run, it logged no model, or the store cannot be read.
        """
        with explained(self.uri):
            return stored.model(self.client, run_id, uri=self.uri)

    def found(self, run_id: str) -> StoredRun:
        """A run of any experiment of this store, without its curves.

        Raises:
            StoreError: There is no such run, or the store cannot be read.
        """
        with explained(self.uri):
            return stored.one(self.client, run_id, uri=self.uri)

    def artifact(self, run_id: str, path: str, folder: Path) -> Path:
        """A file that a run logged, as a copy in a folder.

        Raises:
            StoreError: It logged no such file, or the store cannot be read.
        """
        with explained(self.uri):
            logged = [item.path for item in self.client.list_artifacts(run_id, str(Path(path).parent))]
            if path not in [str(Path(each)) for each in logged]:
                raise StoreError(
                    f"the run {run_id} logged no {path}; expected a run of train.py that finished, not a sweep."
                )
            return Path(self.client.download_artifacts(run_id, path, str(folder)))

    def add(self, run_id: str, folder: Path, path: str) -> None:
        """Log everything in a folder as artifacts of a run, finished or not, under a path of their own."""
        with explained(self.uri):
            self.client.log_artifacts(run_id, str(folder), path)

    def open_parent(self, name: str, *, command: str) -> str:
        """Open the parent run of a sweep, and give its ID."""
        with explained(self.uri):
            tags = {
                "role": "sweep",
                "mlflow.user": getpass.getuser(),
                "mlflow.source.name": "train.py",
                "mlflow.note.content": f"```\n{command}\n```",
            }
            return self.client.create_run(self.experiment_id, run_name=name, tags=tags).info.run_id

    def children(self, parent: str) -> list[StoredRun]:
        """The runs of a sweep, in the order in which they started."""
        with explained(self.uri):
            return stored.children(self.client, self.experiment_id, parent)

    def runs_of(self, study: str) -> list[StoredRun]:
        """The runs of a study's experiments, in the order in which they started, without their curves."""
        with explained(self.uri):
            return stored.of_study(self.client, self.experiment_id, study)

    def history(self, run_id: str, name: str) -> list[float]:
        """The values of a run's metric in the order of epochs."""
        with explained(self.uri):
            return stored.history(self.client, run_id, name)

    def close_parent(self, parent: str, status: str, *, folder: Path, description: str) -> None:
        """Log what a sweep came to, and end its run.

        Args:
            parent: ID of the run.
            status: "FINISHED" or "FAILED".
            folder: Everything in it becomes an artifact.
            description: Markdown; stands below the command in the run's description.
        """
        with explained(self.uri):
            command = self.client.get_run(parent).data.tags["mlflow.note.content"]
            self.client.set_tag(parent, "mlflow.note.content", f"{command}\n\n{description}")
            self.client.log_artifacts(parent, str(folder))
            self.client.set_terminated(parent, status)

    def select(self, named: Sequence[str]) -> Selection:
        """The runs that are meant by IDs of runs, IDs of sweeps or names of studies.

        Raises:
            StoreError: One of them is unknown or has no run, or the store cannot be read.
        """
        with explained(self.uri):
            return targets.select(self.client, self.experiment_id, named, uri=self.uri)

    def histories(self, run_ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """The values of metrics of many runs, read at once: by run and by name, (step, value) in the order of steps."""
        with explained(self.uri):
            return histories.histories(self.client, run_ids, names)

    def page(self, run: StoredRun) -> str:
        """The address of a run's page in the MLflow UI, of a store without a server as `ui_command` serves it."""
        server = self.uri.rstrip("/") if self.uri.startswith("http") else "http://127.0.0.1:5000"
        return f"{server}/#/experiments/{run.experiment_id}/runs/{run.run_id}"


def connect(*, uri: str | None, experiment: str) -> Store:
    """Open a store and its experiment, creating what is not there yet.

    Args:
        uri: An MLflow tracking URI; None: `MLFLOW_TRACKING_URI`, else MLflow's default, mlflow.db in this folder.
        experiment: Name of the MLflow experiment.

    Raises:
        StoreError: It cannot be reached or written.
    """
    where = uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path.cwd() / 'mlflow.db'}"
    with explained(where):
        _reach(where)
        mlflow.set_tracking_uri(where)
        client = MlflowClient(where)
        found = client.get_experiment_by_name(experiment)
        if found is not None and found.lifecycle_stage == "deleted":
            raise StoreError(
                f"the MLflow experiment {experiment} in {where} was deleted. Restore it with `mlflow experiments "
                f"restore --experiment-id {found.experiment_id}`, or use another: tracking.experiment=NAME."
            )
        number = found.experiment_id if found else client.create_experiment(experiment, tags=EXPERIMENT_TAGS)
        return Store(client, where, number, experiment)


def _reach(uri: str) -> None:
    """Touch a store once, where MLflow would go on trying for minutes: ask the server, or lock the SQLite file."""
    if uri.startswith("http"):
        requests.get(uri, timeout=SECONDS_TO_ANSWER)
    elif uri.startswith(SQLITE):
        file = Path(uri.removeprefix(SQLITE))
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(file, timeout=SECONDS_TO_ANSWER)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.rollback()


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
