"""The user's own time series: a CSV or Parquet file with one row per point of time.

Source, licence, counts: the user's. `Dataset.notes` says what was dropped, filled or counted.
Shape: the numeric columns, float32, in the order of time, laid out as `grids` says: no window
    crosses a hole, and no target is one that was filled in. What is predicted is one of these
    columns, or several, `delay` rows ahead and at the rows after that, `horizon` in all; the past
    of these columns is seen as well. Nothing is fitted here.
Unit: of the target the user's, and not known.
Checksum: `Dataset.digest`, of the values and of which column is predicted; not of what windows
    span.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from goldilocks.dataset import Dataset, cell_keys
from goldilocks.dataset.readers import features, files, grids, naive, tabular, times
from goldilocks.dataset.readers.reading import NUMBER, TRUTH, Reading, ReadingOptions
from goldilocks.dataset.readers.spacing import Spacing
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError
from goldilocks.formatting import argument, counted

FEWEST_WINDOWS = 20  # Below this a split leaves too few windows to measure anything.


def load(
    *,
    file: str,
    time: str | int | Sequence[str],
    target: str | int | Sequence[str],
    drop: Sequence[str],
    header: files.Header,
    decimal: str,
    date_format: str | None,
    fill: int,
    lookback: float,
    step: float,
    delay: float,
    lags: Sequence[int] | None,
    difference: int | str,
    horizon: int,
    purge: bool,
    subset: int | None,
) -> Dataset:
    """Load the windows of a series.

    x is `Windows` of every numeric column, y float32 (windows,), or of several targets or points
    (windows, outputs), in the targets' units.

    Args:
        file: Path of a file that ends in one of `files.SUFFIXES`.
        time: Name of the column of times: numbers, or dates that can be read in one way only; of
            dates and times of day in two columns, both names.
        target: Name of the column to predict, or names of several.
        drop: Names of columns to leave out.
        header: As `files.read_cells` takes it.
        decimal: As in `ReadingOptions`.
        date_format: As in `ReadingOptions`.
        fill: Rows without any value, one after the other, that are filled with the value before;
            more of them are a hole, which no window crosses.
        lookback: Rows that a window spans.
        step: Rows between two that it sees.
        delay: Rows from its last to the first predicted one.
        lags: Rows before the first predicted one, of further ones that a window sees; or None.
        difference: `Dataset.difference`, or "auto" for None.
        horizon: Rows that are predicted, one after the other.
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
    columns = list(frame.columns)
    time_columns = tabular.columns_of(time, columns, path, "dataset.time")
    if not time_columns:
        raise DataError(
            f"dataset.time={time} names no column; expected that of the times: "
            f"{tabular.listed(columns, path)}."
        )
    unwanted = tabular.columns_of(drop, columns, path, "dataset.drop")
    target_columns = tabular.labels(target, columns, path, name="series")
    unwanted = [*time_columns, *unwanted]
    for name in target_columns:
        if name in unwanted:
            raise DataError(
                f"The column {name!r} is the target and cannot be dataset.time or in dataset.drop "
                "as well."
            )
    if frame.empty:
        raise DataError(
            f"{path} has a header line and no rows; expected at least {FEWEST_WINDOWS} windows of "
            "them."
        )

    unknown = [lag for lag in lags or () if lag < delay]
    if unknown:
        raise DataError(
            f"dataset.lags has {unknown[0]}, and dataset.delay is {delay:g}: {unknown[0]} rows "
            f"before the predicted one nothing is known yet; expected {delay:g} or more. Use "
            "another lag, or a smaller dataset.delay."
        )
    name = ", ".join(time_columns)
    points = times.read(frame, time_columns, path, options)
    numbers, readings, read_as = _read_numbers(
        frame.drop(columns=unwanted), target_columns, path, options
    )
    numbers = numbers.iloc[points.rows]
    usable = int(numbers.notna().any(axis=1).sum())
    if usable <= FEWEST_WINDOWS:
        raise DataError(
            f"{path} has {usable} different rows with a number; expected more than "
            f"{FEWEST_WINDOWS}, which are the fewest windows that can be split. Add rows."
        )

    grid = grids.lay_out(numbers, points.values, points.local, fill=fill, lookback=int(lookback))
    names = tuple(map(str, numbers.columns))
    windows = Windows(
        grid.values.to_numpy("float32"),
        names,
        tuple(map(names.index, target_columns)),
        int(lookback),
        int(step),
        int(delay),
        grid.is_known[target_columns].all(axis=1).to_numpy(),
        horizon,
        tuple(lag - int(delay) for lag in lags or ()),
    )
    on_grid = grid.notes(name)
    short = [hole["rows"] for hole in grid.holes if not hole["column"] and hole["rows"] < lookback]
    if short:
        on_grid.append(
            f"dataset.fill={max(short)} fills {len(short)} of these, of up to {max(short)} rows, "
            "with the value before."
        )
    with_holes = {hole["column"] for hole in grid.holes} - {"", *target_columns}
    if with_holes:
        on_grid.append(
            f"{argument('dataset.drop', *sorted(with_holes))} leaves the columns out that have "
            "holes of their own, and keeps the rows."
        )
    unscored = len(replace(windows, observed=None)) - len(windows)
    if unscored:
        on_grid.append(
            f"Left out {counted(unscored, 'window')}, because "
            f"{'the value' if windows.outputs == 1 else 'a value'} of "
            f"{', '.join(map(repr, target_columns))} that they would predict is missing."
        )
    if len(windows) < FEWEST_WINDOWS:
        far = ["lags" if windows.span > lookback else "lookback"]
        far += [key for key, reach in (("delay", delay), ("horizon", horizon)) if reach > 1]
        smaller = " or ".join(f"dataset.{key}" for key in far)
        raise DataError(
            f"{path} has {len(frame)} rows, in which {len(windows)} windows of {windows.span} + "
            f"{delay + horizon - 1:g} rows fit; expected at least {FEWEST_WINDOWS}. "
            f"{' '.join([*on_grid, ''])}Add rows, or use a smaller {smaller}."
        )

    last = windows.starts + windows.reach
    cells = grid.values.where(grid.is_known).to_numpy("float32")
    return Dataset(
        name="series",
        kind="series",
        problem="regression",
        x=windows,
        y=windows.targets.copy(),
        classes=(),
        source="original",
        location=str(path),
        digest=cache.digest(",".join(names), cells, ", ".join(target_columns)),
        subset=subset,
        overlap=windows.overlap(purge=purge),
        naive=naive.forecasts(windows, grid.times),
        difference=None if difference == "auto" else int(difference),
        header=header,
        cell_keys=cell_keys.of_series(
            points.values[grid.rows[last]], windows.values[last][:, list(windows.target)]
        ),
        target=", ".join(target_columns),
        outputs=_outputs(windows, grid.spacing, readings),
        time_columns=tuple(time_columns),
        time_format=points.format,
        spacing=grid.spacing,
        holes=grid.holes,
        fill=fill,
        readings=readings,
        notes=(*notes, *points.notes, *read_as, *on_grid),
    )


def _outputs(
    windows: Windows, spacing: Spacing, readings: Mapping[str, Reading]
) -> dict[str, Reading]:
    """Return `Dataset.outputs`: the targets, of several points with how far ahead they are."""
    if windows.outputs == 1:
        return {}
    targets = [windows.columns[column] for column in windows.target]
    if windows.horizon == 1:
        return {name: readings[name] for name in targets}
    return {
        f"{name} +{spacing.ahead(windows.delay + step)}": readings[name]
        for step in range(windows.horizon)
        for name in targets
    }


def _read_numbers(
    frame: pd.DataFrame, targets: Sequence[str], path: Path, options: ReadingOptions
) -> tuple[pd.DataFrame, Mapping[str, Reading], list[str]]:
    """Return the columns of numbers that vary, NaN where missing; and what was left out."""
    prepared = features.prepare(frame, path, replace(options, keep=list(frame.columns)))
    left_out: dict[str, str] = {}
    for name, reading in prepared.readings.items():
        if reading.kind not in (NUMBER, TRUTH):
            left_out[name] = "it does not hold numbers"
        elif reading.distinct <= 1 and name not in targets:
            left_out[name] = "it never changes"
    varying = [name for name in prepared.readings if name not in left_out]
    notes = [f"Left out the column {name!r}: {reason}." for name, reason in left_out.items()]
    for target in targets:
        if target in left_out:
            raise DataError(
                f"{path}: the column {target!r} holds {prepared.readings[target].example!r}; "
                "expected numbers to predict, such as those of "
                f"{', '.join(varying[:10]) or 'no column'}."
            )
        if prepared.readings[target].distinct == 2:
            notes.append(
                f"The target {target!r} has two values; a series is a regression, and so it is "
                "predicted as a number."
            )
    for name in varying:
        notes += [f"Column {name!r} {remark}." for remark in prepared.remarks[name]]
    readings = {
        name: replace(reading, left_out=left_out.get(name, ""))
        for name, reading in prepared.readings.items()
    }
    return prepared.x[varying], readings, notes
