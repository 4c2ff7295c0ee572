"""The target columns of a table -> problem type, y, and the names of the classes.

Source of the problem types: Chollet, Deep Learning with Python (2017), section 4.5.1 and table 4.1.
"""

from __future__ import annotations

from numbers import Number

import numpy as np
import pandas as pd

from goldilocks.errors import DataError

# As many different whole numbers, or fewer, are taken for classes; more for a quantity.
FEW_INTEGERS = 20

Prepared = tuple[str, np.ndarray, tuple[str, ...], list[str]]


def present(columns: pd.DataFrame) -> np.ndarray:
    """Return the rows in which no target is missing, empty or infinite, bool (rows,)."""
    bare = columns.map(lambda value: value.strip() if isinstance(value, str) else value)
    unusable = columns.isna().to_numpy() | bare.isin(["", np.inf, -np.inf]).to_numpy()
    return np.asarray(~unusable.any(axis=1))


def prepare(columns: pd.DataFrame, problem: str) -> Prepared:
    """Return the targets as a problem type needs them.

    Args:
        columns: One column, or for a multilabel problem several; no value missing.
        problem: A problem type, or "auto" to infer it.

    Returns:
        The problem type; y, as `Dataset` describes it; the names of the classes or labels; and
        sentences on what was inferred.

    Raises:
        DataError: The values do not fit the problem type.
    """
    names = [str(name) for name in columns.columns]
    if len(set(names)) < len(names):
        raise DataError(
            f"dataset.target names a column twice ({', '.join(names)}); expected each one once."
        )
    if len(names) > 1 and problem not in ("auto", "multilabel"):
        raise DataError(
            f"dataset.target names {len(names)} columns, and dataset.problem is {problem}; "
            "expected one column, or dataset.problem=multilabel."
        )
    if len(names) > 1:
        return _multilabel(columns)
    if problem == "multilabel":
        raise DataError(
            f"dataset.problem is multilabel, and dataset.target names one column ({names[0]}); "
            "expected a column of 0 and 1 for each label: dataset.target=[FIRST,SECOND]."
        )

    name, column = names[0], columns.iloc[:, 0]
    values = _numbers(column)
    if values is None:
        values = np.array([str(value).strip() for value in column], dtype=object)
    distinct = np.unique(values)
    if len(distinct) == 1:
        raise DataError(
            f"The target {name!r} is {_shown(distinct[0])} in every row; expected at least two "
            "values."
        )

    notes = []
    if problem == "auto":
        problem, reason = _inferred(values, distinct)
        notes.append(
            f"Took {name!r} for a {problem} target, because {reason} (dataset.problem=auto)."
        )
    if problem in ("binary", "multiclass"):
        return _classes(name, values, distinct, problem, notes)
    return _quantity(name, values, problem, notes)


def _numbers(column: pd.Series) -> np.ndarray | None:
    """Return the column as float64 (rows,); None where it holds texts."""
    try:
        return column.to_numpy(dtype=np.float64) if column.map(_is_number).all() else None
    except (TypeError, ValueError):
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, Number | np.bool)


def _inferred(values: np.ndarray, distinct: np.ndarray) -> tuple[str, str]:
    """Return a problem type, and why."""
    if len(distinct) == 2:
        return "binary", f"it has two values, {_shown(distinct[0])} and {_shown(distinct[1])}"
    if values.dtype == object:
        return "multiclass", f"it holds {len(distinct)} different texts"
    if (distinct % 1 != 0).any():
        return "regression", "it holds numbers with decimals"
    if len(distinct) <= FEW_INTEGERS:
        return "multiclass", f"it holds only {len(distinct)} different whole numbers"
    return (
        "regression",
        f"it holds {len(distinct)} different whole numbers, more than {FEW_INTEGERS}",
    )


def _classes(
    name: str, values: np.ndarray, distinct: np.ndarray, problem: str, notes: list[str]
) -> Prepared:
    names = tuple(_shown(value) for value in distinct)
    if problem == "binary" and len(distinct) != 2:
        raise DataError(
            f"The target {name!r} has {len(distinct)} values ({_some(names)}), and dataset.problem "
            "is binary; expected two. Use dataset.problem=auto or multiclass."
        )
    if len(distinct) > len(values) / 2:
        raise DataError(
            f"The target {name!r} has {len(distinct)} different values in {len(values)} rows "
            f"({_some(names)}); expected classes with several rows each. Give another "
            "dataset.target; for numbers, use dataset.problem=regression."
        )

    index = np.searchsorted(distinct, values)
    if problem == "multiclass":
        return problem, index.astype(np.int64), names, notes
    if names != ("0", "1"):
        notes.append(f"The class predicted as 1 is {names[1]}; 0 is {names[0]}.")
    return problem, index.astype(np.float32), names, notes


def _quantity(name: str, values: np.ndarray, problem: str, notes: list[str]) -> Prepared:
    if values.dtype == object:
        raise DataError(
            f"The target {name!r} holds texts ({_some(tuple(dict.fromkeys(values)))}), and "
            f"dataset.problem is {problem}; expected numbers. Correct the column, or use "
            "dataset.problem=multiclass."
        )
    if problem == "unit_regression" and (values.min() < 0 or values.max() > 1):
        raise DataError(
            f"The target {name!r} goes from {values.min():g} to {values.max():g}, and "
            "dataset.problem is unit_regression; expected 0 to 1. Divide it by its "
            "largest possible value, or use dataset.problem=regression."
        )
    return problem, values.astype(np.float32), (), notes


def _multilabel(columns: pd.DataFrame) -> Prepared:
    labels = tuple(str(name) for name in columns.columns)
    y = np.empty(columns.shape, np.float32)
    for index, name in enumerate(labels):
        numbers = _numbers(columns.iloc[:, index])
        if numbers is None or not np.isin(numbers, (0.0, 1.0)).all():
            values = tuple(str(value) for value in columns.iloc[:, index].unique())
            raise DataError(
                f"The label {name!r} holds {_some(values)}; expected only 0 and 1, or true and "
                "false."
            )
        if numbers.min() == numbers.max():
            raise DataError(
                f"The label {name!r} is {numbers[0]:g} in every row; expected 0 and 1. Take it out "
                "of dataset.target."
            )
        y[:, index] = numbers

    note = f"Took {len(labels)} target columns for the labels of a multilabel problem."
    return "multilabel", y, labels, [note]


def _shown(value: object) -> str:
    """Return a value as a class's name: whole numbers without their decimals."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
