"""A file of rows -> its cells as they stand there: CSV of every separator, Parquet, spreadsheets.

Names that occur twice are refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import python_calamine

from goldilocks.dataset.readers import delimited, encodings, headers
from goldilocks.errors import DataError

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

    def raw_keys(self) -> np.ndarray:
        """Return a hash of the cells of each row, uint64 (rows,), as `Dataset.raw_keys` says."""
        plain = {
            at: column.map(repr) if column.dtype == object else column
            for at, (_, column) in enumerate(self.frame.items())
        }
        return pd.util.hash_pandas_object(pd.DataFrame(plain), index=False).to_numpy(np.uint64)


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
    suffix = path.suffix.lower()
    try:
        if suffix in PARQUET:
            return _named(path, pd.read_parquet(path), Cells(pd.DataFrame(), 1))
        if suffix in SPREADSHEETS:
            return _read_spreadsheet(path, header, ask)
        with encodings.as_utf8(path) as text:
            return _read_text(path, text, header, ask)
    except (
        *(OSError, ValueError, EOFError),
        *(duckdb.Error, zipfile.BadZipFile, python_calamine.CalamineError),
    ) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} cannot be read as {suffix[1:]} ({reason}); expected one header line and the "
            "same number of cells in every row."
        ) from error


def _read_text(path: Path, text: Path, header: Header, ask: bool) -> Cells:
    with text.open(encoding="utf-8-sig", newline="") as file:
        lines = [file.readline(delimited.LONGEST_LINE) for _ in range(1000)]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path} holds nothing but empty lines; expected a header line and rows.")

    names_line, units_line = _lines(header)
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        dialect = delimited.sniff(connection, text, lines)
        notes = []
        if names_line is None:
            skip = dialect.skip
            if skip:
                notes.append(delimited.skipped(path, lines[:skip], lines[skip]))
        else:
            skip = delimited.comments(lines)
            if names_line:
                skip = names_line - 1
        frame = delimited.read(connection, path, text, dialect, skip, lines[skip])

    if names_line == 0:
        frame.columns = [str(number) for number in range(1, frame.shape[1] + 1)]
        return _named(path, frame, Cells(frame, 0, tuple(notes)))

    # Empty lines are no rows.
    filled = [at for at, line in enumerate(lines, start=1) if at > skip + 1 and line.strip()]
    left_out = sum(line <= units_line for line in filled) if units_line else 0
    if left_out:
        notes.append(f"Left out line {units_line}: {lines[units_line - 1].strip()!r}.")
    names = [str(name) for name in frame.iloc[0].fillna("")]
    frame = frame.iloc[1 + left_out :]
    repeated = headers.repeated(names, frame)
    if repeated.any():
        notes.append(
            f"Left out {repeated.sum()} rows that repeat the header line, as joined files do."
        )
        frame = frame[~repeated]
    frame = frame.reset_index(drop=True)
    if header is None and ask:
        headers.check(path, names, frame, skip + 1, [*filled, skip + 2][0])
    frame.columns = names
    return _named(path, frame, Cells(frame, skip + 1, tuple(notes)))


def _lines(header: Header) -> tuple[int | None, int]:
    """Return the number of the line of names, and of the line of units; 0 without one."""
    if header is None or isinstance(header, int):
        return header, 0
    names, units = header
    return names, units


def _read_spreadsheet(path: Path, header: Header, ask: bool) -> Cells:
    names_line, units_line = _lines(header)
    skip = max((names_line or 1) - 1, 0)
    with pd.ExcelFile(path, engine="calamine") as book:
        first, *others = map(str, book.sheet_names)
        frame = pd.read_excel(book, header=None, skiprows=skip)
    sheets = f"Read the sheet {first!r}, the first one, and not {', '.join(map(repr, others))}."
    notes = ()
    if others:
        notes = (sheets,)
    if names_line == 0:
        frame.columns = [str(number) for number in range(1, frame.shape[1] + 1)]
        return _named(path, frame, Cells(frame, 0, notes))

    names = [str(name) for name in frame.iloc[0].fillna("")]
    below = max(units_line, skip + 1) - skip
    frame = frame.iloc[below:].reset_index(drop=True).infer_objects()
    if header is None and ask:
        headers.check(path, names, frame, skip + 1, skip + 2)
    frame.columns = names
    return _named(path, frame, Cells(frame, skip + 1, notes))


def _named(path: Path, frame: pd.DataFrame, cells: Cells) -> Cells:
    """Return cells with names for all columns; refuse a name that occurs twice."""
    names = [str(name).strip() for name in frame.columns]
    nameless = [not name and frame.iloc[:, at].isna().all() for at, name in enumerate(names)]
    frame = frame.loc[:, [not empty for empty in nameless]].copy()
    names = [name for name, empty in zip(names, nameless, strict=True) if not empty]
    names = [name or f"column {at}" for at, name in enumerate(names, start=1)]
    repeated = [name for at, name in enumerate(names) if name in names[:at]]
    if repeated:
        raise DataError(
            f"{path} has more than one column named {repeated[0]!r}; expected different names. "
            "Rename or remove one: a copy of the target would predict it."
        )
    frame.columns = names
    return Cells(frame, cells.header, cells.notes)
