"""Raw input that holds the target -> the truth, NaN where it is missing or not of the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import conform, targets
from goldilocks.dataset.readers.reading import NUMBER, Reading, ReadingOptions
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError


def of_columns(
    frame: pd.DataFrame, schema: Schema, path: Path
) -> tuple[np.ndarray | None, list[str]]:
    """Return the target of a file's rows, if the file has it, of several numbers all of them.

    Args:
        frame: The cells of the file.
        schema: Of the model.
        path: The file, for messages.

    Returns:
        As `unlabeled.Rows.truth`, and sentences on what is not scored.
    """
    target = schema.target
    readings = schema.outputs or {target: schema.target_reading or Reading(kind=NUMBER)}
    if not set(readings) <= set(frame.columns) or schema.problem == "multilabel":
        return None, []
    try:
        if not schema.classes:
            numbers = conform.conform(frame, readings, path)
            return numbers.to_numpy() if schema.outputs else numbers[target].to_numpy(), []
        answers, _, _ = targets.read(frame[[target]], [target], path, ReadingOptions())
    except DataError as error:
        return None, [f"Not scored: {error}"]

    truth = answers[target].map(targets.shown, na_action="ignore").map(_indices(schema))
    if truth.isna().all():
        return None, [f"Not scored: no {target!r} of {path} is a class of the model."]
    return truth.to_numpy(float), []


def of_files(paths: Sequence[str], schema: Schema) -> np.ndarray:
    """Return the class of each file: the first folder on its path that is named as one.

    Args:
        paths: With forward slashes.
        schema: Of the model.

    Returns:
        float64 (rows,), NaN where there is none.
    """
    indices = _indices(schema)
    above = [[name for name in path.split("/")[:-1] if name in indices] for path in paths]
    return np.array([indices[names[0]] if names else np.nan for names in above])


def _indices(schema: Schema) -> dict[str, float]:
    if schema.problem == "multilabel":
        return {}
    return {name: float(index) for index, name in enumerate(schema.classes)}
