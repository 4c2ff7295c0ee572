"""The user's own time series: a CSV or Parquet file with one row per point of time and named columns.

Source, licence, counts: the user's. What was dropped, filled or counted is said in `Dataset.notes`.
Shape: the numeric columns, float32, in the order of time; gaps are filled with the value before,
    never with one from the future. Rows are taken to be equally spaced in time. What is predicted
    is one of these columns, `delay` rows ahead; the past of that column is seen as well. Nothing is
    fitted here.
Checksum: `Dataset.digest`, of the values and of which column is predicted; not of what windows
    span.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import tabular
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError

if TYPE_CHECKING:
    import pandas

FEWEST_WINDOWS = 20  # Below this a split leaves too few windows to measure anything.


def load(
    *,
    file: str | None,
    time: str | int | None,
    target: str | int | None,
    drop: Sequence[str],
    lookback: float,
    step: float,
    delay: float,
    purge: bool,
    subset: int | None,
) -> Dataset:
    """The windows; x is `Windows` of every numeric column, y float32 (windows,), in the target's unit.

    Args:
        file: Path of a file that `tabular.read` reads.
        time: Name of the column of times: numbers, or dates that can be read in one way only.
        target: Name of the column to predict.
        drop: Names of columns to leave out.
        lookback: Rows that a window spans.
        step: Rows between two that it sees.
        delay: Rows from its last to the predicted one.
        purge: Whether the split drops windows whose target lies in the time of the next part.
        subset: Number of training windows to keep, or None for all.

    Raises:
        DataError: The file cannot be read, a column is not in it, a time is unreadable or there
            twice, dates can be read in two ways, the target is not numeric, or too few windows fit.
    """
    if file is None or time is None or target is None:
        raise DataError(
            "dataset=series needs dataset.file=FILE, dataset.time=NAME and dataset.target=NAME."
        )
    spans = {"lookback": lookback, "step": step, "delay": delay}
    for name, value in spans.items():
        if value != int(value) or value < 1:
            raise DataError(
                f"dataset.{name} is {value:g}; expected a whole number of rows, at least 1."
            )
    path = tabular.path_of(file)
    frame, notes = tabular.read(path)
    columns, unwanted = [str(column) for column in frame.columns], [str(name) for name in drop]
    when, wanted = str(time), str(target)
    for name in (when, wanted, *unwanted):
        tabular.check_column(name, columns, path)
    if wanted in (when, *unwanted):
        raise DataError(
            f"The column {wanted!r} is the target and cannot be dataset.time or in dataset.drop as "
            "well."
        )
    if frame.empty:
        raise DataError(
            f"{path} has a header line and no rows; expected at least {FEWEST_WINDOWS} windows of "
            "them."
        )
    frame, said = in_order(frame, when, path)
    values, filled = _numbers(frame.drop(columns=[when, *unwanted]), wanted, path)
    windows = Windows(
        values.to_numpy("float32"),
        tuple(map(str, values.columns)),
        list(values.columns).index(wanted),
        **{name: int(value) for name, value in spans.items()},
    )
    if len(windows) < FEWEST_WINDOWS:
        raise DataError(
            f"{path} has {len(values)} usable rows, in which {len(windows)} windows of "
            f"{lookback:g} + {delay:g} rows "
            f"fit; expected at least {FEWEST_WINDOWS}. Add rows, or use a smaller dataset.lookback."
        )
    return Dataset(
        name="series",
        kind="series",
        problem="regression",
        x=windows,
        y=windows.targets.copy(),
        classes=(),
        source="original",
        location=str(path),
        digest=cache.digest(",".join(windows.columns), windows.values, wanted),
        subset=subset,
        overlap=windows.lookback + (windows.delay if purge else 0) - 1,
        persistence=windows.persistence,
        target=wanted,
        time_column=when,
        notes=(*notes, *said, *filled),
    )


def in_order(frame: pandas.DataFrame, when: str, path: Path) -> tuple[pandas.DataFrame, list[str]]:
    """The rows sorted by time; and what to say of their spacing.

    Args:
        frame: Has at least one row.
        when: Name of the column of times.
        path: The file, for messages.

    Raises:
        DataError: A time is unreadable or there twice, or dates can be read in two ways.
    """
    column = frame[when]
    times = _times(column, path)
    unread = np.flatnonzero(times.isna())
    if len(unread):
        raise DataError(
            f"{path}: {len(unread)} of {len(frame)} values of the column {when!r} are no times, "
            "the first is "
            f"{str(column.iloc[unread[0]])!r} in row {unread[0] + 1}; expected dates such as "
            "2016-12-31 23:50, or "
            "numbers."
        )
    twice = np.flatnonzero(times.duplicated())
    if len(twice):
        raise DataError(
            f"{path}: {len(twice)} values of the column {when!r} stand there more than once, the "
            "first is "
            f"{str(column.iloc[twice[0]])!r} in row {twice[0] + 1}; expected one row for each "
            "point of time. Give "
            "another dataset.time, or make one series a file."
        )
    order = times.argsort(kind="stable").to_numpy()
    notes = [] if (order == np.arange(len(order))).all() else [f"Sorted the rows by {when}."]
    steps = times.iloc[order].diff().dropna()
    usual = steps.mode().iloc[0] if len(steps) else None
    odd = int((steps != usual).sum())
    if odd:
        notes.append(
            f"Rows are taken to be equally spaced; {odd} of {len(steps)} steps of {when} are not "
            f"{usual}."
        )
    return frame.iloc[order].reset_index(drop=True), notes


def _times(column: pandas.Series, path: Path) -> pandas.Series:
    """Numbers or dates by which rows can be ordered; NaN or NaT where one cannot be read."""
    import pandas

    if pandas.api.types.is_numeric_dtype(column):
        return column.astype("float64").replace([np.inf, -np.inf], np.nan)
    times = pandas.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if times.notna().all():
        return times
    with (
        warnings.catch_warnings()
    ):  # pandas says what it guessed; here each guess is made and compared.
        warnings.simplefilter("ignore", UserWarning)
        ways = [
            pandas.to_datetime(column, errors="coerce", utc=True, dayfirst=first)
            for first in (True, False)
        ]
    day_first, month_first = ways
    if day_first.notna().all() and month_first.notna().all() and not day_first.equals(month_first):
        row = int(np.flatnonzero(day_first != month_first)[0])
        raise DataError(
            f"{path}: the dates in the column {str(column.name)!r} can be read in two ways: "
            f"{column.iloc[row]!r} in "
            f"row {row + 1} is {day_first.iloc[row]:%Y-%m-%d} or {month_first.iloc[row]:%Y-%m-%d}. "
            "Write them as "
            f"year-month-day, such as {day_first.iloc[row]:%Y-%m-%d}."
        )
    return min(times, *ways, key=lambda read: int(read.isna().sum()))


def known(numbers: pandas.DataFrame) -> pandas.DataFrame:
    """Columns of numbers as float64, NaN where a value is missing, infinite, or would be infinite as float32."""
    values = numbers.astype("float64")
    return values.where(values.abs() <= np.finfo(np.float32).max)


def _numbers(
    frame: pandas.DataFrame, wanted: str, path: Path
) -> tuple[pandas.DataFrame, list[str]]:
    """The columns that vary and are numbers, without gaps; and what was dropped or filled."""
    import pandas

    numeric = [name for name in frame.columns if pandas.api.types.is_numeric_dtype(frame[name])]
    if wanted not in numeric:
        present = frame[wanted].dropna()
        words = (
            present[pandas.to_numeric(present, errors="coerce").isna()]
            if present.dtype.kind in "OUT"
            else present
        )
        shown = f"{str(words.iloc[0])!r}" if len(words) else "no numbers"
        raise DataError(
            f"{path}: the column {wanted!r} holds {shown}; expected numbers to predict, such as "
            "those of "
            f"{', '.join(numeric[:10]) or 'no column'}."
        )
    numbers = known(frame[numeric])
    still = [name for name in numeric if name != wanted and numbers[name].nunique() <= 1]
    others = [str(name) for name in frame.columns if name not in numeric]
    notes = [f"Dropped the column {name!r}: it does not hold numbers." for name in others]
    notes += [f"Dropped the column {name!r}: it never changes." for name in still]
    numbers = numbers.drop(columns=still)
    gaps = int(numbers.isna().sum().sum())
    numbers = numbers.ffill()
    whole = numbers.notna().all(axis=1)
    if gaps:
        lost, left = int((~whole).sum()), int(numbers.isna().sum().sum())
        notes.append(f"Filled {gaps - left} missing values with the ones before them in time.")
        if lost:
            latest = numbers.isna().sum().idxmax()
            notes.append(
                f"Left out {lost} rows at the start, where a column has no value yet; the last to "
                f"begin is {latest!r}: "
                f"dataset.drop=[{latest}] leaves it out and keeps the rows."
            )
    return numbers[whole].reset_index(drop=True), notes
