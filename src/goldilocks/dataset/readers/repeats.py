"""Why a point of time is in a file twice: clocks, repeated rows, several series, half a time.

Clocks that are put back make one hour stand there twice. The order of the rows tells which is which
if it goes on after the first and begins once more with the second. A row that repeats another one
in every cell is left out. All else is for the person to mend, who is told what the file shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import dates
from goldilocks.dataset.readers.spacing import ALIKE

HOUR = np.timedelta64(1, "h")
# Clocks are changed on a weekend (Monday is 0), between 23:00 and 4:00, and in no month of summer
# or winter, in all countries that do so today but for two.
WEEKEND, NIGHT, MONTHS = (5, 6), (23, 0, 1, 2, 3), (2, 3, 4, 5, 9, 10, 11)
APART = np.timedelta64(300, "D")  # at least, between two times that clocks are put back
SHARE = 0.1  # of all rows: fewer that are there twice do not make two series
MOST_SERIES = 0.5  # of all rows: a column with more values than that names no series
MOST_COLUMNS = 6  # that are tried two at a time
NAMED = 3  # series that a sentence names


def has(times: np.ndarray) -> bool:
    """Return whether a point of time is there twice."""
    return len(np.unique(times)) < len(times)


def resolve(
    frame: pd.DataFrame, values: np.ndarray, local: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]] | None:
    """Return rows whose times are all different, these times, and notes; or None.

    Args:
        frame: The cells of all rows.
        values: datetime64[us] or float64 (rows,), of which some are there twice.
        local: As clocks show them; differ from `values` where the file names a zone.

    Returns:
        Rows of the file, int64 (n,); their times, counted on where clocks were put back.
    """
    is_copy = frame.duplicated().to_numpy()
    of_copies = _copies(frame, is_copy)
    for rows, notes in ((np.arange(len(values)), []), (np.flatnonzero(~is_copy), of_copies)):
        if not has(values[rows]):
            return rows, values[rows], notes
        if values.dtype.kind == "f" or not np.array_equal(values, local):
            continue

        if (values[rows[1:]] < values[rows[:-1]]).mean() > 0.5:  # Newest first.
            rows = rows[::-1]
        changes = _clock_changes(values[rows])
        if changes is not None:
            times = values[rows] - np.cumsum(changes) * HOUR
            hours = ", ".join(map(dates.shown, values[rows][changes < 0][:NAMED]))
            note = (
                f"Clocks were put back, and an hour stands there twice from {hours}: it is read in "
                "the order of the rows."
            )
            return rows, times, [*notes, note]
    return None


def _copies(frame: pd.DataFrame, is_copy: np.ndarray) -> list[str]:
    if not is_copy.any():
        return []
    copy = int(np.flatnonzero(is_copy)[0])
    original = int(np.flatnonzero((frame == frame.iloc[copy]).all(axis=1))[0])
    return [
        f"Left out {is_copy.sum()} rows that repeat another one in every cell; the first is row "
        f"{copy + 1}, which repeats row {original + 1}."
    ]


def _clock_changes(local: np.ndarray) -> np.ndarray | None:
    """Return where clocks were put forward (1) and back (-1), int64 (rows,), in the order of rows.

    Returns:
        None where a time is there twice for another reason.
    """
    steps = np.diff(local)
    usual = np.sort(steps)[len(steps) // 2]
    if not np.timedelta64(0) < usual <= HOUR:
        return None

    at = local[1:]
    weekday = (at.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday.
    month = at.astype("datetime64[M]").astype(np.int64) % 12 + 1
    hour = at.astype("datetime64[h]").astype(np.int64) % 24
    may_change = np.isin(weekday, WEEKEND) & np.isin(month, MONTHS) & np.isin(hour, NIGHT)

    is_back = steps <= np.timedelta64(0)
    goes_on = np.abs((steps + HOUR) / usual - 1) <= ALIKE
    if not (may_change & goes_on)[is_back].all() or (np.diff(at[is_back]) < APART).any():
        return None
    is_forward = may_change & (np.abs((steps - HOUR) / usual - 1) <= ALIKE)
    return np.concatenate([[0], is_forward.astype(np.int64) - is_back])


def explain(frame: pd.DataFrame, column: pd.Series, values: np.ndarray, path: Path) -> str:
    """Return why times are there twice, as far as the file shows it, and what to do.

    Args:
        frame: The cells of all rows.
        column: Of times.
        values: As of `resolve`, which returned None.
        path: The file.
    """
    rows = np.flatnonzero(~frame.duplicated().to_numpy())
    times = pd.Series(values[rows])
    repeated = times.duplicated(keep=False).to_numpy()
    first, second = rows[np.flatnonzero(times == times[times.duplicated()].iloc[0])[:2]]
    begin = (
        f"{path}: {times.duplicated().sum()} values of the column {column.name!r} stand there more "
        f"than once, the first is {str(column.iloc[second])!r} in rows {first + 1} and "
        f"{second + 1}"
    )

    others = frame.drop(columns=str(column.name).split(", "), errors="ignore").iloc[rows]
    names = []
    if repeated.mean() >= SHARE:
        names = next(_naming_series(others, times), [])
    if names:
        series = others[names].drop_duplicates()
        described = [
            " and ".join(f"{name}={value!r}" for name, value in zip(names, row, strict=True))
            for row in series.iloc[:NAMED].itertuples(index=False)
        ]
        more, tell = len(series) - NAMED, "tells" if len(names) == 1 else "tell"
        return (
            f"{begin}. The file holds {len(series)} series, which {' and '.join(map(repr, names))} "
            f"{tell} apart: {', '.join(described)}{f' and {more} more' if more > 0 else ''}; "
            "expected one. Save the rows of the one to predict in a file of its own, such as those "
            f"with {described[0]}."
        )

    counts = np.unique(values, return_counts=True)[1]
    if len(counts) > 2 and counts[1] > 1 and (counts[1:-1] == counts[1]).all():
        return f"{begin}. {_evenly(values, len(counts), counts[1])}"
    if _in_one_hour(times[repeated]):
        return (
            f"{begin}. They lie in an hour in which clocks are put back, and the order of the rows "
            "does not tell which of two was first; expected the whole hour, and then the whole "
            "hour again. Sort the rows so, or write times with their zone, such as 2023-10-29 "
            "02:30+02:00 and 2023-10-29 02:30+01:00."
        )
    differing = [name for name in others if not _equal(frame[name].iloc[[first, second]])]
    what = ", ".join(
        f"{name} is {str(frame[name].iloc[first])!r} and {str(frame[name].iloc[second])!r}"
        for name in differing[:NAMED]
    )
    return (
        f"{begin}, where {what}; expected one row for each point of time. Keep the row that is "
        "right, and remove the other."
    )


def _evenly(times: np.ndarray, distinct: int, count: int) -> str:
    """Return the sentence on times that each stand there equally often."""
    what = f"Each of {distinct} times stands there {count} times"
    if (times[1:] == times[:-1]).sum() == len(times) - distinct:
        return (
            f"{what} in a row, so that a part of the time is missing, such as the time of day; "
            "expected one row for each time. Write the whole time into the file."
        )
    return (
        f"{what}, and not in a row, so that the file holds {count} series, and no column tells "
        "them apart; expected one. Save the rows of one in a file of its own."
    )


def _equal(cells: pd.Series) -> bool:
    return cells.nunique(dropna=False) == 1


def _naming_series(others: pd.DataFrame, times: pd.Series) -> Iterator[list[str]]:
    """Yield columns, one or two, within each of whose values no time is there twice."""
    distinct = others.nunique().sort_values(kind="stable")
    distinct = distinct[(distinct > 1) & (distinct <= MOST_SERIES * len(others))]
    singles: list[Sequence[str]] = [[name] for name in distinct.index]
    for names in [*singles, *combinations(distinct.index[:MOST_COLUMNS], 2)]:
        labelled = others[list(names)].assign(**{"": times.to_numpy()})
        if not labelled.duplicated().any():
            yield list(names)


def _in_one_hour(times: pd.Series) -> bool:
    """Return whether times, each there twice, lie in hours in which clocks may be put back."""
    if times.dtype.kind != "M" or (times.value_counts() != 2).any():
        return False
    changes = times.dt.floor("h").drop_duplicates().sort_values()
    at_night = changes.dt.day_of_week.isin(WEEKEND) & changes.dt.hour.isin(NIGHT)
    return bool(
        (at_night & changes.dt.month.isin(MONTHS)).all()
        and (changes.diff().dropna() >= pd.Timedelta(APART)).all()
    )
