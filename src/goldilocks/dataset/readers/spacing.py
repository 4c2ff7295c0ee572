"""How the points of time of a series follow each other: their usual step, and the holes.

Steps are counted in the calendar that the series itself keeps. One without rows on Saturdays and
Sundays goes by working days, one that rests every night by its own hours, and months are 28 to 31
days long. Nothing of this has to be typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

HOLE = 1.5  # usual steps; a longer one is a hole
ALIKE = 0.1  # by which part of the usual one a step may differ: months by 28 to 31 days
RARE = 0.1  # A weekday or time of day with so few of the rows of the others is an exception.
HOLIDAYS = 5  # working days without a row, at most, that are no hole
FORTNIGHT = np.timedelta64(14, "D")  # from which on a day without a row is one of rest
DAY = np.timedelta64(1, "D")
UNITS = (
    ("day", DAY),
    ("hour", np.timedelta64(1, "h")),
    ("minute", np.timedelta64(1, "m")),
    ("second", np.timedelta64(1, "s")),
)


@dataclass(frozen=True)
class Spacing:
    """The steps of a series.

    Attributes:
        times: datetime64[us] or float64 (rows,), ascending, all different.
        local: The same as clocks on the wall show them, by which the calendar goes.
    """

    times: np.ndarray
    local: np.ndarray

    @cached_property
    def usual(self) -> np.timedelta64 | np.float64:
        """The middle one of all steps; 0 where there is none."""
        steps = np.sort(np.diff(self.times))
        return steps[len(steps) // 2] if len(steps) else np.ptp(self.times)

    @cached_property
    def steps(self) -> np.ndarray:
        """The steps between rows in usual ones, float64 (rows - 1,)."""
        if self._months:
            months = self.local.astype("datetime64[M]").astype(np.int64)
            return np.diff(months) / self._months
        if not self._rests:
            return np.diff(self.times) / self.usual

        ahead = np.busday_count(self._days[:-1], self._days[1:], weekmask=self._weekdays)
        if not self._weekdays.all():
            ahead = np.where((ahead > 1) & (ahead <= HOLIDAYS + 1), 1, ahead)
        of_day = np.searchsorted(self._clock, self.local - self._days, side="right") - 1
        return (ahead * len(self._clock) + np.diff(of_day)).astype(np.float64)

    @cached_property
    def is_regular(self) -> bool:
        """Whether most steps are alike, so that a longer one is a hole."""
        return bool((np.abs(self.steps - 1) <= ALIKE).sum() > len(self.steps) / 2)

    @cached_property
    def missing(self) -> np.ndarray:
        """Rows that are missing between one and the next, int64 (rows - 1,)."""
        is_hole = (self.steps > HOLE) & self.is_regular
        return np.where(is_hole, np.round(self.steps) - 1, 0).astype(np.int64)

    def after(self, time: Any, count: int) -> Any:
        """Return the point of time, as `local`, so many usual steps after a row's."""
        if self._months:
            later = pd.Timestamp(time) + pd.DateOffset(months=self._months * count)
            if self._ends_of_months:
                later += pd.offsets.MonthEnd(0)
            return later.to_datetime64().astype("datetime64[us]")
        if not self._rests:
            return time + count * self.usual

        day = time.astype("datetime64[D]")
        slot = int(np.searchsorted(self._clock, time - day, side="right")) - 1 + count
        days, slot = divmod(slot, len(self._clock))
        day = np.busday_offset(day, days, roll="backward", weekmask=self._weekdays)
        return day.astype("datetime64[us]") + self._clock[slot]

    def describe(self) -> str:
        """Return the usual step in words: "1 hour", "3 months", "1 working day"."""
        if self._months:
            years, months = divmod(self._months, 12)
            return _counted(self._months, "month") if months else _counted(years, "year")
        words = duration(self.usual)
        return words if self._weekdays.all() else words.replace("day", "working day")

    @cached_property
    def _days(self) -> np.ndarray:
        return self.local.astype("datetime64[D]")

    @cached_property
    def _is_daily(self) -> bool:
        """Whether there are rows on so many days that days of rest can be told."""
        if self.times.dtype.kind == "f" or self.usual > DAY:
            return False
        return bool(self._days[-1] - self._days[0] >= FORTNIGHT)

    @cached_property
    def _weekdays(self) -> np.ndarray:
        """On which days of the week there are rows, Monday first, bool (7,)."""
        if not self._is_daily:
            return np.ones(7, bool)
        weekdays = (self._days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday.
        counts = np.bincount(weekdays, minlength=7)
        return counts >= RARE * counts.max()

    @cached_property
    def _clock(self) -> np.ndarray:
        """Times of day at which there are rows, timedelta64[us]; none where they are not fixed."""
        if not self._is_daily:
            return np.zeros(0, "timedelta64[us]")
        of_day, counts = np.unique(self.local - self._days, return_counts=True)
        of_day = of_day[counts >= RARE * counts.max()]
        return of_day if len(of_day) <= DAY / self.usual else of_day[:0]

    @cached_property
    def _rests(self) -> bool:
        """Whether there are nights or days of the week at which there is never a row."""
        if not len(self._clock):
            return False
        is_whole_day = len(self._clock) + 0.5 > DAY / self.usual
        return not (is_whole_day and self._weekdays.all())

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
    for name, unit in UNITS:
        if step % unit == np.timedelta64(0):
            return _counted(int(step / unit), name)
    return f"{step / np.timedelta64(1, 's'):g} seconds"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
