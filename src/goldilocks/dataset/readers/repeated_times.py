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
from goldilocks.formatting import counted

HOUR = np.timedelta64(1, "h")
# Each stands for all in which the same hour is there twice on the same day.
ZONES = (
    *("Europe/London", "Europe/Berlin", "Europe/Athens", "Atlantic/Azores", "America/New_York"),
    *("America/Mexico_City", "America/Sao_Paulo", "America/Santiago", "America/Asuncion"),
    *("America/Havana", "Asia/Jerusalem", "Asia/Beirut", "Asia/Tehran", "Africa/Cairo"),
    *("Australia/Sydney", "Pacific/Auckland"),
)
SHARE = 0.1  # of all rows: fewer that are there twice do not make two series
MOST_SERIES = 0.5  # of all rows: a column with more values than that names no series
MOST_COLUMNS = 8  # that are tried, alone and two at a time
NAMED = 3  # cells that a sentence names


def resolve(
    frame: pd.DataFrame, values: np.ndarray, *, has_zone: bool
) -> tuple[np.ndarray, np.ndarray, list[str]] | None:
    """Return rows whose times are all different, these times, and notes; or None.

    Args:
        frame: The cells of all rows.
        values: datetime64[us] or float64 (rows,), of which some are there twice.
        has_zone: Whether the file names the zone of each, so that clocks are no cause.

    Returns:
        Rows of the file, int64 (n,); their times, in UTC where clocks were put back.
    """
    is_copy = frame.duplicated().to_numpy()
    copies = [
        f"Left out {counted(is_copy.sum(), 'row')} repeating another one in every cell; the "
        f"first is row {is_copy.argmax() + 1}."
    ]
    for rows, notes in ((np.arange(len(values)), []), (np.flatnonzero(~is_copy), copies)):
        times = values[rows]
        if pd.Index(times).is_unique:
            return rows, times, notes
        if times.dtype.kind == "f" or has_zone:
            continue

        if (times[1:] < times[:-1]).mean() > 0.5:  # Newest first.
            rows, times = rows[::-1], times[::-1]
        instants = _in_utc(times)
        if instants is not None:
            first = dates.shown(times[int(pd.Index(times).duplicated().argmax())])
            note = (
                f"Clocks were put back, and an hour stands there twice, first from {first}: it is "
                "read in the order of the rows."
            )
            return rows, instants, [*notes, note]
    return None


def _in_utc(local: np.ndarray) -> np.ndarray | None:
    """Return times in the order of rows in UTC; None if one is there twice for another reason."""
    steps = np.diff(local)
    usual = np.sort(steps)[len(steps) // 2]
    # Most of the hour is there twice; one row alone would be a repeated one.
    twice = pd.Index(local).duplicated().sum()
    if usual > HOUR or 2 * twice * usual < (steps <= 0 * HOUR).sum() * HOUR:
        return None
    for zone in ZONES:
        try:
            instants = pd.DatetimeIndex(local).tz_localize(zone, ambiguous="infer")
        except ValueError:  # Clocks of this zone do not show these times.
            continue
        if instants.is_unique and instants.is_monotonic_increasing:
            return instants.tz_convert(None).to_numpy("datetime64[us]")
    return None


def explain(frame: pd.DataFrame, column: pd.Series, values: np.ndarray, path: Path) -> str:
    """Return why times are there twice, as far as the file shows it, and what to do.

    Args:
        frame: The cells of all rows, but for times.
        column: Of times.
        values: As of `resolve`, which returned None.
        path: The file.
    """
    rows = np.flatnonzero(~frame.assign(**{"": values}).duplicated())
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
        one = " and ".join(f"{name}={cell!r}" for name, cell in frame[names].iloc[0].items())
        return (
            f"{begin}. The file holds {frame.groupby(names).ngroups} series, told apart by "
            f"{' and '.join(map(repr, names))}; expected one. Save the rows of the one to predict "
            f"in a file of its own, such as those with {one}."
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
    if times.dtype.kind == "M" and any(_are_twice(pd.DatetimeIndex(again), zone) for zone in ZONES):
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


def _are_twice(times: pd.DatetimeIndex, zone: str) -> bool:
    """Return whether clocks of a zone show each of these times twice."""
    local = times.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    return bool(local.isna().all())


def _naming_series(frame: pd.DataFrame, times: pd.Series) -> list[str]:
    """Return one or two columns within whose values no time is there twice; else none."""
    distinct = frame.nunique().sort_values(kind="stable")
    distinct = distinct[(distinct > 1) & (distinct <= MOST_SERIES * len(frame))]
    columns = distinct.index[:MOST_COLUMNS]
    for names in [*combinations(columns, 1), *combinations(columns, 2)]:
        if not frame[list(names)].assign(**{"": times}).duplicated().any():
            return list(names)
    return []
