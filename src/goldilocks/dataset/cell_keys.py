"""Keys of the raw cells of rows, by which rows are known again however they are read.

A key tells neither the name nor the position of its column. Numbers have one form, whatever they
are written as: "1", "1.0" and the 1 of a Parquet file are one cell. The key 0 stands for no cell.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api import types

from goldilocks.dataset import Dataset, row_keys

DIGITS = 7  # that count of a number with decimals: those of float32
FACTOR = 0x9E3779B97F4A7C15  # odd, so that products of different keys differ


def of_dataset(dataset: Dataset) -> np.ndarray:
    """Return `Dataset.cell_keys`, of rows that came from no file those of what they hold."""
    if dataset.cell_keys is not None:
        return dataset.cell_keys
    if dataset.kind == "table":
        return of_frame(pd.concat([dataset.x, pd.DataFrame(dataset.y)], axis=1))
    if dataset.kind == "series":
        points = dataset.x.starts + dataset.x.reach
        return of_series(points, dataset.x.values[np.ix_(points, dataset.x.target)])

    keys = row_keys.keys(dataset)
    assert keys is not None
    return keys[:, np.newaxis]


def of_frame(frame: pd.DataFrame) -> np.ndarray:
    """Return a key of each cell of a table as it stands in its file, uint64 (rows, columns)."""
    return np.stack([_of_column(column) for _, column in frame.items()], axis=1)


def of_series(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the keys of times, and of all values at each, uint64 (rows, 2).

    Args:
        times: datetime64[us], int64 or float64 (rows,).
        values: float (rows, columns).
    """
    at = pd.util.hash_array(times.view("int64"))
    return np.column_stack([at, of_rows(of_frame(pd.DataFrame(values)))])


def of_file(path: Path) -> np.uint64:
    """Return the key of the bytes of a file, the beginning of their SHA-256."""
    return np.frombuffer(hashlib.sha256(path.read_bytes()).digest(), np.uint64)[0]


def of_rows(keys: np.ndarray) -> np.ndarray:
    """Return one key of all cells of a row in their order, uint64 (rows,), of (rows, cells)."""
    factors = np.cumprod(np.full(keys.shape[1], FACTOR, np.uint64))
    return (keys * factors).sum(axis=1)


def keyed(keys: np.ndarray, secret: bytes) -> np.ndarray:
    """Return keys that nobody can guess without the secret: their BLAKE2b, in the same shape."""
    distinct, places = np.unique(keys, return_inverse=True)
    content = distinct.tobytes()
    hashes = b"".join(
        hashlib.blake2b(content[at : at + 8], digest_size=8, key=secret).digest()
        for at in range(0, len(content), 8)
    )
    hashed = np.frombuffer(hashes, np.uint64)[places].reshape(keys.shape)
    return np.where(keys == 0, 0, hashed)


def _of_column(column: pd.Series) -> np.ndarray:
    """Return keys of cells, uint64 (rows,): each distinct value is hashed once."""
    if column.dtype == object:  # Of several types, or of lists.
        column = column.map(str, na_action="ignore")
    codes, distinct = pd.factorize(column)

    words = pd.Series(distinct)
    if types.is_bool_dtype(column.dtype) or not types.is_numeric_dtype(column.dtype):
        words = words.astype("str")
    numbers = pd.to_numeric(words, errors="coerce").to_numpy(float)
    keys = _of_numbers(numbers)

    is_word = np.isnan(numbers)
    words = words[is_word].astype("str").str.strip().str.casefold().str.removesuffix(" 00:00:00")
    keys[is_word] = pd.util.hash_array(words.to_numpy(object), categorize=False)
    return np.append(keys, np.uint64(0))[codes]  # A missing cell has the code -1.


def _of_numbers(numbers: np.ndarray) -> np.ndarray:
    """Return keys of numbers, uint64 (n,): whole ones as they are, others of `DIGITS` digits."""
    with np.errstate(all="ignore"):  # Zero has no logarithm, and is whole.
        scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(numbers))))
        rounded = np.rint(numbers * scale) / scale
    is_kept = (numbers == np.rint(numbers)) | ~np.isfinite(rounded)
    # Zero may have a sign.
    return pd.util.hash_array(np.where(is_kept, numbers, rounded) + 0.0)
