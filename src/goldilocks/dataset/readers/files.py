"""A file of rows -> its cells as they stand there: CSV of every separator, Parquet, spreadsheets.

Names that occur twice are refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import python_calamine

from goldilocks.dataset.readers import delimited, encodings, headers
from goldilocks.errors import DataError
from goldilocks.formatting import counted

PARQUET = (".parquet", ".pq")
SPREADSHEETS = (".xlsx", ".xls", ".ods")
SUFFIXES = (*encodings.TEXTS, *encodings.PACKED, *SPREADSHEETS, *PARQUET)

Header = int | Sequence[int] | None  # as `read_cells` takes it


@dataclass(frozen=True)
class Cells:
    """A table as it stands in its file.

    Attributes:
        frame: By the names of the columns. Of a text file every column is `str`, missing where a
            cell is empty; of others, columns have the types of the file.
        header: The number of the header's line, from 1; 0 without one.
        notes: Sentences about lines that were left out.
    """

    frame: pd.DataFrame
    header: int
    notes: tuple[str, ...] = ()


def read_cells(path: Path, *, header: Header, ask: bool = True) -> Cells:
    """Return the cells of a file.

    Args:
        path: Of the file, which exists.
        header: The number of the header's line, from 1; 0 for a file without one, whose columns are
            then named "1", "2" and so on; two numbers, of the line of names and of the line of
            units, below which the rows begin; None to find it.
        ask: Whether a header line that is found may be refused: it looks like a row, or units stand
            below it.

    Raises:
        DataError: It is not UTF-8 or UTF-16, not what its suffix says, its rows have different
            numbers of cells, or two columns have one name.
    """
    names_line, units_line = header if isinstance(header, Sequence) else (header, 0)
    suffix = path.suffix.lower()
    try:
        if suffix in PARQUET:
            return _named(path, pd.read_parquet(path), 1, [])
        if suffix in SPREADSHEETS:
            skip = max((names_line or 1) - 1, 0)
            frame, notes = _read_spreadsheet(path, skip)
            filled = range(skip + 1, skip + len(frame) + 1)
        else:
            with encodings.as_utf8(path) as text:
                frame, filled, notes = _read_text(path, text, names_line)
    except (
        *(OSError, ValueError, EOFError),
        *(duckdb.Error, zipfile.BadZipFile, zlib.error, python_calamine.CalamineError),
    ) as error:
        reason = [*str(error).strip().splitlines(), type(error).__name__][0].rstrip(".")
        raise DataError(
            f"{path} cannot be read as {suffix[1:]} ({reason}); expected one header line and the "
            "same number of cells in every row."
        ) from error

    if frame.empty:
        raise DataError(f"{path} holds no cells; expected a header line and rows.")
    if names_line == 0:
        frame.columns = [str(number) for number in range(1, frame.shape[1] + 1)]
        return _named(path, frame, 0, notes)

    names = [str(name) for name in frame.iloc[0].fillna("")]
    left_out = sum(line <= units_line for line in filled[1:])
    if left_out and left_out >= len(frame) - 1:
        raise DataError(
            f"{path} has no row below line {units_line}, which dataset.header={names_line},"
            f"{units_line} names; expected the numbers of its lines of names and of units, such as "
            "dataset.header=[1,2]."
        )
    if left_out:
        notes.append(f"Left out line {units_line}: {frame.iloc[left_out].dropna().tolist()}.")
    frame = frame.iloc[1 + left_out :]
    repeated = headers.repeated(names, frame)
    if repeated.any():
        notes.append(
            f"Left out {counted(repeated.sum(), 'row')} "
            "repeating the header line, as joined files do."
        )
        frame = frame[~repeated]
    frame = frame.reset_index(drop=True).infer_objects()
    if header is None and ask:
        headers.check(path, names, frame, filled[0], [*filled[1:2], filled[0] + 1][0])
    frame.columns = names
    return _named(path, frame, filled[0], notes)


def _read_text(
    path: Path, text: Path, names_line: int | None
) -> tuple[pd.DataFrame, Sequence[int], list[str]]:
    """Return cells with the header line, the numbers of the first lines that have some, notes."""
    with text.open(encoding="utf-8-sig", newline="") as file:
        lines = [file.readline(delimited.LONGEST_LINE) for _ in range(1000)]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path} holds nothing but empty lines; expected a header line and rows.")

    notes = list[str]()
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        dialect = delimited.sniff(connection, text, lines)
        skip = delimited.comments(lines)
        if names_line:
            skip = names_line - 1
        elif names_line is None and dialect.skip:
            skip = dialect.skip
            notes.append(delimited.skipped(path, lines[:skip], lines[skip]))
        elif names_line is None:
            skip = 0
        frame = delimited.read(connection, path, text, dialect, skip)
    # Empty lines are no rows.
    below = [at for at, line in enumerate(lines, start=1) if at > skip + 1 and line.strip()]
    return frame, [skip + 1, *below], notes


def _read_spreadsheet(path: Path, skip: int) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of the first sheet with the header line; and notes."""
    with pd.ExcelFile(path, engine="calamine") as book:
        first, *others = map(str, book.sheet_names)
        frame = pd.read_excel(book, header=None, skiprows=skip)
    if not others:
        return frame, []
    return frame, [
        f"Read the sheet {first!r}, the first one, and not {', '.join(map(repr, others))}."
    ]


def _named(path: Path, frame: pd.DataFrame, header: int, notes: Sequence[str]) -> Cells:
    """Return cells with names for all columns; refuse a name that occurs twice."""
    written = np.array([str(name).strip() for name in frame.columns], object)
    filled = (written != "") | frame.notna().any().to_numpy()
    named = [name or f"column {at}" for at, name in enumerate(written[filled], start=1)]
    frame = frame.loc[:, filled].set_axis(named, axis=1)
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise DataError(
            f"{path} has more than one column named {repeated[0]!r}; expected different names. "
            "Rename or remove one: a copy of the target would predict it."
        )
    return Cells(frame, header, tuple(notes))
