"""Windows over a time series: what is seen, and what is predicted from it.

Source: Deep Learning with Python, 1st edition, section 6.3.2, "Preparing the data".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


def span_of(lookback: int, earlier: Sequence[int]) -> int:
    """Return `Windows.span`."""
    return max(lookback, max(earlier, default=0) + 1)


@dataclass(frozen=True)
class Windows:
    """One window for each point of time that has a past to see and a future to predict.

    A window spans the points from its first one, at `starts`, to the one `span` - 1 after it. It
    sees the last of them, of the `lookback` last ones every `step`-th before it, and those that are
    `earlier`; it predicts the values `delay` points after the last one, and at the points that
    follow it up to `horizon` of them. There is none that spans or crosses a point without values,
    or that predicts a value that was not observed.

    Attributes:
        values: float32 (points, columns), equally spaced in time, in the columns' units; NaN where
            nothing is known.
        columns: Their names.
        target: Which of them are predicted, by their places.
        lookback: Points of time of which every `step`-th is seen.
        step: Every how many of them are seen.
        delay: Points from the last one seen to the first one predicted, 0 or more.
        observed: bool (points,), at which points the targets were observed and not filled in; None:
            at all.
        horizon: How many points are predicted, one after the other.
        earlier: Points before the last one seen, each 0 or more, that are seen as well.
    """

    values: np.ndarray
    columns: tuple[str, ...]
    target: tuple[int, ...]
    lookback: int
    step: int
    delay: int
    observed: np.ndarray | None = None
    horizon: int = 1
    earlier: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Return the number of windows; 0 where the series is too short for one."""
        return len(self.starts)

    @cached_property
    def starts(self) -> np.ndarray:
        """The first point of each window, int64 (windows,), ascending."""
        starts = np.arange(max(0, len(self.values) - self.reach), dtype=np.int64)
        unknown = np.isnan(self.values).any(axis=1)
        unknown_before = np.concatenate([[0], np.cumsum(unknown)])
        usable = unknown_before[starts + self.span] == unknown_before[starts]

        # A point without any value is a break in time, which no prediction crosses either.
        breaks_before = np.concatenate([[0], np.cumsum(np.isnan(self.values).all(axis=1))])
        usable &= breaks_before[starts + self.reach + 1] == breaks_before[starts]
        if self.observed is not None:
            for point in range(self.horizon):
                usable &= self.observed[starts + self.reach - point]
        return starts[usable]

    @property
    def span(self) -> int:
        """Points of time from the first one that a window sees, or could see, to its last."""
        return span_of(self.lookback, self.earlier)

    @property
    def reach(self) -> int:
        """Points from the first one of a window to the last one that it predicts."""
        return self.span + self.delay + self.horizon - 2

    @property
    def outputs(self) -> int:
        """Numbers that a window predicts: each target at each point."""
        return len(self.target) * self.horizon

    @property
    def offsets(self) -> np.ndarray:
        """Positions of the points that a window sees, from its first one, int64 (time steps,)."""
        behind = np.union1d(np.arange(0, self.lookback, self.step), self.earlier)
        return self.span - 1 - behind.astype(np.int64)[::-1]

    def predicted(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return the points that windows predict, int64 (rows, horizon)."""
        return self.starts[rows, np.newaxis] + self.reach - np.arange(self.horizon)[::-1]

    @property
    def targets(self) -> np.ndarray:
        """The values that each window predicts, float32, in the targets' units.

        Of one target at one point (windows,), else (windows, outputs): all targets at the first
        point, then at the second.
        """
        points = self.predicted(slice(None))
        values = self.values[points[..., np.newaxis], self.target].reshape(len(points), -1)
        return values if self.outputs > 1 else values[:, 0]

    def overlap(self, *, purge: bool) -> int:
        """Return `Dataset.overlap`; with `purge` no target lies in the time of the next part."""
        if purge:
            return self.reach
        return self.span - 1

    def before(self, rows: np.ndarray, later: np.ndarray, overlap: int) -> np.ndarray:
        """Return those windows that begin more than `overlap` points before later ones.

        Args:
            rows: Windows, int64 (rows,).
            later: Others, int64 (n,), ascending, at least one.
            overlap: Of `overlap`.
        """
        return rows[self.starts[rows] < self.starts[later[0]] - overlap]

    def seen(self, rows: np.ndarray | Sequence[int]) -> np.ndarray:
        """Return windows, float32 (rows, time steps, columns), in the columns' units."""
        return self.values[self.starts[np.asarray(rows)][:, np.newaxis] + self.offsets]

    def points(self, rows: np.ndarray) -> np.ndarray:
        """Return every point of time that these windows span, each once.

        Args:
            rows: The windows, int64 (rows,).

        Returns:
            float32 (points, columns).
        """
        spans = np.zeros(len(self.values) + 1, np.int64)
        np.add.at(spans, self.starts[rows], 1)
        np.add.at(spans, self.starts[rows] + self.span, -1)
        return self.values[np.cumsum(spans)[:-1] > 0]
