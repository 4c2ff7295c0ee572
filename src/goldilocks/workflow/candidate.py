"""What may be trained, and what a training of it reached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from goldilocks.config.settings import key_of
from goldilocks.evaluation.differences import Predictions
from goldilocks.run.context import stored_predictions
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.store import MlflowStore


@dataclass(frozen=True)
class Candidate:
    """What may be trained.

    Attributes:
        name: What sets it apart from the others, for people.
        overrides: Beyond those that all runs of the workflow have; a later one replaces an earlier
            one of the same key.
    """

    name: str
    overrides: tuple[str, ...]

    def overridden(self, name: str, *overrides: str) -> Candidate:
        """Return the candidate with another name and other values of some keys."""
        keys = set(map(key_of, overrides))
        rest = [word for word in self.overrides if key_of(word) not in keys]
        return Candidate(name, (*rest, *overrides))


@dataclass(frozen=True)
class Trained:
    """A candidate that was trained once, on one split or on all folds.

    Attributes:
        candidate: What was trained.
        run: What was logged; of folds, the run above them.
        predictions: Of the validation rows of each training, by seed and fold: rows, int64 (n,),
            and predictions, float32 (n, outputs).
    """

    candidate: Candidate
    run: StoredRun
    predictions: Predictions

    @property
    def verdict(self) -> str:
        """Return the verdict of its learning curve; "" of a baseline."""
        return self.run.tags.get("verdict", "")

    @property
    def parameters(self) -> int:
        """Return the number of its weights."""
        return int(self.run.metrics["parameters"])

    @property
    def finite(self) -> bool:
        """Return whether its predictions and its validation loss are finite.

        A final run has no validation loss.
        """
        if not all(np.isfinite(values).all() for _, values in self.predictions.values()):
            return False
        return self.run.tags.get("role") == "final" or math.isfinite(self.best("loss"))

    @property
    def best_epoch(self) -> int:
        """Return the epoch of its values, from 1."""
        return int(self.run.metrics["best_epoch"])

    @property
    def epochs(self) -> int:
        """Return how many epochs it was trained."""
        return int(self.run.metrics["epochs"])

    @property
    def seconds_an_epoch(self) -> float:
        """Return the seconds of an epoch, of all folds together; never 0."""
        return max(1e-6, self.run.metrics["train_seconds"] / max(1, self.epochs))

    @property
    def seconds_of_last_epoch(self) -> float:
        """Return the seconds of the last epoch, of all folds together."""
        return self.run.metrics["seconds"] * len(self.predictions)

    def best(self, name: str) -> float:
        """Return a validation metric at the best epoch, the loss without penalties.

        It is NaN if the first epoch diverged.
        """
        metrics = self.run.metrics
        if name == "loss" and "best_val_data_loss" in metrics:
            name = "data_loss"
        return metrics.get(f"best_val_{name}", math.nan)

    def last(self, part: str) -> float:
        """Return the loss of the last epoch, without penalties; NaN where none is logged.

        Args:
            part: "" of the training rows, "val_" of the validation rows.
        """
        metrics = self.run.metrics
        return metrics.get(f"{part}data_loss", metrics.get(f"{part}loss", math.nan))


def predictions(trained: Sequence[Trained]) -> Predictions:
    """Return the validation predictions of all trainings of a candidate."""
    return {key: part for training in trained for key, part in training.predictions.items()}


def load(store: MlflowStore, candidate: Candidate, run_id: str) -> Trained:
    """Read a finished training from a store.

    Raises:
        StoreError: If the store cannot be read.
    """
    run = store.get_run(run_id)
    children = [
        child
        for child in query.children(store, run)
        if child.is_part and child.status == "FINISHED"
    ]

    by_key = {
        (training.params.get("seed", ""), training.tags.get("fold", "")): stored_predictions(
            store, training.run_id
        )
        for training in children or [run]
    }
    return Trained(candidate, run, by_key)
