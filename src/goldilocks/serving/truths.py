"""Raw input that holds the target -> the truth, NaN where it is missing or not of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import conform, targets
from goldilocks.dataset.readers.grids import Grid
from goldilocks.dataset.readers.numbers import MISSING
from goldilocks.dataset.readers.reading import NUMBER, Reading
from goldilocks.dataset.readers.windows import Windows
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError

LABELS = {**targets.ANSWERS, "1": 1.0, "0": 0.0}


@dataclass(frozen=True)
class Answers:
    """The target of the rows of a file.

    Attributes:
        truth: As `unlabeled.Rows.truth`.
        notes: Sentences on what is not scored.
    """

    truth: np.ndarray | None
    notes: Sequence[str] = ()


def of_columns(frame: pd.DataFrame, schema: Schema, path: Path) -> Answers:
    """Return the target of a file's rows, if it has the column, or all columns, of it.

    Args:
        frame: The cells of the file.
        schema: Of the model.
        path: The file, for messages.
    """
    multilabel = schema.problem == "multilabel"
    names = list(schema.classes) if multilabel else [schema.target]
    if not set(names) <= set(frame.columns):
        return Answers(None)
    if not schema.classes:
        reading = schema.target_reading or Reading(kind=NUMBER)
        try:
            numbers = conform.conform(frame[names], dict.fromkeys(names, reading), path)
        except DataError as error:
            return Answers(None, [f"Not scored: {error}"])
        return Answers(numbers[schema.target].to_numpy(np.float64))

    known = {name: float(index) for index, name in enumerate(schema.classes)}
    truth, notes = [], list[str]()
    for name in names:
        labels = frame[name].map(_label, na_action="ignore")
        if multilabel:
            known, labels = LABELS, labels.str.lower()
        indices = labels.map(known).to_numpy(np.float64)
        missing = labels.isna() | labels.str.lower().isin(MISSING)
        unknown = np.flatnonzero(np.isnan(indices) & ~missing)
        if len(unknown):
            first = f"{labels.iloc[unknown[0]]!r} in row {labels.index[unknown[0]] + 1}"
            notes.append(
                f"{len(unknown)} of {len(labels)} rows are not scored: their {name!r} is none that "
                f"the model knows, such as {first}; expected {', '.join(list(known)[:10])}."
            )
        truth.append(indices)
    return Answers(np.stack(truth, axis=1) if multilabel else truth[0], notes)


def of_files(paths: Sequence[str], schema: Schema) -> np.ndarray | None:
    """Return the class of each file: the first folder on its path that is named as one.

    Args:
        paths: With forward slashes.
        schema: Of the model.

    Returns:
        float64 (rows,); None where the model predicts no classes.
    """
    if schema.problem not in ("binary", "multiclass"):
        return None
    known = {name: float(index) for index, name in enumerate(schema.classes)}
    return np.array([_class_of(PurePosixPath(path), known) for path in paths])


def of_windows(windows: Windows, grid: Grid, schema: Schema) -> np.ndarray | None:
    """Return the value that each window predicts, where the file goes on so far.

    Args:
        windows: What the model sees of the file; each ends at the last point that it spans.
        grid: The points.
        schema: Of the model.
    """
    if schema.target not in grid.values:
        return None
    values = grid.values[schema.target].where(grid.is_known[schema.target]).to_numpy(np.float64)
    breaks = grid.values.isna().all(axis=1).to_numpy().cumsum()
    last = windows.starts + windows.reach
    predicted = last + schema.delay
    inside = np.minimum(predicted, len(values) - 1)
    is_there = (predicted == inside) & (breaks[inside] == breaks[last])
    return np.where(is_there, values[inside], np.nan)


def _label(cell: object) -> str:
    """Return a cell as the name of a class: "1.0" as "1"."""
    word = targets.shown(cell).strip()
    try:
        return targets.shown(float(word)) if "." in word else word
    except ValueError:
        return word


def _class_of(path: PurePosixPath, known: Mapping[str, float]) -> float:
    return next((known[name] for name in path.parts[:-1] if name in known), np.nan)
