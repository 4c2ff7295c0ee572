"""What the checks of a data set may read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import Dataset


@dataclass(frozen=True)
class Evidence:
    """A data set and its parts.

    Checks that count read all rows; checks that fit something on targets read only `learnable`
    ones, so that no choice follows from test targets.

    Attributes:
        dataset: The data set.
        test: Its test rows, int64 (rows,).
        metric: The primary metric that a training would have; "" if none is known.
    """

    dataset: Dataset
    test: np.ndarray
    metric: str = ""
