"""Rows -> what scikit-learn reads: a table, texts, or numbers. Nothing is fitted here."""

import keras
import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.encoding import calendar, encoder

SIDE = 32  # pixels that images are shrunk to, at most
CHUNK = 256  # images that are decoded and shrunk at a time
MOST_NUMBERS = 2**27  # that a model is fitted on: 0.5 GiB as float32

Inputs = pd.DataFrame | list[str] | np.ndarray


def read(dataset: Dataset, rows: np.ndarray) -> Inputs:
    """Read rows, in their order.

    Args:
        dataset: The data set that holds them.
        rows: int64 (n,).

    Returns:
        Of a table, a data frame as `Dataset.x`, with the parts of its dates. Of texts, a list of
        str. Of images, float32 (n, pixels), 0 to 1, shrunk to at most 32 x 32 pixels. Of series,
        float32 (n, time steps x columns), in the columns' units.
    """
    if dataset.kind == "table":
        return calendar.expanded(dataset.x.iloc[rows], dataset.readings)
    if dataset.kind == "text":
        return list(dataset.x[rows])
    if dataset.kind == "series":
        return dataset.x.seen(rows).reshape(len(rows), -1)

    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
    return np.concatenate([_shrink(dataset, chunk) for chunk in chunks])


def thin(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return as many rows, evenly spread, as fit into memory; all rows of a table and of texts."""
    if dataset.kind in ("table", "text") or not len(rows):
        return rows
    most = max(1, MOST_NUMBERS // np.size(read(dataset, rows[:1])))
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def categories(dataset: Dataset) -> list[str]:
    """Return the columns of a table that hold categories."""
    is_numeric = pd.api.types.is_numeric_dtype
    return [name for name in dataset.x.columns if not is_numeric(dataset.x[name])]


def _shrink(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return images as float32 (n, pixels), 0 to 1, of at most 32 x 32 pixels."""
    pixels = encoder.pixels(dataset, rows)
    height, width = (min(SIDE, side) for side in pixels.shape[1:3])
    if (height, width) != pixels.shape[1:3]:
        small = keras.ops.image.resize(pixels.astype("float32"), (height, width), antialias=True)
        pixels = keras.ops.convert_to_numpy(small)
    return pixels.reshape(len(rows), -1).astype("float32") / 255
