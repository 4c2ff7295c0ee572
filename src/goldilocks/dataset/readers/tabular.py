"""What a person names of a table: its file, its targets, its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from goldilocks.dataset.readers.files import SUFFIXES
from goldilocks.errors import DataError, did_you_mean
from goldilocks.formatting import argument
from goldilocks.problem import NO_TARGET

FEWEST_ROWS = 20  # Below this a split leaves too few rows to measure anything.


def path_of(file: str, key: str = "file") -> Path:
    """Return the path of a file that a person gave by a key, `~` expanded.

    Raises:
        DataError: It ends in none of `SUFFIXES`.
    """
    path = Path(str(file)).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"dataset.{key}={path} ends in {path.suffix or 'no suffix'!r}; expected one of "
            f"{', '.join(SUFFIXES)}. Save the table as CSV (any spreadsheet can) or as Parquet."
        )
    return path


def labels(
    target: str | int | Sequence[str] | None, columns: list[str], path: Path, *, name: str
) -> list[str]:
    """Return the names of the target columns, as `names_of` reads them.

    Args:
        target: What a person gave as `dataset.target`.
        columns: The names in the file.
        path: The file.
        name: The option of the config group `dataset`, for messages.

    Raises:
        DataError: No target is given, one is given twice, or there is no such column.
    """
    if target in (None, "", []):
        hint = NO_TARGET
        if "null" in columns:
            hint = f"For the column 'null', type {argument('dataset.target', 'null')}."
        raise DataError(
            f"dataset={name} needs the column to predict: add dataset.target=NAME; "
            f"{listed(columns, path)}. {hint}"
        )
    names = columns_of(target, columns, path, "dataset.target")
    if not names or len(set(names)) < len(names):
        raise DataError(
            f"dataset.target names {'a column twice' if names else 'no column'} "
            f"({', '.join(names) or target}); expected each one once."
        )
    return names


def columns_of(
    typed: str | int | Sequence[str | int] | None, columns: list[str], path: Path, key: str
) -> list[str]:
    """Return the names of columns that a person gave by a key, as `names_of` reads them.

    Raises:
        DataError: There is no such column.
    """
    if typed is None:
        return []
    names = names_of(typed, columns)
    check_columns(names, columns, path, key)
    return names


def names_of(typed: str | int | Sequence[str | int], names: Sequence[str]) -> list[str]:
    """Return the names that a person typed, of columns or of classes.

    A text that is such a name stands for it, with its commas; any other is split at its commas.

    >>> names_of("a,b", ["a", "b"]), names_of(["a,x, y", 2020], ["a", "x, y", "2020"])
    (['a', 'b'], ['a', 'x, y', '2020'])
    """
    if isinstance(typed, str | int):
        return names_of([typed], names)
    longest_first = map(re.escape, sorted(names, key=len, reverse=True))
    name = re.compile(rf"\s*({'|'.join([*longest_first, '[^,]*?'])})\s*(?:,|$)")
    return [match for text in typed for match in name.findall(str(text)) if match]


def column_of(name: str | int | None, columns: list[str], path: Path, key: str) -> str | None:
    """Return the name of a column that a person gave; None of none.

    Raises:
        DataError: There is no such column.
    """
    text = str(name).strip()
    if name is None:
        return None
    check_columns([text], columns, path, key)
    return text


def check_columns(names: Sequence[str], columns: list[str], path: Path, key: str) -> None:
    """Raise DataError for the name of a column that is not there, with the nearest one that is.

    Args:
        names: Of columns.
        columns: The names in the file.
        path: The file.
        key: By which they were given, for what to type.
    """
    words = {_bare(column): repr(column) for column in columns}
    if len(names) == 1:
        words = {_bare(column): argument(key, column) for column in columns}
    for name in names:
        if name in columns:
            continue
        hint = did_you_mean(_bare(name), words, words.__getitem__)
        raise DataError(f"There is no column {name!r}; {listed(columns, path)}.{hint}")


def _bare(name: str) -> str:
    """Return a name without the quotes and brackets that a command line may have lost."""
    return name.strip("'\"[] ").lower() or name


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
    names = ", ".join(column if "," not in column else repr(column) for column in columns[:50])
    if len(columns) > 50:
        names += f" and {len(columns) - 50} more"
    return f"expected one of the columns of {path.name}: {names}"
