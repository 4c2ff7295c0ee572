"""An open MLflow store: runs that are started, and runs that are looked up."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from mlflow.entities import Experiment, LoggedModel, Metric, Run, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.entities import PagedList
from mlflow.tracking import MlflowClient
from mlflow.utils import get_results_from_paginated_fn

from goldilocks import console
from goldilocks.config import invocation, renamed
from goldilocks.errors import ModelError, StoreError
from goldilocks.formatting import ID_LENGTH
from goldilocks.tracking import histories, journal, lifecycle, metric_names, page, repair, served
from goldilocks.tracking.failures import MISSING, explained
from goldilocks.tracking.query import PARENT, RESOLVED, Histories, StoredRun, did_you_mean
from goldilocks.tracking.sender import repository
from goldilocks.tracking.tracker import JournalTracker

if TYPE_CHECKING:
    import keras

PAGE = 1000  # runs or experiments that MLflow gives at once


@dataclass(frozen=True)
class MlflowStore:
    """An open MLflow store and its experiment; `protocols.Store` documents what is not here."""

    client: MlflowClient
    uri: str
    experiment_id: str
    experiment: str

    @property
    def ui_command(self) -> str:
        """The command that shows this store; MLflow's default needs no more than `mlflow ui`."""
        if self.uri.startswith("http"):
            return f"open {self.uri}"

        return shlex.join([invocation.path("mlflow"), "ui", *self._option("--backend-store-uri")])

    def page_command(self, run_id: str) -> str:
        """Return the command that opens a run's page, or its address on a server."""
        if self.uri.startswith("http"):
            return page.url(self.uri, self.experiment_id, f"runs/{run_id}")
        words = [invocation.path("goldilocks"), "ui", run_id[:ID_LENGTH], *self._option("--uri")]
        return shlex.join(words)

    def _option(self, name: str) -> list[str]:
        """Return an option of a command that names this store; none for MLflow's default."""
        if self.uri in (f"sqlite:///{Path.cwd() / 'mlflow.db'}", "sqlite:///mlflow.db"):
            return []
        return [name, self.uri]

    def start_run(
        self,
        name: str,
        *,
        parent: str | None,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        resume: str | None,
    ) -> AbstractContextManager[JournalTracker]:
        """Open a run; see `protocols.Store`."""
        above = {PARENT: parent} if parent else {}
        return lifecycle.open_run(self, name, params, {**tags, **above}, resume)

    @contextlib.contextmanager
    def lock(self, name: str, doing: str = "training this configuration") -> Generator[None]:
        """Hold a lock of this working folder; see `protocols.Store`."""
        lock = FileLock(journal.FOLDER.absolute() / "fingerprints" / f"{name}.lock")
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            held = lock.acquire(timeout=0)
        except Timeout:
            console.note(f"another process is {doing}: waiting for it")
            held = lock.acquire()
        with held:
            yield

    def repair(self) -> list[str]:
        """Send what runs of this folder left unsent, and mark those whose process is gone."""
        return repair.everything(self.uri)

    def search(
        self,
        text: str,
        *,
        everywhere: bool = False,
        deleted: bool = False,
        newest: int | None = None,
    ) -> list[StoredRun]:
        """Return the runs that match, as they started; see `protocols.Store`."""
        view = ViewType.ALL if deleted else ViewType.ACTIVE_ONLY

        experiments = [self.experiment_id]
        order = ["start_time DESC" if newest else "start_time"]

        def experiments_page(size: int, token: str | None) -> PagedList[Experiment]:
            return self.client.search_experiments(view, size, page_token=token)

        def runs_page(size: int, token: str | None) -> PagedList[Run]:
            return self.client.search_runs(experiments, text, view, size, order, token)

        with explained(self.uri):
            if everywhere or deleted:
                every = get_results_from_paginated_fn(experiments_page, PAGE)
                experiments = [experiment.experiment_id for experiment in every]
            runs = get_results_from_paginated_fn(runs_page, PAGE, newest)
            return sorted(map(_stored, runs), key=lambda run: run.started)

    def get_run(self, run_id: str) -> StoredRun:
        """Return a run of any experiment of this store, without its curves."""
        return _stored(self.mlflow_run(run_id))

    def mlflow_run(self, run_id: str) -> Run:
        """Return a run as MLflow has it.

        Args:
            run_id: The whole ID.

        Raises:
            StoreError: There is no such run, or the store cannot be read.
        """
        with explained(self.uri):
            try:
                return self.client.get_run(run_id)
            except MlflowException as error:
                if error.error_code not in MISSING:
                    raise

        hint = ""
        if start := "".join(letter for letter in run_id if letter.isalnum()):
            close = self.search(f"attributes.run_id LIKE '{start}%'", everywhere=True)
            hint = did_you_mean(close)
        raise StoreError(
            f"the run to look at is {run_id}, and the store {self.uri} has no such run; expected "
            f"the ID of one of its runs, which a run prints when it starts.{hint}"
        )

    def logged_model(self, run_id: str) -> LoggedModel:
        """Return MLflow's record of the model that a run logged.

        Raises:
            StoreError: There is no such run, it logged no model, or the store cannot be read.
        """
        run = self.mlflow_run(run_id)
        if not (run.outputs and run.outputs.model_outputs):
            raise StoreError(
                f"the run {run_id} ({run.info.run_name}, {run.info.status}) logged no model; "
                "expected a run that finished, not a sweep nor the parent of folds. Give the ID of "
                "one that did."
            )
        with explained(self.uri):
            return self.client.get_logged_model(run.outputs.model_outputs[-1].model_id)

    def load_model(self, run_id: str) -> keras.Model:
        """Load the model that a run of any experiment logged, raw rows -> predictions.

        Raises:
            StoreError: There is no such run, it logged no model that Keras can load, or the store
                cannot be read.
        """
        logged = self.logged_model(run_id)
        with explained(self.uri), tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            files = repository(self.uri, logged.artifact_location)
            for file in (served.DESCRIPTION, served.FILE):
                (folder / file).parent.mkdir(exist_ok=True)
                files.download_artifacts(file, str(folder))
            try:
                return served.load(folder)
            except ModelError as error:
                raise StoreError(
                    f"the model of the run {run_id} cannot be loaded: {error} Give the ID of "
                    "another run."
                ) from error

    def histories(self, run_ids: Sequence[str], names: Sequence[str]) -> Histories:
        """Return metrics of many runs, by run and name: (step, value) in step order."""
        with explained(self.uri):
            return histories.histories(self.client, run_ids, names)

    def artifacts(self, run_id: str) -> ArtifactRepository:
        """Return MLflow's access to the artifacts of a run."""
        location = str(self.mlflow_run(run_id).info.artifact_uri)
        with explained(self.uri):
            return repository(self.uri, location)

    def read_artifact(self, run_id: str, path: str) -> bytes:
        """Return what is in a file that a run logged."""
        artifacts = self.artifacts(run_id)
        with explained(self.uri), tempfile.TemporaryDirectory() as folder:
            listed = artifacts.list_artifacts(path.rpartition("/")[0] or None)
            if path not in [str(Path(item.path)) for item in listed]:
                raise StoreError(
                    f"the run {run_id} logged no {path}; expected a run of train.py or workflow.py "
                    "that finished. Below a parent of a sweep, of folds or of repeats, each run "
                    "has its own."
                )
            return Path(artifacts.download_artifacts(path, folder)).read_bytes()

    def log_artifacts(self, run_id: str, folder: Path, path: str | None) -> None:
        """Log everything in a folder as artifacts of a run, finished or not, below `path`."""
        artifacts = self.artifacts(run_id)
        with explained(self.uri):
            artifacts.log_artifacts(str(folder), path)

    def annotate(
        self, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str], folder: Path
    ) -> None:
        """Replace metrics, tags and artifacts of a finished run; see `protocols.Store`."""
        now = journal.milliseconds()
        values = [
            Metric(metric_names.stored(name), value, now, 0) for name, value in metrics.items()
        ]
        shown = [RunTag(name, console.without_passwords(text)) for name, text in tags.items()]
        self.log_artifacts(run_id, folder, None)
        with explained(self.uri):
            self.client.log_batch(run_id, metrics=values, tags=shown)

    def save_view(
        self, key: str, run_ids: Sequence[str], settings: Sequence[str], best: str, *, higher: bool
    ) -> str:
        """Save a view of MLflow's table of runs; see `protocols.Store`."""
        view = page.view(run_ids, settings, metric_names.stored(best), higher=higher)
        if not view:
            return ""
        with explained(self.uri):
            self.client.set_experiment_tag(self.experiment_id, f"{page.VIEW}{key}", view)
        return page.url(self.uri, self.experiment_id, f"runs?{page.KEY}={key}")

    def page_url(self, run: StoredRun) -> str:
        """Return the address of a run's page in the MLflow UI, as `ui_command` serves it."""
        return page.url(self.uri, run.experiment_id, f"runs/{run.run_id}")


def _stored(run: Run) -> StoredRun:
    data, info = run.data, run.info
    resolved = data.tags.get(RESOLVED, "").split()
    return StoredRun(
        run_id=info.run_id,
        name=str(info.run_name),
        status=info.status,
        params=renamed.params(data.params | dict.fromkeys(resolved, "auto")),
        tags=data.tags,
        metrics=metric_names.ours(data.metrics),
        val_loss=(),
        experiment_id=info.experiment_id,
        started=info.start_time or 0,
    )
