"""The target columns of a table -> problem type, y, and the names of the classes.

Source of the problem types: Chollet, Deep Learning with Python (2017), section 4.5.1 and table 4.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from numbers import Number
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api import types

from goldilocks.dataset.readers import features, numbers, tabular
from goldilocks.dataset.readers.reading import NUMBER, Reading, ReadingOptions
from goldilocks.errors import DataError
from goldilocks.formatting import argument

# As many different whole numbers, or fewer, are taken for classes; more for a quantity.
FEW_INTEGERS = 20
TAG_SIGNS = "|;,"  # between several tags in one cell
ANSWERS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}  # of a label, in small letters

Prepared = tuple[str, np.ndarray, tuple[str, ...], list[str]]


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
        Columns of float64, or of objects that are str or None; sentences on what was taken for
        what; and how columns of numbers were read.

    Raises:
        DataError: Numbers can be read in two ways.
    """
    if len(set(names)) < len(names):
        raise DataError(
            f"dataset.target names a column twice ({', '.join(names)}); expected each one once."
        )

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
        if name not in styles:
            read[name], remarks = _words(name, column, options)
            notes += remarks
    return pd.DataFrame(read, index=frame.index), notes, styles


def _words(name: str, column: pd.Series, options: ReadingOptions) -> tuple[pd.Series, list[str]]:
    """Return a column of words, None where missing; and what was taken for what."""
    words = column.str.strip().astype(object)
    words = words.where(words.notna() & (words != "") & ~words.isin(options.gaps), None)
    counts = words.value_counts()
    notes = _tags(name, list(counts.index))
    if reason := numbers.obstacle(counts.index.to_numpy(object), counts.to_numpy()):
        notes.append(f"The target {name!r} is read as classes, because {reason}.")
    if not options.ignore_case:
        return words, notes
    spelled = pd.Series(counts.index, dtype="str").groupby(counts.index.str.lower()).apply(list)
    for alike in spelled[spelled.map(len) > 1]:
        words = words.replace(dict.fromkeys(alike[1:], alike[0]))
        notes.append(f"Took {', '.join(map(repr, alike))} for one class.")
    return words, notes


def _tags(name: str, classes: Sequence[str]) -> list[str]:
    """Return the note on classes that are tags joined by a sign, each in several of them."""
    for sign in TAG_SIGNS:
        tags = [{tag.strip() for tag in label.split(sign)} - {""} for label in classes]
        joined = [label for label, some in zip(classes, tags, strict=True) if len(some) > 1]
        counts = Counter(tag for some in tags for tag in some)
        if joined and len(counts) <= len(classes) and min(counts.values()) > 1:
            labels = sorted(counts)[:3]
            return [
                f"The target {name!r} joins tags by {sign!r}, such as {joined[0]!r}, and each "
                f"combination is a class. For a label per tag ({', '.join(labels)}), write a "
                "column of 0 and 1 for each, in pandas with "
                f"`frame.join(frame[{name!r}].str.get_dummies({sign!r}))`, and give these columns "
                "as dataset.target."
            ]
    return []


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


def keep_classes(columns: pd.DataFrame, drop: Sequence[str]) -> np.ndarray:
    """Return the rows whose target is none of these classes, bool (rows,).

    Raises:
        DataError: A class is in no row.
    """
    names = columns.map(shown, na_action="ignore")
    classes = tuple(sorted(names.stack().dropna().unique()))
    unwanted = tabular.names_of(drop, classes)
    for name in unwanted:
        if name not in classes:
            raise DataError(
                f"dataset.drop_classes names {name!r}, which no row has; expected classes such as "
                f"{_some(classes)}."
            )
    return np.asarray(~names.isin(unwanted).any(axis=1))


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
    if problem == "multilabel":
        raise DataError(
            f"dataset.problem is multilabel, and dataset.target names one column ({names[0]}); "
            "expected a column of 0 and 1 for each label: dataset.target=[FIRST,SECOND]."
        )

    name, column = names[0], columns.iloc[:, 0]
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
            f"The target {name!r} has {len(classes)} values ({_some(classes)}), and "
            "dataset.problem is binary; expected two. Use dataset.problem=auto or multiclass."
        )
    if len(classes) > rows / 2:
        raise DataError(
            f"The target {name!r} has {len(classes)} different values in {rows} rows "
            f"({_some(classes)}); expected classes with several rows each. Give another "
            "dataset.target; for numbers, use dataset.problem=regression."
        )


def _of_numbers(values: np.ndarray, reason: str) -> tuple[str, str]:
    """Return the problem type of numbers that are not 0 and 1 alone, and why."""
    if values.min() < 0 or values.max() > 1:
        return "regression", reason
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
            f"The target {target.name!r} holds texts ({_some(tuple(target.unique()))}), and "
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
    quantities = [name for name in numbers if not _is_label(columns[name])]
    if problem == "multilabel" or (problem == "auto" and not quantities):
        return _multilabel(columns)
    if problem == "auto" and len(quantities) < len(names):
        classes = [name for name in names if name not in quantities]
        values = [
            f"{name} ({_some(tuple(map(shown, columns[name].unique())))})" for name in classes
        ]
        as_numbers = ""
        if len(numbers) == len(names):
            as_numbers = " To take all of them for numbers, type dataset.problem=regression."
        raise DataError(
            f"dataset.target names numbers ({', '.join(quantities)}) and classes: "
            f"{', '.join(values)}; expected one or the other, which one network can predict. Type "
            f"{argument('dataset.target', *quantities)} (of a table, "
            f"{argument('dataset.drop', *classes)} as well, or they are inputs).{as_numbers}"
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


def _is_label(column: pd.Series) -> bool:
    """Return whether a column holds nothing but 0 and 1, true and false, or yes and no."""
    return set(_answers(column)) <= {0.0, 1.0}


def _answers(column: pd.Series) -> pd.Series:
    """Return a column with 1 and 0 for its words yes and no, true and false."""
    return column.map(lambda value: ANSWERS.get(str(value).lower(), value))


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
        values = _numbers(_answers(column))
        if values is None or set(values) != {0.0, 1.0}:
            raise DataError(
                f"The label {name!r} holds {_some(tuple(map(shown, column.unique())))}; expected "
                "only 0 and 1, true and false, or yes and no, and both of them. Correct it, or "
                "take it out of dataset.target."
            )
        y[:, index] = values

    note = f"Took {len(labels)} target columns for the labels of a multilabel problem."
    return "multilabel", y, labels, [note]


def shown(value: object) -> str:
    """Return a value as a class's name: whole numbers without their decimals."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
