"""Tell whether the first line of a file names its columns, and whether units stand below it.

What is no header line is asked about, never guessed: a header line taken for a row would lose all
names, and a row taken for the header line, or a line of units for a row, spoils every column.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from goldilocks.dataset.readers import dates, numbers
from goldilocks.errors import DataError

SAMPLE = 100  # rows by which columns of numbers are told
LOOKED_AT = 10_000  # rows in which names of columns are looked for
FEW = 3  # rows in which a name may stand as a value
SENTENCE = 4  # words that make a cell a text, which names no column
LONGEST = 60  # letters of a cell that a message shows
COUNTED = 3  # names that count up by one, as 2019, 2020, 2021 do, name columns


def check(path: Path, names: Sequence[str], frame: pd.DataFrame, line: int, below: int) -> None:
    """Refuse a first line that looks like a row, and a line of units below the header.

    Args:
        path: The file, for messages.
        names: Of the columns, as they stand in the header line.
        frame: The rows below it.
        line: The number of the header line.
        below: The number of the first line of `frame`.

    Raises:
        DataError: Says what to type.
    """
    if reason := _like_a_row(names, frame):
        raise DataError(
            f"Line {line} of {path} ({_some(names)}) looks like a row, not like names of columns: "
            f"{reason}. Type dataset.header=0 if the file has no header line; its columns are then "
            f"named 1, 2 and so on. Type dataset.header={line} if these are the names."
        )
    units = _units(frame)
    if units:
        raise DataError(
            f"Line {below} of {path} looks like units, not like a row: the columns of numbers have "
            f'{_some(units)} there. Type "dataset.header=[{line},{below}]" to leave the line out, '
            f"or dataset.header={line} if it is a row."
        )


def repeated(names: Sequence[str], frame: pd.DataFrame) -> np.ndarray:
    """Return which rows have the names of several columns for cells, bool (rows,)."""
    first = frame.iloc[:, 0].astype(object).fillna("")
    equal = (first == names[0]).to_numpy(bool) & (len(names) > 1)
    cells = frame[equal].astype(object).fillna("").to_numpy()
    equal[equal] = (cells == np.array(names, object)).all(axis=1)
    return equal


def _some(cells: Sequence[str]) -> str:
    shown = [repr(cell if len(cell) <= LONGEST else f"{cell[:LONGEST]}...") for cell in cells[:5]]
    return ", ".join(shown) + (", ..." if len(cells) > 5 else "")


def _like_a_row(names: Sequence[str], frame: pd.DataFrame) -> str:
    """Return why names look like the cells of a row; "" where they look like names."""
    stripped = [name.strip() for name in names]
    if not _counts_up(stripped) and all(_is_value(name) for name in stripped):
        for at, name in enumerate(stripped):
            if _is_quantity(name) and _are_quantities(_texts(frame, at, 0, SAMPLE)):
                return "they are numbers, dates or texts, as the cells below them"

    rows = frame.iloc[:LOOKED_AT]
    for at, name in enumerate(names):
        if name.strip().lower() in numbers.MISSING or _is_number(name):
            continue
        count = int((rows.iloc[:, at] == name).sum())
        if count > FEW:
            return f"{_some([name.strip()])} occurs in {count} rows of its own column"
    return ""


def _units(frame: pd.DataFrame) -> list[str]:
    """Return the cells of the first row where it holds no numbers in any column of numbers."""
    candidates: list[tuple[int, str]] = []
    for at in range(frame.shape[1]):
        if _are_numbers(_texts(frame, at, 1, SAMPLE)):
            first = "".join(_texts(frame, at, 0, 1))
            if _is_number(first):
                return []
            candidates.append((at, first))

    units: list[str] = []
    for at, first in candidates:
        column = _texts(frame, at, 1, len(frame))
        # A word that stands in other rows, too, is one for a gap.
        if first and first not in column and _are_numbers(column):
            units.append(first)
    blank = (*numbers.MISSING, *numbers.GAPS)
    return units if any(unit.lower() not in blank for unit in units) else []


def _texts(frame: pd.DataFrame, column: int, start: int, count: int) -> list[str]:
    """Return the cells of some rows as texts, without spaces around them or empty ones."""
    cells = frame.iloc[start : start + count, column].dropna()
    return [text for cell in cells if (text := str(cell).strip())]


def _counts_up(names: Sequence[str]) -> bool:
    """Return whether names are whole numbers in a row, maybe behind an empty one of an index."""
    counted = [int(name) for name in names if name.isdecimal()]
    others = [name for name in names[1:] if not name.isdecimal()]
    return len(counted) >= COUNTED and not others and set(np.diff(counted)) == {1}


def _is_value(name: str) -> bool:
    """Return whether a name is what stands in rows: nothing, a quantity or a text."""
    return not name or len(name.split()) >= SENTENCE or _is_quantity(name)


def _is_quantity(text: str) -> bool:
    return _are_quantities([text])


def _is_number(text: str) -> bool:
    return _are_numbers([text])


def _are_quantities(texts: Sequence[str]) -> bool:
    """Return whether texts are numbers, dates or codes of digits."""
    if not texts or not any(letter.isdigit() for text in texts for letter in text):
        return False
    if _are_numbers(texts) or all(text.isdecimal() for text in texts):
        return True
    return bool(dates.read_dates(pd.Series(texts, dtype="str")))


def _are_numbers(texts: Sequence[str]) -> bool:
    return bool(texts) and bool(numbers.read_numbers(pa.array(texts, pa.large_string())))
