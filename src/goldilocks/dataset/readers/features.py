"""Columns of a table -> numbers (float64) and categories (str).

Nothing is fitted here. A column is dropped, with a note, where it cannot help: it is constant, it
names its row, or it holds something that is neither number, date nor text.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api import types

from goldilocks.errors import DataError

NUMBER, CATEGORY = "number", "category"
ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"
MANY_CATEGORIES = 100  # Each category becomes an input of the network.


def prepare(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns that a model can learn from.

    Args:
        frame: Columns of any dtype, one row per example.

    Returns:
        A table with the same rows, whose columns are float64, finite or NaN, or objects that all
        are str; and sentences on what was dropped, converted or is missing.
    """
    usable: dict[str, pd.Series] = {}
    notes: list[str] = []
    missing: list[str] = []
    for name, column in frame.items():
        values, remarks = _column(column)
        notes += [f"Column {name!r} {remark}." for remark in remarks]
        if values is None:
            continue

        gaps = int((values == "").sum() if values.dtype == object else np.isnan(values).sum())
        reason = _useless(values, len(frame) - gaps)
        if reason:
            notes.append(f"Dropped the column {name!r}: {reason}.")
            continue
        # With the dtype, else pandas makes its own str of objects.
        usable[str(name)] = pd.Series(values, frame.index, values.dtype)
        if gaps:
            missing.append(f"{name} {gaps}")

    if missing:
        notes.append(
            f"Missing values, of {len(frame)} rows: {', '.join(missing)}. They are filled in from "
            "training rows."
        )
    return pd.DataFrame(usable, index=frame.index), notes


def conform(frame: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return other rows of a table that was prepared once, with the same kinds of columns.

    Args:
        frame: Has these columns, and maybe others.
        kinds: "number" or "category" by the names of the columns.

    Returns:
        As of `prepare`, the columns in the order of `kinds`; nothing is dropped.

    Raises:
        DataError: A column of numbers holds something else.
    """
    conforming = {}
    for name, kind in kinds.items():
        column = frame[name]
        if kind == CATEGORY:
            values = texts(column)
        else:
            values, _ = _column(column)
            if values is None or values.dtype == object:
                raise DataError(
                    f"The column {name!r} holds {no_number(column)!r}; expected numbers or dates, "
                    "as in the rows that the model was trained on. Correct it, or leave the cell "
                    "empty if the value is unknown."
                )
        conforming[name] = pd.Series(values, frame.index, values.dtype)
    return pd.DataFrame(conforming, index=frame.index)


def kind_of(dtype: str) -> str:
    """Return what a prepared column holds, by its dtype: float64 numbers, else categories."""
    return NUMBER if dtype == "float64" else CATEGORY


def texts(column: pd.Series) -> np.ndarray:
    """Return a column as str objects (rows,), without spaces around them; "" where missing."""
    return (
        column.astype(object)
        .where(column.notna(), "")
        .map(lambda value: str(value).strip())
        .to_numpy(dtype=object)
    )


def no_number(column: pd.Series) -> str:
    """Return the first value of a column that is no number, for a message."""
    present = column.dropna()
    return str(next(iter([*present[_are_no_numbers(present)], *present[:1]]), "nothing"))


def _are_no_numbers(values: pd.Series) -> np.ndarray:
    return np.isnan(np.asarray(pd.to_numeric(values, errors="coerce"), np.float64))


def _column(column: pd.Series) -> tuple[np.ndarray | None, list[str]]:
    """Return a column as float64 or str objects, or None where it is neither; and remarks."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    kind = types.infer_dtype(column, skipna=True)
    if kind in ("boolean", "integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return _finite(column)
    if kind in ("date", "datetime", "datetime64"):
        return _days(column), ["holds dates; it became days since 1970-01-01"]
    if kind == "timedelta64":
        return _finite(column / pd.Timedelta(days=1))[0], ["holds durations; it became days"]
    if kind not in ("string", "mixed-integer"):
        return None, [f"was dropped: it holds {kind} values; expected numbers, dates or texts"]

    present = column.dropna()
    text = column.map(lambda value: str(value).strip(), na_action="ignore")
    if len(present) and text.dropna().str.fullmatch(ISO_DATE).all():
        days = _days(text)
        if np.isnan(days).sum() == column.isna().sum():
            return days, ["holds dates; it became days since 1970-01-01"]
    remarks = _nearly_number(text.dropna()) + _many(text.dropna())
    return text.fillna("").to_numpy(dtype=object), remarks


def _finite(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    infinite = int(np.isinf(values).sum())
    values[np.isinf(values)] = np.nan
    return values, [f"holds {infinite} infinite values; they count as missing"] if infinite else []


def _days(column: pd.Series) -> np.ndarray:
    dates = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    days = (dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    return days.to_numpy(dtype=np.float64)


def _useless(values: np.ndarray, present: int) -> str:
    """Return why nothing can be learnt from a column; "" where something can."""
    # A gap counts as a value of its own: that it is missing can tell something.
    distinct = len(pd.unique(values))
    if present == 0:
        return "it is empty"
    if distinct == 1:
        value = repr(values[0]) if values.dtype == object else f"{values[0]:g}"
        return f"it is {value} in every row"
    if values.dtype == object:
        if present > 1 and distinct - (present < len(values)) == present:
            return (
                f"its {present} texts are all different, so they name rows and cannot be learnt "
                "from"
            )
    elif values[0] in (0.0, 1.0) and np.array_equal(values, values[0] + np.arange(len(values))):
        return "it counts the rows"
    return ""


def _nearly_number(text: pd.Series) -> list[str]:
    """Return the remark on a column of numbers that a few words made into text."""
    words = list(text[_are_no_numbers(text)])
    if not 0 < len(words) <= 0.1 * len(text):
        return []
    return [
        f"is read as text, because {len(words)} of its {len(text)} values are no numbers, such as "
        f"{words[0]!r}"
    ]


def _many(text: pd.Series) -> list[str]:
    distinct = text.nunique()
    if distinct <= MANY_CATEGORIES or distinct == len(text):
        return []
    return [
        f"has {distinct} categories, each an input of the network; leave it out with dataset.drop "
        "if that is too many"
    ]
