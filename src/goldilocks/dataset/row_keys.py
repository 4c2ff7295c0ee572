"""Rows -> what tells equal ones: a key of each row's content, and a digest of the rows of a part."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.dataset.sources import cache, packing

# Part of the name under which keys are kept: to be raised whenever they are computed in another
# way.
KEYS = 1


def keys(dataset: Dataset) -> np.ndarray | None:
    """A key of each row's content, uint64 (rows,): rows with equal `x` have equal keys, whatever their targets.

    The keys are the first 8 bytes of a hash, so that of a million rows two different ones have the
    same key with a chance of 1 in 30 million. Those of streamed images are of the bytes of their
    files. Keys of images that are kept on disk are remembered in the cache.

    Returns:
        None of a series, whose windows overlap by nature.
    """
    if dataset.kind == "series":
        return None
    if dataset.kind == "image" and (
        dataset.image_size is not None or isinstance(dataset.x, np.memmap)
    ):
        known = {"content": dataset.digest, "rows": len(dataset.y), "keys": KEYS}
        return np.array(cache.prepared(known, lambda: {"keys": _of_images(dataset)})["keys"])
    if dataset.kind == "image":
        return _of_images(dataset)
    return _of_columns(dataset)


def digest(dataset: Dataset, rows: np.ndarray) -> str:
    """SHA-256, hexadecimal, of the content of `x` and `y` of these rows, int64 (n,), in their order."""
    y = np.asarray(dataset.y)[rows]
    if dataset.kind == "series":
        windows = dataset.x
        spans = (
            str((windows.columns, windows.target, windows.lookback, windows.step, windows.delay)),
            rows - rows[:1],
        )
        return cache.digest(*spans, windows.points(rows), y)
    if dataset.kind == "table":
        return cache.digest(
            str(list(getattr(dataset.x, "columns", []))), _of_columns(dataset)[rows], y
        )
    if dataset.kind == "text":
        return packing.digest(dataset.x[rows], y, dataset.classes)
    found = keys(dataset)
    assert found is not None
    return cache.digest(found[rows], y, str(dataset.image_size or dataset.x.shape[1:]))


def _of_images(dataset: Dataset) -> np.ndarray:
    """The key of each image: of its pixels, or of its file where it is streamed from one."""
    with ThreadPoolExecutor() as threads:  # hashlib and read() both release the interpreter lock.
        if dataset.image_size is not None:
            return np.array(
                list(threads.map(lambda file: _key(Path(file).read_bytes()), dataset.x)), np.uint64
            )
        return np.array(
            list(threads.map(lambda row: _key(np.ascontiguousarray(row).data), dataset.x)),
            np.uint64,
        )


def _key(content: bytes | memoryview) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest())


def _of_columns(dataset: Dataset) -> np.ndarray:
    """The key of each text, or of each row of a table."""
    import pandas

    frame = dataset.x if isinstance(dataset.x, pandas.DataFrame) else pandas.DataFrame(dataset.x)
    return np.asarray(pandas.util.hash_pandas_object(frame, index=False), np.uint64)
