"""An open MLflow store: runs that are started, and runs that are looked up."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.tracking import MlflowClient
from mlflow.tracking.context.registry import resolve_tags

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
from goldilocks.tracking.selection import PARENT, Selection
from goldilocks.tracking.sender import repository
from goldilocks.tracking.tracker import JournalTracker

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class MlflowStore:
    """An open MLflow store and its experiment; `protocols.Store` documents it."""

    client: MlflowClient
    uri: str
    experiment_id: str
    experiment: str

    @property
    def ui_command(self) -> str:
        """The command that shows this store; MLflow's default needs no more than `mlflow ui`."""
        if self.uri.startswith("http"):
            return f"open {self.uri}"

        command = [program("mlflow"), "ui"]
        if self.uri not in (f"sqlite:///{Path.cwd() / 'mlflow.db'}", "sqlite:///mlflow.db"):
            command += ["--backend-store-uri", self.uri]
        return shlex.join(command)

    @contextlib.contextmanager
    def start_run(
        self,
        name: str,
        *,
        parent: str | None,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        resume: str | None,
    ) -> Generator[JournalTracker]:
        """Open a run; see `protocols.Store`."""
        with explained(self.uri):
            run_id = resume or self._create_run(name, parent, tags)
        with lifecycle.open_run(
            self.client,
            run_id,
            name,
            uri=self.uri,
            where=f"run {run_id} of experiment {self.experiment}",
            ui_command=self.ui_command,
            params=params,
            resumed=resume is not None,
        ) as tracker:
            yield tracker

    def _create_run(self, name: str, parent: str | None, tags: Mapping[str, str]) -> str:
        if parent:
            tags = {**tags, PARENT: parent}
        run = self.client.create_run(
            self.experiment_id, run_name=name, tags=resolve_tags(dict(tags))
        )
        return run.info.run_id

    @contextlib.contextmanager
    def lock(self, name: str, doing: str = "training this configuration") -> Generator[None]:
        """Hold a lock of this working folder; see `protocols.Store`."""
        lock = FileLock(journal.FOLDER.absolute() / "fingerprints" / f"{name}.lock")
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

    def find_run(self, fingerprint: str, *, finished: bool = True) -> StoredRun | None:
        """Return the cached or resumable run of a configuration; see `protocols.Store`."""
        with explained(self.uri):
            runs = query.of_fingerprint(self.client, self.experiment_id, fingerprint)

        if finished:
            for run in runs:
                if run.status == "FINISHED" and run.tags.get("pruned") != "true":
                    return run

        for run in runs:
            if run.status != "FINISHED" and journal.of(run.run_id).is_left:
                return run
        return None

    def test_evaluations(self, digest: str) -> list[StoredRun]:
        """Return the final runs that evaluated test rows of this digest, or will."""
        with explained(self.uri):
            return ledger.evaluations(self.client, digest)

    def test_evaluations_elsewhere(self, dataset_digest: str, digest: str) -> list[StoredRun]:
        """Return the final runs that evaluated other test rows of the same data set."""
        with explained(self.uri):
            return ledger.evaluations_elsewhere(self.client, dataset_digest, digest)

    def validation_runs(self, dataset_digest: str) -> list[StoredRun]:
        """Return the runs scored on validation rows of a data set, deleted ones included."""
        with explained(self.uri):
            return ledger.validation_runs(self.client, dataset_digest)

    def record_reason(self, run_id: str, reason: str) -> None:
        """Record why another process ended a run, before it is repaired."""
        left = journal.of(run_id)
        if not left.is_left:
            return
        with left.held() as locked:
            if locked:
                repair.record_reason(left, reason)

    def repair(self) -> list[str]:
        """Send what runs of this folder left unsent, and mark those whose process is gone."""
        return repair.everything()

    def load_model(self, run_id: str) -> keras.Model:
        """Load the model that a run of any experiment logged, raw rows -> predictions."""
        with explained(self.uri):
            return query.load_model(self.client, run_id, uri=self.uri)

    def schema(self, run_id: str) -> Schema:
        """Return what the model of a run takes, and what its predictions mean."""
        with explained(self.uri):
            query.one(self.client, run_id, uri=self.uri)  # Says what is wrong with the ID.
            return inputs.of(self.client, run_id, uri=self.uri)

    def register(self, run_id: str, name: str) -> Version:
        """Register a run's model as the newest version and champion of `name`, once per run."""
        with explained(self.uri):
            return registry.register(self.client, run_id, name, uri=self.uri)

    def model_run_id(self, name: str) -> str:
        """Return the ID of the run that logged a model; see `protocols.Store`."""
        with explained(self.uri):
            return registry.model_run_id(self.client, name, uri=self.uri)

    def get_run(self, run_id: str) -> StoredRun:
        """Return a run of any experiment of this store, without its curves."""
        with explained(self.uri):
            return query.one(self.client, run_id, uri=self.uri)

    def get_runs(self, run_ids: Sequence[str]) -> list[StoredRun]:
        """Return runs of the experiment by ID, with their `val_loss` curves."""
        with explained(self.uri):
            runs = query.several(self.client, [self.experiment_id], run_ids)
            curves = histories.histories(self.client, run_ids, ["val_loss"])
        return [
            replace(run, val_loss=[value for _, value in curves[run.run_id].get("val_loss", [])])
            for run in runs
        ]

    def child_run_ids(self, run_id: str) -> list[str]:
        """Return the IDs of a run's children, then of the cached runs that it reused."""
        with explained(self.uri):
            children = query.search(
                self.client, [self.experiment_id], f"tags.`{PARENT}` = '{run_id}'"
            )
            reused = query.reused(query.one(self.client, run_id, uri=self.uri))
        return list(dict.fromkeys([*(run.run_id for run in children), *reused]))

    def runs_of(self, study: str) -> list[StoredRun]:
        """Return the runs of a study's experiments as they started, without their curves."""
        with explained(self.uri):
            return query.of_study(self.client, self.experiment_id, study)

    def history(self, run_id: str, name: str) -> list[float]:
        """Return the values of a metric in the order of epochs."""
        with explained(self.uri):
            return query.history(self.client, run_id, name)

    def histories(
        self, run_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """Return metrics of many runs, by run and name: (step, value) in step order."""
        with explained(self.uri):
            return histories.histories(self.client, run_ids, names)

    def select(self, targets: Sequence[str]) -> Selection:
        """Return the runs that IDs of runs, IDs of sweeps or names of studies stand for."""
        with explained(self.uri):
            return selection.select(self.client, self.experiment_id, targets, uri=self.uri)

    def download_artifact(self, run_id: str, path: str, folder: Path) -> Path:
        """Copy a file that a run logged into a folder, and return the copy."""
        parent = Path(path).parent
        with explained(self.uri):
            artifacts = self._artifacts(run_id)
            listed = artifacts.list_artifacts(None if parent == Path() else str(parent))
            if path not in [str(Path(item.path)) for item in listed]:
                raise StoreError(
                    f"the run {run_id} logged no {path}; expected a run of train.py that finished, "
                    "not a sweep."
                )
            return Path(artifacts.download_artifacts(path, str(folder)))

    def log_artifacts(self, run_id: str, folder: Path, path: str | None) -> None:
        """Log everything in a folder as artifacts of a run, finished or not, below `path`."""
        with explained(self.uri):
            self._artifacts(run_id).log_artifacts(str(folder), path)

    def _artifacts(self, run_id: str) -> ArtifactRepository:
        return repository(self.uri, str(self.client.get_run(run_id).info.artifact_uri))

    def page_url(self, run: StoredRun) -> str:
        """Return the address of a run's page in the MLflow UI, as `ui_command` serves it."""
        server = self.uri.rstrip("/") if self.uri.startswith("http") else "http://127.0.0.1:5000"
        return f"{server}/#/experiments/{run.experiment_id}/runs/{run.run_id}"
