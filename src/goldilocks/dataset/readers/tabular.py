"""What a person names of a table: its file, its targets, its columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from goldilocks.dataset.readers.files import SUFFIXES
from goldilocks.errors import DataError, did_you_mean

FEWEST_ROWS = 20  # Below this a split leaves too few rows to measure anything.


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
