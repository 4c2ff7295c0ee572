"""One MLflow run: parameters, the metrics of every epoch, the data set, files and the model."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mlflow.entities import RunStatus
from mlflow.models import Model, ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types.schema import Schema, TensorSpec

from goldilocks import console
from goldilocks.dataset import Dataset
from goldilocks.errors import StoreError
from goldilocks.tracking import ledger, sender
from goldilocks.tracking.failures import explained, is_refusal
from goldilocks.tracking.journal import Journal

if TYPE_CHECKING:
    import keras

SECONDS_BETWEEN_SENDINGS = 1.0
SECONDS_TO_WAIT = 60.0  # at the end of a run, for a store that does not answer
SECONDS_BEFORE_WORDS = 3.0
# MLflow's own loader takes no missing categories, and knows none of our layers.
SERVED = "goldilocks.tracking.served"
PARAM_LENGTH, DIGEST_LENGTH = 6000, 36


class JournalTracker:
    """Writes one run to its journal; a thread of its own sends that on, so that training never waits for the store."""

    def __init__(
        self,
        client: MlflowClient,
        run_id: str,
        journal: Journal,
        *,
        uri: str,
        where: str,
        ui_command: str,
    ):
        """Write to an open run of a client's store, which is at `uri`, `where` in words, and shown by a command."""
        self.client, self.run_id, self.uri, self.where, self.ui_command = (
            client,
            run_id,
            uri,
            where,
            ui_command,
        )
        self.journal = journal
        journal.mend()
        entries = journal.entries()
        epochs = [value["epoch"] for kind, value in entries if kind == "metrics"]
        self.last_epoch = max(epochs, default=0)
        self._count, self._waiting = journal.sent, entries[journal.sent :]
        self._adding, self._sending, self._closing = (
            threading.Lock(),
            threading.Lock(),
            threading.Event(),
        )
        self._refused: StoreError | None = None
        self._sender = threading.Thread(target=self._send_for_ever, name="metrics", daemon=True)
        self._sender.start()

    @property
    def checkpoint(self) -> Path:
        """Where the training of this run keeps what it needs to go on."""
        return self.journal.checkpoint

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Note the metrics of an epoch, numbered from 1; they reach the store within about a second.

        An epoch that an interrupted run had logged, and that is now trained again, is logged once.
        """
        if number > self.last_epoch:
            self.last_epoch = number
            self._add(
                "metrics",
                {"epoch": number, "time": int(time.time() * 1000), "values": dict(values)},
            )

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log single values."""
        self._add("metrics", {"epoch": 0, "time": int(time.time() * 1000), "values": dict(values)})

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; lists and null are written as in YAML."""
        self._add("params", {name: written(value) for name, value in values.items()})

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags, replacing those of the same names."""
        self._add("tags", dict(values))

    def mark_test_evaluation(self) -> None:
        """Record that the test rows are evaluated now, in the journal and, if it answers, in the store."""
        self.tags({ledger.EVALUATED: datetime.now(UTC).isoformat(timespec="seconds")})
        with contextlib.suppress(StoreError):  # It is sent with what follows.
            self.flush()

    def describe(self, markdown: str) -> None:
        """Set the description that MLflow shows on the run's page."""
        self.tags({"mlflow.note.content": markdown})

    def dataset(self, dataset: Dataset, *, context: str) -> None:
        """Log the data set as an MLflow dataset input, with its source and digest."""
        entity = {
            "name": dataset.name,
            "digest": dataset.digest[:DIGEST_LENGTH],
            "source_type": dataset.source,
            "source": json.dumps({"uri": dataset.location}),
            "schema": json.dumps(_dataset_schema(dataset)),
            "profile": json.dumps({"num_rows": len(dataset.y), "classes": list(dataset.classes)}),
        }
        self._add("dataset", {"dataset": entity, "context": context})

    def files(self, folder: Path, path: str | None = None) -> None:
        """Log everything in a folder as artifacts, below a path of their own where one is given."""
        with explained(self.uri):
            kept = Path(tempfile.mkdtemp(prefix="files-", dir=self.journal.folder))
            shutil.copytree(folder, kept, dirs_exist_ok=True)
        self._add("files", {"folder": kept.name, "path": path})

    def model(self, model: keras.Model, example: np.ndarray | dict[str, np.ndarray]) -> None:
        """Log a Keras model with its signature and an input example.

        Args:
            model: A `keras.Model` from raw rows to predictions.
            example: A few raw rows: an array, or a dict of arrays.
        """
        from mlflow.keras import (
            save_model,
        )  # Imports Keras, which this module must not do to a config error.

        named = example if isinstance(example, dict) else {None: example}
        inputs = Schema(
            [
                TensorSpec(_dtype(array), (-1, *array.shape[1:]), name)
                for name, array in named.items()
            ]
        )
        outputs = Schema([TensorSpec(np.dtype("float32"), (-1, *model.output_shape[1:]))])
        described = Model()
        with explained(self.uri):
            kept = Path(tempfile.mkdtemp(prefix="model-", dir=self.journal.folder))
            save_model(
                model,
                str(
                    kept
                ),  # MLflow 3.17.2 writes the example first, into a folder that it has not made.
                mlflow_model=described,
                signature=ModelSignature(inputs=inputs, outputs=outputs),
                input_example=example,
                # Found out by MLflow itself, this takes six seconds.
                pip_requirements=_requirements(),
            )
            described.flavors["python_function"]["loader_module"] = SERVED
            described.save(str(kept / "MLmodel"))
        self._add("model", {"folder": kept.name})

    def flush(self) -> None:
        """Send what waits.

        Raises:
            StoreError: The store did not take it.
        """
        with self._sending, explained(self.uri):
            while waiting := list(self._waiting):
                done = sender.send(self.client, self.uri, self.run_id, self.journal, waiting)
                with self._adding:
                    del self._waiting[:done]
                self._count += done
                self.journal.sent = self._count

    def close(self, status: str) -> bool:
        """End the run: stop the sending thread when everything is sent, or when the store has been waited for.

        Args:
            status: "FINISHED", "FAILED" or "KILLED".

        Returns:
            Whether the store has everything.

        Raises:
            StoreError: The store will never take it: the message says why.
        """
        finished = status == RunStatus.to_string(RunStatus.FINISHED)
        self._patience = (
            SECONDS_TO_WAIT if finished else SECONDS_BEFORE_WORDS
        )  # Who interrupts does not want to wait.
        try:
            self._add("end", {"status": status, "time": int(time.time() * 1000)})
        finally:
            self._closing.set()
        self._sender.join(SECONDS_BEFORE_WORDS)
        if self._sender.is_alive() and finished:
            console.note(f"waiting for the tracking store {self.uri}, which does not answer")
        self._sender.join(self._patience)
        if self._refused and finished:
            raise self._refused
        return not self._waiting

    def _add(self, kind: str, value: Any) -> None:
        with explained(self.uri), self._adding:
            self.journal.add(kind, value)
            self._waiting.append((kind, value))

    def _send_for_ever(self) -> None:
        """Send about once a second; after the run's end, until everything is sent or the store was waited for."""
        while not self._closing.wait(SECONDS_BETWEEN_SENDINGS):
            if not self._may_go_on():
                return
        until = time.monotonic() + self._patience
        while self._may_go_on() and self._waiting and time.monotonic() < until:
            time.sleep(SECONDS_BETWEEN_SENDINGS)

    def _may_go_on(self) -> bool:
        """Try to send; whether it makes sense to try again."""
        try:
            self.flush()
        except StoreError as error:  # Kept in the journal, and sent with the next ones.
            self._refused = error if is_refusal(error) else None
        return self._refused is None


def written(value: Any) -> str:
    """A value of the configuration as parameters have it: a text as it is, all else as JSON."""
    return value[:PARAM_LENGTH] if isinstance(value, str) else json.dumps(value)[:PARAM_LENGTH]


def _dtype(array: np.ndarray) -> np.dtype:
    return np.dtype("object") if array.dtype.kind in "UO" else array.dtype


def _dataset_schema(dataset: Dataset) -> dict[str, Any]:
    if dataset.kind == "table":
        kinds = {name: str(dtype) for name, dtype in dataset.x.dtypes.items()}
        return {
            "mlflow_colspec": [{"name": str(name), "type": kind} for name, kind in kinds.items()]
        }
    if dataset.kind == "series":
        dtype, shape = "float32", (len(dataset.x.offsets), len(dataset.x.columns))
    elif dataset.kind == "text":
        dtype, shape = "object", ()
    else:
        dtype, shape = (
            "uint8",
            (*dataset.image_size, 3) if dataset.image_size else dataset.x.shape[1:],
        )
    spec = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, *map(int, shape)]}}
    return {"mlflow_tensorspec": {"features": json.dumps([spec]), "targets": None}}


def _requirements() -> list[str]:
    import keras
    import tensorflow as tf

    return [f"keras=={keras.__version__}", f"tensorflow=={tf.__version__}"]
