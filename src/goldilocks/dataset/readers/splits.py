"""The parts of a split that a person's own data come with, by folders, files or a column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from goldilocks.formatting import argument


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
    frames, notes, paths = {"": cells.frame}, list(cells.notes), [str(path)]
    for part, name in others.items():
        if name is None:
            continue
        other = tabular.path_of(name, f"{part}_file")
        frame = files.read_cells(other, header=header).frame
        differing = list(map(str, cells.frame.columns.symmetric_difference(frame.columns)))
        if differing:
            raise DataError(
                f"{path} and {other} differ in their columns {', '.join(differing[:10])}; expected "
                "the same ones in both, the target among them. Rename or remove columns, or take "
                "the rows of a file without a target for `goldilocks predict`."
            )
        frames[part] = frame[list(cells.frame.columns)]
        paths.append(str(other))
        notes.append(f"Took the {len(frame)} rows of {other} for {part}, behind those of {path}.")

    parts = np.repeat(np.array(list(frames), object), list(map(len, frames.values())))
    if len(frames) > 1:
        joined = pd.concat(frames.values(), ignore_index=True)
        _check_alike(frames.values(), joined, paths)
        cells = replace(cells, frame=joined)
    column = tabular.column_of(split, list(cells.frame.columns), path, "dataset.split")
    if column is not None:
        parts = _of_column(cells.frame[column], path)
    return Parted(replace(cells, notes=tuple(notes)), parts, Path(" and then ".join(paths)))


def _check_alike(
    frames: Collection[pd.DataFrame], joined: pd.DataFrame, paths: Sequence[str]
) -> None:
    """Raise DataError where each file has a reading of a column, and all together have none."""
    for name in joined.columns:
        of_files = [frame[name] for frame in frames]
        are_texts = set(map(columns.is_text, of_files))
        if are_texts == {False} or not all(map(_is_read, of_files)) or _is_read(joined[name]):
            continue
        examples = [repr(column.dropna().iloc[0]) for column in of_files]
        raise DataError(
            f"The column {name!r} is written {', '.join(examples)} in {', '.join(paths)}: no one "
            "way of writing numbers or dates fits all. Expected the same in each; save them alike."
        )


def _is_read(column: pd.Series) -> bool:
    """Return whether a column has a reading as numbers or dates."""
    if not columns.is_text(column):
        return types.is_numeric_dtype(column.dtype)
    return bool(numbers.read_numbers(columns.cells(column)) or dates.read_dates(column))


def _of_column(column: pd.Series, path: Path) -> np.ndarray:
    """Return the part of each row, object (rows,), as a column says it."""
    words = column.astype(object).fillna("").astype(str).str.strip()
    parts = words.str.casefold().map(PARTS)
    strange = words[parts.isna()].unique()
    if len(strange) or "train" not in set(parts):
        held = ", ".join(map(repr, strange[:5])) or "no row for train"
        raise DataError(
            f"The column {column.name!r} of {path.name} holds {held}; "
            f"expected rows for train, and else only the words {', '.join(PARTS)}."
        )
    return parts.to_numpy(object)


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
    return cache.digest(content, ",".join(parts)) if any(parts) else content


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
