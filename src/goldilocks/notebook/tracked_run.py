"""A run of the store as an object of Python: its curves, verdict, model and predictions."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from goldilocks import diagnosis
from goldilocks.notebook import frames
from goldilocks.notebook.frames import Data
from goldilocks.tracking import local, query
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import run_id_of
from goldilocks.tracking.store import MlflowStore

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from goldilocks.diagnosis import Verdict

BASELINE = "baseline/val_"  # beginning of the names of its scores


@dataclass(frozen=True)
class Run:
    """A run of the store: what `goldilocks.train` and `goldilocks.load_run` return.

    Attributes:
        store: Where it is.
        stored: What the store has of it, without curves and artifacts, which are read when they are
            asked for.
    """

    store: MlflowStore
    stored: StoredRun

    def __repr__(self) -> str:
        """Return its ID and name, and what is known of it."""
        verdict = "" if self.verdict is None else f"\n{self.verdict}"
        return f"run {self.id} ({self.name}, {self.stored.status}){verdict}"

    @property
    def id(self) -> str:
        """ID of the run, 32 letters and digits."""
        return self.stored.run_id

    @property
    def name(self) -> str:
        """Name of the run, as MLflow shows it."""
        return self.stored.name

    @property
    def metrics(self) -> Mapping[str, float]:
        """All logged metrics; of those of each epoch the last value."""
        return self.stored.metrics

    @property
    def params(self) -> Mapping[str, str]:
        """All logged parameters, by their dotted keys."""
        return self.stored.params

    @functools.cached_property
    def history(self) -> dict[str, list[float]]:
        """Values per epoch, by Keras's names, as `keras.callbacks.History.history` has them.

        Raises:
            StoreError: The run has none: it is a sweep, or did not finish.
        """
        with local.keeping_uri():
            text = self.store.read_artifact(self.id, "history.csv").decode()
        columns = pd.read_csv(io.StringIO(text), index_col="epoch")
        return {str(name): column.tolist() for name, column in columns.items()}

    @functools.cached_property
    def verdict(self) -> Verdict | None:
        """The verdict on its learning curves; None of a run that has none, such as a final one."""
        if "verdict" not in self.stored.tags:
            return None
        with local.keeping_uri():
            text = self.store.read_artifact(self.id, "verdict.json").decode()
        return diagnosis.from_json(text)

    @functools.cached_property
    def runs(self) -> list[Run]:
        """The runs below it: of a sweep its jobs, of the workflow its steps, of folds each fold."""
        with local.keeping_uri():
            return [Run(self.store, stored) for stored in query.children(self.store, self.stored)]

    def model(self) -> keras.Model:
        """Load the trained model. It takes raw rows: what encodes them is part of it.

        Raises:
            StoreError: The run logged no model.
        """
        with local.keeping_uri():
            return self.store.load_model(self.id)

    def predict(self, data: Data) -> pd.DataFrame:
        """Return predictions of raw rows, as `goldilocks predict` writes them.

        Args:
            data: As of `train`; the target may lack. Where it is there, its score is said.

        Returns:
            A row for each: its prediction and, of classes, the probability of each.

        Raises:
            StoreError: The run logged no model.
            DataError: The data is not what the model takes.
        """
        from goldilocks.serving import predict

        with local.keeping_uri():
            tables = predict.tables(self.store, self.id, frames.path_of(data))
            return pd.concat(tables, ignore_index=True)

    def figure(self) -> Figure:
        """Draw the learning curves, with the verdict.

        Raises:
            StoreError: As of `history`.
        """
        from goldilocks.plots import curves, style  # With matplotlib, which few need.

        tags, best_epoch = self.stored.tags, self.metrics.get("best_epoch")
        figure = curves.learning_curves(
            self.history,
            metrics=[query.primary_metric(self.stored)],
            best_epoch=None if best_epoch is None else int(best_epoch),
            verdict=tags.get("verdict"),
            reason=tags.get("verdict.reason"),
            baseline={
                name.removeprefix(BASELINE): value
                for name, value in self.metrics.items()
                if name.startswith(BASELINE)
            },
            title=self.name,
        )
        # A notebook shows a figure that pyplot has not made by this alone.
        figure.__dict__["_repr_png_"] = functools.partial(style.png, figure)
        return figure


def load_run(run_id: str, *, uri: str | None = None) -> Run:
    """Find a run of the store, of a training, a sweep or the workflow.

    Args:
        run_id: Its ID, the beginning of it, or "last".
        uri: Tracking URI of the store; None: `MLFLOW_TRACKING_URI`, else mlflow.db in this folder.

    Raises:
        goldilocks.errors.StoreError: There is no such run, or no store.
    """
    with local.keeping_uri():
        store = local.open_existing(uri=uri, experiment=local.EXPERIMENT)
        return Run(store, store.get_run(run_id_of(store, run_id) or run_id))
