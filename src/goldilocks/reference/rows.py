"""Rows of a data set -> what scikit-learn reads: a table, texts, or float32 numbers. Nothing is fitted here."""

from typing import Any

import keras
import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder

SIDE = 32  # pixels that images are shrunk to, at most
CHUNK = 256  # images that are decoded and shrunk at a time
MOST_NUMBERS = 2**27  # that a model is fitted on: 0.5 GiB as float32


def read(dataset: Dataset, rows: np.ndarray) -> Any:
    """These rows (int64, (n,)) in their order.

    Returns:
        Table: a `pandas.DataFrame` as `Dataset.x`. Text: a list of str. Image: float32 (n, pixels),
            0 to 1, shrunk to
        at most 32 x 32 pixels. Series: float32 (n, time steps x columns), in the columns' units.
    """
    if dataset.kind == "table":
        return dataset.x.iloc[rows]
    if dataset.kind == "text":
        return list(dataset.x[rows])
    if dataset.kind == "series":
        return dataset.x.seen(rows).reshape(len(rows), -1)
    return np.concatenate(
        [_shrunk(dataset, rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    )


def thinned(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """So many of these rows, at equal distances, as fit into memory; all of a table and of texts."""
    if dataset.kind in ("table", "text") or not len(rows):
        return rows
    most = max(1, MOST_NUMBERS // read(dataset, rows[:1]).size)
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def categories(dataset: Dataset) -> list[str]:
    """The columns of a table that hold categories."""
    if dataset.kind != "table":
        return []
    return [
        name for name in dataset.x.columns if not pd.api.types.is_numeric_dtype(dataset.x[name])
    ]


def _shrunk(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    pixels = encoder.pixels(dataset, rows)
    height, width = (min(SIDE, side) for side in pixels.shape[1:3])
    if (height, width) != pixels.shape[1:3]:
        small = keras.ops.image.resize(pixels.astype("float32"), (height, width), antialias=True)
        pixels = keras.ops.convert_to_numpy(small)
    return pixels.reshape(len(rows), -1).astype("float32") / 255
