"""The target columns of a table -> numbers, words or tags, as they stand in the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import features, numbers, tabular, tags
from goldilocks.dataset.readers.content import shortened
from goldilocks.dataset.readers.reading import TAGS, Reading, ReadingOptions
from goldilocks.errors import DataError

# As many different whole numbers, or fewer, are taken for classes; more for a quantity.
FEW_INTEGERS = 20


def read(
    frame: pd.DataFrame, names: Sequence[str], path: Path, options: ReadingOptions
) -> tuple[pd.DataFrame, list[str], dict[str, Reading]]:
    """Return target columns as numbers or as the words of the file; missing where there is none.

    A word such as NA is a class among other words, and a missing value among numbers.

    Args:
        frame: Columns of texts as they stand in a file, or of the types of a file that has types.
        names: Of the target columns.
        path: The file, for messages.
        options: What was decided about the reading.

    Returns:
        Columns of float64, or of objects that are str, tuples of tags, or None; sentences on what
        was taken for what; and how columns of numbers or tags were read.

    Raises:
        DataError: Numbers can be read in two ways, or a column of tags stands beside others.
    """
    read: dict[str, pd.Series] = {}
    notes: list[str] = []
    styles: dict[str, Reading] = {}
    for name in names:
        column = read[name] = frame[name]
        if not features.is_text(column):
            if column.dtype == bool:
                read[name] = column.map(str)
            elif isinstance(column.dtype, pd.CategoricalDtype):
                read[name] = column.astype(object)
            continue

        readings = numbers.read_numbers(features.cells(column))
        if len(readings) > 1:
            decimals = features.decimals_of(features.numbers_of(frame), options)
            readings = [features.choose(column, readings, decimals, path)]
        for number in readings:
            whole = np.unique(number.values[np.isfinite(number.values)])
            unit = number.style.before or number.style.behind
            if not (unit and len(whole) <= FEW_INTEGERS):  # "3 stars" is the name of a class.
                read[name] = pd.Series(number.values, frame.index)
                styles[name], remarks = features.describe(number)
                notes += [f"The target {name!r} {remark}." for remark in remarks]
        if name in styles:
            continue

        cells = [cell for cell in column.dropna().str.strip().unique() if cell]
        sign = tags.sign_of(cells, options.problem)
        joined = [cell for cell in cells if sign and sign in cell.strip(f"{sign} ")]
        example = min(joined, key=len, default="")
        if not sign or (sign == "," and options.problem != "multilabel"):
            read[name], remarks = _words(name, column, options)
        elif len(names) > 1:
            raise DataError(
                f"dataset.target names {name!r}, whose cells hold tags ({example!r}), and "
                f"{len(names) - 1} more; expected one column of tags, or a column of 0 and 1 for "
                "each label."
            )
        else:
            styles[name] = Reading(kind=TAGS, format=sign, words=tuple(options.gaps))
            read[name], remarks = tags.read(column, sign, options)
            notes.append(
                f"The target {name!r} joins tags by {sign!r}, such as {example!r}: each tag is a "
                "label. To take each combination for a class, type dataset.problem=multiclass."
            )
        notes += remarks
    return pd.DataFrame(read, index=frame.index), notes, styles


def _words(name: str, column: pd.Series, options: ReadingOptions) -> tuple[pd.Series, list[str]]:
    """Return a column of words, None where missing; and what was taken for what."""
    words = column.str.strip().astype(object)
    words = words.where(words.notna() & (words != "") & ~words.isin(options.gaps), None)
    counts = words.value_counts()
    notes, classes = list[str](), list(counts.index)
    sign = tags.sign_of(classes, "multilabel")
    if options.problem == "auto" and (tags.sign_of(classes, "auto") or sign not in ("", ",")):
        notes.append(
            f"The target {name!r} may join tags by {sign!r}, and each combination is a class. For "
            "a label of each tag, type dataset.problem=multilabel."
        )
    if reason := numbers.obstacle(counts.index.to_numpy(object), counts.to_numpy()):
        notes.append(f"The target {name!r} is read as classes, because {reason}.")
    if not options.ignore_case:
        return words, notes
    first, alike = tags.spellings(counts.index, "class")
    return words.replace(first), [*notes, *alike]


def present(columns: pd.DataFrame) -> np.ndarray:
    """Return the rows in which no target is missing or infinite, bool (rows,)."""
    return np.asarray(~_unusable(columns).any(axis=1))


def absent(columns: pd.DataFrame) -> str:
    """Return in how many rows each of several targets is missing or infinite: " (chins 3)"."""
    counts = _unusable(columns).sum()
    if len(counts) == 1:
        return ""
    return f" ({', '.join(f'{name} {count}' for name, count in counts.items() if count)})"


def _unusable(columns: pd.DataFrame) -> pd.DataFrame:
    return columns.isna() | columns.isin(["", np.inf, -np.inf])


def without(columns: pd.DataFrame, drop: Sequence[str]) -> pd.DataFrame:
    """Return targets without some classes, whose rows have none then, or without some labels.

    Args:
        columns: As `read` returns them; of labels a column each, or one of tags.
        drop: Names of classes or of labels.

    Raises:
        DataError: A class or a label is in no row.
    """
    if not drop:
        return columns
    classes = list(columns.columns)
    if len(classes) == 1:
        classes = sorted({shown(cell) for cell in columns.iloc[:, 0].explode().dropna()})
    unwanted = tabular.names_of(drop, classes)
    for name in unwanted:
        if name not in classes:
            raise DataError(
                f"dataset.drop_classes names {name!r}, which no row has; expected classes such as "
                f"{shortened(classes)}."
            )
    if len(columns.columns) > 1:
        return columns.drop(columns=unwanted)

    def left(cell: object) -> object:
        if isinstance(cell, tuple):
            return tuple(tag for tag in cell if tag not in unwanted)
        return np.nan if shown(cell) in unwanted else cell

    return columns.map(left, na_action="ignore")


def shown(value: object) -> str:
    """Return a value as a class's name: whole numbers without their decimals."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
