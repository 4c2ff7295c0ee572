"""Raw input that holds the target -> the truth, NaN where it is missing or not of the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import conform, problems, tags, targets
from goldilocks.dataset.readers.reading import NUMBER, Reading, ReadingOptions
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError


def of_columns(
    frame: pd.DataFrame, schema: Schema, path: Path
) -> tuple[np.ndarray | None, list[str]]:
    """Return the target of a file's rows, if the file has it: of labels and numbers, all columns.

    Args:
        frame: The cells of the file.
        schema: Of the model.
        path: The file, for messages.

    Returns:
        As `unlabeled.Rows.truth`, and sentences on what is not scored.
    """
    target = schema.target
    if schema.problem == "multilabel":
        return _labels(frame, schema), []
    readings = schema.outputs or {target: schema.target_reading or Reading(kind=NUMBER)}
    if not set(readings) <= set(frame.columns):
        return None, []
    try:
        if not schema.classes:
            numbers = conform.conform(frame, readings, path)
            return numbers.to_numpy() if schema.outputs else numbers[target].to_numpy(), []
        answers, _, _ = targets.read(
            frame[[target]], [target], path, ReadingOptions(problem=schema.problem)
        )
    except DataError as error:
        return None, [f"Not scored: {error}"]

    truth = answers[target].map(targets.shown, na_action="ignore").map(_indices(schema))
    if truth.isna().all():
        return None, [f"Not scored: no {target!r} of {path} is a class of the model."]
    return truth.to_numpy(float), []


def of_files(paths: Sequence[str], schema: Schema) -> np.ndarray | None:
    """Return the class of each file: the first folder on its path that is named as one.

    Args:
        paths: With forward slashes.
        schema: Of the model.

    Returns:
        float64 (rows,), NaN where there is none; None of labels, which no folder tells.
    """
    if schema.problem == "multilabel":
        return None
    indices = _indices(schema)
    above = [[name for name in path.split("/")[:-1] if name in indices] for path in paths]
    return np.array([indices[names[0]] if names else np.nan for names in above])


def _labels(frame: pd.DataFrame, schema: Schema) -> np.ndarray | None:
    """Return the labels of a file's rows as they are in its columns, or in its column of tags.

    Whether a tag is written in capital letters does not count here.

    Returns:
        float64 (rows, labels), NaN where it is not known; None where the file does not tell any.
    """
    if not schema.sign and set(schema.classes) <= set(frame):
        return frame[list(schema.classes)].apply(problems.truths).to_numpy(float)
    if not schema.sign or schema.target not in frame:
        return None

    assert schema.target_reading is not None
    options = ReadingOptions(missing=schema.target_reading.words)
    cells, _ = tags.read(frame[schema.target], schema.sign, options)
    labels = [name.lower() for name in schema.classes]
    truth = np.full((len(cells), len(labels)), np.nan)
    for row, cell in enumerate(cells):
        if cell is not None:
            truth[row] = np.isin(labels, [tag.lower() for tag in cell])
    return truth if np.nansum(truth) else None


def _indices(schema: Schema) -> dict[str, float]:
    return {name: float(index) for index, name in enumerate(schema.classes)}
