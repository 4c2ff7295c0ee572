"""Raw input that holds the target -> the truth, NaN where it is missing or not of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import conform, targets
from goldilocks.dataset.readers.grids import Grid
from goldilocks.dataset.readers.reading import NUMBER, Reading, ReadingOptions
from goldilocks.dataset.readers.windows import Windows
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError


def of_columns(
    frame: pd.DataFrame, schema: Schema, path: Path
) -> tuple[np.ndarray | None, list[str]]:
    """Return the target of a file's rows, if it has the column, or all columns, of it.

    Args:
        frame: The cells of the file.
        schema: Of the model.
        path: The file, for messages.

    Returns:
        As `unlabeled.Rows.truth`, and sentences on what is not scored.
    """
    several = schema.problem == "multilabel"
    names = list(schema.classes) if several else [schema.target]
    if not set(names) <= set(frame.columns):
        return None, []

    numbers = dict.fromkeys(names, schema.target_reading or Reading(kind=NUMBER))
    try:
        if not schema.classes:
            return conform.conform(frame, numbers, path)[schema.target].to_numpy(), []
        answers, _, _ = targets.read(frame[names], path, set, ReadingOptions())
    except DataError as error:
        return None, [f"Not scored: {error}"]

    labels = answers.map(targets.shown, na_action="ignore")
    known = {name: float(index) for index, name in enumerate(schema.classes)}
    if several:
        labels = labels.map(str.lower, na_action="ignore")
        known = {**targets.ANSWERS, "1": 1.0, "0": 0.0}
    truth = labels.map(known.get, na_action="ignore").astype(np.float64)
    notes = []
    for name in names:
        unknown = labels[name][truth[name].isna() & labels[name].notna()]
        if len(unknown):
            notes.append(
                f"{len(unknown)} of {len(labels)} rows are not scored: their {name!r} is none that "
                f"the model knows, such as {unknown.iloc[0]!r} in row {unknown.index[0] + 1}; "
                f"expected {', '.join(list(known)[:10])}."
            )
    return truth.to_numpy() if several else truth[schema.target].to_numpy(), notes


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
    above = [path.split("/")[:-1] for path in paths]
    classes = [[name for name in names if name in schema.classes] for names in above]
    return np.array([schema.classes.index(some[0]) if some else np.nan for some in classes], float)


def of_windows(windows: Windows, grid: Grid, schema: Schema) -> np.ndarray:
    """Return the value that each window predicts, NaN where the file does not go on so far.

    Args:
        windows: What the model sees of the file; each ends at the last point that it spans.
        grid: The points.
        schema: Of the model.
    """
    target = windows.columns.index(schema.target)
    observed = grid.is_known[schema.target].to_numpy()
    scored = replace(windows, target=target, delay=schema.delay, observed=observed)
    truth = np.full(len(windows), np.nan)
    truth[np.isin(windows.starts, scored.starts)] = scored.targets
    return truth
