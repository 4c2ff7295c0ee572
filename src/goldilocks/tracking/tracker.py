"""One MLflow run: parameters, the metrics of every epoch, the data set, files and the model."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mlflow.models import Model, infer_signature

from goldilocks import console
from goldilocks.dataset import Dataset
from goldilocks.errors import StoreError
from goldilocks.formatting import cut
from goldilocks.tracking import ledger, metric_names, page, sender, served
from goldilocks.tracking.failures import FAILURES, explained, is_refusal
from goldilocks.tracking.journal import HEARTBEAT, Journal, last_epoch, milliseconds
from goldilocks.tracking.query import written

if TYPE_CHECKING:
    import keras

    from goldilocks.tracking.store import MlflowStore

SECONDS_BETWEEN_SENDINGS = 1.0
SECONDS_TO_WAIT = 60.0  # at the end of a run, for a store that does not answer
SECONDS_BEFORE_WORDS = 3.0
SECONDS_BETWEEN_BEATS = 600.0
# MLflow's own loader takes no missing categories, and has none of our layers.
SERVED = "goldilocks.tracking.served"
WRITTEN = (".yaml", ".md", ".json", ".txt", ".html")  # files that may quote a command
TAG_LENGTH = 8000  # MLflow takes no more.
DIGEST_LENGTH = 8  # beside a name; the tag `dataset.digest` has the whole one of all rows


class JournalTracker:
    """Writes a run to its journal, from which a thread sends it to the store."""

    def __init__(self, store: MlflowStore, journal: Journal):
        """Continue the journal of an open run, and start the sending thread.

        Args:
            store: Where the run is.
            journal: Locked by this process.
        """
        self.store = store
        self.journal = journal
        self.run_id = journal.run_id
        self.where = f"run {self.run_id} of experiment {store.experiment}"
        self.url = page.url(store.uri, store.experiment_id, f"runs/{self.run_id}")
        self.page_command = store.page_command(self.run_id)

        entries = journal.entries()
        self.last_epoch = last_epoch(entries)
        # What an earlier process has logged once for the whole run.
        self._has_model = any(entry.kind == "model" for entry in entries)
        self._single = {
            name
            for entry in entries
            if entry.kind == "metrics" and entry.value["epoch"] == 0
            for name in entry.value["values"]
        }
        self._waiting = journal.unsent()
        self._adding = threading.Lock()
        self._sending = threading.Lock()
        self._closing = threading.Event()
        self._refused: StoreError | None = None
        self._sender = threading.Thread(target=self._send_repeatedly, name="metrics", daemon=True)
        self._sender.start()

    @property
    def checkpoint(self) -> Path:
        """The file from which an interrupted training resumes."""
        return self.journal.checkpoint

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Log the metrics of an epoch, numbered from 1; they reach the store within about a second.

        An epoch that a resumed run trains once more is logged once.
        """
        if number > self.last_epoch:
            self.last_epoch = number
            self._add_metrics(number, values)

    def metrics(self, values: Mapping[str, float], *, replace: bool = False) -> None:
        """Log single values; those that were logged before stay, unless `replace`."""
        named = {metric_names.stored(name): value for name, value in values.items()}
        logged = set[str]() if replace else self._single
        fresh = {name: value for name, value in named.items() if name not in logged}
        if fresh:
            self._single |= fresh.keys()
            self._add_metrics(0, fresh)

    def _add_metrics(self, epoch: int, values: Mapping[str, float]) -> None:
        self._add("metrics", {"epoch": epoch, "time": milliseconds(), "values": dict(values)})

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; lists and null are written as in YAML."""
        shown = {name: console.without_passwords(written(value)) for name, value in values.items()}
        self._add("params", shown)

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags, replacing those of the same names."""
        shown = {name: console.without_passwords(value) for name, value in values.items()}
        self._add("tags", shown)

    def mark_test_evaluation(self) -> None:
        """Record, in the journal and the store, that the test rows are evaluated now."""
        self.tags({ledger.EVALUATED: ledger.now()})
        with contextlib.suppress(StoreError):  # It is sent with what follows.
            self.flush()

    def describe(self, markdown: str) -> None:
        """Set the description that MLflow shows on the run's page, a long one cut in its middle."""
        self.tags({"mlflow.note.content": cut(markdown, TAG_LENGTH)})

    def dataset(self, dataset: Dataset, rows: np.ndarray, *, name: str, context: str) -> None:
        """Log a part of the data set as an MLflow dataset input; see `protocols.Tracker`."""
        if not len(rows):
            return

        # A source of a type that `mlflow.data.get_source` knows.
        location = console.without_passwords(dataset.location)
        source_type, source = "code", {"tags": {"mlflow.source.name": location}}
        if location.startswith(("http://", "https://")):
            source_type, source = "http", {"url": location}
        elif Path(location).exists():
            source_type, source = "local", {"uri": str(Path(location).absolute())}

        digest = hashlib.sha256(dataset.digest.encode() + np.sort(rows).tobytes()).hexdigest()
        entity = {
            "name": name,
            "digest": digest[:DIGEST_LENGTH],
            "source_type": source_type,
            "source": json.dumps(source),
            "profile": json.dumps({"num_rows": len(rows), "classes": list(dataset.classes)}),
        }
        self._add("dataset", {"dataset": entity, "context": context})

    def files(self, folder: Path, path: str | None = None) -> None:
        """Log everything in a folder as artifacts, below `path` if it is given."""
        with explained(self.store.uri):
            copy = Path(tempfile.mkdtemp(prefix="files-", dir=self.journal.folder))
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            for file in copy.rglob("*"):
                if file.suffix in WRITTEN:
                    text = file.read_text(encoding="utf-8")
                    file.write_text(console.without_passwords(text), encoding="utf-8")
        self._add("files", {"folder": copy.name, "path": path})

    def model(
        self,
        model: keras.Model,
        example: np.ndarray | dict[str, np.ndarray],
        *,
        one_number: bool = False,
    ) -> None:
        """Log a Keras model, once for a run; see `protocols.Tracker`."""
        if self._has_model:
            return  # An earlier process of this run has logged it, and was killed after that.

        # Imports Keras, for which a config error must not wait.
        from mlflow.keras import save_model

        answers = np.empty((1, *model.output_shape[1:]), np.float32)
        description = Model()
        if one_number:
            answers = answers[:, 0]
            description.metadata = {served.ONE_NUMBER: True}
        with explained(self.store.uri):
            # MLflow 3.17.2 writes the example first, and does not make the folder for it.
            folder = Path(tempfile.mkdtemp(prefix="model-", dir=self.journal.folder))
            save_model(
                model,
                str(folder),
                mlflow_model=description,
                signature=infer_signature(example, answers),
                input_example=example,
                # MLflow itself takes six seconds to find these out.
                pip_requirements=_requirements(),
            )
            description.flavors["python_function"]["loader_module"] = SERVED
            description.save(str(folder / "MLmodel"))
        self._has_model = True
        self._add("model", {"folder": folder.name})

    def flush(self) -> None:
        """Send what waits.

        Raises:
            StoreError: The store did not take it.
        """
        with self._sending, explained(self.store.uri):
            while waiting := list(self._waiting):
                sent = sender.send(self.store.client, self.store.uri, self.journal, waiting)
                with self._adding:
                    del self._waiting[:sent]
                self.journal.sent = waiting[sent - 1].number + 1

    def close(self, status: str) -> bool:
        """End the run: stop the sending thread when all is sent, or after the longest wait.

        Args:
            status: "FINISHED", "FAILED" or "KILLED".

        Returns:
            Whether the store has everything.

        Raises:
            StoreError: The store will never take it: the message says why.
        """
        finished = status == "FINISHED"
        # Who interrupts does not want to wait.
        self._patience = SECONDS_TO_WAIT if finished else SECONDS_BEFORE_WORDS
        try:
            self._add("end", {"status": status, "time": milliseconds()})
        finally:
            self._closing.set()

        self._sender.join(SECONDS_BEFORE_WORDS)
        if self._sender.is_alive() and finished:
            console.note(f"waiting for the tracking store {self.store.uri}, which does not answer")
        self._sender.join(self._patience)

        if self._refused and finished:
            raise self._refused
        return not self._waiting

    def _add(self, kind: str, value: Any) -> None:
        with explained(self.store.uri), self._adding:
            self._waiting.append(self.journal.add(kind, value))

    def _send_repeatedly(self) -> None:
        """Send about once a second; after the run's end, until all is sent or time is up."""
        beat = time.monotonic()
        while not self._closing.wait(SECONDS_BETWEEN_SENDINGS):
            if not self._try_to_send():
                return
            if time.monotonic() - beat > SECONDS_BETWEEN_BEATS:
                beat = time.monotonic()
                with contextlib.suppress(*FAILURES):
                    self.store.client.set_tag(self.run_id, HEARTBEAT, str(milliseconds()))

        until = time.monotonic() + self._patience
        while self._try_to_send() and self._waiting and time.monotonic() < until:
            time.sleep(SECONDS_BETWEEN_SENDINGS)

    def _try_to_send(self) -> bool:
        """Send what waits, and return whether another try makes sense."""
        try:
            self.flush()
        except StoreError as error:  # The journal has it; it is sent with the next entries.
            self._refused = error if is_refusal(error) else None
        return self._refused is None


def _requirements() -> list[str]:
    # As `mlflow.keras` in `JournalTracker.model`.
    import keras
    import tensorflow as tf

    return [f"keras=={keras.__version__}", f"tensorflow=={tf.__version__}"]
