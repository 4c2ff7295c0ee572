"""The user's own time series: a CSV or Parquet file with one row per point of time.

Source, licence, counts: the user's. `Dataset.notes` says what was dropped, filled or counted.
Shape: the numeric columns, float32, in the order of time; gaps are filled with the value before,
    never with one from the future. Rows are taken to be equally spaced in time. What is predicted
    is one of these columns, `delay` rows ahead; the past of that column is seen as well. Nothing is
    fitted here.
Unit: of the target the user's, and not known.
Checksum: `Dataset.digest`, of the values and of which column is predicted; not of what windows
    span.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import features, tabular
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError

FEWEST_WINDOWS = 20  # Below this a split leaves too few windows to measure anything.


def load(
    *,
    file: str,
    time: str | int,
    target: str | int,
    drop: Sequence[str],
    lookback: float,
    step: float,
    delay: float,
    purge: bool,
    subset: int | None,
) -> Dataset:
    """Load the windows of a series.

    x is `Windows` of every numeric column, y float32 (windows,), in the target's unit.

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
    path = tabular.path_of(file)
    frame, notes = tabular.read(path)
    time_column, target_column = str(time), str(target)
    unwanted = [time_column, *map(str, drop)]
    tabular.check_columns([*unwanted, target_column], list(frame.columns), path)
    if target_column in unwanted:
        raise DataError(
            f"The column {target_column!r} is the target and cannot be dataset.time or in "
            "dataset.drop as well."
        )
    if frame.empty:
        raise DataError(
            f"{path} has a header line and no rows; expected at least {FEWEST_WINDOWS} windows of "
            "them."
        )

    frame, spacing = in_order(frame, time_column, path)
    values, filled = _numbers(frame.drop(columns=unwanted), target_column, path)
    names = tuple(map(str, values.columns))
    spans = int(lookback), int(step), int(delay)
    windows = Windows(values.to_numpy("float32"), names, names.index(target_column), *spans)
    if len(windows) < FEWEST_WINDOWS:
        raise DataError(
            f"{path} has {len(values)} usable rows, in which {len(windows)} windows of "
            f"{lookback:g} + {delay:g} rows fit; expected at least {FEWEST_WINDOWS}. Add rows, or "
            "use a smaller dataset.lookback."
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
        digest=cache.digest(",".join(windows.columns), windows.values, target_column),
        subset=subset,
        overlap=windows.overlap(purge=purge),
        persistence=windows.persistence,
        target=target_column,
        time_column=time_column,
        notes=(*notes, *spacing, *filled),
    )


def in_order(frame: pd.DataFrame, time: str, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows sorted by time, and notes on their spacing.

    Args:
        frame: Has at least one row.
        time: Name of the column of times.
        path: The file, for messages.

    Raises:
        DataError: A time is unreadable or there twice, or dates can be read in two ways.
    """
    column = frame[time]
    times = _times(column, path)
    unread = np.flatnonzero(times.isna())
    if len(unread):
        raise DataError(
            f"{path}: {len(unread)} of {len(frame)} values of the column {time!r} are no times, "
            f"the first is {str(column.iloc[unread[0]])!r} in row {unread[0] + 1}; expected dates "
            "such as 2016-12-31 23:50, or numbers."
        )
    repeated = np.flatnonzero(times.duplicated())
    if len(repeated):
        raise DataError(
            f"{path}: {len(repeated)} values of the column {time!r} stand there more than once, "
            f"the first is {str(column.iloc[repeated[0]])!r} in row {repeated[0] + 1}; expected "
            "one row for each point of time. Give another dataset.time, or make one series a file."
        )

    notes = []
    order = times.argsort(kind="stable").to_numpy()
    if not (order == np.arange(len(order))).all():
        notes.append(f"Sorted the rows by {time}.")

    steps = times.iloc[order].diff().dropna()
    if len(steps):
        usual = steps.mode().iloc[0]
        odd = int((steps != usual).sum())
        if odd:
            notes.append(
                f"Rows are taken to be equally spaced; {odd} of {len(steps)} steps of {time} are "
                f"not {usual}."
            )
    return frame.iloc[order].reset_index(drop=True), notes


def _times(column: pd.Series, path: Path) -> pd.Series:
    """Return numbers or dates by which rows can be ordered; NaN or NaT where one is unreadable."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64").replace([np.inf, -np.inf], np.nan)
    times = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if times.notna().all():
        return times

    with warnings.catch_warnings():
        # pandas warns of what it guesses; here both guesses are made and compared.
        warnings.simplefilter("ignore", UserWarning)
        day_first, month_first = (
            pd.to_datetime(column, errors="coerce", utc=True, dayfirst=first)
            for first in (True, False)
        )
    ambiguous = day_first.notna().all() and month_first.notna().all()
    if ambiguous and not day_first.equals(month_first):
        row = int(np.flatnonzero(day_first != month_first)[0])
        raise DataError(
            f"{path}: the dates in the column {str(column.name)!r} can be read in two ways: "
            f"{column.iloc[row]!r} in row {row + 1} is {day_first.iloc[row]:%Y-%m-%d} or "
            f"{month_first.iloc[row]:%Y-%m-%d}. Write them as year-month-day, such as "
            f"{day_first.iloc[row]:%Y-%m-%d}."
        )
    return min(times, day_first, month_first, key=lambda reading: int(reading.isna().sum()))


def finite(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return columns of numbers as float64, NaN where a value is missing or no finite float32."""
    values = numbers.astype("float64")
    return values.where(values.abs() <= np.finfo(np.float32).max)


def _numbers(frame: pd.DataFrame, target: str, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns of numbers that vary, without gaps; and what was dropped or filled."""
    numeric = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    if target not in numeric:
        raise DataError(
            f"{path}: the column {target!r} holds {features.no_number(frame[target])!r}; expected "
            f"numbers to predict, such as those of {', '.join(numeric[:10]) or 'no column'}."
        )

    numbers = finite(frame[numeric])
    constant = [name for name in numeric if name != target and numbers[name].nunique() <= 1]
    others = [name for name in frame.columns if name not in numeric]
    notes = [f"Dropped the column {name!r}: it does not hold numbers." for name in others]
    notes += [f"Dropped the column {name!r}: it never changes." for name in constant]

    numbers = numbers.drop(columns=constant)
    gaps = int(numbers.isna().sum().sum())
    numbers = numbers.ffill()
    left = numbers.isna().sum()
    if gaps:
        notes.append(
            f"Filled {gaps - left.sum()} missing values with the ones before them in time."
        )

    whole = numbers.notna().all(axis=1)
    if not whole.all():
        latest = left.idxmax()
        notes.append(
            f"Left out {(~whole).sum()} rows at the start, where a column has no value yet; the "
            f"last to begin is {latest!r}: dataset.drop=[{latest}] leaves it out and keeps the "
            "rows."
        )
    return numbers[whole].reset_index(drop=True), notes
