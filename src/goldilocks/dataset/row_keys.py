"""Tell equal rows: a key of each row's content, and a digest of the rows of a part."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.sources import cache, packing

# Part of the name under which keys are cached: to be raised whenever they are computed in another
# way.
KEYS = 1
FILE = "row_keys.npz"  # of the artifacts of a run: the keys of its "train", "validation", "test"
WINDOWS = 4096  # taken out of a series at a time


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
    if dataset.kind != "image":
        return _of_columns(dataset.x)
    if dataset.image_size is None and not isinstance(dataset.x, np.memmap):
        return _of_images(dataset)

    name = {"content": dataset.digest, "rows": len(dataset.y), "keys": KEYS}
    return np.array(cache.prepared(name, lambda: {"keys": _of_images(dataset)})["keys"])


def digest(dataset: Dataset, rows: np.ndarray) -> str:
    """Return the SHA-256, hexadecimal, of `x` and `y` of rows, int64 (n,), in their order."""
    y = np.asarray(dataset.y)[rows]
    if dataset.kind == "series":
        windows = dataset.x
        spans = windows.columns, windows.target, windows.lookback, windows.step, windows.delay
        starts = windows.starts[rows]
        return cache.digest(str(spans), starts - starts[:1], windows.points(rows), y)
    if dataset.kind == "table":
        names = list(getattr(dataset.x, "columns", []))
        return cache.digest(str(names), _of_columns(dataset.x)[rows], y)
    if dataset.kind == "text":
        return packing.digest(dataset.x[rows], y, dataset.classes)

    of_rows = keys(dataset)
    assert of_rows is not None
    return cache.digest(of_rows[rows], y, str(dataset.image_size or dataset.x.shape[1:]))


def of_parts(dataset: Dataset, parts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the keys of the rows of each part, uint64 (rows,), ascending.

    Args:
        dataset: The rows, of images that are not streamed.
        parts: Rows, int64 (n,), by the names of the parts.
    """
    if dataset.kind == "series":
        chunks = np.array_split(np.arange(len(dataset.x)), len(dataset.x) // WINDOWS + 1)
        every = np.concatenate([of_rows(dataset.x.seen(chunk)) for chunk in chunks])
    else:
        every = keys(dataset)
    assert every is not None
    return {name: np.sort(every[rows]) for name, rows in parts.items()}


def of_rows(x: pd.DataFrame | np.ndarray) -> np.ndarray:
    """Return the keys of rows as a model takes them: `keys` of the same rows, or of windows."""
    if isinstance(x, pd.DataFrame) or x.dtype == object:
        return _of_columns(x)
    return np.array([_of_image(row) for row in x], np.uint64)


def _of_images(dataset: Dataset) -> np.ndarray:
    """Return the key of each image: of its pixels, or of its file where it is streamed."""
    with ThreadPoolExecutor() as threads:  # hashlib and read() both release the interpreter lock.
        return np.array(list(threads.map(_of_image, dataset.x)), np.uint64)


def _of_image(image: str | np.ndarray) -> int:
    """Return the key of an image: of its pixels, or of the bytes of its file."""
    if isinstance(image, str):
        image = np.fromfile(image, np.uint8)
    return int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=8).digest())


def _of_columns(x: pd.DataFrame | np.ndarray) -> np.ndarray:
    """Return the key of each text, or of each row of a table."""
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(x), index=False), np.uint64)
