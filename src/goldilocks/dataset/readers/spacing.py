"""How the points of time of a series follow each other: their usual step, and the holes.

A week goes by the moments at which there ever is a row: a series that rests at night or on Sundays
has no hole there. Months are 28 to 31 days long. Nothing of this has to be typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from goldilocks.formatting import counted

HOLE = 1.5  # usual steps; a longer one is a hole
ALIKE = 0.1  # by which part of the usual one a step may differ: months by 28 to 31 days
OFTEN = 3  # weeks in which most moments must have a row, before others without are rests
RARE = 0.1  # of the rows that the most frequent moment has: one with fewer is a rest
DAY = np.timedelta64(1, "D")
WEEK, MONDAY = 7 * DAY, np.datetime64("1970-01-05")
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
        months, shift = self._months
        if months:
            return np.diff((self.local + shift).astype("datetime64[M]")).astype(np.int64) / months
        if len(self._week):
            return np.diff(self._slots(self.local)).astype(np.float64)
        return np.diff(self.times) / self.usual

    @cached_property
    def is_regular(self) -> bool:
        """Whether at least half of the steps are alike, so that a longer one is a hole."""
        return bool((np.abs(self.steps - 1) <= ALIKE).mean() >= 0.5)

    @cached_property
    def missing(self) -> np.ndarray:
        """Rows that are missing between one and the next, int64 (rows - 1,)."""
        is_hole = self.is_regular & (self.steps > HOLE)
        if 0 < len(np.unique(self._week // DAY)) < 7:
            days = np.diff(self.local.astype("datetime64[D]"))
            is_hole &= (days == 0 * DAY) | (days >= HOLIDAYS)
        return np.where(is_hole, np.round(self.steps) - 1, 0).astype(np.int64)

    def after(self, time: Any, count: int) -> Any:
        """Return the point of time, as `local`, so many usual steps after one."""
        months, shift = self._months
        if months:
            month = (time + shift).astype("datetime64[M]")
            return month + months * count + (time - month)
        if len(self._week):
            weeks, slot = divmod(self._slots(time) + count, len(self._week))
            return MONDAY + weeks * WEEK + self._week[slot]
        return time + count * self.usual

    def describe(self) -> str:
        """Return the usual step in words: "1 hour", "3 months"."""
        months, _ = self._months
        if months:
            return counted(months, "month")
        return duration(self.usual)

    def ahead(self, count: int) -> str:
        """Return so many steps in words: "3 hours", or rows where these are not alike."""
        months, _ = self._months
        if months:
            return counted(months * count, "month")
        if self.times.dtype.kind == "f" or not self.is_regular or len(self._week):
            return counted(count, "row")
        return duration(count * self.usual)

    @cached_property
    def _months(self) -> tuple[int, np.timedelta64]:
        """The months of a step, 0 where it is none; and a day where rows are at the end of them."""
        if self.times.dtype.kind == "M" and self.usual >= 28 * DAY:
            for shift in (0 * DAY, DAY):
                months = (self.local + shift).astype("datetime64[M]")
                if len(np.unique(self.local - months)) == 1:
                    return int(np.median(np.diff(months).astype(np.int64))), shift
        return 0, DAY

    @cached_property
    def _week(self) -> np.ndarray:
        """The moments that have rows, since Monday; none where the whole week has, or no week."""
        if self.times.dtype.kind == "f" or self.usual > DAY:
            return np.array([], "timedelta64[us]")
        moments, counts = np.unique((self.local - MONDAY) % WEEK, return_counts=True)
        moments = moments[counts > RARE * counts.max()]
        if np.median(counts) < OFTEN or len(moments) * self.usual >= WEEK:
            return moments[:0]
        return moments

    def _slots(self, local: Any) -> Any:
        """Return how many of these moments lie between 1970 and each time, int64."""
        weeks, moments = np.divmod(local - MONDAY, WEEK)
        return weeks * len(self._week) + np.searchsorted(self._week, moments, side="right") - 1


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
