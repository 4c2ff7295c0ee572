"""How the points of time of a series follow each other: their usual step, and the holes.

Steps are compared with the usual one from the same moment of the week: a series that rests at night
or on Sundays has no hole there. Months are 28 to 31 days long. Nothing of this has to be typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

HOLE = 1.5  # usual steps; a longer one is a hole
ALIKE = 0.1  # by which part of the usual one a step may differ: months by 28 to 31 days
OFTEN = 3  # times that a moment of the week must occur, to tell that the series rests after it
DAY = np.timedelta64(1, "D")
MONDAY = np.datetime64("1970-01-05")
# Five working days between two weekends: where there are no rows on weekends, a shorter step from
# one day to another is one over holidays.
HOLIDAYS = 10 * DAY
UNITS = {"day": DAY, "hour": np.timedelta64(1, "h"), "minute": np.timedelta64(1, "m")}


@dataclass(frozen=True)
class Spacing:
    """The steps of a series.

    Attributes:
        times: datetime64[us] or float64 (rows,), ascending, all different, at least 2.
        local: The same as clocks on the wall show them, by which the calendar goes.
    """

    times: np.ndarray
    local: np.ndarray

    @cached_property
    def usual(self) -> np.timedelta64 | np.float64:
        """The middle one of all steps."""
        steps = np.sort(np.diff(self.times))
        return steps[(len(steps) - 1) // 2]

    @cached_property
    def steps(self) -> np.ndarray:
        """The steps between rows in usual ones, float64 (rows - 1,)."""
        if self._months:
            return np.diff(self.local.astype("datetime64[M]")).astype(np.int64) / self._months
        if not self._rests:
            return np.diff(self.times) / self.usual
        usual = [self._rests.get(moment, self.usual) for moment in self._moments[:-1]]
        return np.diff(self.times) / np.array(usual)

    @cached_property
    def is_regular(self) -> bool:
        """Whether at least half of the steps are alike, so that a longer one is a hole."""
        return bool((np.abs(self.steps - 1) <= ALIKE).mean() >= 0.5)

    @cached_property
    def missing(self) -> np.ndarray:
        """Rows that are missing between one and the next, int64 (rows - 1,)."""
        missing = np.where(self.steps > HOLE, np.round(self.steps) - 1, 0).astype(np.int64)
        if not self.is_regular:
            return np.zeros_like(missing)
        if not self._rests:
            return missing

        if max(self._rests.values()) > HOLE * DAY:
            days = np.diff(self.local.astype("datetime64[D]"))
            missing[(days > 0 * DAY) & (days < HOLIDAYS)] = 0
        for row in np.flatnonzero(missing):
            time, missing[row] = self.after(self.local[row], 1), 0
            while time + self.usual / 2 < self.local[row + 1]:
                time, missing[row] = self.after(time, 1), missing[row] + 1
        return missing

    def after(self, time: Any, count: int) -> Any:
        """Return the point of time, as `local`, so many usual steps after one."""
        if self._months:
            later = pd.Timestamp(time) + pd.DateOffset(months=self._months * count)
            if self._ends_of_months:
                later += pd.offsets.MonthEnd(0)
            return later.to_datetime64().astype("datetime64[us]")
        if not self._rests:
            return time + count * self.usual

        for _ in range(count):
            time = time + self._rests.get((time - MONDAY) % (7 * DAY), self.usual)
        return time

    def describe(self) -> str:
        """Return the usual step in words: "1 hour", "3 months"."""
        if self._months:
            return counted(self._months, "month")
        return duration(self.usual)

    @cached_property
    def _moments(self) -> np.ndarray:
        """The time since Monday of each row, timedelta64[us] (rows,)."""
        return (self.local - MONDAY) % (7 * DAY)

    @cached_property
    def _rests(self) -> dict[Any, Any]:
        """The usual step after those moments of the week after which it is a longer one."""
        if self.times.dtype.kind == "f" or self.usual > DAY:
            return {}
        steps = pd.Series(np.diff(self.times)).groupby(self._moments[:-1])
        usual = steps.median()[steps.count() >= OFTEN]
        longer = usual[usual / self.usual > HOLE]
        return dict(zip(longer.index.to_numpy(), longer.to_numpy(), strict=True))

    @cached_property
    def _months(self) -> int:
        """How many months a step is long; 0 where it is none."""
        if self.times.dtype.kind == "f" or self.usual < 28 * DAY:
            return 0
        months = self.local.astype("datetime64[M]")
        if len(np.unique(self.local - months)) > 1 and not self._ends_of_months:
            return 0
        return int(np.median(np.diff(months).astype(np.int64)))

    @cached_property
    def _ends_of_months(self) -> bool:
        return bool(pd.DatetimeIndex(self.local).is_month_end.all())


def duration(step: np.timedelta64 | np.float64) -> str:
    """Return a step in words.

    >>> duration(np.timedelta64(90, "m")), duration(np.timedelta64(1, "D"))
    ('90 minutes', '1 day')
    """
    if not isinstance(step, np.timedelta64):
        return f"{step:g}"
    for name, unit in UNITS.items():
        if step % unit == np.timedelta64(0):
            return counted(step / unit, name)
    return counted(step / np.timedelta64(1, "s"), "second")


def counted(count: float, name: str) -> str:
    """Return a number of things: "1 hour", "1.5 seconds"."""
    return f"{count:g} {name}{'' if count == 1 else 's'}"
