"""An open MLflow store: runs that are written, and runs that are looked up."""

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mlflow.tracking import MlflowClient

from goldilocks import console
from goldilocks.encoding.schema import Schema
from goldilocks.errors import StoreError
from goldilocks.tracking import (
    histories,
    inputs,
    journal,
    ledger,
    lifecycle,
    query,
    registry,
    repair,
    selection,
)
from goldilocks.tracking.failures import explained
from goldilocks.tracking.provenance import program
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.registry import Version
from goldilocks.tracking.selection import Selection
from goldilocks.tracking.sender import repository
from goldilocks.tracking.tracker import Tracker


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
        store = (
            []
            if self.uri in (default, "sqlite:///mlflow.db")
            else ["--backend-store-uri", self.uri]
        )
        return shlex.join([program("mlflow"), "ui", *store])

    def run(
        self,
        name: str,
        *,
        parent: str | None,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        continued: str | None,
    ) -> AbstractContextManager[Tracker]:
        """A run that is open inside a `with`, and afterwards FINISHED, FAILED (an error) or KILLED (a signal).

        Args:
            name: For people.
            parent: ID of the run above it, or None.
            params: What is logged as parameters, by dotted names.
            tags: What the run can be found by.
            continued: ID of an interrupted run that goes on; None for a new run.

        Raises:
            StoreError: The store cannot be written.
        """
        return lifecycle.run(
            self, name, parent=parent, params=params, tags=tags, continued=continued
        )

    @contextlib.contextmanager
    def alone(self, fingerprint: str, doing: str = "training this configuration") -> Iterator[None]:
        """Hold the lock of a configuration, or of what else is named: one process of this folder holds it at a time.

        Args:
            fingerprint: Names the lock.
            doing: What is said of the process that this one waits for.
        """
        lock = FileLock(journal.FOLDER.absolute() / "fingerprints" / f"{fingerprint}.lock")
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0)
        if not lock.is_locked:
            console.note(f"another process is {doing}: waiting for it")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def earlier(self, fingerprint: str, *, finished: bool = True) -> StoredRun | None:
        """The run that has the result of a configuration, else the last one that was interrupted; else None.

        An interrupted one is given only where this folder still has its journal: it can go on.

        Args:
            fingerprint: Of the configuration.
            finished: Whether a result is wanted; else only an interrupted run is.

        Raises:
            StoreError: The store cannot be read.
        """
        with explained(self.uri):
            found = query.of_fingerprint(self.client, self.experiment_id, fingerprint)
        for run in found:
            if finished and run.status == "FINISHED" and run.tags.get("pruned") != "true":
                return run
        return next(
            (run for run in found if run.status != "FINISHED" and journal.of(run.run_id).is_left),
            None,
        )

    def test_evaluations(self, digest: str) -> list[StoredRun]:
        """Return the final runs that were evaluated on test rows of this digest, or are about to be.

        Raises:
            StoreError: If the store cannot be read.
        """
        with explained(self.uri):
            return ledger.evaluations(self.client, digest)

    def test_evaluations_elsewhere(self, dataset_digest: str, digest: str) -> list[StoredRun]:
        """Return the final runs that were evaluated on other test rows of the same data set.

        Raises:
            StoreError: If the store cannot be read.
        """
        with explained(self.uri):
            return ledger.evaluations_elsewhere(self.client, dataset_digest, digest)

    def validation_runs(self, dataset_digest: str) -> list[StoredRun]:
        """Return the runs that were scored on validation rows of a data set, deleted ones as well.

        Raises:
            StoreError: If the store cannot be read.
        """
        with explained(self.uri):
            return ledger.validation_runs(self.client, dataset_digest)

    def explain(self, run_id: str, reason: str) -> None:
        """Say why a run was ended by somebody else, before it is repaired."""
        left = journal.of(run_id)
        if left.is_left:
            with left.held() as free:
                if free:
                    repair.explain(left, reason)

    def repair(self) -> list[str]:
        """Send what runs of this folder left unsent, and mark those whose process is gone; says what was done."""
        return repair.everything()

    def model(self, run_id: str) -> Any:
        """The `keras.Model` that a run logged, raw rows -> predictions.

        Args:
            run_id: The whole ID, of any experiment of this store.

        Raises:
            StoreError: There is no such run, it logged no model, or the store cannot be read.
        """
        with explained(self.uri):
            return query.model(self.client, run_id, uri=self.uri)

    def schema(self, run_id: str) -> Schema:
        """What the model of a run takes, and what its answers mean.

        Raises:
            StoreError: There is no such run, it did not note that, or the store cannot be read.
        """
        with explained(self.uri):
            query.one(self.client, run_id, uri=self.uri)  # Says what is wrong with the ID.
            return inputs.of(self.client, run_id, uri=self.uri)

    def register(self, run_id: str, name: str) -> Version:
        """Make the model of a run the newest version, and the champion, of a registered model; once for each run.

        Raises:
            StoreError: There is no such run, it logged no model, the name is none, or the store
                cannot be written.
        """
        with explained(self.uri):
            return registry.register(self.client, run_id, name, uri=self.uri)

    def run_of(self, named: str) -> str:
        """The ID of the run that logged a model: `named` itself, or that of a registered `NAME[/VERSION|@ALIAS]`.

        Raises:
            StoreError: There is no such registered model, version or alias, or the store cannot be
                read.
        """
        with explained(self.uri):
            return registry.run_of(self.client, named, uri=self.uri)

    def found(self, run_id: str) -> StoredRun:
        """A run of any experiment of this store, without its curves.

        Raises:
            StoreError: There is no such run, or the store cannot be read.
        """
        with explained(self.uri):
            return query.one(self.client, run_id, uri=self.uri)

    def artifact(self, run_id: str, path: str, folder: Path) -> Path:
        """A file that a run logged, as a copy in a folder.

        Raises:
            StoreError: It logged no such file, or the store cannot be read.
        """
        with explained(self.uri):
            files = self._artifacts(run_id)
            above = Path(path).parent
            logged = [
                item.path for item in files.list_artifacts(None if above == Path() else str(above))
            ]
            if path not in [str(Path(each)) for each in logged]:
                raise StoreError(
                    f"the run {run_id} logged no {path}; expected a run of train.py that finished, "
                    "not a sweep."
                )
            return Path(files.download_artifacts(path, str(folder)))

    def add(self, run_id: str, folder: Path, path: str | None) -> None:
        """Log everything in a folder as artifacts of a run, finished or not, under a path of their own."""
        with explained(self.uri):
            self._artifacts(run_id).log_artifacts(str(folder), path)

    def _artifacts(self, run_id: str) -> Any:
        return repository(self.uri, str(self.client.get_run(run_id).info.artifact_uri))

    def runs(self, run_ids: Sequence[str]) -> list[StoredRun]:
        """Runs of the experiment by their IDs, in the order given, with their `val_loss` curves."""
        with explained(self.uri):
            found = query.several(self.client, [self.experiment_id], run_ids)
            curves = histories.histories(self.client, run_ids, ["val_loss"])
        return [
            replace(run, val_loss=[value for _, value in curves[run.run_id].get("val_loss", [])])
            for run in found
        ]

    def below(self, run_id: str) -> list[str]:
        """The IDs of the runs that have a run as their parent, as they started, and of those that it took."""
        with explained(self.uri):
            found = query.search(
                self.client, [self.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'"
            )
            taken = query.reused(query.one(self.client, run_id, uri=self.uri))
        return list(dict.fromkeys([*(run.run_id for run in found), *taken]))

    def runs_of(self, study: str) -> list[StoredRun]:
        """The runs of a study's experiments, in the order in which they started, without their curves."""
        with explained(self.uri):
            return query.of_study(self.client, self.experiment_id, study)

    def history(self, run_id: str, name: str) -> list[float]:
        """The values of a run's metric in the order of epochs."""
        with explained(self.uri):
            return query.history(self.client, run_id, name)

    def select(self, named: Sequence[str]) -> Selection:
        """The runs that are meant by IDs of runs, IDs of sweeps or names of studies.

        Raises:
            StoreError: One of them is unknown or has no run, or the store cannot be read.
        """
        with explained(self.uri):
            return selection.select(self.client, self.experiment_id, named, uri=self.uri)

    def histories(
        self, run_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """The values of metrics of many runs, read at once: by run and by name, (step, value) in the order of steps."""
        with explained(self.uri):
            return histories.histories(self.client, run_ids, names)

    def page(self, run: StoredRun) -> str:
        """The address of a run's page in the MLflow UI, of a store without a server as `ui_command` serves it."""
        server = self.uri.rstrip("/") if self.uri.startswith("http") else "http://127.0.0.1:5000"
        return f"{server}/#/experiments/{run.experiment_id}/runs/{run.run_id}"
