"""Other rows of a table -> columns as those that a model was trained on were read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from goldilocks.dataset.readers import dates, numbers
from goldilocks.dataset.readers.columns import (
    cells,
    days_of,
    finite,
    is_text,
    texts,
    truths_of,
    typed,
)
from goldilocks.dataset.readers.reading import CATEGORY, DATE, NUMBER, TRUTH, Reading
from goldilocks.errors import DataError


def conform(frame: pd.DataFrame, readings: Mapping[str, Reading], path: Path) -> pd.DataFrame:
    """Return other rows of a table that was prepared once, read as its rows were.

    Args:
        frame: Has these columns, and maybe others.
        readings: Of the columns that are inputs.
        path: The file, for messages.

    Returns:
        As `Prepared.x`, the columns in the order of `readings`; nothing is left out.

    Raises:
        DataError: A cell cannot be read as the column was; names it.
    """
    conforming = {}
    for name, reading in readings.items():
        column = frame[name]
        if reading.kind == CATEGORY:
            values = texts(column)
            values[np.isin(values, reading.words)] = ""
        elif reading.kind == TRUTH and is_text(column):
            values = truths_of(texts(column))
        elif not is_text(column):
            values, other, _ = typed(column)
            if (other.kind == DATE) != (reading.kind == DATE) and column.notna().any():
                values = None
        elif reading.kind == NUMBER:
            values = _number_as(reading, column, path)
        else:
            values = days_of(_date_as(reading, column, path))

        if values is None or (reading.kind != CATEGORY and values.dtype == object):
            raise _refused(reading, column, int(column.notna().argmax()), path)
        conforming[name] = pd.Series(values, frame.index, values.dtype)
    return pd.DataFrame(conforming, index=frame.index)


def _number_as(reading: Reading, column: pd.Series, path: Path) -> np.ndarray:
    """Return cells as numbers in the style of training, else in the only other one that fits."""
    readings = numbers.read_numbers(cells(column))
    if not readings and column.isna().all():
        return np.full(len(column), np.nan)
    alike = [number for number in readings if number.style == reading.style] or readings
    units = {alike[0].style.behind, alike[0].style.before} - {""} if alike else set()
    expected = {reading.style.behind, reading.style.before}
    without = numbers.is_unit(reading.style.behind) and not units
    if len(alike) != 1 or units - expected or without:
        raise _refused(reading, column, _first_odd(column, reading), path)
    for word in alike[0].words:
        if word not in reading.words:
            raise _refused(
                reading, column, int(np.flatnonzero(column.str.strip() == word)[0]), path
            )
    return finite(alike[0].values)[0]


def _refused(reading: Reading, column: pd.Series, row: int, path: Path) -> DataError:
    """Return the error on the cell at a position of a column."""
    example = f" such as {reading.example!r}" if reading.example else ""
    return DataError(
        f"{path}: the column {column.name!r} holds {str(column.iloc[row])!r} in row "
        f"{column.index[row] + 1}; expected a {reading.describe()}{example}, as in the rows that "
        "the model was trained on. Correct it, or leave the cell empty if the value is unknown."
    )


def _first_odd(column: pd.Series, reading: Reading) -> int:
    """Return the position of the first cell that is no number in the style of training."""
    for row, cell in enumerate(column):
        if isinstance(cell, str) and not any(
            number.style.decimal == reading.style.decimal
            and number.style.thousands in ("", reading.style.thousands)
            for number in numbers.read_numbers(pa.array([cell], pa.large_string()))
        ):
            return row
    return 0


def _date_as(reading: Reading, column: pd.Series, path: Path) -> np.ndarray:
    """Return cells as dates in the format of training, else in the only other one that fits."""
    column = column.where(~np.isin(texts(column), ["", *reading.words]))
    values = dates.read_as(column, reading.format)
    unread = np.isnat(values) & column.notna().to_numpy()
    if not unread.any():
        return values
    readings = dates.read_dates(column)
    if len(readings) == 1 and dates.names_a_year(readings[0].format):
        return readings[0].values
    raise _refused(reading, column, int(np.flatnonzero(unread)[0]), path)
