"""The values that go from `run.run` to `run.train`: what trainings share, and each of them."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from goldilocks import console
from goldilocks.config.settings import Settings, hash_of, key_of
from goldilocks.dataset import Dataset, findings
from goldilocks.diagnosis.moves import Move
from goldilocks.errors import StoreError
from goldilocks.jobs import records
from goldilocks.problem import Problem
from goldilocks.protocol import Split
from goldilocks.run import next_moves
from goldilocks.run.data_summary import DataSummary
from goldilocks.run.promise import CANDIDATE, Promise
from goldilocks.run.test_ledger import Evaluation
from goldilocks.tracking import Store, Tracker, provenance, query
from goldilocks.tracking.query import StoredRun

if TYPE_CHECKING:
    import keras

    from goldilocks.search.trial import Trial
    from goldilocks.training.fit import FitResult, FitSpec

AUTO = "auto"  # the value of a setting that the data, or the model, decides
BY_MODEL = (("model.layers", AUTO), ("trainer.steps_per_execution", AUTO))
# The artifact with the predictions of the best epoch's model, to compare runs row by row: `rows`,
# int64 (n,), `predictions`, float32 (n, outputs), and what `differences.stored` adds.
PREDICTIONS = "predictions.npz"
OUTPUTS = "outputs.csv"  # the artifact with the scores of each of several outputs


def stored_predictions(store: Store, run_id: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows, int64 (n,), and predictions, float32 (n, outputs), of a finished training.

    Raises:
        StoreError: If the store cannot be read.
    """
    file = io.BytesIO(store.read_artifact(run_id, PREDICTIONS))
    with np.load(file, allow_pickle=False) as arrays:
        return arrays["rows"], arrays["predictions"]


def stored_rows(store: Store, run_id: str, metric: str) -> tuple[pd.Series, pd.Series] | None:
    """Return the values and the clusters of rows of a finished training, by row.

    Args:
        store: Where the run is.
        run_id: Of the run.
        metric: "loss", or the primary metric.

    Returns:
        As `differences.row_scores` and `differences.clusters_of` make them; None where they are
        not finite, or a version before 0.6 stored none.
    """
    try:
        file = io.BytesIO(store.read_artifact(run_id, PREDICTIONS))
    except StoreError:  # A store that was moved without its artifacts still has a report.
        return None
    with np.load(file, allow_pickle=False) as arrays:
        values = arrays.get(f"values_{metric}")
        if values is None or not np.isfinite(values).all():
            return None
        rows = arrays["rows"]
        return pd.Series(values, rows), pd.Series(arrays[f"clusters_{metric}"], rows)


def outputs_of(store: Store, run_id: str) -> list[Mapping[str, object]]:
    """Return the scores of each of several outputs of a finished run; none of a single one."""
    try:
        table = pd.read_csv(io.BytesIO(store.read_artifact(run_id, OUTPUTS)))
    except StoreError:  # It has one output, or its artifacts are gone.
        return []
    return [{str(name): cell for name, cell in row.items()} for row in table.to_dict("records")]


@dataclass(frozen=True)
class TrainingSpec:
    """One training of a configuration.

    Attributes:
        settings: The settings with the seed of this training.
        split: The rows of this training.
        fold: Number of the fold, from 1; None where there is one split.
        part: Name among several trainings ("fold 1 of 4", "seed 7"); "" of a single one.
        evaluation: The evaluation on the test rows, of a final run; None of any other.
        promise: What validation said of the choices of a final run; None where it was not asked.
    """

    settings: Settings
    split: Split
    fold: int | None
    part: str
    evaluation: Evaluation | None = None
    promise: Promise | None = None

    @property
    def role(self) -> str:
        """Return the role of its run: "fold" or "repeat" below a parent, else its settings'."""
        if not self.part:
            return self.settings.role
        return "fold" if self.fold else "repeat"


@dataclass(frozen=True)
class Trained:
    """One of several trainings that were one program.

    Attributes:
        fit_spec: What was trained; its model has the weights of the best epoch.
        result: The history.
        is_drawn: Whether it is one of the few best, whose figures are drawn at once.
    """

    fit_spec: FitSpec
    result: FitResult
    is_drawn: bool


@dataclass(frozen=True)
class Shared:
    """What runs of one process share, that are trained as one program.

    Attributes:
        datasets: By the settings that they are read with.
        trained: By fingerprint.
        trials: Of a search, by the number of the job.
    """

    datasets: dict[str, Dataset] = field(default_factory=dict[str, Dataset])
    trained: dict[str, Trained] = field(default_factory=dict[str, Trained])
    trials: dict[int, Trial] = field(default_factory=dict[int, "Trial"])

    def dataset(self, settings: Settings) -> Dataset:
        """Return the data set of a run, read once by all."""
        key = hash_of(settings.tree["dataset"])
        if key not in self.datasets:
            self.datasets[key] = settings.builder("dataset")()
        return self.datasets[key]


@dataclass(frozen=True)
class RunContext:
    """What all trainings of a run share.

    Attributes:
        settings: The settings of the run.
        store: Where runs are logged.
        dataset: The loaded data set.
        problem: What is predicted.
        rows_tags: Of the rows, as `compared.tags`, by which all of its runs are compared.
        initial_model: The logged model to start from; None to start from new weights.
        trial: The trial of a search, which may end the trainings early; or None.
        data: How the data set was read and is split, to be logged; None until a run is trained.
        shared: What runs of this process share.
    """

    settings: Settings
    store: Store
    dataset: Dataset
    problem: Problem
    rows_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    initial_model: keras.Model | None = None
    trial: Trial | None = None
    data: DataSummary | None = None
    shared: Shared = field(default_factory=lambda: Shared())

    @property
    def pruned(self) -> bool:
        """Whether a search has stopped the run."""
        return self.trial is not None and self.trial.pruned

    def moves(
        self, metrics: Mapping[str, float], tags: Mapping[str, str], *, rows: int
    ) -> tuple[Move, ...]:
        """Return what to try after the run, as `next_moves.propose` does."""
        return next_moves.propose(
            *(self.settings, self.problem, metrics, tags),
            rows=rows,
            store=self.store,
            digest=self.dataset.digest,
        )

    @property
    def code_digest(self) -> str:
        """Return the hash of the code, with the person's own packages where it calls them."""
        return provenance.digest(self.settings.packages)

    @property
    def own_digest(self) -> str:
        """Return the hash of the person's own packages; "" where it calls none."""
        return provenance.own_digest(self.settings.packages)

    def fingerprint(self, spec: TrainingSpec) -> str:
        """Return the hash that identifies the result of a training, or of all (`part` "")."""
        return spec.settings.fingerprint(self.dataset.digest, self.code_digest, spec.part)

    def stored_run(self, spec: TrainingSpec) -> StoredRun | None:
        """Return the finished run of the same training, else one to resume, else None.

        With `force=true` there is none.
        """
        if self.settings.tree["force"]:
            return None
        return query.find_run(self.store, self.fingerprint(spec))

    def open_run(
        self, spec: TrainingSpec, *, parent: str | None, resumed: StoredRun | None
    ) -> contextlib.AbstractContextManager[Tracker]:
        """Open the run of a training, or resume an interrupted one.

        Args:
            spec: The training.
            parent: ID of the run above it; None without one.
            resumed: The interrupted run; None for a new run.

        Returns:
            A context manager that gives the run's tracker.
        """
        if resumed is not None:
            console.note(f"{resumed.name}: resuming the interrupted run {resumed.run_id}")

        name = spec.part or self.settings.name
        if not spec.part and self.settings.sweep_dir and self.settings.job is not None:
            name = records.read(self.settings.sweep_dir, self.settings.job).name or name
        return self.store.start_run(
            name,
            parent=parent,
            params=self.params(spec),
            tags=self.tags(spec),
            resume=None if resumed is None else resumed.run_id,
        )

    def params(self, spec: TrainingSpec) -> dict[str, Any]:
        """Return the settings of a training by their dotted keys, with what `auto` stood for.

        Those that only the built model tells are left out, and logged once it is there.
        """
        problem = self.problem
        resolved = {
            "dataset.source": self.dataset.source,
            "dataset.problem": self.dataset.problem,
            "dataset.encoding": "multi_hot",
            "dataset.difference": self.dataset.difference,
            "dataset.date_parts": self.dataset.date_parts,
            "problem.type": problem.type,
            "problem.last_activation": problem.last_activation,
            "problem.loss": problem.loss,
            "problem.metrics": list(problem.metrics),
            "problem.standardize": bool(problem.scale),
            "trainer.monitor": spec.settings.monitor,
        }
        if self.settings.traits.model.reads_in_order:
            resolved["dataset.encoding"] = "sequence"
        logged = {
            key: resolved.get(key, value) if value == AUTO else value
            for key, value in spec.settings.flat.items()
        }
        return {key: value for key, value in logged.items() if (key, value) not in BY_MODEL}

    def tags(self, spec: TrainingSpec) -> dict[str, str]:
        """Return what the run of a training can be found by."""
        tags = {
            "problem": self.problem.type,
            "role": spec.role,
            "dataset.source": self.dataset.source,
            "dataset.digest": self.dataset.digest,
            "fingerprint": self.fingerprint(spec),
            "backend": "jax" if self.fingerprint(spec) in self.shared.trained else "tensorflow",
            CANDIDATE: spec.settings.candidate(self.dataset.digest),
            "configuration": spec.settings.configuration(self.dataset.digest, self.own_digest),
        }
        flat = self.settings.flat
        tags[query.RESOLVED] = " ".join(key for key, value in flat.items() if value == AUTO)
        if self.data and self.data.findings:
            tags["findings"] = findings.codes(self.data.findings)
        if keys := [key_of(word) for word in self.settings.overrides]:
            tags[query.TYPED] = " ".join(dict.fromkeys(keys))
        if self.trial is not None and self.settings.job is not None:
            tags["trial"] = str(self.settings.job)
        if self.problem.scale:
            tags["problem.scale"] = json.dumps(self.problem.scale)
        if source_run := self.settings.tree["model"].get("init_from"):
            tags["init_from"] = source_run
        if spec.fold:
            tags["fold"] = str(spec.fold)
        tags |= {**query.own_tags(self.problem), **self.rows_tags}
        return tags | provenance.tags() | {"code.digest": self.code_digest}
