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

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import dates, features, files, tabular, targets
from goldilocks.dataset.readers.features import NUMBER, TRUTH, Reading, ReadingOptions
from goldilocks.dataset.readers.numbers import read_numbers
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError
from goldilocks.formatting import argument

SAMPLE = 200  # times, by which the format that most of them have is found
FEWEST_WINDOWS = 20  # Below this a split leaves too few windows to measure anything.


def load(
    *,
    file: str,
    time: str | int | Sequence[str],
    target: str | int,
    drop: Sequence[str],
    header: files.Header,
    decimal: str,
    date_format: str | None,
    lookback: float,
    step: float,
    delay: float,
    purge: bool,
    subset: int | None,
) -> Dataset:
    """Load the windows of a series.

    x is `Windows` of every numeric column, y float32 (windows,), in the target's unit.

    Args:
        file: Path of a file that ends in one of `files.SUFFIXES`.
        time: Name of the column of times: numbers, or dates that can be read in one way only; of
            dates and times of day in two columns, both names.
        target: Name of the column to predict.
        drop: Names of columns to leave out.
        header: As `files.read_cells` takes it.
        decimal: As in `ReadingOptions`.
        date_format: As in `ReadingOptions`.
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
    table = files.read_cells(path, header=header)
    frame, notes = table.frame, list(table.notes)
    options = ReadingOptions(decimal=decimal, date_format=date_format)
    time_columns = tabular.labels(time, list(frame.columns), path, name="series")
    target_column = str(target).strip()
    unwanted = tabular.names_of(drop, list(frame.columns))
    tabular.check_columns(time_columns, list(frame.columns), path, "dataset.time")
    tabular.check_columns(unwanted, list(frame.columns), path, "dataset.drop")
    tabular.check_columns([target_column], list(frame.columns), path)
    unwanted = [*time_columns, *unwanted]
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

    times, spacing = read_times(joined(frame[time_columns]), path, options)
    numbers, readings, read_as = _read_numbers(
        frame.drop(columns=unwanted), target_column, path, options
    )
    numbers, in_order = sort(numbers, times, ", ".join(time_columns))
    values, filled = _fill(numbers, target_column)
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
        header=header,
        raw_keys=_raw_keys(table, times, windows),
        target=target_column,
        time_columns=tuple(time_columns),
        times=np.sort(times)[len(times) - len(values) :],  # Only the first rows are left out.
        readings=readings,
        notes=(*notes, *spacing, *in_order, *read_as, *filled),
    )


def _raw_keys(table: files.Cells, times: np.ndarray, windows: Windows) -> np.ndarray:
    """Return the key of the row that each window predicts, uint64 (windows,)."""
    in_order = table.raw_keys()[np.argsort(times, kind="stable")]
    return in_order[len(in_order) - len(windows) :]  # Rows are left out at the start alone.


def joined(columns: pd.DataFrame) -> pd.Series:
    """Return the times of a series: one column, or several such as a date and a time of day."""
    column = columns.iloc[:, 0]
    if columns.shape[1] > 1:
        column = columns.astype("str").apply(" ".join, axis=1).where(columns.notna().all(axis=1))
    return column.rename(", ".join(map(str, columns.columns)))


def read_times(
    column: pd.Series, path: Path, options: ReadingOptions
) -> tuple[np.ndarray, list[str]]:
    """Return numbers or datetime64[us] (rows,) by which rows can be ordered, and notes.

    Args:
        column: Of times, as they stand in the file.
        path: The file, for messages.
        options: What was decided about the reading.

    Raises:
        DataError: A time is unreadable or there twice, or dates can be read in two ways.
    """
    times, notes = _times(column, path, options)
    unread = np.flatnonzero(np.isnan(times) if times.dtype.kind == "f" else np.isnat(times))
    if len(unread):
        first = f"{str(column.iloc[unread[0]])!r} in row {unread[0] + 1}"
        raise DataError(
            f"{path}: {len(unread)} of {len(times)} values of the column {column.name!r} are no "
            f"times, the first is {first}; expected dates such as 2016-12-31 23:50, all written "
            "alike, or numbers."
        )
    repeated = np.flatnonzero(pd.Series(times).duplicated())
    if len(repeated):
        first = f"{str(column.iloc[repeated[0]])!r} in row {repeated[0] + 1}"
        raise DataError(
            f"{path}: {len(repeated)} values of the column {column.name!r} stand there "
            f"more than once, the first is {first}; expected one row for each point of time. Give "
            "another dataset.time, or make one series a file."
        )
    return times, notes


def _times(column: pd.Series, path: Path, options: ReadingOptions) -> tuple[np.ndarray, list[str]]:
    """Return numbers or dates, NaN or NaT where one is unreadable, and how dates were read."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy("float64", na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan), []
    if not features.is_text(column):
        times = pd.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None)
        return times.to_numpy("datetime64[us]"), []

    if options.date_format is not None:
        return dates.read_as(column, options.date_format), []
    zones = dates.name_zones(column.dropna())
    if zones.nunique() > 1:
        first = zones.index[zones != zones.iloc[0]][0]
        raise DataError(
            f"{path}: some values of the column {column.name!r} name their time zone and others do "
            f"not, the first that differs is {column[first]!r} in row {first + 1}; expected all or "
            "none."
        )
    reading = features.choose_date(column, path, options)
    if reading is None:
        numeric = read_numbers(features.cells(column))
        if len(numeric) != 1:
            return _mostly_dates(column), []
        reading = dates.read_epochs(numeric[0].values)
        if reading is None:
            return np.where(np.isfinite(numeric[0].values), numeric[0].values, np.nan), []
    if reading.format == dates.ISO or column.isna().any():
        return reading.values, []
    first = dates.shown(reading.values[0])
    note = f"Read {column.iloc[0]!r} in {column.name!r} as {first}, written {reading.format}."
    return reading.values, [note]


def _mostly_dates(column: pd.Series) -> np.ndarray:
    """Return the dates in the format that reads the most cells, NaT where it does not fit."""
    sample = column.dropna().iloc[:SAMPLE]
    fitting = max(
        dates.formats(), key=lambda format: (~np.isnat(dates.read_as(sample, format))).sum()
    )
    return dates.read_as(column, fitting)


def sort(numbers: pd.DataFrame, times: np.ndarray, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows sorted by their times, and notes on that and on their spacing."""
    notes = []
    order = np.argsort(times, kind="stable")
    if not (order == np.arange(len(order))).all():
        notes.append(f"Sorted the rows by {name}.")

    steps = pd.Series(times[order]).diff().dropna()
    if len(steps):
        usual = steps.mode().iloc[0]
        odd = int((steps != usual).sum())
        if odd:
            notes.append(
                f"Rows are taken to be equally spaced; {odd} of {len(steps)} steps of {name} are "
                f"not {usual}."
            )
    return numbers.iloc[order].reset_index(drop=True), notes


def _read_numbers(
    frame: pd.DataFrame, target: str, path: Path, options: ReadingOptions
) -> tuple[pd.DataFrame, Mapping[str, Reading], list[str]]:
    """Return the columns of numbers that vary, NaN where missing; and what was left out."""
    prepared = features.prepare(frame, path, replace(options, keep=list(frame.columns)))
    kinds = {name: reading.kind for name, reading in prepared.readings.items()}
    numeric = [name for name, kind in kinds.items() if kind in (NUMBER, TRUTH)]
    if target not in numeric:
        example = prepared.readings[target].example
        raise DataError(
            f"{path}: the column {target!r} holds {example!r}; expected numbers to predict, such "
            f"as those of {', '.join(numeric[:10]) or 'no column'}."
        )
    answers, _ = targets.read(frame[[target]], path, features.decimals_of(frame, options), options)
    targets.check_range(answers[target].replace([np.inf, -np.inf], np.nan))
    constant = [
        name for name in numeric if name != target and prepared.readings[name].distinct <= 1
    ]
    left_out = {name: "it does not hold numbers" for name in kinds if name not in numeric}
    left_out |= dict.fromkeys(constant, "it never changes")
    notes = [f"Left out the column {name!r}: {reason}." for name, reason in left_out.items()]
    varying = [name for name in numeric if name not in constant]
    for name in varying:
        notes += [f"Column {name!r} {remark}." for remark in prepared.remarks[name]]
    readings = {
        name: replace(reading, left_out=left_out.get(name, ""))
        for name, reading in prepared.readings.items()
    }
    return prepared.x[varying], readings, notes


def _fill(numbers: pd.DataFrame, target: str) -> tuple[pd.DataFrame, list[str]]:
    """Return columns without gaps, and what was filled."""
    notes = []
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
            f"last to begin is {latest!r}: {argument('dataset.drop', str(latest))} leaves it out "
            "and keeps the rows."
        )
    return numbers[whole].reset_index(drop=True), notes
