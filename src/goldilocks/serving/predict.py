"""A logged model and raw input -> a table of predictions: `goldilocks predict`."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from goldilocks import console
from goldilocks.dataset import row_keys
from goldilocks.encoding.schema import Schema
from goldilocks.formatting import counted
from goldilocks.problem import standard
from goldilocks.run import seen_rows
from goldilocks.serving import truths, unlabeled
from goldilocks.tracking import inputs, registry
from goldilocks.tracking.store import MlflowStore

BATCH = 128  # rows that the network takes at once
# The full-width forms of = + - @ count for spreadsheets, too.
FORMULA = re.compile("\\s*[-=+@\uff1d\uff0b\uff0d\uff20]")


def run(store: MlflowStore, model: str, path: Path, output: Path | None) -> None:
    """Predict a file or a folder, and write CSV to a file or to standard output.

    Where the input holds the target, its score is said.

    Args:
        store: Where the model is.
        model: The ID of a run, or a registered model as `NAME`, `NAME/VERSION` or `NAME@ALIAS`.
        path: The raw input.
        output: The file to write, whole or not at all; of a link, where it leads; a device or a
            pipe directly. None: standard output.

    Raises:
        StoreError: There is no such model, or it cannot be loaded.
        DataError: The input is not what the model takes.
        OSError: The file cannot be written.
    """
    predicted = tables(store, model, path)
    if output is None:
        _write(predicted, sys.stdout)
        sys.stdout.flush()  # Here, where `goldilocks predict ... | head` is no error.
        return

    with _opened(output) as file:
        count = _write(predicted, file)
    console.note(f"written   {counted(count, 'row')} into {output}")


def tables(store: MlflowStore, model: str, path: Path) -> Iterator[pd.DataFrame]:
    """Return the predictions of a file or a folder, some rows after others.

    Args:
        store: Where the model is.
        model: As of `run`, and so are the errors.
        path: The raw input.
    """
    run_id = registry.model_run_id(store, model)
    schema = inputs.of(store, run_id)

    # First: an error of the input must not wait for Keras.
    header, rows = unlabeled.read(path, schema)
    rows = itertools.chain([next(rows)], rows)
    return _tables(store, run_id, schema, header, rows)


def table(
    schema: Schema, header: str, names: Sequence[Any], predictions: np.ndarray
) -> pd.DataFrame:
    """Return the predictions of some rows as a person reads them.

    Args:
        schema: Of the model.
        header: What the names of the rows are.
        names: Of each row.
        predictions: float32 (rows, outputs).

    Returns:
        The names; the prediction: a class, the predicted labels with commas between them, or the
        sign between the tags of the training, or a number, with its unit in the header, of several
        a column each; and of classes or labels a column of the probability of each, 0 to 1.
    """
    # Imports scikit-learn, which takes a second.
    from goldilocks.evaluation.scores import decided

    columns = {header: list(names)}
    unit = f" ({schema.unit})" if schema.unit else ""
    targets = [f"{name}{unit}" for name in schema.outputs or [schema.target]]
    # A series of times that is predicted itself, say.
    targets = [f"predicted {name}" if name == header else name for name in targets]
    if not schema.classes or schema.problem.endswith("regression"):
        return pd.DataFrame(columns | dict(zip(targets, predictions.T, strict=True)))
    [target] = targets

    decisions = decided(standard(schema.problem, schema.thresholds), predictions)
    if schema.problem == "multilabel":
        classes = np.array(schema.classes)
        between = schema.sign or ", "
        columns[target] = [between.join(classes[row.astype(bool)]) for row in decisions]
    else:
        columns[target] = [schema.classes[label] for label in decisions]

    probabilities = predictions
    if schema.problem == "binary":
        probabilities = np.concatenate([1 - predictions, predictions], axis=1)
    for name, column in zip(schema.classes, probabilities.T, strict=True):
        columns[f"probability of {name}"] = column
    return pd.DataFrame(columns)


def _tables(
    store: MlflowStore, run_id: str, schema: Schema, header: str, rows: Iterator[unlabeled.Rows]
) -> Iterator[pd.DataFrame]:
    """Yield the predictions of some rows after others, and say the score of all at the end."""
    model = store.load_model(run_id)
    # Imports Keras, for which an error of the input must not wait.
    from goldilocks.encoding import encoder
    from goldilocks.serving import score

    scored: list[score.Part] = []
    keys: list[np.ndarray] = []
    for part in rows:
        for note in part.notes:
            console.note(f"  {note}")
        if len(part.names):
            x = encoder.columns(part.x) if schema.kind == "table" else part.x
            predictions = model.predict(encoder.tensors(x), batch_size=BATCH, verbose=0)
            truth = part.truth
            if header == "file":
                truth = truths.of_files(part.names, schema)
            ways: list[np.ndarray] = []
            if schema.kind != "series":
                ways.append(row_keys.of_raw(schema.kind, part.x))
            if part.keys is not None:
                ways.append(part.keys)
            keys.append(np.column_stack(ways))
            if truth is not None:
                scored.append((truth, predictions, keys[-1]))
            yield table(schema, header, part.names, predictions)
    scores = score.lines(store, run_id, schema, scored)
    for line in (*scores, *seen_rows.warning(store, run_id, keys)):
        console.note(line)


@contextlib.contextmanager
def _opened(output: Path) -> Generator[TextIO]:
    """Yield a file for writing that becomes `output` once all is in it."""
    if output.exists() and not output.is_file():  # A device or a pipe, which nothing may replace.
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
        return

    path = output.resolve()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            yield file
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(tables: Iterator[pd.DataFrame], file: TextIO) -> int:
    """Write tables one below the other, and return the number of their rows."""
    count = 0
    for part in tables:
        safe = part.rename(columns=escaped)
        texts = safe.select_dtypes(exclude="number").columns
        safe[texts] = safe[texts].map(escaped)
        safe.to_csv(file, index=False, header=count == 0)
        count += len(part)
    return count


def escaped(cell: Any) -> Any:
    """Return a cell of a CSV file with ' before a text that a spreadsheet would run.

    That is a text that begins, perhaps after white space, with = + - or @, and is no number.

    >>> escaped("=1+1"), escaped("-1.5"), escaped("a=b"), escaped(-1.5)
    ("'=1+1", '-1.5', 'a=b', -1.5)
    """
    if not isinstance(cell, str) or not FORMULA.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
