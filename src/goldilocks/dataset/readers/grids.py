"""Rows of a series -> points that are equally far apart in time, apart from its holes.

A row without any value is the same as none. Where rows are missing there is a hole, which no window
crosses: one point without values stands for it, however long it is. Short ones can be filled.
An empty cell in a row that has others is filled with the value before, never with one from the
future, as long as that value is not older than a window is long, or than values of that column are
apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import dates
from goldilocks.dataset.readers.spacing import ALIKE, Spacing, duration
from goldilocks.formatting import counted


@dataclass(frozen=True)
class Grid:
    """The points of time of a series.

    Attributes:
        values: float64 (points, columns), gaps filled; NaN where nothing is known.
        is_known: bool (points, columns), where a value stands in the file.
        rows: Which row stands at each point, int64 (points,); -1 where none does.
        local: Times of the rows, as clocks show them.
        spacing: Of the rows that have a value.
        holes: "from" when "to" when how many "rows" are missing, or have no value of a "column" and
            none before that stands for it.
    """

    values: pd.DataFrame
    is_known: pd.DataFrame
    rows: np.ndarray
    local: np.ndarray
    spacing: Spacing
    holes: Sequence[Mapping[str, Any]]

    @property
    def times(self) -> np.ndarray:
        """Of the points, as `local`; NaT, or NaN, where no row stands."""
        return pd.Series(self.local).reindex(self.rows).to_numpy()

    def after(self, points: np.ndarray, count: int) -> list[Any]:
        """Return the times, as `local`, so many points after others, also beyond the last row."""
        is_break = self.values.isna().all(axis=1).to_numpy()
        has_row = self.rows >= 0
        latest = np.maximum.accumulate(np.where(has_row, np.arange(len(has_row)), -1))

        times: list[Any] = []
        for point in points:
            later, last = point + count, latest[point]
            if has_row[later : later + 1].any() and not is_break[point:later].any():
                times.append(self.local[self.rows[later]])
            else:
                time = self.local[self.rows[last]]
                times.append(self.spacing.after(time, int(later - last)))
        return times

    def notes(self, name: str) -> list[str]:
        """Return sentences on steps, holes and what was filled; `name` is that of the time."""
        notes, spacing = [], self.spacing
        is_odd = (np.abs(spacing.steps - 1) > ALIKE) & (spacing.missing == 0)
        if is_odd.any():
            lengths = np.diff(spacing.times)[spacing.missing == 0]
            notes.append(
                f"Rows are taken to be equally spaced, by {spacing.describe()}; {is_odd.sum()} of "
                f"{len(is_odd)} steps of {name} are not: the shortest is "
                f"{duration(lengths.min())}, the longest {duration(lengths.max())}."
            )

        if self.holes:
            first, where = self.holes[0], ""
            if first["column"]:
                where = f" without {first['column']!r}"
            notes.append(
                f"No window crosses the {counted(len(self.holes), 'hole')} in {name}; the first: "
                f"{counted(first['rows'], 'row')}{where} from {first['from']} to {first['to']}."
            )
        filled = (self.values.notna() & ~self.is_known).to_numpy().sum()
        if filled:
            notes.append(f"Filled {filled} missing values with the ones before them in time.")
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
    holes = [
        _hole(spacing.after(time, 1), spacing.after(time, int(count)), int(count), "")
        for time, count in zip(spacing.local[:-1][is_hole], missing[is_hole], strict=True)
    ]

    points = np.concatenate([[0], np.cumsum(np.where(is_hole, 1, missing) + 1)])
    cells = numbers.iloc[rows].set_axis(points).reindex(range(points[-1] + 1))
    at = pd.Series(rows, points).reindex(cells.index, fill_value=-1).to_numpy()
    # Each hole begins a stretch of its own, into which no value is carried.
    stretches = pd.Series(np.cumsum([0, *is_hole]), points).reindex(cells.index).bfill()

    filled = {}
    for name, column in cells.items():
        apart = pd.Series(np.diff(np.flatnonzero(column.notna()))).median()
        oldest = int(np.nanmax([lookback, fill, apart]))
        filled[name] = column.groupby(stretches).ffill(limit=oldest)
        gaps = np.flatnonzero(column.isna() & (at >= 0))
        for gap in np.split(gaps, np.flatnonzero(np.diff(gaps) > 1) + 1):
            if filled[name].iloc[gap].isna().any():
                first, last = local[at[gap[[0, -1]]]]
                holes.append(_hole(first, last, len(gap), str(name)))
    return Grid(pd.DataFrame(filled), cells.notna(), at, local, spacing, holes)


def _hole(first: Any, last: Any, rows: int, column: str) -> dict[str, Any]:
    return {"from": dates.shown(first), "to": dates.shown(last), "rows": rows, "column": column}
