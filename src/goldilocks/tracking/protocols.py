"""What a store and the tracker of a run offer: all that the rest of the package uses of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # These import MLflow, pandas or Keras; a config error must not wait for them.
    import keras
    import numpy as np

    from goldilocks.dataset import Dataset
    from goldilocks.encoding.schema import Schema
    from goldilocks.tracking.query import StoredRun
    from goldilocks.tracking.registry import Version
    from goldilocks.tracking.selection import Selection


class Tracker(Protocol):
    """Takes what a running training logs."""

    @property
    def run_id(self) -> str:
        """The ID of the run; "" where nothing is stored."""
        ...

    @property
    def where(self) -> str:
        """Where the run is logged, in words."""
        ...

    @property
    def ui_command(self) -> str:
        """The command that shows the store; "" where nothing is stored."""
        ...

    @property
    def checkpoint(self) -> Path | None:
        """The file from which an interrupted training resumes; None where nothing is stored."""
        ...

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Log the metrics of an epoch, from 1; one that was logged before is skipped."""
        ...

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log single values."""
        ...

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags, replacing those of the same names."""
        ...

    def mark_test_evaluation(self) -> None:
        """Record that the test rows are evaluated now, before anyone sees a result."""
        ...

    def describe(self, markdown: str) -> None:
        """Set the description that MLflow shows on the run's page."""
        ...

    def dataset(self, dataset: Dataset, *, context: str) -> None:
        """Log the data set as an MLflow dataset input, with its source and digest."""
        ...

    def files(self, folder: Path, path: str | None = None) -> None:
        """Log everything in a folder as artifacts, below `path` if it is given."""
        ...

    def model(self, model: keras.Model, example: np.ndarray | dict[str, np.ndarray]) -> None:
        """Log a Keras model with its signature and an input example.

        Args:
            model: From raw rows to predictions.
            example: A few raw rows: an array, or a dict of arrays.
        """
        ...


class Store(Protocol):
    """Starts runs and finds stored ones. Every method may raise a `StoreError`."""

    @property
    def uri(self) -> str:
        """The tracking URI; "" where nothing is stored."""
        ...

    @property
    def ui_command(self) -> str:
        """The command that shows the store; "" where nothing is stored."""
        ...

    def start_run(
        self,
        name: str,
        *,
        parent: str | None,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        resume: str | None,
    ) -> AbstractContextManager[Tracker]:
        """Open a run for a `with`, which ends it as FINISHED, FAILED or KILLED (by a signal).

        Args:
            name: For people.
            parent: ID of the parent run, or None.
            params: Logged as parameters, by dotted names.
            tags: What the run can be found by.
            resume: ID of an interrupted run to resume; None for a new run.
        """
        ...

    def lock(
        self, name: str, doing: str = "training this configuration"
    ) -> AbstractContextManager[None]:
        """Return a lock that one process of this working folder holds at a time.

        Args:
            name: Of the lock, such as a fingerprint.
            doing: What the holder does, for the note that a waiting process prints.
        """
        ...

    def find_run(self, fingerprint: str, *, finished: bool = True) -> StoredRun | None:
        """Return the cached run of a configuration, else its newest resumable run, else None.

        A run is cached if it is FINISHED and was not pruned. It is resumable if it was interrupted
        and this folder still has its journal.

        Args:
            fingerprint: Of the configuration.
            finished: Whether to look for a cached run; False: only for a resumable one.
        """
        ...

    def test_evaluations(self, digest: str) -> list[StoredRun] | None:
        """Return the final runs with test rows of this digest; None without a ledger."""
        ...

    def test_evaluations_elsewhere(self, dataset_digest: str, digest: str) -> list[StoredRun]:
        """Return the final runs that evaluated other test rows of the same data set."""
        ...

    def validation_runs(self, dataset_digest: str) -> list[StoredRun]:
        """Return the runs scored on validation rows of a data set, deleted ones included."""
        ...

    def record_reason(self, run_id: str, reason: str) -> None:
        """Record why a run was ended, unless it recorded a better reason itself."""
        ...

    def repair(self) -> list[str]:
        """Send what runs left unsent, mark those whose process is gone; return a line each."""
        ...

    def load_model(self, run_id: str) -> keras.Model:
        """Load the model that a run logged, raw rows -> predictions."""
        ...

    def schema(self, run_id: str) -> Schema:
        """Return what the model of a run takes, and what its predictions mean."""
        ...

    def register(self, run_id: str, name: str) -> Version:
        """Register a run's model as the newest version and champion of `name`, once per run."""
        ...

    def model_run_id(self, name: str) -> str:
        """Return the ID of the run that logged a model.

        Args:
            name: That ID itself, or a registered model as `NAME`, `NAME/VERSION` or `NAME@ALIAS`.
        """
        ...

    def get_run(self, run_id: str) -> StoredRun:
        """Return a run of any experiment of this store, without its curves."""
        ...

    def get_runs(self, run_ids: Sequence[str]) -> list[StoredRun]:
        """Return runs of the experiment by ID, with their `val_loss` curves."""
        ...

    def child_run_ids(self, run_id: str) -> list[str]:
        """Return the IDs of a run's children, then of the cached runs that it reused."""
        ...

    def runs_of(self, study: str) -> list[StoredRun]:
        """Return the runs of a study's experiments as they started, without their curves."""
        ...

    def history(self, run_id: str, name: str) -> list[float]:
        """Return the values of a metric in the order of epochs."""
        ...

    def histories(
        self, run_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """Return metrics of many runs, by run and name: (step, value) in step order."""
        ...

    def select(self, targets: Sequence[str]) -> Selection:
        """Return the runs that IDs of runs, IDs of sweeps or names of studies stand for."""
        ...

    def download_artifact(self, run_id: str, path: str, folder: Path) -> Path:
        """Copy a file that a run logged into a folder, and return the copy."""
        ...

    def log_artifacts(self, run_id: str, folder: Path, path: str | None) -> None:
        """Log everything in a folder as artifacts of a run, finished or not, below `path`."""
        ...

    def page_url(self, run: StoredRun) -> str:
        """Return the address of a run's page in the MLflow UI, as `ui_command` serves it."""
        ...
