"""Rows of a series -> points that are equally far apart in time, apart from its holes.

A row without any value is the same as none. Where rows are missing there is a hole, which no window
crosses: one point without values stands for it, however long it is. Short ones can be filled.
An empty cell in a row that has others is filled with the value before, never with one from the
future, as long as that value is not older than a window is long, or than values of that column are
apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import dates
from goldilocks.dataset.readers.spacing import ALIKE, Spacing, duration

SHOWN = 3  # holes that a note lists


@dataclass(frozen=True)
class Hole:
    """A stretch of time without rows, or without values of a column that none before stands for.

    Attributes:
        first: When its first row is or would be, in words.
        last: When its last row is or would be.
        rows: How many rows there are or would be.
        column: Of which no value is known; "" where there is no row.
    """

    first: str
    last: str
    rows: int
    column: str

    def describe(self) -> str:
        """Return where it is: "3 rows from 2024-01-05 05:00 to 2024-01-05 07:00"."""
        what = f"{self.rows} rows"
        if self.rows == 1:
            what = "1 row"
        if self.column:
            what += f" without {self.column!r}"
        if self.rows == 1:
            return f"{what} at {self.first}"
        return f"{what} from {self.first} to {self.last}"


@dataclass(frozen=True)
class Grid:
    """The points of time of a series.

    Attributes:
        values: float64 (points, columns), gaps filled; NaN where nothing is known.
        is_known: bool (points, columns), where a value stands in the file.
        rows: Which row stands at each point, int64 (points,); -1 where none does.
        local: Times of the rows, as clocks show them.
        spacing: Of the rows that have a value.
        holes: In their order.
    """

    values: pd.DataFrame
    is_known: pd.DataFrame
    rows: np.ndarray
    local: np.ndarray
    spacing: Spacing
    holes: tuple[Hole, ...]

    @property
    def filled(self) -> int:
        """How many values were filled in."""
        return int((self.values.notna() & ~self.is_known).to_numpy().sum())

    def after(self, points: np.ndarray, count: int) -> list[Any]:
        """Return the times, as `local`, so many points after others, also beyond the last row."""
        breaks = np.cumsum(self.values.isna().all(axis=1))
        has_row = np.where(self.rows >= 0, np.arange(len(self.rows)), -1)
        latest = np.maximum.accumulate(has_row)

        times: list[Any] = []
        for point in points:
            later = point + count
            if later < len(self.rows) and self.rows[later] >= 0 and breaks[later] == breaks[point]:
                times.append(self.local[self.rows[later]])
            else:
                time = self.local[self.rows[latest[point]]]
                times.append(self.spacing.after(time, int(later - latest[point])))
        return times

    def notes(self, name: str) -> list[str]:
        """Return sentences on steps, holes and what was filled; `name` is that of the time."""
        notes, steps, missing = [], self.spacing.steps, self.spacing.missing
        odd = (np.abs(steps - 1) > ALIKE) & (missing == 0)
        if odd.any():
            lengths = np.sort(np.diff(self.spacing.times)[missing == 0])
            shortest, middle, longest = (
                duration(lengths[index]) for index in (0, len(lengths) // 2, -1)
            )
            notes.append(
                f"Rows are taken to be equally spaced; {odd.sum()} of {len(steps)} steps of {name} "
                f"are not: the shortest is {shortest}, the middle one {middle}, the longest "
                f"{longest}."
            )

        if self.holes:
            listed = ", ".join(hole.describe() for hole in self.holes[:SHOWN])
            more = len(self.holes) - SHOWN
            notes.append(
                f"No window crosses the holes in {name}: {listed}"
                f"{f' and {more} more' if more > 0 else ''}."
            )
        if self.filled:
            notes.append(f"Filled {self.filled} missing values with the ones before them in time.")
        return notes


def lay_out(
    numbers: pd.DataFrame, times: np.ndarray, local: np.ndarray, *, fill: int, lookback: int
) -> Grid:
    """Return the points of time of a series.

    Args:
        numbers: float64 (rows, columns), in the order of time; NaN where missing.
        times: As of `Spacing`.
        local: As of `Spacing`.
        fill: Missing rows, one after the other, that are filled with the value before.
        lookback: Rows that a window spans: so old a value may stand for an empty cell.
    """
    rows = np.flatnonzero(numbers.notna().any(axis=1))
    spacing = Spacing(times[rows], local[rows])
    missing = spacing.missing
    is_hole = missing > fill

    points = np.cumsum(np.concatenate([[0], np.where(is_hole, 1, missing) + 1]))
    count = int(points[-1]) + 1
    at = np.full(count, -1)
    at[points] = rows
    stretches = np.zeros(count, np.int64)
    stretches[points[:-1][is_hole] + 1] = 1
    stretches = stretches.cumsum()

    holes = [
        Hole(
            dates.shown(spacing.after(spacing.local[row], 1)),
            dates.shown(spacing.after(spacing.local[row], int(missing[row]))),
            int(missing[row]),
            "",
        )
        for row in np.flatnonzero(is_hole)
    ]
    cells = numbers.iloc[rows].set_axis(points).reindex(range(count))
    filled = {}
    for name, column in cells.items():
        apart = np.diff(np.flatnonzero(column.notna()))
        oldest = max(lookback, fill, int(np.median(apart)) if len(apart) else 0)
        filled[name] = column.groupby(stretches).ffill(limit=oldest)
        holes += _holes_of(str(name), column, filled[name], local, at)
    return Grid(pd.DataFrame(filled), cells.notna(), at, local, spacing, tuple(holes))


def _holes_of(
    name: str, column: pd.Series, filled: pd.Series, local: np.ndarray, at: np.ndarray
) -> list[Hole]:
    """Return where a column has no value, and none before stands for it."""
    is_gap = np.concatenate([[False], column.isna() & (at >= 0), [False]])
    edges = np.flatnonzero(np.diff(is_gap)).reshape(-1, 2).tolist()
    unknown = filled.isna().to_numpy()

    holes: list[Hole] = []
    for first, end in edges:
        if unknown[first:end].any():
            begin, last = local[at[[first, end - 1]]]
            holes.append(Hole(dates.shown(begin), dates.shown(last), end - first, name))
    return holes
