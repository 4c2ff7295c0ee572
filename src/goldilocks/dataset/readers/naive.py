"""Naive forecasts of a series: a value that is known when a window ends is taken to come again.

Source: Hyndman and Athanasopoulos, "Forecasting: principles and practice" (3rd edition, 2021),
    section 5.2, the naive and the seasonal naive method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldilocks.dataset.readers.windows import Windows

LAST_VALUE = "last value"
DAY = np.timedelta64(1, "D")
# 52 weeks, so that a day of the week meets the same one.
SEASONS = {"a day before": DAY, "a week before": 7 * DAY, "a year before": 364 * DAY}
MONTHS = {"a year before": np.timedelta64(12, "M")}  # of steps of 28 days or more
KNOWN = 0.2  # of the windows that must know a season's value: about the share of a part


@dataclass(frozen=True)
class Naive:
    """A naive forecast, made when it is read: `naive[rows]` is float32 (rows, outputs).

    Attributes:
        windows: Of the series.
        earlier: For each point of time the one a season before, int64 (points,), -1 where there is
            none; None for the last value. Of a season that is shorter than the way to the predicted
            point, the latest whole number of seasons before it that is known. Where none is, or its
            value is missing, it is the last value.
    """

    windows: Windows
    earlier: np.ndarray | None = None

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return the forecast of windows, in the targets' units, in the order of `y`."""
        windows = self.windows
        last = windows.starts[rows, np.newaxis] + windows.span - 1
        last_values = windows.values[last[..., np.newaxis], windows.target]
        if self.earlier is None:
            values = np.repeat(last_values, windows.horizon, axis=1)
        else:
            points = self.sources(rows)
            values = windows.values[points[..., np.newaxis], windows.target]
            is_known = (points >= 0)[..., np.newaxis] & ~np.isnan(values)
            values = np.where(is_known, values, last_values)
        return values.reshape(len(last), -1)

    @property
    def period(self) -> int:
        """Points of time in a season; 1 of the last value."""
        if self.earlier is None:
            return 1
        points = np.flatnonzero(self.earlier >= 0)
        return int(np.median(points - self.earlier[points]))

    def sources(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return the points whose values a seasonal forecast takes, int64 (rows, steps ahead)."""
        last = self.windows.starts[rows, np.newaxis] + self.windows.span - 1
        points = self.windows.predicted(rows)
        assert self.earlier is not None
        while (unknown := points > last).any():
            points = np.where(unknown, self.earlier[points], points)
        return points


def forecasts(windows: Windows, times: np.ndarray | None) -> dict[str, Naive]:
    """Return the naive forecasts of a series by their names, the last value first.

    A season has one where its value stands in the file for a fifth of the windows or more.

    Args:
        windows: Of the series.
        times: Of its points, as clocks show them, datetime64 (points,), NaT where no row stands;
            None or numbers where nothing is known of days.
    """
    naive = {LAST_VALUE: Naive(windows)}
    if times is None or times.dtype.kind != "M" or not len(windows):
        return naive

    usual = np.median(np.diff(times[~np.isnat(times)]).astype("timedelta64[s]"))
    seasons = SEASONS
    if usual >= 28 * DAY:
        seasons, times = MONTHS, times.astype("datetime64[M]")
    # Where clocks are put back, a time is there twice: the later one is taken.
    points = pd.Series(np.arange(len(times)), pd.DatetimeIndex(times))
    points = points[points.index.notna() & ~points.index.duplicated(keep="last")]
    for name, season in seasons.items():
        if season.astype("timedelta64[D]") <= usual:
            continue
        earlier = points.reindex(pd.DatetimeIndex(times - season), fill_value=-1).to_numpy()
        seasonal = Naive(windows, earlier)
        if (seasonal.sources(slice(None))[:, -1] >= 0).mean() >= KNOWN:
            naive[name] = seasonal
    return naive
