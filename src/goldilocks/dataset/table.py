"""The user's own table: a CSV or Parquet file with one row per example and named columns.

Source, licence, counts and balance: the user's. `Dataset.notes` says what was inferred, dropped or
    counted.
Shape: the columns that are left become float64 (numbers, NaN where missing) or str (categories, ""
    where missing), as `features.prepare` says; the target becomes y, as `problems.prepare` says.
    Nothing is fitted here: means, scales and vocabularies are learnt from training rows only, in
    Keras layers.
Unit: of a regression target the user's, and not known.
Checksum: `Dataset.digest`, of the prepared columns and y, not of the file: two files with equal
    content are equal.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, cell_keys
from goldilocks.dataset.readers import (
    calendar,
    features,
    files,
    problems,
    splits,
    tabular,
    targets,
    times,
)
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError


def load(
    *,
    file: str,
    validation_file: str | None,
    test_file: str | None,
    split: str | int | None,
    target: str | int | Sequence[str] | None,
    problem: str,
    drop: Sequence[str],
    time: str | int | Sequence[str] | None,
    group: str | int | None,
    query: str | int | None,
    header: files.Header,
    decimal: str,
    date_format: str | None,
    date_parts: str | Sequence[str],
    keep: Sequence[str],
    missing: Sequence[str],
    ignore_case: bool,
    drop_classes: Sequence[str],
    subset: int | None,
) -> Dataset:
    """Load a table's columns and its target.

    Args:
        file: Path of a file that ends in one of `files.SUFFIXES`.
        validation_file: Path of one with the same columns, whose rows are for validation; or None.
        test_file: Path of one with the same columns, whose rows are for the test; or None.
        split: Name of a column that says the part of each row, and is no input; or None.
        target: Name of the column to predict; several, as a list or separated by commas, are the
            labels of a multilabel problem or the numbers of a regression; one with several tags in
            a cell has such labels, too.
        problem: A problem type, or "auto" to infer it from the target.
        drop: Names of columns to leave out.
        time: Name of a column of times, or several that together are one, by which rows are ordered
            and parts divided, and which are no input, but for parts of dates that come again; or
            None.
        group: Name of a column whose rows of the same value are never split, and which is not
            predicted from; a missing value stands for itself; or None.
        query: Name of a column whose rows of the same value are ranked against each other: a group
            as well; or None.
        header: As `files.read_cells` takes it.
        decimal: As in `ReadingOptions`, and so are the others up to `ignore_case`.
        date_format: As in `ReadingOptions`.
        date_parts: As in `ReadingOptions`; "none" is an empty list.
        keep: As in `ReadingOptions`.
        missing: As in `ReadingOptions`.
        ignore_case: As in `ReadingOptions`.
        drop_classes: Names of classes whose rows are left out, or of labels that are.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: The file cannot be read, a column is not in it, too few rows have a target, no
            column is left to predict from, the target does not fit the problem type, or a time is
            missing, unreadable, or the same in all rows.
    """
    path = tabular.path_of(file)
    others = {"validation": validation_file, "test": test_file}
    parted = splits.read(path, header=header, others=others, split=split)
    table, path = parted.cells, parted.path
    frame, notes = table.frame, list(table.notes)
    columns = list(frame.columns)
    options = ReadingOptions(
        decimal=decimal,
        date_format=date_format,
        date_parts=() if date_parts == "none" else date_parts,
        keep=tabular.columns_of(keep, columns, path, "dataset.keep"),
        missing=missing,
        ignore_case=ignore_case,
        problem=problem,
    )
    labels = tabular.labels(target, columns, path, name="table")
    unwanted = tabular.columns_of(drop, columns, path, "dataset.drop")
    query = tabular.column_of(query, columns, path, "dataset.query")
    group = tabular.column_of(group, columns, path, "dataset.group")
    split = tabular.column_of(split, columns, path, "dataset.split")
    time_columns = tabular.columns_of(time, columns, path, "dataset.time")
    group = group_of(group, query, time_columns)
    unwanted += [name for name in (group, split) if name is not None]
    for name in labels:
        if name in [*unwanted, *time_columns]:
            raise DataError(
                f"The column {name!r} is in both dataset.target and dataset.drop, dataset.group, "
                "dataset.query, dataset.time or dataset.split; take it out of one."
            )

    answers, read_as, styles = targets.read(frame, labels, path, options)
    notes += read_as
    usable = targets.present(answers)
    if not usable.all():
        notes.append(
            f"Left out {(~usable).sum()} of {len(frame)} rows, because their target is missing or "
            f"infinite{targets.absent(answers)}."
        )
    if drop_classes:
        answers = targets.without(answers, drop_classes)
        usable = targets.present(answers)
    tabular.check_rows(usable, path, f"a target ({', '.join(labels)})", "another dataset.target")
    parts, moments, numbers = parted.parts[usable], None, 1 + np.flatnonzero(usable)
    if not usable.all():
        frame, answers = frame[usable], answers[usable]
    if time_columns:
        points = points_of(frame, time_columns, path, options)
        frame, answers = frame.iloc[points.rows], answers.iloc[points.rows]
        parts, moments, numbers = parts[points.rows], points.values, numbers[points.rows]
        notes += points.notes
    problem, y, classes, inferred = problems.prepare(answers, problem)
    if len(time_columns) > 1 or (moments is not None and moments.dtype.kind != "M"):
        unwanted += time_columns
    inputs = frame.drop(columns=[*labels, *unwanted])
    prepared = features.prepare(inputs, path, options)
    prepared = calendar.with_parts(prepared, path, options, time_columns)
    x = prepared.x.reset_index(drop=True)
    if x.shape[1] == 0:
        left_out = f" Left out: {prepared.left_out}." if prepared.left_out else ""
        if time_columns:
            left_out += " Of dataset.time, parts of dates alone are inputs (dataset.date_parts)."
        raise DataError(
            f"{path} has no column left to predict {', '.join(labels)} from; expected at least one "
            f"that holds numbers, dates or repeated texts.{left_out}"
        )
    notes += [*inferred, *prepared.notes, *splits.possible(x)]

    groups, content = None, digest(x, y, classes)
    if moments is not None:
        content = cache.digest(content, moments.view(np.int64))
    if group is not None:
        groups = groups_of(frame[group])
        content = cache.digest(content, groups)
        ungrouped = int(frame[group].isna().sum())
        if ungrouped:
            notes.append(f"{ungrouped} rows have no {group}; each is a group of its own.")
        if query is not None and len(np.unique(groups)) == len(groups):
            raise DataError(
                f"Each of the {len(groups)} rows has a {query!r} of its own, so there is nothing "
                "to rank; expected several rows of a query. Leave out dataset.query."
            )

    return Dataset(
        name="table",
        kind="table",
        problem=problem,
        x=x,
        y=y,
        classes=classes,
        source="original",
        location=str(path),
        digest=splits.digest(content, parts),
        fixed=splits.fixed(parts),
        subset=subset,
        groups=groups,
        times=moments,
        row_numbers=numbers,
        query=query or "",
        header=header,
        cell_keys=cell_keys.of_frame(frame),
        target=", ".join(answers.columns),
        outputs=problems.outputs(list(answers), y, classes, styles),
        target_reading=styles.get(labels[0]),
        readings=prepared.readings,
        notes=tuple(notes),
    )


def points_of(
    frame: pd.DataFrame, names: Sequence[str], path: Path, options: ReadingOptions
) -> times.Times:
    """Return the points of time of the rows of a table, at least two different ones.

    Args:
        frame: Its cells.
        names: Of the columns that together are the time.
        path: Its file, for messages.
        options: How it is read.

    Raises:
        DataError: A time is missing or unreadable, or all are one.
    """
    points = times.read(frame, names, path, options, repeated=True)
    if points.values[0] == points.values[-1]:
        raise DataError(
            f"{path}: all {len(frame)} rows have the same time in {', '.join(names)}, "
            f"{frame[names[0]].iloc[0]}; expected at least two, to divide rows by time. Leave out "
            "dataset.time."
        )
    return points


def group_of(group: str | None, query: str | None, time_columns: Sequence[str]) -> str | None:
    """Return the name of the column of groups, or of queries, which are groups; None of neither.

    Raises:
        DataError: There are both, or there is a time as well.
    """
    if query is not None and group not in (None, query):
        raise DataError(
            f"dataset.query is {query!r} and dataset.group {group!r}; expected one of them: the "
            "rows of a query are a group. Leave out dataset.group."
        )
    key, name = ("group", group) if query is None else ("query", query)
    if name is not None and time_columns:
        raise DataError(
            f"dataset.time is {', '.join(time_columns)} and dataset.{key} {name!r}; expected one "
            "of them: parts are divided by time, or by whole groups. Leave out one."
        )
    return name


def groups_of(column: pd.Series) -> np.ndarray:
    """Return a number for each value, int64 (rows,); each missing one has a number of its own."""
    numbers = column.factorize()[0].astype(np.int64)
    missing = numbers < 0
    numbers[missing] = numbers.max(initial=-1) + 1 + np.arange(missing.sum())
    return numbers


def digest(x: pd.DataFrame, y: np.ndarray, classes: Sequence[str]) -> str:
    """Return the SHA-256, hexadecimal, of prepared columns, the classes' names, and y.

    The names, the order and the values of the columns count.
    """
    parts: list[np.ndarray | str] = [json.dumps([list(x.columns), list(classes)])]
    for name in x.columns:
        column = x[name].to_numpy()
        parts.append(column if column.dtype == np.float64 else json.dumps(column.tolist()))
    return cache.digest(*parts, y)
