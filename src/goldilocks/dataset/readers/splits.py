"""The parts of a split that a person's own data come with, by folders, files or a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api import types

from goldilocks.dataset.readers import columns, dates, files, numbers, tabular
from goldilocks.dataset.readers.files import Cells, Header
from goldilocks.dataset.readers.layouts import PARTS
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError
from goldilocks.formatting import argument, counted


@dataclass(frozen=True)
class Parted:
    """The cells of one file or of several.

    Attributes:
        cells: The rows of all files, one after the other.
        parts: Of each row "train", "validation", "test", or "" where the protocol decides.
        path: The file, or the files as a message names them.
    """

    cells: Cells
    parts: np.ndarray
    path: Path


def read(
    path: Path, *, header: Header, others: Mapping[str, str | None], split: str | int | None
) -> Parted:
    """Return the cells of a file with those of other parts, so that one reading is found for all.

    Args:
        path: The file.
        header: Of each file, as `files.read_cells` takes it.
        others: Files of "validation" and "test", or None.
        split: Name of the column that says the part of each row, or None.

    Raises:
        DataError: A file cannot be read, their columns differ, or a cell of `split` names no part.
    """
    cells = files.read_cells(path, header=header)
    frame, notes, paths = cells.frame, list(cells.notes), [str(path)]
    column = tabular.column_of(split, list(frame.columns), path, "dataset.split")
    parts = [""] * len(frame)
    for part, name in others.items():
        if name is None:
            continue
        other = tabular.path_of(name, f"{part}_file")
        added = files.read_cells(other, header=header).frame
        differing = list(map(str, frame.columns.symmetric_difference(added.columns)))
        if differing:
            raise DataError(
                f"{path} and {other} differ in their columns {', '.join(differing[:10])}; expected "
                "the same ones in both, the target among them. Rename or remove columns, or take "
                "the rows of a file without a target for `goldilocks predict`."
            )
        frame = _joined(frame, added, f"{path} and {other}")
        parts += [part] * len(added)
        paths.append(str(other))
        notes.append(
            f"Took the {counted(len(added), 'row')} of {other} for {part}, behind those of {path}."
        )

    if column is not None:
        parts = _of_column(frame[column], path)
    cells = replace(cells, frame=frame, notes=tuple(notes))
    return Parted(cells, np.array(parts, object), Path(" and then ".join(paths)))


def _joined(first: pd.DataFrame, second: pd.DataFrame, paths: str) -> pd.DataFrame:
    """Return the rows of two files; raise DataError where a column has a reading in each alone."""
    joined = pd.concat([first, second], ignore_index=True)
    for name in joined.columns:
        if _is_read(first[name]) and _is_read(second[name]) and not _is_read(joined[name]):
            examples = [repr(column.dropna().iloc[0]) for column in (first[name], second[name])]
            raise DataError(
                f"The column {name!r} is written {', '.join(examples)} in {paths}: no one way of "
                "writing numbers or dates fits all. Expected the same in each; save them alike."
            )
    return joined


def _is_read(column: pd.Series) -> bool:
    """Return whether a column has a reading as numbers or dates."""
    if not columns.is_text(column):
        return types.is_numeric_dtype(column.dtype)
    return bool(numbers.read_numbers(columns.cells(column)) or dates.read_dates(column))


def _of_column(column: pd.Series, path: Path) -> list[str]:
    """Return the part of each row as a column says it."""
    words = column.astype(object).fillna("").map(str).str.strip()
    parts = words.str.casefold().map(PARTS)
    strange = words[parts.isna()].unique()
    if len(strange) or "train" not in set(parts):
        held = ", ".join(map(repr, strange[:5])) or "no row for train"
        raise DataError(
            f"The column {column.name!r} of {path.name} holds {held}; "
            f"expected rows for train, and else only the words {', '.join(PARTS)}."
        )
    return parts.tolist()


def fixed(parts: Sequence[str] | np.ndarray) -> dict[str, np.ndarray]:
    """Return the rows of validation and test, int64, as `Dataset.fixed` has them.

    Args:
        parts: Of each row "train", "validation" or "test", or "" where the protocol decides.
    """
    names = np.array(parts, dtype=object)
    rows = {part: np.flatnonzero(names == part) for part in ("validation", "test")}
    return {part: of_part for part, of_part in rows.items() if len(of_part)}


def digest(content: str, parts: Sequence[str] | np.ndarray) -> str:
    """Return the digest of rows with their parts; that of the rows where there are none."""
    if not any(parts):
        return content
    return cache.digest(content, ",".join(parts))


def possible(x: pd.DataFrame) -> list[str]:
    """Return notes on columns that are inputs and could say the parts of a split."""
    notes = []
    for name in x.select_dtypes(object):
        words = x[name].unique()
        if len(words) < 5 and "train" in {PARTS.get(word.casefold()) for word in words}:
            notes.append(
                f"The column {name!r} holds {', '.join(words)}, and is an input. If it says the "
                f"parts of a split, type {argument('dataset.split', name)}."
            )
    return notes
