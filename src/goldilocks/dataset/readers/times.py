"""Columns of dates or numbers -> points of time by which rows can be ordered, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import columns, dates, features, repeats
from goldilocks.dataset.readers.numbers import read_numbers
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.errors import DataError
from goldilocks.formatting import argument

SAMPLE = 200  # times, by which the format that most of them have is found


@dataclass(frozen=True)
class Times:
    """Points of time in their order, each once.

    Attributes:
        values: datetime64[us] or float64 (rows,), ascending; counted on where clocks are changed.
        local: The same as they are written, without their zone.
        rows: Which row of the file has each, int64 (rows,).
        format: Of `DateReading`; "" of numbers.
        example: The last one, as it is written.
        notes: Sentences on how they were read.
    """

    values: np.ndarray
    local: np.ndarray
    rows: np.ndarray
    format: str
    example: str
    notes: tuple[str, ...]

    def write(self, time: np.datetime64 | np.float64) -> str:
        """Return a time, as `local`, written as the others are."""
        return dates.write(time, self.format, self.example)


def read(
    frame: pd.DataFrame,
    names: Sequence[str],
    path: Path,
    options: ReadingOptions,
    *,
    trained: str = "",
) -> Times:
    """Return the points of time of rows.

    A time that is there twice is accepted where clocks were put back, and the order of the rows
    tells which is which; and where a row repeats another one in every cell.

    Args:
        frame: The columns of a file, as they stand there.
        names: Of the column of times, or of several that together are the time.
        path: The file, for messages.
        options: What was decided about the reading.
        trained: `Times.format` of the file that a model was trained on; taken if it reads all.

    Raises:
        DataError: A time is unreadable, dates can be read in two ways, or a time is there twice for
            another reason.
    """
    column = _joined(frame[list(names)])
    if trained and columns.is_text(column) and _fits(column, trained):
        options = replace(options, date_format=trained)
    written = _read(column, path, options)
    unread = np.flatnonzero(pd.isna(written.values))
    if len(unread):
        raise DataError(_why_unread(frame, column, unread, path, options))

    once = written.rows, written.values, []
    if repeats.has(written.values):
        once = repeats.resolve(frame, written.values, written.local)
    if once is None:
        apart = _other_half(frame, column, path, options)
        raise DataError(apart or repeats.explain(frame, column, written.values, path))

    rows, values, notes = once
    order = np.argsort(values, kind="stable")
    rows = rows[order]
    if (np.diff(rows) < 0).any():
        notes = [*notes, f"Sorted the rows by {column.name}."]
    return replace(
        written,
        values=values[order],
        local=written.local[rows],
        rows=rows,
        notes=(*written.notes, *notes),
    )


def _fits(column: pd.Series, format: str) -> bool:
    return not format.startswith("epoch") and not np.isnat(dates.read_as(column, format)).any()


def _joined(parts: pd.DataFrame) -> pd.Series:
    """Return the times of rows: one column, or several such as a date and a time of day."""
    column = parts.iloc[:, 0]
    if parts.shape[1] > 1:
        texts = parts.astype("str").apply(_with_minutes)
        column = texts.apply(" ".join, axis=1).where(parts.notna().all(axis=1))
    return column.rename(", ".join(map(str, parts.columns)))


def _with_minutes(column: pd.Series) -> pd.Series:
    """Return the hours of a day, from 0 to 23, as times of day; other columns as they are."""
    return column.str.zfill(2) + ":00" if _counts_hours(column, first=0) else column


def _counts_hours(column: pd.Series, *, first: int) -> bool:
    """Return whether a column holds each hour of a day, counted from 0 or from 1, and no others."""
    return set(pd.to_numeric(column, errors="coerce").unique()) == set(range(first, first + 24))


def _why_unread(
    frame: pd.DataFrame, column: pd.Series, unread: np.ndarray, path: Path, options: ReadingOptions
) -> str:
    """Return the sentence on values that are no times."""
    apart = _other_half(frame, column, path, options)
    if apart:
        return apart
    first = f"{str(column.iloc[unread[0]])!r} in row {unread[0] + 1}"
    return (
        f"{path}: {len(unread)} of {len(column)} values of the column {column.name!r} are no "
        f"times, the first is {first}; expected dates such as 2016-12-31 23:50, all written "
        "alike, or numbers."
    )


def _other_half(frame: pd.DataFrame, column: pd.Series, path: Path, options: ReadingOptions) -> str:
    """Return what to type where another column has the other half of the times; "" otherwise."""
    if column.name not in frame:
        return ""
    for name in frame.columns.drop(column.name):
        date, clock = (name, column.name) if _are_of_day(column) else (column.name, name)
        if _counts_hours(frame[name], first=1):
            return (
                f"{path}: the column {name!r} counts the hours of each day in {date!r} from 1 to "
                "24, which may be when they begin or when they end; expected times of day, such as "
                "00:00 to 23:00. Write them so."
            )
        if not (_are_of_day(frame[clock]) or _counts_hours(frame[clock], first=0)):
            continue
        both = _read(_joined(frame[[date, clock]]), path, options)
        if both.format and not pd.isna(both.values).any():
            return (
                f"{path}: the column {date!r} holds dates, and {clock!r} their times of day, such "
                f"as {frame[date].iloc[0]!r} and {frame[clock].iloc[0]!r}; expected the time in "
                f"dataset.time. Type {argument('dataset.time', str(date), str(clock))}."
            )
    return ""


def _are_of_day(column: pd.Series) -> bool:
    """Return whether all cells are times of day without a date."""
    return columns.is_text(column) and bool(
        column.astype("str").str.fullmatch(dates.TIME_OF_DAY).all()
    )


def _read(column: pd.Series, path: Path, options: ReadingOptions) -> Times:
    """Return all times as they stand in a file, NaN or NaT where one is unreadable."""
    values, format, notes = _values(column, path, options)
    local = values
    if columns.is_text(column) and dates.name_zones(column.dropna()).any():
        local = dates.read_as(column.str.replace(dates.ZONE, "", regex=True), format or dates.ISO)
    elif isinstance(column.dtype, pd.DatetimeTZDtype):
        local = column.dt.tz_localize(None).to_numpy("datetime64[us]")
    example = str(column.iloc[-1])
    return Times(values, local, np.arange(len(values)), format, example, notes)


def _values(
    column: pd.Series, path: Path, options: ReadingOptions
) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Return numbers or dates, how dates were read, and notes."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy("float64", na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan), "", ()
    if not columns.is_text(column):
        times = pd.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None)
        return times.to_numpy("datetime64[us]"), dates.ISO, ()

    if options.date_format is not None:
        return dates.read_as(column, options.date_format), options.date_format, ()

    zones = dates.name_zones(column.dropna())
    if zones.nunique() > 1:
        first = zones.index[zones != zones.iloc[0]][0]
        raise DataError(
            f"{path}: some values of the column {column.name!r} name their time zone and others do "
            f"not, the first that differs is {column[first]!r} in row {first + 1}; expected all or "
            "none."
        )
    reading = features.choose_date(column, path, options)
    if reading is None:
        numeric = read_numbers(columns.cells(column))
        if len(numeric) != 1:
            return _mostly_dates(column), "", ()
        reading = dates.read_epochs(numeric[0].values)
        if reading is None:
            return np.where(np.isfinite(numeric[0].values), numeric[0].values, np.nan), "", ()
    if reading.format == dates.ISO or column.isna().any():
        return reading.values, reading.format, ()
    first = dates.shown(reading.values[0])
    note = f"Read {column.iloc[0]!r} in {column.name!r} as {first}, written {reading.format}."
    return reading.values, reading.format, (note,)


def _mostly_dates(column: pd.Series) -> np.ndarray:
    """Return the dates in the format that reads the most cells, NaT where it does not fit."""
    sample = column.dropna().iloc[:SAMPLE]
    fitting = max(
        dates.formats(), key=lambda format: (~np.isnat(dates.read_as(sample, format))).sum()
    )
    return dates.read_as(column, fitting)
