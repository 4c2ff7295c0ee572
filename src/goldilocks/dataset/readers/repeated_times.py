"""Why a point of time is in a file twice: clocks, repeated rows, several series, half a time.

Clocks that are put back make one hour stand there twice. The order of the rows tells which is which
if it goes on after the first and begins once more with the second. A row that repeats another one
in every cell is left out. All else is for the person to mend, who is told what the file shows.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import dates
from goldilocks.dataset.readers.spacing import ALIKE

HOUR = np.timedelta64(1, "h")
# When clocks are changed: on a weekend (Monday is 0), between 23:00 and 4:00, and not in the middle
# of summer or winter. Elsewhere an hour that is there twice is refused.
WEEKEND, NIGHT, MONTHS = (5, 6), (23, 0, 1, 2, 3), (2, 3, 4, 5, 9, 10, 11)
APART = np.timedelta64(300, "D")  # at least, between two times that clocks are put back
SHARE = 0.1  # of all rows: fewer that are there twice do not make two series
MOST_SERIES = 0.5  # of all rows: a column with more values than that names no series
MOST_COLUMNS = 8  # that are tried, alone and two at a time
NAMED = 3  # series, hours or cells that a sentence names


def resolve(
    frame: pd.DataFrame, values: np.ndarray, *, has_zone: bool
) -> tuple[np.ndarray, np.ndarray, list[str]] | None:
    """Return rows whose times are all different, these times, and notes; or None.

    Args:
        frame: The cells of all rows.
        values: datetime64[us] or float64 (rows,), of which some are there twice.
        has_zone: Whether the file names the zone of each, so that clocks are no cause.

    Returns:
        Rows of the file, int64 (n,); their times, counted on where clocks were put back.
    """
    is_copy = frame.duplicated().to_numpy()
    copies = [
        f"Left out {is_copy.sum()} rows that repeat another one in every cell; the first is row "
        f"{is_copy.argmax() + 1}."
    ]
    for rows, notes in ((np.arange(len(values)), []), (np.flatnonzero(~is_copy), copies)):
        times = values[rows]
        if pd.Index(times).is_unique:
            return rows, times, notes
        if times.dtype.kind == "f" or has_zone:
            continue

        if (times[1:] < times[:-1]).mean() > 0.5:  # Newest first.
            rows, times = rows[::-1], times[::-1]
        changes = _clock_changes(times)
        if changes is not None:
            hours = ", ".join(map(dates.shown, times[changes < 0][:NAMED]))
            note = (
                f"Clocks were put back, and an hour stands there twice from {hours}: it is read in "
                "the order of the rows."
            )
            return rows, times - np.cumsum(changes) * HOUR, [*notes, note]
    return None


def _clock_changes(local: np.ndarray) -> np.ndarray | None:
    """Return where clocks were put forward (1) and back (-1), int64 (rows,), in the order of rows.

    Returns:
        None where a time is there twice for another reason.
    """
    steps = np.diff(local)
    usual = np.sort(steps)[len(steps) // 2]
    is_back = steps <= np.timedelta64(0)
    if not np.timedelta64(0) < usual <= HOUR or not _may_change(local[1:][is_back]):
        return None
    # Most of the hour is there twice; one row alone would be a repeated one.
    twice = len(local) - len(np.unique(local))
    if twice < is_back.sum() * (HOUR / usual) / 2 or (steps[is_back] <= -HOUR).any():
        return None

    is_forward = np.abs((steps - HOUR) / usual - 1) <= ALIKE
    is_forward &= _at_change(local[1:])
    return np.concatenate([[0], is_forward.astype(np.int64) - is_back])


def _may_change(times: np.ndarray) -> bool:
    """Return whether clocks may be put back at all of these times, ascending."""
    return bool(_at_change(times).all() and (np.diff(times) >= APART).all())


def _at_change(times: np.ndarray) -> np.ndarray:
    """Return which times lie in an hour in which clocks are changed, bool (times,)."""
    index = pd.DatetimeIndex(times)
    at_night = index.day_of_week.isin(WEEKEND) & index.hour.isin(NIGHT)
    return at_night & index.month.isin(MONTHS)


def explain(frame: pd.DataFrame, column: pd.Series, values: np.ndarray, path: Path) -> str:
    """Return why times are there twice, as far as the file shows it, and what to do.

    Args:
        frame: The cells of all rows, but for times.
        column: Of times.
        values: As of `resolve`, which returned None.
        path: The file.
    """
    rows = np.flatnonzero(~frame.assign(**{"": values}).duplicated().to_numpy())
    times = pd.Series(values[rows], index=rows)
    again = times[times.duplicated()]
    first, second = times.index[times == again.iloc[0]][:2]
    begin = (
        f"{path}: {len(again)} values of the column {column.name!r} stand there more than once, "
        f"the first is {str(column.iloc[second])!r} in rows {first + 1} and {second + 1}"
    )

    names = []
    if len(again) >= SHARE * len(rows):
        names = _naming_series(frame.iloc[rows], times)
    if names:
        first_rows = frame[names].drop_duplicates().to_dict("records")
        series = [
            " and ".join(f"{name}={cell!r}" for name, cell in row.items()) for row in first_rows
        ]
        return (
            f"{begin}. The file holds {len(series)} series, told apart by "
            f"{' and '.join(map(repr, names))}: {', '.join(series[:NAMED])}"
            f"{' and others' if len(series) > NAMED else ''}; expected one. Save the rows of the "
            f"one to predict in a file of its own, such as those with {series[0]}."
        )

    counts = np.unique(values, return_counts=True)[1]
    if len(counts) > 2 and counts[1] > 1 and (counts[1:-1] == counts[1]).all():
        what = f"{begin}. Each of {len(counts)} times stands there {counts[1]} times"
        if (values[1:] == values[:-1]).sum() == len(values) - len(counts):
            return (
                f"{what} in a row, so that a part of the time is missing, such as the time of day; "
                "expected one row for each time. Write the whole time into the file."
            )
        return (
            f"{what}, and not in a row, so that the file holds {counts[1]} series, and no column "
            "tells them apart; expected one. Save the rows of one in a file of its own."
        )
    if times.dtype.kind == "M" and _may_change(np.unique(again.to_numpy("datetime64[h]"))):
        return (
            f"{begin}. They lie in an hour in which clocks are put back, and the order of the rows "
            "does not tell which of two was first; expected the whole hour, and then the whole "
            "hour again. Sort the rows so, or write times with their zone, such as 2023-10-29 "
            "02:30+02:00 and 2023-10-29 02:30+01:00."
        )
    both = frame.iloc[[first, second]].astype("str")
    differing = [name for name in both if both[name].nunique() > 1][:NAMED]
    what = ", ".join(f"{name} is {' and '.join(map(repr, both[name]))}" for name in differing)
    return (
        f"{begin}, where {what}; expected one row for each point of time. Keep the row that is "
        "right, and remove the other."
    )


def _naming_series(frame: pd.DataFrame, times: pd.Series) -> list[str]:
    """Return one or two columns within whose values no time is there twice; else none."""
    distinct = frame.nunique().sort_values(kind="stable")
    distinct = distinct[(distinct > 1) & (distinct <= MOST_SERIES * len(frame))]
    columns = distinct.index[:MOST_COLUMNS]
    for names in [*combinations(columns, 1), *combinations(columns, 2)]:
        if not frame[list(names)].assign(**{"": times}).duplicated().any():
            return list(names)
    return []
