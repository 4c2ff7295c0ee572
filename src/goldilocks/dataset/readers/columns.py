"""One column of a file: as texts, or as the types of a file that has types."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types

from goldilocks.dataset.readers import dates, numbers
from goldilocks.dataset.readers.reading import CATEGORY, DATE, NUMBER, Reading

TRUTHS = {"true": 1.0, "false": 0.0}  # in small letters
MANY_CATEGORIES = 100  # Each category becomes an input of the network.


def cells(column: pd.Series) -> pa.StringArray:
    """Return a column of texts as an array of Arrow; null where a cell is missing."""
    array = pa.array(column, pa.string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def texts(column: pd.Series) -> np.ndarray:
    """Return a column as str objects (rows,), without spaces around them; "" where missing."""
    stripped = column.astype(object).where(column.notna(), "").map(lambda value: str(value).strip())
    missing = stripped.str.lower().isin(numbers.MISSING)
    return stripped.where(~missing, "").to_numpy(dtype=object)


def is_text(column: pd.Series) -> bool:
    """Return whether a column holds texts as they stand in a file."""
    return isinstance(column.dtype, pd.StringDtype) or (
        column.dtype == object and types.infer_dtype(column, skipna=True) == "string"
    )


def truths_of(values: np.ndarray) -> np.ndarray | None:
    """Return "true" as 1 and "false" as 0, NaN where missing; None where other words occur."""
    truths = pd.Series(values).str.lower().map({**TRUTHS, "": np.nan}.get)
    is_missing = values == ""
    if is_missing.all() or (truths.isna().to_numpy() & ~is_missing).any():
        return None
    return truths.to_numpy(dtype=np.float64)


def typed(column: pd.Series) -> tuple[np.ndarray | None, Reading, list[str]]:
    """Return a column of a file that has types, such as Parquet."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if types.is_bool_dtype(column.dtype) or (
        types.is_numeric_dtype(column.dtype) and column.dtype.kind != "c"
    ):
        return _typed_number(column)
    if types.is_datetime64_any_dtype(column.dtype):
        return _typed_dates(column)
    if types.is_timedelta64_dtype(column.dtype):
        values, reading, _ = _typed_number(column / pd.Timedelta(days=1))
        return values, reading, ["holds durations; it became days"]

    kind = types.infer_dtype(column.dropna(), skipna=True)
    if kind in ("boolean", "integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return _typed_number(column)
    if kind in ("date", "datetime", "datetime64"):
        return _typed_dates(column)
    if kind not in ("string", "mixed-integer"):
        reason = f"it holds {kind} values; expected numbers, dates or texts"
        return None, Reading(kind=CATEGORY, left_out=reason), []
    return texts(column), Reading(kind=CATEGORY), many(column.dropna().astype("str"))


def _typed_number(column: pd.Series) -> tuple[np.ndarray, Reading, list[str]]:
    values, remarks = finite(column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True))
    return values, Reading(kind=NUMBER), remarks


def _typed_dates(column: pd.Series) -> tuple[np.ndarray, Reading, list[str]]:
    times = pd.to_datetime(column, utc=True).dt.tz_localize(None).to_numpy("datetime64[us]")
    remark = "holds dates; it became days since 1970-01-01"
    return days_of(times), Reading(kind=DATE, format=dates.ISO), [remark]


def finite(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return numbers, NaN where one is infinite or too large for float32; and a remark on these."""
    with np.errstate(invalid="ignore"):
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


def many(text: pd.Series) -> list[str]:
    """Return the remark on a column of words that has more than `MANY_CATEGORIES` of them."""
    distinct = text.nunique()
    if distinct <= MANY_CATEGORIES or distinct == len(text):
        return []
    return [
        f"has {distinct} categories, each an input of the network; leave it out with dataset.drop "
        "if that is too many"
    ]
