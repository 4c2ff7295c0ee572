"""One MLflow run: parameters, the metrics of every epoch, the data set, files and the model."""

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types.schema import Schema, TensorSpec
from sqlalchemy.exc import SQLAlchemyError

from goldilocks.dataset import Dataset
from goldilocks.tracking import StoreError

SECONDS_BETWEEN_SENDINGS = 1.0
PARAMS_A_BATCH, METRICS_A_BATCH = 100, 1000  # MLflow's limits (field notes, section 2)
PARAM_LENGTH, DIGEST_LENGTH = 6000, 36


class Tracker:
    """Writes one run; a thread of its own sends metrics, many at once, so that training never waits for the store."""

    def __init__(self, client: MlflowClient, run_id: str, *, uri: str, where: str, ui_command: str):
        """Write to an open run of a client's store, which is at `uri`, `where` in words, and shown by a command."""
        self.client, self.run_id, self.uri, self.where, self.ui_command = client, run_id, uri, where, ui_command
        self._waiting: list[Metric] = []
        self._lock, self._sending, self._closing = threading.Lock(), threading.Lock(), threading.Event()
        self._sender = threading.Thread(target=self._send_for_ever, name="metrics", daemon=True)
        self._sender.start()

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Note the metrics of an epoch, numbered from 1; they reach the store within about a second."""
        now = int(time.time() * 1000)
        with self._lock:
            self._waiting += [Metric(name, value, now, number) for name, value in values.items()]

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log single values."""
        self.epoch(0, values)

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; lists and null are written as in YAML."""
        params = [Param(name, written(value)) for name, value in values.items()]
        for start in range(0, len(params), PARAMS_A_BATCH):
            with explained(self.uri):
                self.client.log_batch(self.run_id, params=params[start : start + PARAMS_A_BATCH])

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags, replacing those of the same names."""
        with explained(self.uri):
            self.client.log_batch(self.run_id, tags=[RunTag(name, value) for name, value in values.items()])

    def describe(self, markdown: str) -> None:
        """Set the description that MLflow shows on the run's page."""
        self.tags({"mlflow.note.content": markdown})

    def dataset(self, dataset: Dataset, *, context: str) -> None:
        """Log the data set as an MLflow dataset input, with its source and digest."""
        entity = DatasetEntity(
            name=dataset.name,
            digest=dataset.digest[:DIGEST_LENGTH],
            source_type=dataset.source,
            source=json.dumps({"uri": dataset.location}),
            schema=json.dumps(_dataset_schema(dataset)),
            profile=json.dumps({"num_rows": len(dataset.y), "classes": list(dataset.classes)}),
        )
        tags = [InputTag("mlflow.data.context", context)]
        with explained(self.uri):
            self.client.log_inputs(self.run_id, [DatasetInput(entity, tags)])

    def files(self, folder: Path) -> None:
        """Log everything in a folder as artifacts."""
        with explained(self.uri):
            self.client.log_artifacts(self.run_id, str(folder))

    def model(self, model: Any, example: np.ndarray | dict[str, np.ndarray]) -> None:
        """Log a Keras model with its signature and an input example.

        Args:
            model: A `keras.Model` from raw rows to predictions.
            example: A few raw rows: an array, or a dict of arrays.
        """
        named = example if isinstance(example, dict) else {None: example}
        inputs = Schema([TensorSpec(_dtype(array), (-1, *array.shape[1:]), name) for name, array in named.items()])
        outputs = Schema([TensorSpec(np.dtype("float32"), (-1, *model.output_shape[1:]))])
        with explained(self.uri):
            Model.log(
                artifact_path=None,
                name="model",
                flavor=_Flavor,
                model=model,
                signature=ModelSignature(inputs=inputs, outputs=outputs),
                input_example=example,
                pip_requirements=_requirements(),  # Found out by MLflow itself, this takes six seconds.
                validate_serving_input=False,  # It would load the model again; the tests do that once and for all.
            )

    def flush(self) -> None:
        """Send what waits.

        Raises:
            StoreError: The store did not take it.
        """
        with self._sending, explained(self.uri):
            while batch := self._waiting[:METRICS_A_BATCH]:
                self.client.log_batch(self.run_id, metrics=batch)
                with self._lock:
                    del self._waiting[: len(batch)]

    def close(self) -> None:
        """Stop the sending thread, after a last try."""
        self._closing.set()
        self._sender.join()

    def _send_for_ever(self) -> None:
        while not self._closing.wait(SECONDS_BETWEEN_SENDINGS):
            self._try_to_send()
        self._try_to_send()

    def _try_to_send(self) -> None:
        try:
            self.flush()
        except StoreError:  # Kept, and sent with the next ones; `flush` at the end of the run raises what is left.
            return


# What MLflow raises about a store, by way of SQLAlchemy, requests (an OSError) or the file system.
FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)


@contextlib.contextmanager
def explained(uri: str) -> Iterator[None]:
    """Turn what is raised about a store into one sentence."""
    try:
        yield
    except StoreError:
        raise
    except FAILURES as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")
        raise StoreError(
            f"the tracking store {uri} cannot be used: {reason}. Expected one with free space and write permission: "
            "make room or give permission, or use another with tracking.uri=URI, or none with tracking=none."
        ) from error


class _Flavor:
    """`mlflow.keras` 3.17.2, but for its forgetting to make the folder into which it first writes the input example."""

    FLAVOR_NAME = "keras"

    @staticmethod
    def save_model(path: str, *, validate_serving_input: bool, **arguments: Any) -> None:
        from mlflow.keras import save_model  # Imports Keras, which this module must not do to a config error.

        Path(path).mkdir(parents=True)
        save_model(path=path, **arguments)


def written(value: Any) -> str:
    """A value of the configuration as parameters have it: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)[:PARAM_LENGTH]


def _dtype(array: np.ndarray) -> np.dtype:
    return np.dtype("object") if array.dtype.kind in "UO" else array.dtype


def _dataset_schema(dataset: Dataset) -> dict[str, Any]:
    if dataset.kind == "table":
        kinds = {name: str(dtype) for name, dtype in dataset.x.dtypes.items()}
        return {"mlflow_colspec": [{"name": str(name), "type": kind} for name, kind in kinds.items()]}
    if dataset.kind == "series":
        dtype, shape = "float32", (len(dataset.x.offsets), len(dataset.x.columns))
    elif dataset.kind == "text":
        dtype, shape = "object", ()
    else:
        dtype, shape = "uint8", (*dataset.image_size, 3) if dataset.image_size else dataset.x.shape[1:]
    spec = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, *map(int, shape)]}}
    return {"mlflow_tensorspec": {"features": json.dumps([spec]), "targets": None}}


def _requirements() -> list[str]:
    import keras
    import tensorflow as tf

    return [f"keras=={keras.__version__}", f"tensorflow=={tf.__version__}"]
