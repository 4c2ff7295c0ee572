"""Columns of a table -> numbers (float64) and categories (str).

Nothing is fitted here. One reading must explain all cells of a column; where two do, the file is
asked (is 1.5 written with a point elsewhere?), then the person. A column is left out, with a note,
where it cannot help: it is constant, it names or counts its rows, or it holds something that is
neither number, date nor text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import dates, numbers
from goldilocks.dataset.readers.columns import (
    cells,
    days_of,
    encode,
    finite,
    is_text,
    truths_of,
    typed,
)
from goldilocks.dataset.readers.dates import DateReading
from goldilocks.dataset.readers.numbers import NumberReading, NumberStyle
from goldilocks.dataset.readers.reading import (
    CATEGORY,
    DATE,
    NUMBER,
    TRUTH,
    Reading,
    ReadingOptions,
)
from goldilocks.errors import DataError
from goldilocks.formatting import argument

DECIMALS = {"point": ".", "comma": ","}  # of `dataset.decimal`
LONGEST = 15  # digits that float64 tells apart
# A counter of rows has whole numbers that are all different and fill this share of their range:
# some rows of the file may have been left out.
COUNTED = 2 / 3


@dataclass(frozen=True)
class Prepared:
    """The columns that a model can learn from.

    Attributes:
        x: One row per example; columns are float64, finite or NaN, or objects that all are str.
        readings: Of every column of the file, by its name.
        remarks: Of the columns of `x`: what was converted or taken for what, as ends of sentences.
    """

    x: pd.DataFrame
    readings: Mapping[str, Reading]
    remarks: Mapping[str, Sequence[str]]

    @property
    def left_out(self) -> str:
        """The columns that are no input, each with the reason."""
        reasons = {name: reading.left_out for name, reading in self.readings.items()}
        return "; ".join(f"{name!r}, {reason}" for name, reason in reasons.items() if reason)

    @property
    def notes(self) -> list[str]:
        """Sentences on what was converted or is missing."""
        notes = list[str]()
        for name, remarks in self.remarks.items():
            notes += [f"Column {name!r} {remark}." for remark in remarks]
        missing = {name: self.readings[name].missing for name in self.x.columns}
        gaps = [f"{name} {count}" for name, count in missing.items() if count]
        if gaps:
            notes.append(
                f"Missing values, of {len(self.x)} rows: {', '.join(gaps)}. They are filled in "
                "from training rows."
            )
        return notes


def prepare(frame: pd.DataFrame, path: Path, options: ReadingOptions) -> Prepared:
    """Return the columns that a model can learn from.

    Args:
        frame: Columns of texts as they stand in a file, or of the types of a file that has types;
            one row per example.
        path: The file, for messages.
        options: What was decided about the reading.

    Raises:
        DataError: A column can be read in two ways.
    """
    written = numbers_of(frame)
    decimals = set[str]()
    if any(len(alike) > 1 for alike in written.values()):
        decimals = decimals_of(written, options)

    usable: dict[str, pd.Series] = {}
    readings: dict[str, Reading] = {}
    remarks: dict[str, Sequence[str]] = {}
    for column_name, column in frame.items():
        name = str(column_name)
        if written.get(name) and not _are_long(column, written[name][0]):
            number = choose(column, written[name], decimals, path)
            values, beyond = finite(number.values)
            reading, converted = describe(number)
            remarks[name] = beyond + converted
        elif name in written:
            values, reading, remarks[name] = _date_or_category(column, path, options)
        else:
            values, reading, remarks[name] = typed(column)

        reading = _counted(reading, column, values)
        if values is not None and name not in options.keep:
            reading = replace(reading, left_out=_useless(name, values, reading))
        if reading.left_out and reading.kind == CATEGORY:  # Numbers in two styles, for example.
            reading = replace(reading, left_out="; it ".join([reading.left_out, *remarks[name]]))
        readings[name] = reading
        if values is None or reading.left_out:
            del remarks[name]
            continue
        # With the dtype, else pandas makes its own str of objects.
        usable[name] = pd.Series(values, frame.index, values.dtype)
    # Columns are not copied into one block, which takes as long as reading them.
    return Prepared(pd.DataFrame(usable, index=frame.index, copy=False), readings, remarks)


def _are_long(column: pd.Series, number: NumberReading) -> bool:
    """Return whether a column holds codes of more digits than float64 has, such as accounts."""
    if np.fmax.reduce(number.values) < 10.0**LONGEST:
        return False
    return bool(column.str.strip().str.fullmatch(rf"\d{{{LONGEST + 1},}}").any())


def choose(
    column: pd.Series,
    readings: Sequence[NumberReading],
    decimals: set[str],
    path: Path,
) -> NumberReading:
    """Return the one reading of a column of numbers, or ask.

    Args:
        column: Its cells.
        readings: Of `read_numbers`, at least one.
        decimals: What stands before decimals in the file, as far as it is known.
        path: The file, for messages.

    Raises:
        DataError: Two readings explain all cells, and nothing in the file decides.
    """
    if len(decimals) == 1:
        fitting = [reading for reading in readings if reading.style.decimal in decimals]
        readings = fitting or readings
    if len(readings) == 1:
        return readings[0]

    point, comma = sorted(readings[:2], key=lambda reading: reading.style.decimal, reverse=True)
    row = int(np.flatnonzero(point.values != comma.values)[0])
    raise DataError(
        f"{path}: the numbers in the column {column.name!r} can be read in two ways: "
        f"{column.iloc[row]!r} in row {column.index[row] + 1} is {point.values[row]:.10g}, then "
        f"type dataset.decimal=point, or {comma.values[row]:.10g}, then type dataset.decimal=comma."
    )


def decimals_of(
    written: Mapping[str, Sequence[NumberReading]], options: ReadingOptions
) -> set[str]:
    """Return what stands before decimals, by the columns that are read in one way."""
    if options.decimal != "auto":
        return {DECIMALS[options.decimal]}
    marks: set[str] = set()
    for readings in written.values():
        if len(readings) != 1:
            continue
        [reading] = readings
        present = reading.values[np.isfinite(reading.values)]
        if reading.style.thousands or (present % 1 != 0).any():
            marks.add(reading.style.decimal)
    return marks


def numbers_of(frame: pd.DataFrame) -> dict[str, list[NumberReading]]:
    """Return the readings as numbers of each column of texts, by its name."""
    columns = {str(name): cells(column) for name, column in frame.items() if is_text(column)}
    with ThreadPoolExecutor() as threads:  # Arrow releases the interpreter lock.
        return dict(zip(columns, threads.map(numbers.read_numbers, columns.values()), strict=True))


def describe(number: NumberReading) -> tuple[Reading, list[str]]:
    """Return how numbers are read, and what was taken for what, as ends of sentences."""
    remarks = list[str]()
    if number.words:
        remarks.append(f"has {', '.join(map(repr, number.words))} for missing numbers")
    if number.style != NumberStyle():
        remarks.append(f"is read as numbers, written {number.style.describe()}")
    return Reading(kind=NUMBER, style=number.style, words=number.words), remarks


def _date_or_category(
    column: pd.Series, path: Path, options: ReadingOptions
) -> tuple[np.ndarray, Reading, list[str]]:
    # Codes and counters of digits alone may look like "202001"; only times are asked for that.
    positions, words = encode(column)
    digits = all(word.isdecimal() for word in words if word)
    gaps = tuple(word for word in words if word.lower() in numbers.GAPS)
    dated = column.where(~np.isin(words, ["", *gaps])[positions])
    if not digits and (date := choose_date(dated, path, options)) is not None:
        remarks = [f"holds dates, written {date.format}; it became days since 1970-01-01"]
        remarks += [f"has {', '.join(map(repr, gaps))} for missing dates"] * bool(gaps)
        return days_of(date.values), Reading(kind=DATE, format=date.format, words=gaps), remarks

    truths = truths_of(words)
    if truths is not None:
        return truths[positions], Reading(kind=TRUTH), []
    gaps = tuple(options.gaps)
    words[np.isin(words, gaps)] = ""
    return words[positions], Reading(kind=CATEGORY, words=gaps), []


def choose_date(column: pd.Series, path: Path, options: ReadingOptions) -> DateReading | None:
    """Return the one reading of a column as dates; None where it holds none.

    Raises:
        DataError: Two formats explain all cells, and `date_format` is neither.
    """
    readings = dates.read_dates(column.where(column.notna(), None))
    complete = [reading for reading in readings if dates.names_a_year(reading.format)]
    if options.date_format is not None:
        fitting = [reading for reading in readings if reading.format == options.date_format]
        complete = readings = fitting or readings
    if not complete:
        return None
    if len(readings) == 1:
        return readings[0]

    differ = readings[0].values != readings[1].values
    first = int(np.flatnonzero(differ & ~np.isnat(readings[0].values))[0])
    ways = " or ".join(_shown_date(reading, first) for reading in readings)
    raise DataError(
        f"{path}: the dates in the column {column.name!r} can be read in {len(readings)} ways: "
        f"{column.iloc[first]!r} in row {column.index[first] + 1} is {ways}. Type what is meant, "
        "or write the dates as year-month-day."
    )


def _shown_date(reading: DateReading, row: int) -> str:
    if not dates.names_a_year(reading.format):
        return "a day without a year, which the file would have to name"
    return f"{dates.shown(reading.values[row])} (\"dataset.date_format='{reading.format}'\")"


def _counted(reading: Reading, column: pd.Series, values: np.ndarray | None) -> Reading:
    """Return a reading with an example and the numbers of different and of missing values."""
    present = column.notna().to_numpy()
    example = ""
    if present.any():
        example = str(column.iloc[present.argmax()])
    if values is None:
        return replace(reading, example=example, missing=len(column) - int(present.sum()))
    gaps = values == "" if values.dtype == object else np.isnan(values)
    missing = int(gaps.sum())
    distinct = len(pd.unique(values)) - (missing > 0)
    return replace(reading, example=example, distinct=distinct, missing=missing)


def _useless(name: str, values: np.ndarray, reading: Reading) -> str:
    """Return why nothing can be learnt from a column; "" where something can."""
    present = len(values) - reading.missing
    if present == 0:
        return "it is empty"
    # A gap counts as a value of its own: that it is missing can tell something.
    if reading.distinct == 1 and not reading.missing:
        value = repr(values[0]) if values.dtype == object else f"{values[0]:g}"
        return f"it is {value} in every row"
    if present == 1 or reading.distinct < present:
        return ""
    if values.dtype == object:
        return f"its {present} texts name the rows; {argument('dataset.keep', name)} keeps it"
    if reading.kind == NUMBER and not reading.missing and (values % 1 == 0).all():
        steps = np.diff(np.sort(values))
        if present >= COUNTED * (
            (values.max() - values.min()) / np.gcd.reduce(steps.astype(int)) + 1
        ):
            return f"it counts the rows; {argument('dataset.keep', name)} keeps it"
    return ""
