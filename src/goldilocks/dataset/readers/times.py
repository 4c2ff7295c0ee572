"""Columns of dates or numbers -> points of time by which rows can be ordered, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import columns, dates, features, repeated_times
from goldilocks.dataset.readers.numbers import read_numbers
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.errors import DataError
from goldilocks.formatting import argument

HOURS = range(24)
PARTS = (range(1, 13), range(1, 32), HOURS)  # of a date whose year, month and day are apart
SAMPLE = 200  # times, by which the format that most of them have is found


@dataclass(frozen=True)
class Times:
    """Points of time in their order.

    Attributes:
        values: datetime64[us] or float64 (rows,), ascending, each once but of a table;
            counted on where clocks are changed.
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
    repeated: bool = False,
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
        repeated: Whether several rows may have the same time, as those of a table.

    Raises:
        DataError: A time is unreadable, dates can be read in two ways, or a time is there twice for
            another reason.
    """
    frame = pd.DataFrame({name: _plain(column) for name, column in frame.items()})
    column = _joined(frame[list(names)])
    if trained and columns.is_text(column) and not pd.isna(dates.read_as(column, trained)).any():
        options = replace(options, date_format=trained)
    values, format = _values(column, path, options)
    unread = np.flatnonzero(pd.isna(values))
    if len(unread):
        cell, row = column.iloc[unread[0]], column.index[unread[0]] + 1
        first = f"{'a missing one' if pd.isna(cell) else repr(str(cell))} in row {row}"
        raise DataError(
            _other_part(frame, names, path, options)
            or f"{path}: {len(unread)} of {len(column)} values of the column {column.name!r} are "
            f"no times, the first is {first}; expected dates such as 2016-12-31 23:50, all written "
            "alike, or numbers."
        )

    local, notes = _local(column, values, format), list[str]()
    if format not in ("", dates.ISO, options.date_format):
        first = dates.shown(values[0])
        notes = [f"Read {column.iloc[0]!r} in {column.name!r} as {first}, written {format}."]
    rows = np.arange(len(values))
    if not repeated and not pd.Index(values).is_unique:
        once = repeated_times.resolve(frame, values, has_zone=local is not values)
        if once is None:
            others = frame.drop(columns=list(names))
            raise DataError(
                _other_part(frame, names, path, options)
                or repeated_times.explain(others, column, values, path)
            )
        rows, values, remarks = once
        notes += remarks

    order = np.argsort(values, kind="stable")
    rows = rows[order]
    if (np.diff(rows) < 0).any():
        notes.append(f"Sorted the rows by {column.name}.")
    return Times(values[order], local[rows], rows, format, str(column.iloc[-1]), tuple(notes))


def _plain(column: pd.Series) -> pd.Series:
    """Return a column of categories, bytes, lists or mappings as texts, any other as it is."""
    if pd.api.types.infer_dtype(column, skipna=True) in ("categorical", "bytes", "mixed"):
        return column.astype(object).map(str, na_action="ignore")
    return column


def _joined(parts: pd.DataFrame) -> pd.Series:
    """Return the times of rows: one column, or several such as a date and a time of day."""
    if parts.shape[1] == 1:
        return parts.iloc[:, 0]

    texts = parts.astype("str").apply(lambda column: column.str.zfill(2))
    whole = texts.iloc[:, 0].str.cat(texts.iloc[:, 1:], sep=" ")
    whole = whole.str.replace(r"^(\d{4}) (\d\d)\b", r"\1-\2", regex=True)  # A year and a month.
    whole = whole.str.replace(r"^(\d{4}-\d\d) (\d\d)\b", r"\1-\2", regex=True)  # And a day.
    whole = whole.str.replace(r" (\d\d)$", r" \1:00", regex=True)  # An hour.
    return whole.rename(", ".join(map(str, parts.columns)))


def _other_part(
    frame: pd.DataFrame, names: Sequence[str], path: Path, options: ReadingOptions
) -> str:
    """Return what to type where another column has the rest of the times; "" otherwise."""
    column, parts = frame[names[0]], PARTS[2:]
    if column.astype("str").str.fullmatch(r"[12]\d{3}").all():
        parts = PARTS
    if len(names) > len(parts):
        return ""

    part = set(parts[len(names) - 1])
    for name in frame.columns.drop(list(names)):
        for whole, last in (([*names, name], frame[name]), ([name, *names], column)):
            numbers = set(pd.to_numeric(last, errors="coerce"))
            if part == set(HOURS) and numbers == set(range(1, 25)):
                return (
                    f"{path}: the column {last.name!r} counts hours from 1 to 24, which may be "
                    "when they begin or when they end; expected times of day, such as 00:00 to "
                    "23:00. Write them so."
                )
            is_clock = last.astype("str").str.fullmatch(dates.TIME_OF_DAY).all()
            if not is_clock and numbers != part:
                continue

            joined = _joined(frame[whole])
            values, format = _values(joined, path, options)
            if format and not pd.isna(values).any():
                return (
                    f"{path}: the columns {' and '.join(map(repr, whole))} are a time together, "
                    f"such as {joined.iloc[0]!r}; expected all of them. Type "
                    f"{argument('dataset.time', *map(str, whole))}."
                )
    return ""


def _values(column: pd.Series, path: Path, options: ReadingOptions) -> tuple[np.ndarray, str]:
    """Return numbers or dates, NaN or NaT where one is unreadable, and how dates are written."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = [column.to_numpy("float64", na_value=np.nan)]
    elif not columns.is_text(column):
        times = pd.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None)
        return times.to_numpy("datetime64[us]"), dates.ISO
    elif options.date_format is not None:
        return dates.read_as(column, options.date_format), options.date_format
    else:
        zones = dates.name_zones(column.dropna())
        if zones.nunique() > 1:
            first = zones.ne(zones.iloc[0]).idxmax()
            raise DataError(
                f"{path}: some values of the column {column.name!r} name their time zone and "
                f"others do not, the first that differs is {column[first]!r} in row {first + 1}; "
                "expected all or none."
            )
        reading = features.choose_date(column, path, options)
        if reading is not None:
            return reading.values, reading.format
        numbers = [number.values for number in read_numbers(columns.cells(column))]

    if len(numbers) != 1:  # Neither dates nor numbers: the format that most have shows the others.
        sample = column.dropna().iloc[:SAMPLE]
        format = max(
            dates.formats(), key=lambda format: pd.notna(dates.read_as(sample, format)).sum()
        )
        return dates.read_as(column, format), ""
    epochs = dates.read_epochs(numbers[0])
    if epochs is not None:
        return epochs.values, epochs.format
    return np.where(np.isfinite(numbers[0]), numbers[0], np.nan), ""


def _local(column: pd.Series, values: np.ndarray, format: str) -> np.ndarray:
    """Return times as they are written, without their zone; `values` itself where there is none."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_localize(None).to_numpy("datetime64[us]")
    if columns.is_text(column) and dates.name_zones(column).any():
        return dates.read_as(column.str.replace(dates.ZONE, "", regex=True), format or dates.ISO)
    return values
