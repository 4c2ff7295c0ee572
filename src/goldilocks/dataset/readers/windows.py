"""Windows over a time series: what is seen, and what is predicted from it.

Source: Deep Learning with Python, 1st edition, section 6.3.2, "Preparing the data".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Windows:
    """One window for each point of time that has a past to see and a future to predict.

    Window i spans the points from i to i + lookback - 1, sees the last of them and every `step`-th
    before it, and predicts the value `delay` points after the last one.

    Attributes:
        values: float32 (points, columns), equally spaced in time, in the columns' units, none
            missing.
        columns: Their names.
        target: Which of them is predicted, by its place.
        lookback: Points of time that a window spans.
        step: Every how many of them are seen.
        delay: Points from the last one seen to the one predicted, at least 1.
    """

    values: np.ndarray
    columns: tuple[str, ...]
    target: int
    lookback: int
    step: int
    delay: int

    def __len__(self) -> int:
        """Return the number of windows; 0 where the series is too short for one."""
        return max(0, len(self.values) - self.lookback - self.delay + 1)

    @property
    def offsets(self) -> np.ndarray:
        """Positions of the points that a window sees, from its first one, int64 (time steps,)."""
        return np.arange(self.lookback - 1, -1, -self.step, dtype=np.int64)[::-1]

    @property
    def targets(self) -> np.ndarray:
        """The value that each window predicts, float32 (windows,), in the target's unit."""
        return self.values[self.lookback + self.delay - 1 :, self.target]

    @property
    def persistence(self) -> np.ndarray:
        """The last value of the target in each window, float32 (windows,), in its unit."""
        return self.values[self.lookback - 1 : self.lookback - 1 + len(self), self.target]

    def overlap(self, *, purge: bool) -> int:
        """Return `Dataset.overlap`; with `purge` no target lies in the time of the next part."""
        ahead = self.delay if purge else 0
        return self.lookback + ahead - 1

    def seen(self, rows: np.ndarray | Sequence[int]) -> np.ndarray:
        """Return windows, float32 (rows, time steps, columns), in the columns' units."""
        return self.values[np.asarray(rows, np.int64)[:, np.newaxis] + self.offsets]

    def points(self, rows: np.ndarray) -> np.ndarray:
        """Return every point of time that these windows span, each once.

        Args:
            rows: The windows, int64 (rows,).

        Returns:
            float32 (points, columns).
        """
        spans = np.zeros(len(self.values) + 1, np.int64)
        np.add.at(spans, rows, 1)
        np.add.at(spans, rows + self.lookback, -1)
        return self.values[np.cumsum(spans)[:-1] > 0]
