"""Targets as they were read -> the problem type, and y as it needs them.

Source of the problem types: Chollet, Deep Learning with Python (2017), section 4.5.1 and table 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number

import numpy as np
import pandas as pd
from pandas.api import types

from goldilocks.dataset.readers import tags
from goldilocks.dataset.readers.content import shortened
from goldilocks.dataset.readers.reading import NUMBER, Reading
from goldilocks.dataset.readers.targets import FEW_INTEGERS, shown
from goldilocks.errors import DataError
from goldilocks.formatting import argument

WIDE = 0.5  # the range of numbers from 0 to 1 that are a unit regression
# How a label is said, in small letters.
YES, NO = ("true", "yes", "y", "t", "1", "1.0"), ("false", "no", "n", "f", "0", "0.0")
ANSWERS = dict.fromkeys(YES, 1) | dict.fromkeys(NO, 0)

Prepared = tuple[str, np.ndarray, tuple[str, ...], list[str]]


def prepare(columns: pd.DataFrame, problem: str) -> Prepared:
    """Return the targets as a problem type needs them.

    Args:
        columns: One column, or several of labels or of numbers; no value missing. The index counts
            the rows of the file, from 0.
        problem: A problem type, or "auto" to infer it.

    Returns:
        The problem type; y, as `Dataset` describes it; the names of the classes or labels; and
        sentences on what was inferred.

    Raises:
        DataError: The values do not fit the problem type.
    """
    names = [str(name) for name in columns.columns]
    if len(names) > 1:
        return _several(columns, problem)
    name, column = names[0], columns.iloc[:, 0]
    if isinstance(column.iloc[0], tuple):
        return "multilabel", *tags.labels(column)
    if problem == "multilabel":
        raise DataError(
            f"dataset.problem is multilabel, and dataset.target names one column ({name}), in "
            f"which no cell holds several tags between {' '.join(tags.SIGNS)}; expected tags such "
            "as 'red|round', or a column of 0 and 1 for each label: dataset.target=[FIRST,SECOND]."
        )

    values = _numbers(column)
    if values is None:
        values = np.array([str(value).strip() for value in column], dtype=object)
    distinct = _distinct(name, values)
    notes = []
    if problem == "auto":
        problem, reason = _inferred(values, distinct)
        notes.append(
            f"Took {name!r} for a {problem} target, because {reason} (dataset.problem=auto)."
        )
    if problem not in ("binary", "multiclass"):
        _check_quantity(pd.Series(values, column.index, name=name), problem)
        return problem, values.astype(np.float32), (), notes

    classes = tuple(map(shown, distinct))
    _check_classes(name, classes, len(values), problem)
    index = np.searchsorted(distinct, values)
    if problem == "multiclass":
        return problem, index.astype(np.int64), classes, notes
    if classes != ("0", "1"):
        notes.append(f"The class predicted as 1 is {classes[1]}; 0 is {classes[0]}.")
    return problem, index.astype(np.float32), classes, notes


def check_range(target: pd.Series) -> None:
    """Refuse targets that are no float32 numbers: too large, or so small that they would be 0.

    Args:
        target: Numbers; NaN is let through. The index counts the rows of the file, from 0.

    Raises:
        DataError: Names the first such value and its row.
    """
    sizes = target.abs()
    limits = np.finfo(np.float32)
    beyond = target[(sizes > limits.max) | ((sizes > 0) & (sizes < limits.tiny))]
    if len(beyond):
        raise DataError(
            f"The target {target.name!r} is {beyond.iloc[0]:g} in row {beyond.index[0] + 1}; "
            f"expected 0, or a size from {limits.tiny:.2g} to {limits.max:.2g}, which float32 "
            "numbers have. Leave the cell empty if the value is unknown, or give the target in "
            "another unit."
        )


def _numbers(column: pd.Series) -> np.ndarray | None:
    """Return the column as float64 (rows,); None where it holds texts."""
    is_number = types.is_numeric_dtype(column.dtype) or column.map(_is_number).all()
    try:
        if is_number:
            return column.to_numpy(dtype=np.float64)
        return None
    except (TypeError, ValueError):
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, Number | np.bool)


def _inferred(values: np.ndarray, distinct: np.ndarray) -> tuple[str, str]:
    """Return a problem type, and why."""
    if len(distinct) == 2:
        return "binary", f"it has two values, {shown(distinct[0])} and {shown(distinct[1])}"
    if values.dtype == object:
        return "multiclass", f"it holds {len(distinct)} different texts"
    if (distinct % 1 != 0).any():
        return _of_numbers(values, "it holds numbers with decimals")
    if len(distinct) <= FEW_INTEGERS:
        return "multiclass", f"it holds only {len(distinct)} different whole numbers"
    return (
        "regression",
        f"it holds {len(distinct)} different whole numbers, more than {FEW_INTEGERS}",
    )


def _check_classes(name: str, classes: tuple[str, ...], rows: int, problem: str) -> None:
    """Refuse more than two classes of a binary problem, and classes of about one row each."""
    if problem == "binary" and len(classes) != 2:
        raise DataError(
            f"The target {name!r} has {len(classes)} values ({shortened(classes)}), and "
            "dataset.problem is binary; expected two. Use dataset.problem=auto or multiclass."
        )
    if len(classes) > rows / 2:
        raise DataError(
            f"The target {name!r} has {len(classes)} different values in {rows} rows "
            f"({shortened(classes)}); expected classes with several rows each. Give another "
            "dataset.target; for numbers, use dataset.problem=regression; for labels, each a tag "
            "as in 'red|round', dataset.problem=multilabel."
        )


def _of_numbers(values: np.ndarray, reason: str) -> tuple[str, str]:
    """Return the problem type of numbers that are not 0 and 1 alone, (rows, ...), and why.

    A sigmoid that shall use a small part of 0 to 1 alone learns worse than a regression: with a
    range of 0.5 its error was 1.1 times as large, of 0.3 it was 1.2 times, of 0.1 it was 1.7 times.
    """
    if values.min() < 0 or values.max() > 1:
        return "regression", reason
    if np.ptp(values, axis=0).min() < WIDE:
        return (
            "regression",
            f"{reason}, and although all lie in 0 to 1, they take up less than {WIDE:g} of it",
        )
    return (
        "unit_regression",
        "all numbers lie in 0 to 1, and so do all predictions then; "
        "dataset.problem=regression sets them no bounds",
    )


def _distinct(name: str, values: np.ndarray) -> np.ndarray:
    """Return the different values of a target, ascending, of which there must be two."""
    distinct = np.unique(values)
    if len(distinct) == 1:
        raise DataError(
            f"The target {name!r} is {shown(distinct[0])} in every row; expected at least two "
            "values."
        )
    return distinct


def _check_quantity(target: pd.Series, problem: str) -> None:
    """Refuse texts, and numbers beyond float32, or beyond 0 to 1 of a unit regression."""
    if not types.is_numeric_dtype(target.dtype):
        raise DataError(
            f"The target {target.name!r} holds texts ({shortened(list(target.unique()))}), and "
            f"dataset.problem is {problem}; expected numbers. Correct the column, or "
            "predict it alone, with dataset.problem=multiclass."
        )
    check_range(target)
    if problem == "unit_regression" and (target.min() < 0 or target.max() > 1):
        raise DataError(
            f"The target {target.name!r} goes from {target.min():g} to {target.max():g}, and "
            "dataset.problem is unit_regression; expected 0 to 1. Divide it by its "
            "largest possible value, or use dataset.problem=regression."
        )


def _several(columns: pd.DataFrame, problem: str) -> Prepared:
    """Return several columns as the labels of a multilabel problem, or each as a number.

    Raises:
        DataError: Some are numbers and others classes, or the values do not fit the problem type.
    """
    names = [str(name) for name in columns.columns]
    if problem in ("binary", "multiclass"):
        raise DataError(
            f"dataset.target names {len(names)} columns, and dataset.problem is {problem}; "
            "expected one column, or dataset.problem=multilabel of columns of 0 and 1, and "
            "dataset.problem=regression of numbers."
        )

    numbers = {name: values for name in names if (values := _numbers(columns[name])) is not None}
    quantities = [name for name in numbers if np.isnan(truths(columns[name])).any()]
    if problem == "multilabel" or (problem == "auto" and not quantities):
        return _multilabel(columns)
    if problem == "auto" and len(quantities) < len(names):
        classes = [name for name in names if name not in quantities]
        values = [
            f"{name} ({shortened(list(map(shown, columns[name].unique())))})" for name in classes
        ]
        as_numbers = ""
        if len(numbers) == len(names):
            as_numbers = " To take all of them for numbers, type dataset.problem=regression."
        raise DataError(
            f"dataset.target names numbers ({', '.join(quantities)}) and classes: "
            f"{', '.join(values)}; expected one or the other, which one network can predict. Leave "
            f"one kind out: {argument('dataset.drop_classes', *classes)}, or "
            f"{argument('dataset.drop_classes', *quantities)}.{as_numbers}"
        )

    notes = []
    if problem == "auto":
        problem, reason = _of_numbers(columns.to_numpy(), "they hold other numbers than 0 and 1")
        notes.append(
            f"Took {len(names)} target columns for the numbers of a {problem}, because {reason} "
            "(dataset.problem=auto)."
        )
    y = np.empty(columns.shape, np.float32)
    for index, name in enumerate(names):
        column = pd.Series(numbers.get(name, columns[name]), columns.index, name=name)
        _check_quantity(column, problem)
        _distinct(name, column.to_numpy())
        y[:, index] = column
    return problem, y, (), notes


def outputs(
    columns: Sequence[str], y: np.ndarray, classes: Sequence[str], styles: Mapping[str, Reading]
) -> dict[str, Reading]:
    """Return `Dataset.outputs` of what `read` and `prepare` returned."""
    if y.ndim == 1 or classes:
        return {}
    return {str(name): styles.get(name, Reading(kind=NUMBER)) for name in columns}


def _multilabel(columns: pd.DataFrame) -> Prepared:
    labels = tuple(str(name) for name in columns.columns)
    y = np.empty(columns.shape, np.float32)
    for index, name in enumerate(labels):
        column = columns.iloc[:, index]
        values = truths(column)
        if set(values) != {0.0, 1.0}:
            held = shortened(list(map(shown, column.unique())))
            raise DataError(
                f"The label {name!r} holds {held}; expected only "
                "0 and 1, true and false, or yes and no, and both of them. Correct it, or "
                f"leave it out: {argument('dataset.drop_classes', name)}."
            )
        y[:, index] = values

    note = f"Took {len(labels)} target columns for the labels of a multilabel problem."
    return "multilabel", y, labels, [note]


def truths(column: pd.Series) -> np.ndarray:
    """Return the 0 and 1 of a label, float64 (rows,); NaN for anything else."""
    return column.map(lambda cell: shown(cell).strip().lower()).map(ANSWERS).to_numpy(float)
