"""One column of a file: as texts, or as the types of a file that has types."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types

from goldilocks.dataset.readers import dates, numbers
from goldilocks.dataset.readers.reading import CATEGORY, DATE, NUMBER, Reading

TRUTHS = {"true": 1.0, "false": 0.0}  # in small letters
# What pandas calls columns of numbers, or of nothing.
NUMBERS = ("boolean", "integer", "floating", "mixed-integer-float", "decimal", "empty")
MANY_CATEGORIES = 100  # Each category becomes an input of the network.


def cells(column: pd.Series) -> pa.LargeStringArray:
    """Return a column of texts as an array of Arrow; null where a cell is missing."""
    array = pa.array(column, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def texts(column: pd.Series) -> np.ndarray:
    """Return a column as str objects (rows,), without spaces around them; "" where missing."""
    positions, words = encode(column)
    return words[positions]


def encode(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the different texts of a column, so that each is looked at once.

    Returns:
        The position of each cell among the texts, int64 (rows,); and these, str objects (texts,),
        without spaces around them, "" for missing cells among them.
    """
    written = column
    if not is_text(column):
        written = column.map(str, na_action="ignore").astype(object)
    positions, cells = pd.factorize(written)
    words = [cell.strip() for cell in cells]
    words = ["" if word.lower() in numbers.MISSING else word for word in words]
    # Missing cells have the position -1, which is that of the last text.
    alike, different = pd.factorize(np.array([*words, ""], dtype=object))
    return alike[positions], different


def is_text(column: pd.Series) -> bool:
    """Return whether a column holds texts as they stand in a file."""
    return isinstance(column.dtype, pd.StringDtype) or (
        column.dtype == object and types.infer_dtype(column, skipna=True) == "string"
    )


def truths_of(values: np.ndarray) -> np.ndarray | None:
    """Return "true" as 1 and "false" as 0, NaN where missing; None where other words occur."""
    words = {word.lower() for word in values}
    if not words - {""} or not words <= {*TRUTHS, ""}:
        return None
    return np.array([TRUTHS.get(word.lower(), np.nan) for word in values])


def typed(column: pd.Series) -> tuple[np.ndarray | None, Reading, list[str]]:
    """Return a column of a file that has types, such as Parquet."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    remarks = list[str]()
    kind = types.infer_dtype(column.dropna(), skipna=True)
    if kind == "timedelta64":
        column, kind = column / pd.Timedelta(days=1), "floating"
        remarks.append("holds durations; it became days")
    if kind in NUMBERS:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        values, beyond = finite(numbers)
        return values, Reading(kind=NUMBER), remarks + beyond
    if kind in ("date", "datetime", "datetime64"):
        times = pd.to_datetime(column, utc=True).dt.tz_localize(None).to_numpy("datetime64[us]")
        remarks.append("holds dates; it became days since 1970-01-01")
        return days_of(times), Reading(kind=DATE, format=dates.ISO), remarks
    if kind not in ("string", "mixed-integer"):
        reason = f"it holds {kind} values; expected numbers, dates or texts"
        return None, Reading(kind=CATEGORY, left_out=reason), []
    positions, words = encode(column)
    return words[positions], Reading(kind=CATEGORY), []


def finite(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return numbers, NaN where one is infinite or too large for float32; and a remark on these."""
    beyond = np.abs(values) > np.finfo(np.float32).max
    if not beyond.any():
        return values, []
    first = values[beyond][0]
    what = "infinite values" if np.isinf(first) else f"values beyond float32, such as {first:g}"
    return (
        np.where(beyond, np.nan, values),
        [f"holds {beyond.sum()} {what}; they count as missing"],
    )


def days_of(times: np.ndarray) -> np.ndarray:
    """Return points of time as days since 1970-01-01, float64 (rows,); NaN where missing."""
    days = (times - np.datetime64(0, "us")) / np.timedelta64(1, "D")
    return np.asarray(days, np.float64)
