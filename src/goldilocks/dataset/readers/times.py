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
        first = f"{str(column.iloc[unread[0]])!r} in row {unread[0] + 1}"
        raise DataError(
            _other_part(frame, names, path, options)
            or f"{path}: {len(unread)} of {len(column)} values of the column {column.name!r} are "
            f"no times, the first is {first}; expected dates such as 2016-12-31 23:50, all written "
            "alike, or numbers."
        )

    rows, values, notes = written.rows, written.values, []
    if not pd.Index(values).is_unique:
        has_zone = written.local is not values
        once = repeated_times.resolve(frame, values, has_zone=has_zone)
        if once is None:
            others = frame.drop(columns=list(names))
            raise DataError(
                _other_part(frame, names, path, options)
                or repeated_times.explain(others, column, values, path)
            )
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
    if parts.shape[1] == 1:
        return column

    column, *others = (texts for _, texts in parts.astype("str").items())
    separators = (" ",)
    if _are_years(column):
        separators = ("-", "-", " ")
    for texts, separator in zip(others, separators, strict=False):
        if texts.str.fullmatch(r"\d{1,2}").all():  # Of a month or day, or of an hour.
            texts = texts.str.zfill(2) + ("" if separator == "-" else ":00")
        column = column.str.cat(texts, sep=separator)
    return column.rename(", ".join(map(str, parts.columns)))


def _are_years(column: pd.Series) -> bool:
    return bool(column.astype("str").str.fullmatch(r"[12]\d{3}").all())


def _other_part(
    frame: pd.DataFrame, names: Sequence[str], path: Path, options: ReadingOptions
) -> str:
    """Return what to type where another column has the rest of the times; "" otherwise."""
    column = frame[names[0]]
    rest = dict(enumerate(PARTS if _are_years(column) else PARTS[2:], start=1)).get(len(names))
    if rest is None:
        return ""
    for name in frame.columns.drop(list(names)):
        parts = [name, *names]
        if not (_are_of_day(column) or _counts(column, HOURS)):
            parts = [*names, name]
            if _counts(frame[name], range(1, 25)) and rest == HOURS:
                return (
                    f"{path}: the column {name!r} counts the hours of {names[0]!r} from 1 to 24, "
                    "which may be when they begin or when they end; expected times of day, such as "
                    "00:00 to 23:00. Write them so."
                )
            if not (_are_of_day(frame[name]) or _counts(frame[name], rest)):
                continue

        whole = _joined(frame[parts])
        read = _read(whole, path, options)
        if read.format and not pd.isna(read.values).any():
            return (
                f"{path}: the columns {' and '.join(map(repr, parts))} are a time together, such "
                f"as {whole.iloc[0]!r}; expected all of them. Type "
                f"{argument('dataset.time', *map(str, parts))}."
            )
    return ""


def _counts(column: pd.Series, numbers: range) -> bool:
    """Return whether a column holds each of these numbers, and no others."""
    return set(pd.to_numeric(column, errors="coerce").unique()) == set(numbers)


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
