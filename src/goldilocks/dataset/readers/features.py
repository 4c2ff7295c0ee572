"""Columns of a table -> numbers (float64, NaN where missing), categories (str, "" where missing), and what was dropped.

Nothing is fitted here. A column is dropped, with a note, where it cannot help: it is constant, it
names its row, or it holds something that is neither number, date nor text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from goldilocks.errors import DataError

if TYPE_CHECKING:
    import pandas

NUMBER, CATEGORY = "number", "category"
ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"
MANY_CATEGORIES = 100  # Each category becomes an input of the network.


def prepare(frame: pandas.DataFrame) -> tuple[pandas.DataFrame, list[str]]:
    """The columns that a model can learn from.

    Args:
        frame: Columns of any dtype, one row per example.

    Returns:
        A table with the same rows, whose columns are float64, finite or NaN, or objects that all
        are str; and sentences on what was dropped, converted or is missing.
    """
    import pandas

    kept: dict[str, pandas.Series] = {}
    notes: list[str] = []
    missing: list[str] = []
    for name, column in frame.items():
        values, said = _column(column)
        notes += [f"Column {name!r} {what}." for what in said]
        if values is None:
            continue
        gaps = int((values == "").sum() if values.dtype == object else np.isnan(values).sum())
        reason = _useless(values, len(frame) - gaps)
        if reason:
            notes.append(f"Dropped the column {name!r}: {reason}.")
            continue
        kept[str(name)] = pandas.Series(
            values, frame.index, values.dtype
        )  # Else pandas makes its own str of objects.
        if gaps:
            missing.append(f"{name} {gaps}")
    if missing:
        notes.append(
            f"Missing values, of {len(frame)} rows: {', '.join(missing)}. They are filled in from "
            "training rows."
        )
    return pandas.DataFrame(kept, index=frame.index), notes


def conform(frame: pandas.DataFrame, kinds: Mapping[str, str]) -> pandas.DataFrame:
    """Other rows of a table that was prepared once: the same columns, in the same order, as the same kind of values.

    Args:
        frame: Has these columns, and maybe others.
        kinds: "number" or "category" by the names of the columns.

    Returns:
        As of `prepare`; nothing is dropped.

    Raises:
        DataError: A column of numbers holds something else.
    """
    import pandas

    kept = {}
    for name, kind in kinds.items():
        column = frame[name]
        if kind == CATEGORY:
            values = texts(column)
        else:
            values, _ = _column(column)
            if values is None or values.dtype == object:
                raise DataError(
                    f"The column {name!r} holds {_no_number(column)!r}; expected numbers or dates, "
                    "as in the rows that "
                    "the model was trained on. Correct it, or leave the cell empty if the value is "
                    "unknown."
                )
        kept[name] = pandas.Series(values, frame.index, values.dtype)
    return pandas.DataFrame(kept, index=frame.index)


def kind_of(dtype: str) -> str:
    """Return what a prepared column holds, by its dtype: float64 numbers, else categories."""
    return NUMBER if dtype == "float64" else CATEGORY


def texts(column: pandas.Series) -> np.ndarray:
    """A column as str objects (rows,), without the spaces around them; "" where one is missing."""
    return (
        column.astype(object)
        .where(column.notna(), "")
        .map(lambda value: str(value).strip())
        .to_numpy(dtype=object)
    )


def _no_number(column: pandas.Series) -> str:
    """The first value of a column that is no number."""
    import pandas

    present = column.dropna()
    odd = present[np.isnan(np.asarray(pandas.to_numeric(present, errors="coerce"), np.float64))]
    return str((odd if len(odd) else present).iloc[0])


def _column(column: pandas.Series) -> tuple[np.ndarray | None, list[str]]:
    """One column as float64 or str objects, or None where it is neither; and what to say of it."""
    import pandas
    from pandas.api import types

    if isinstance(column.dtype, pandas.CategoricalDtype):
        column = column.astype(object)
    if types.is_bool_dtype(column.dtype) or (
        types.is_numeric_dtype(column.dtype) and column.dtype.kind != "c"
    ):
        return _finite(column)
    if types.is_datetime64_any_dtype(column.dtype):
        return _days(column), ["holds dates; it became days since 1970-01-01"]
    if types.is_timedelta64_dtype(column.dtype):
        return _finite(column / pandas.Timedelta(days=1))[0], ["holds durations; it became days"]
    present = column.dropna()
    kind = types.infer_dtype(present, skipna=True)
    if kind in ("boolean", "integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return _finite(column)
    if kind in ("date", "datetime", "datetime64"):
        return _days(column), ["holds dates; it became days since 1970-01-01"]
    if kind not in ("string", "mixed-integer"):
        return None, [f"was dropped: it holds {kind} values; expected numbers, dates or texts"]
    text = column.map(lambda value: str(value).strip(), na_action="ignore")
    if len(present) and text.dropna().str.fullmatch(ISO_DATE).all():
        days = _days(text)
        if np.isnan(days).sum() == column.isna().sum():
            return days, ["holds dates; it became days since 1970-01-01"]
    return text.fillna("").to_numpy(dtype=object), _nearly_number(text.dropna()) + _many(
        text.dropna()
    )


def _finite(column: pandas.Series) -> tuple[np.ndarray, list[str]]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    infinite = int(np.isinf(values).sum())
    values[np.isinf(values)] = np.nan
    return values, [f"holds {infinite} infinite values; they count as missing"] if infinite else []


def _days(column: pandas.Series) -> np.ndarray:
    import pandas

    dates = pandas.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    return ((dates - pandas.Timestamp(0, tz="UTC")) / pandas.Timedelta(days=1)).to_numpy(
        dtype=np.float64
    )


def _useless(values: np.ndarray, present: int) -> str:
    """Why nothing can be learnt from a column; empty where something can."""
    import pandas

    distinct = len(
        pandas.unique(values)
    )  # A gap counts as a value of its own: that it is missing can tell something.
    if present == 0:
        return "it is empty"
    if distinct == 1:
        return (
            f"it is {values[0]!r} in every row"
            if values.dtype == object
            else f"it is {values[0]:g} in every row"
        )
    if values.dtype == object:
        if present > 1 and distinct - (present < len(values)) == present:
            return f"its {present} texts are all different, so they name rows and cannot be learnt from"
    elif values[0] in (0.0, 1.0) and np.array_equal(values, values[0] + np.arange(len(values))):
        return "it counts the rows"
    return ""


def _nearly_number(text: pandas.Series) -> list[str]:
    """The sentence for a column of numbers that a few words made into text."""
    import pandas

    words = list(text[np.isnan(np.asarray(pandas.to_numeric(text, errors="coerce"), np.float64))])
    if not 0 < len(words) <= 0.1 * len(text):
        return []
    return [
        f"is read as text, because {len(words)} of its {len(text)} values are no numbers, such as "
        f"{words[0]!r}"
    ]


def _many(text: pandas.Series) -> list[str]:
    distinct = text.nunique()
    if distinct <= MANY_CATEGORIES or distinct == len(text):
        return []
    return [
        f"has {distinct} categories, each an input of the network; leave it out with dataset.drop "
        "if that is too many"
    ]
