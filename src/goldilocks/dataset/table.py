"""The user's own table: a CSV or Parquet file with one row per example and named columns.

Source, licence, counts and balance: the user's. What was inferred, dropped or counted is said in `Dataset.notes`.
Shape: the columns that are left become float64 (numbers, NaN where missing) or str (categories, "" where missing), as
    `features.prepare` says; the target becomes y, as `targets.prepare` says. Nothing is fitted here: means, scales and
    vocabularies are learnt from training rows only, in Keras layers.
Checksum: `Dataset.digest`, of the prepared columns and y, not of the file: two files with equal content are equal.
"""

from __future__ import annotations

import csv
import difflib
import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from goldilocks.dataset import DataError, Dataset, features, sources, targets

if TYPE_CHECKING:
    import pandas

FEWEST_ROWS = 20  # Below this a split leaves too few rows to measure anything.
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


def load(
    *, file: str | None, target: str | int | Sequence[str] | None, problem: str, drop: Sequence[str], subset: int | None
) -> Dataset:
    """The table's columns, and its target, as arrays.

    Args:
        file: Path of a file that ends in .csv, .tsv, .txt (UTF-8, a header line, separated by commas, semicolons or
            tabs) or .parquet, .pq.
        target: Name of the column to predict; several, as a list or separated by commas, make a multilabel problem.
        problem: A problem type, or "auto" to infer it from the target.
        drop: Names of columns to leave out.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: The file cannot be read, a column is not in it, too few rows have a target, no column is left to
            predict from, or the target does not fit the problem type.
    """
    path = _path(file)
    frame, notes = _read(path)
    columns = [str(column) for column in frame.columns]
    labels = _labels(target, columns, path)
    unwanted = [str(name) for name in drop]
    for name in (*labels, *unwanted):
        if name not in columns:
            raise DataError(_no_column(name, columns, path))
    both = [name for name in labels if name in unwanted]
    if both:
        raise DataError(
            f"The column {both[0]!r} is in both dataset.target and dataset.drop; take it out of one of them."
        )

    known = targets.known(frame[labels])
    if known.sum() < FEWEST_ROWS:
        raise DataError(
            f"{path} has {int(known.sum())} rows with a target ({', '.join(labels)}) of {len(frame)} rows in all; "
            f"expected at least {FEWEST_ROWS}. Add rows, or give another dataset.target."
        )
    if not known.all():
        notes.append(f"Left out {int((~known).sum())} of {len(frame)} rows, because their target is missing.")
    frame = frame[known].reset_index(drop=True)
    found, y, classes, said = targets.prepare(frame[labels], problem)
    x, dropped = features.prepare(frame.drop(columns=[*labels, *unwanted]))
    if x.shape[1] == 0:
        raise DataError(
            f"{path} has no column left to predict {', '.join(labels)} from; expected at least one that holds numbers, "
            f"dates or repeated texts. {' '.join(dropped)}".rstrip()
        )
    return Dataset(
        name="table",
        kind="table",
        problem=found,
        x=x,
        y=y,
        classes=classes,
        source="original",
        location=str(path),
        digest=digest(x, y, classes),
        subset=subset,
        notes=(*notes, *said, *dropped),
    )


def digest(x: pandas.DataFrame, y: np.ndarray, classes: Sequence[str]) -> str:
    """SHA-256, hexadecimal, of the prepared columns (names, order, values), the names of the classes, and y."""
    parts: list[np.ndarray | str] = [json.dumps([list(x.columns), list(classes)])]
    for name in x.columns:
        column = x[name].to_numpy()
        parts.append(column if column.dtype == np.float64 else json.dumps(column.tolist()))
    return sources.digest(*parts, y)


def _path(file: str | None) -> Path:
    if file is None:
        raise DataError("dataset=table needs a CSV or Parquet file: add dataset.file=FILE.")
    path = Path(str(file)).expanduser()
    if not path.is_file():
        here = sorted(each.name for each in path.parent.glob("*") if each.suffix.lower() in SUFFIXES)
        close = difflib.get_close_matches(path.name, here, n=1)
        hint = f" Did you mean {path.parent / close[0]}?" if close else ""
        what = "a folder" if path.is_dir() else "not there"
        raise DataError(f"dataset.file={path} is {what} (looked from {Path.cwd()}); expected a file.{hint}")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"dataset.file={path} ends in {path.suffix or 'no suffix'!r}; expected one of {', '.join(SUFFIXES)}. Save "
            "the table as CSV (any spreadsheet can) or as Parquet."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes); expected a header line and rows.")
    return path


def _read(path: Path) -> tuple[Any, list[str]]:
    """The file as a `pandas.DataFrame`, and what had to be guessed to read it."""
    import pandas

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame, notes = pandas.read_parquet(path), []
        else:
            separator, decimal, notes = _dialect(path)
            with warnings.catch_warnings():
                warnings.simplefilter("error", pandas.errors.ParserWarning)  # Raised where cells would be lost.
                frame = pandas.read_csv(
                    path,
                    sep=separator,
                    decimal=decimal,
                    encoding="utf-8-sig",
                    skipinitialspace=True,
                    na_values=["?"],
                    index_col=False,  # Else a header that is one name short turns the first column into the index.
                    low_memory=False,  # Else the type of a column may change in the middle.
                )
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 (byte {error.start} is 0x{error.object[error.start]:02x}). Save it as UTF-8, for "
            f"example with `iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8.csv`."
        ) from error
    except (
        ValueError,
        OSError,
        pandas.errors.ParserWarning,
    ) as error:  # Parser, Arrow and empty-data errors are these.
        raise DataError(
            f"{path} cannot be read as {path.suffix[1:]} ({str(error).strip().splitlines()[0].rstrip('.')}); expected "
            "one header line and the same number of cells in every row."
        ) from error
    frame.columns = [str(name).strip() for name in frame.columns]
    twice = sorted({name for name in frame.columns if list(frame.columns).count(name) > 1})
    if twice:
        raise DataError(f"{path} has more than one column named {twice[0]!r}; expected different names. Rename one.")
    return frame, notes


def _dialect(path: Path) -> tuple[str, str, list[str]]:
    """The separator that cuts the header into the most names, and the sign before decimals: a point, or a comma."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in (file.readline(100_000) for _ in range(100)) if line.strip()]
    if not lines:
        raise DataError(f"{path} holds nothing but empty lines; expected a header line and rows.")
    separator = max(",;\t", key=lambda each: len(next(csv.reader(lines[:1], delimiter=each))))
    cells = [cell.strip() for row in csv.reader(lines[1:], delimiter=separator) for cell in row]
    commas, points = (
        sum(re.fullmatch(rf"[-+]?\d+{sign}\d+", cell) is not None for cell in cells) for sign in (",", r"\.")
    )
    if separator != "," and commas > points:
        return (
            separator,
            ",",
            [f"Read 1,5 as one and a half: {commas} cells of the first rows have a comma before decimals."],
        )
    return separator, ".", []


def _labels(target: str | int | Sequence[str] | None, columns: list[str], path: Path) -> list[str]:
    """The target columns' names: a list as it is, a name that exists as it is, else what stands between commas."""
    if target is None:
        raise DataError(
            f"dataset=table needs the column to predict: add dataset.target=NAME; {_listed(columns, path)}."
        )
    if isinstance(target, str | int):
        return [str(target)] if str(target) in columns else [name.strip() for name in str(target).split(",")]
    return [str(name) for name in target]


def _no_column(name: str, columns: list[str], path: Path) -> str:
    lower = {column.lower(): column for column in columns}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    hint = f" Did you mean {lower[close[0]]!r}?" if close else ""
    return f"There is no column {name!r}; {_listed(columns, path)}.{hint}"


def _listed(columns: list[str], path: Path) -> str:
    shown = ", ".join(columns[:50]) + (f" and {len(columns) - 50} more" if len(columns) > 50 else "")
    return f"expected one of the columns of {path.name}: {shown}"
