"""A file with named columns -> a DataFrame: CSV, whatever its separator, or Parquet."""

from __future__ import annotations

import contextlib
import csv
import re
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.errors import DataError, did_you_mean

FEWEST_ROWS = 20  # Below this a split leaves too few rows to measure anything.
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


def path_of(file: str) -> Path:
    """Return the path of a file that a person named, `~` expanded.

    Raises:
        DataError: It ends in none of `SUFFIXES`.
    """
    path = Path(str(file)).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"dataset.file={path} ends in {path.suffix or 'no suffix'!r}; expected one of "
            f"{', '.join(SUFFIXES)}. Save the table as CSV (any spreadsheet can) or as Parquet."
        )
    return path


def read(path: Path, *, as_text: Collection[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    """Return a file with different names of columns, and notes on what was guessed to read it.

    Args:
        path: Of the file.
        as_text: Names of columns of a CSV file that are read as texts even where all of them look
            like numbers.

    Raises:
        DataError: It is not UTF-8, not what its suffix says, or names two columns alike.
    """
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame, notes = pd.read_parquet(path), []
        else:
            frame, notes = _read_csv(path, as_text)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 (byte {error.start} is 0x{error.object[error.start]:02x}). Save "
            "it as UTF-8, for example with `iconv -f WINDOWS-1252 -t UTF-8 "
            f"{path.name} > utf8.csv`."
        ) from error
    # Errors of the parser, of Arrow and of empty data are these.
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} cannot be read as {path.suffix[1:]} ({reason}); expected one header line and "
            "the same number of cells in every row."
        ) from error

    frame.columns = [str(name).strip() for name in frame.columns]
    names = list(frame.columns)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{path} has more than one column named {repeated[0]!r}; expected different names. "
            "Rename one."
        )
    return frame, notes


def labels(
    target: str | int | Sequence[str] | None, columns: list[str], path: Path, *, name: str
) -> list[str]:
    """Return the names of the target columns.

    A list is taken as it is, and so is a name that exists; any other text is split at its commas.

    Args:
        target: What a person gave as `dataset.target`.
        columns: The names in the file.
        path: The file.
        name: The option of the config group `dataset`, for messages.

    Raises:
        DataError: No target is given.
    """
    if target is None:
        raise DataError(
            f"dataset={name} needs the column to predict: add dataset.target=NAME; "
            f"{listed(columns, path)}."
        )
    if not isinstance(target, str | int):
        return [str(part) for part in target]
    if str(target) in columns:
        return [str(target)]
    return [part.strip() for part in str(target).split(",")]


def check_columns(names: Sequence[str], columns: list[str], path: Path) -> None:
    """Raise DataError for the name of a column that is not there, with the nearest one that is."""
    lower = {column.lower(): column for column in columns}
    for name in names:
        if name in columns:
            continue
        hint = did_you_mean(name.lower(), lower, lambda near: repr(lower[near]))
        raise DataError(f"There is no column {name!r}; {listed(columns, path)}.{hint}")


def check_rows(usable: np.ndarray, path: Path, what: str, columns: str) -> None:
    """Raise DataError where fewer than `FEWEST_ROWS` rows can be used.

    Args:
        usable: Which can, bool (rows,).
        path: The file.
        what: What the others have not.
        columns: Which columns to give instead.
    """
    if usable.sum() < FEWEST_ROWS:
        raise DataError(
            f"{path} has {usable.sum()} rows with {what} of {len(usable)} rows in all; expected at "
            f"least {FEWEST_ROWS}. Add rows, or give {columns}."
        )


def listed(columns: list[str], path: Path) -> str:
    """Return what columns there are, for a message."""
    names = ", ".join(columns[:50])
    if len(columns) > 50:
        names += f" and {len(columns) - 50} more"
    return f"expected one of the columns of {path.name}: {names}"


def _read_csv(path: Path, as_text: Collection[str]) -> tuple[pd.DataFrame, list[str]]:
    separator, decimal, notes = _dialect(path)
    options = {"sep": separator, "encoding": "utf-8-sig", "skipinitialspace": True}
    header = ()
    if as_text:
        header = pd.read_csv(path, nrows=0, index_col=False, **options).columns

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # Raised where cells would be lost.
        frame = pd.read_csv(
            path,
            **options,
            decimal=decimal,
            na_values=["?"],
            dtype={name: str for name in header if str(name).strip() in as_text},
            # Else a header that is one name short turns the first column into the index.
            index_col=False,
            low_memory=False,  # Else the type of a column may change in the middle.
        )
    return frame, notes


def _dialect(path: Path) -> tuple[str, str, list[str]]:
    """Return the separator, the sign before decimals, and notes.

    The separator is the one that cuts the header into the most names.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in (file.readline(100_000) for _ in range(100)) if line.strip()]
    if not lines:
        raise DataError(f"{path} holds nothing but empty lines; expected a header line and rows.")
    separator = max(",;\t", key=lambda sign: len(next(csv.reader(lines[:1], delimiter=sign))))

    cells: list[str] = []
    # A text of more than 131,072 characters; the rows before it are enough.
    with contextlib.suppress(csv.Error):
        for row in csv.reader(lines[1:], delimiter=separator):
            cells += [cell.strip() for cell in row]
    commas, points = (
        sum(re.fullmatch(rf"[-+]?\d+{sign}\d+", cell) is not None for cell in cells)
        for sign in (",", r"\.")
    )
    if separator == "," or commas <= points:
        return separator, ".", []
    note = (
        f"Read 1,5 as one and a half: {commas} cells of the first rows have a comma before "
        "decimals."
    )
    return separator, ",", [note]
