"""A logged model and raw input -> a table of answers: `goldilocks predict`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from goldilocks import console
from goldilocks.encoding.schema import Schema
from goldilocks.problem import resolve
from goldilocks.serving import unlabeled
from goldilocks.tracking import Store

BATCH = 128  # rows that the network sees at once


def run(store: Store, named: str, path: Path, output: Path | None) -> None:
    """Predict a file or a folder, and write the answers as CSV: to a file, or to standard output.

    Args:
        store: Where the model is.
        named: The ID of a run, or a registered model as `NAME`, `NAME/VERSION` or `NAME@ALIAS`.
        path: The raw input.
        output: The file to write, whole or not at all; None: standard output.

    Raises:
        StoreError: There is no such model, or it cannot be loaded.
        DataError: The input is not what the model takes.
        OSError: The file cannot be written.
    """
    run_id = store.model_run_id(named)
    schema = store.schema(run_id)
    header, rows = unlabeled.read(
        path, schema
    )  # First: what is wrong with the input is said before Keras is there.
    rows = _begun(rows)
    tables = _tables(store.load_model(run_id), schema, header, rows)
    if output is None:
        _write(tables, sys.stdout)
        sys.stdout.flush()  # Here, where `goldilocks predict ... | head` is no error.
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            count = _write(tables, file)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    console.note(f"written   {count} rows into {output}")


def table(schema: Schema, header: str, names: Any, predictions: np.ndarray) -> pd.DataFrame:
    """What a model says of some rows, as a person reads it.

    Args:
        schema: Of the model.
        header: What the names of the rows are.
        names: Of each row.
        predictions: float32 (rows, outputs).

    Returns:
        The names; the answer: a class, the labels that were said (with commas between them), or a
        number, with its unit in the header; and of classes a column of the probability of each, 0
        to 1.
    """
    from goldilocks.evaluation.scores import decided

    columns = {header: list(names)}
    answer = f"{schema.target} ({schema.unit})" if schema.unit else schema.target
    if answer in columns:  # A series of times that is predicted itself, say.
        answer = f"predicted {answer}"
    if not schema.classes or schema.problem.endswith("regression"):
        return pd.DataFrame(columns | {answer: predictions[:, 0]})
    auto = {"type": "auto", "last_activation": "auto", "loss": "auto", "metrics": "auto"}
    said = decided(resolve(schema.problem, **auto, override=False), predictions)
    if schema.problem == "multilabel":
        columns[answer] = [
            ", ".join(name for name, is_so in zip(schema.classes, row, strict=True) if is_so)
            for row in said
        ]
    else:
        columns[answer] = [schema.classes[label] for label in said]
    shares = (
        np.concatenate([1 - predictions, predictions], axis=1)
        if schema.problem == "binary"
        else predictions
    )
    return pd.DataFrame(
        columns | {f"probability of {name}": shares[:, i] for i, name in enumerate(schema.classes)}
    )


def _begun(rows: Iterator[unlabeled.Rows]) -> Iterator[unlabeled.Rows]:
    """The same rows, the first of them read now."""
    first = next(rows)

    def all_of_them() -> Iterator[unlabeled.Rows]:
        yield first
        yield from rows

    return all_of_them()


def _tables(
    model: Any, schema: Schema, header: str, rows: Iterator[unlabeled.Rows]
) -> Iterator[pd.DataFrame]:
    from goldilocks.encoding import encoder

    for part in rows:
        for note in part.notes:
            console.note(f"  {note}")
        if len(part.names):
            x = encoder.columns(part.x) if schema.kind == "table" else part.x
            predictions = model.predict(encoder.tensors(x), batch_size=BATCH, verbose=0)
            yield table(schema, header, part.names, predictions)


def _write(tables: Iterator[pd.DataFrame], file: Any) -> int:
    """Write tables one below the other; the number of their rows."""
    count = 0
    for part in tables:
        part.to_csv(file, index=False, header=count == 0)
        count += len(part)
    return count
