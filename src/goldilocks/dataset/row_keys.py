"""Tell equal rows: a key of each row's content, and a digest of the rows of a part."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.sources import cache, packing

# Part of the name under which keys are cached: to be raised whenever they are computed in another
# way.
KEYS = 1


def keys(dataset: Dataset) -> np.ndarray | None:
    """Return a key of each row's content, uint64 (rows,): rows with equal `x` have equal keys.

    The keys are the first 8 bytes of a hash, so that of a million rows two different ones have the
    same key with a chance of 1 in 30 million. Those of streamed images are of the bytes of their
    files. Keys of images that are on disk are remembered in the cache.

    Returns:
        None of a series, whose windows overlap by nature.
    """
    if dataset.kind == "series":
        return None
    is_streamed = dataset.image_size is not None
    if dataset.kind != "image" or not (is_streamed or isinstance(dataset.x, np.memmap)):
        return of_raw(dataset.kind, dataset.x)

    name = {"content": dataset.digest, "rows": len(dataset.y), "keys": KEYS}
    return np.array(cache.prepared(name, lambda: {"keys": of_raw("image", dataset.x)})["keys"])


def digest(dataset: Dataset, rows: np.ndarray) -> str:
    """Return the SHA-256, hexadecimal, of `x` and `y` of rows, int64 (n,), in their order."""
    y = np.asarray(dataset.y)[rows]
    if dataset.kind == "series":
        windows = dataset.x
        # The other targets and points are in `y`.
        spans = windows.columns, windows.target[0], windows.lookback, windows.step, windows.delay
        spans += windows.earlier
        starts = windows.starts[rows]
        return cache.digest(str(spans), starts - starts[:1], windows.points(rows), y)
    if dataset.kind == "table":
        names = list(getattr(dataset.x, "columns", []))
        return cache.digest(str(names), of_raw("table", dataset.x)[rows], y)
    if dataset.kind == "text":
        return packing.digest(dataset.x[rows], y, dataset.classes)

    of_rows = keys(dataset)
    assert of_rows is not None
    return cache.digest(of_rows[rows], y, str(dataset.image_size or dataset.x.shape[1:]))


def of_raw(kind: str, x: Any) -> np.ndarray:
    """Return `keys` of rows as a model takes them.

    Args:
        kind: "table", "text" or "image".
        x: As `Dataset.x`; images of which only paths are there have the keys of their files.
    """
    if kind != "image":
        return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(x), index=False), np.uint64)
    with ThreadPoolExecutor() as threads:  # hashlib and read() both release the interpreter lock.
        return np.array(list(threads.map(_of_image, x)), np.uint64)


def _of_image(image: str | np.ndarray) -> int:
    """Return the key of an image: of its pixels, or of the bytes of its file."""
    if isinstance(image, str):
        image = np.fromfile(image, np.uint8)
    return int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=8).digest())
