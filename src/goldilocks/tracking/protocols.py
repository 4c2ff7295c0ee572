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
    from goldilocks.tracking.query import Histories, StoredRun


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
    def url(self) -> str:
        """The address of the run's page; "" where nothing is stored."""
        ...

    @property
    def page_command(self) -> str:
        """The command that opens the run's page, or its address; "" where nothing is stored."""
        ...

    @property
    def checkpoint(self) -> Path | None:
        """The file from which an interrupted training resumes; None where nothing is stored."""
        ...

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Log the metrics of an epoch, from 1; one that was logged before is skipped."""
        ...

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; lists and null are written as in YAML."""
        ...

    def metrics(self, values: Mapping[str, float], *, replace: bool = False) -> None:
        """Log single values; those of a name that was logged before stay, unless `replace`."""
        ...

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags, replacing those of the same names."""
        ...

    def flush(self) -> None:
        """Send to the store what waits; raise StoreError where it does not take it."""
        ...

    def mark_test_evaluation(self) -> None:
        """Record that the test rows are evaluated now, before anyone sees a result."""
        ...

    def describe(self, markdown: str) -> None:
        """Set the description that MLflow shows on the run's page."""
        ...

    def dataset(self, dataset: Dataset, rows: np.ndarray, *, name: str, context: str) -> None:
        """Log a part of the data set as an MLflow dataset input, with its source and digest.

        Args:
            dataset: The whole data set.
            rows: Those of the part, int64 (n,); nothing is logged where there are none.
            name: For people, the same for all parts.
            context: "training", "validation" or "test", as MLflow calls them.
        """
        ...

    def files(self, folder: Path, path: str | None = None) -> None:
        """Log everything in a folder as artifacts, below `path` if it is given."""
        ...

    def model(
        self,
        model: keras.Model,
        example: np.ndarray | dict[str, np.ndarray],
        *,
        one_number: bool = False,
    ) -> None:
        """Log a Keras model with its signature and an input example.

        Args:
            model: From raw rows to predictions.
            example: A few raw rows: an array, or a dict of arrays.
            one_number: Whether it predicts one number. MLflow then serves predictions (rows,), as
                `mlflow.models.evaluate` expects them; else (rows, outputs).
        """
        ...


class Store(Protocol):
    """Starts runs and finds stored ones. Every method may raise a `StoreError`."""

    @property
    def uri(self) -> str:
        """The tracking URI; "" where nothing is stored."""
        ...

    @property
    def experiment(self) -> str:
        """The name of the MLflow experiment; "" where nothing is stored."""
        ...

    @property
    def ui_command(self) -> str:
        """The command that shows the store; "" where nothing is stored."""
        ...

    def page_command(self, run_id: str) -> str:
        """Return the command that opens a run's page, or its address on a server."""
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

    def repair(self) -> list[str]:
        """Send what runs left unsent, mark those whose process is gone; return a line each."""
        ...

    def search(
        self,
        text: str,
        *,
        everywhere: bool = False,
        deleted: bool = False,
        newest: int | None = None,
    ) -> list[StoredRun]:
        """Return the runs that match, in the order in which they started, without curves.

        Args:
            text: What to search, in MLflow's language of filters.
            everywhere: In all experiments of the store, not in this one alone.
            deleted: The same, with deleted runs and experiments.
            newest: How many of them at most, those that started last; None: all. MLflow takes some
                milliseconds for each.
        """
        ...

    def get_run(self, run_id: str) -> StoredRun:
        """Return a run of any experiment of this store, without its curves."""
        ...

    def read_artifact(self, run_id: str, path: str) -> bytes:
        """Return what is in a file that a run logged."""
        ...

    def annotate(
        self, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str], folder: Path
    ) -> None:
        """Replace metrics, tags and artifacts of a finished run, or add them.

        Args:
            run_id: Of the run.
            metrics: Single values.
            tags: Texts of at most 8,000 characters.
            folder: Holds the artifacts.
        """
        ...

    def save_view(
        self, key: str, run_ids: Sequence[str], settings: Sequence[str], best: str, *, higher: bool
    ) -> str:
        """Save a view of MLflow's table of runs: their verdicts, best values and what differs.

        Args:
            key: Of the view; one of the same key is replaced.
            run_ids: Of the runs.
            settings: Dotted keys of those that differ.
            best: The metric that they are sorted by, the best first.
            higher: Whether more of it is better.

        Returns:
            The address of the view; "" of too many runs, or where nothing is stored.
        """
        ...

    def load_model(self, run_id: str) -> keras.Model:
        """Load the model that a run logged, raw rows -> predictions."""
        ...

    def histories(self, run_ids: Sequence[str], names: Sequence[str]) -> Histories:
        """Return metrics of many runs, by run and name: (step, value) in step order."""
        ...
