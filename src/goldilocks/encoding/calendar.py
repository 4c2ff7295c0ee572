"""Dates, as days since 1970-01-01 -> their parts as numbers: years, and pairs that come again.

The days of a year follow from the rules of the Gregorian calendar (H. Hinnant, "chrono-Compatible
Low-Level Date Algorithms", 2021), so that a logged model needs nothing but Keras.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import pandas as pd
from keras import ops

from goldilocks.dataset.readers.calendar import DAYS, YEAR
from goldilocks.dataset.readers.reading import Reading

TURN = 2 * np.pi


def parts_of(days: keras.KerasTensor, parts: Sequence[str]) -> dict[str, keras.KerasTensor]:
    """Return numbers that stand for parts of dates, by what they are.

    A part that comes again is a point on a circle, its sine and cosine: December is next to
    January. float32 numbers of days are right to three minutes.

    Args:
        days: float32 (rows,), NaN where missing.
        parts: As `Reading.parts`; "days" is left out.

    Returns:
        Each float32 (rows,), NaN where the date is missing.
    """
    missing = ops.isnan(days)
    safe = ops.where(missing, 0.0, days)
    day = ops.cast(ops.floor(safe), "int32")
    year, month = _year_and_month(day)
    turns = {
        "month": ops.cast(month - 1, "float32") / 12,
        "weekday": ops.cast(day % 7, "float32") / 7,
        "hour": safe - ops.floor(safe),
    }
    numbers: dict[str, keras.KerasTensor] = {}
    for part in parts:
        if part == YEAR:
            numbers[part] = ops.cast(year, "float32")
        elif part != DAYS:
            numbers[f"{part} sine"] = ops.sin(TURN * turns[part])
            numbers[f"{part} cosine"] = ops.cos(TURN * turns[part])
    return {name: ops.where(missing, np.nan, values) for name, values in numbers.items()}


def _year_and_month(day: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the year and the month, 1 to 12, of days since 1970-01-01; all int32 (rows,)."""
    # Years begin with March here, and days with that of year 0: the leap day is the last one.
    since = day + 719_468
    era = since // 146_097  # of 400 years
    of_era = since - era * 146_097
    leaps = of_era // 1_460 - of_era // 36_524 + of_era // 146_096
    year = (of_era - leaps) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153  # from March on, 0 to 11
    starts_next = ops.cast(month >= 10, "int32")
    return year + 400 * era + starts_next, month + 3 - 12 * starts_next


def expanded(frame: pd.DataFrame, readings: Mapping[str, Reading]) -> pd.DataFrame:
    """Return a table with the parts of its dates in columns of their own, at the end.

    Args:
        frame: As `Dataset.x`.
        readings: As `Dataset.readings`.
    """
    added: dict[str, np.ndarray] = {}
    left_out: list[str] = []
    for name, parts in dated(frame, readings).items():
        days = ops.convert_to_tensor(frame[name].to_numpy("float32"))
        for part, values in parts_of(days, parts).items():
            made = f"{name} ({part})"
            while made in frame.columns or made in added:
                made += "_"
            added[made] = ops.convert_to_numpy(values)
        if DAYS not in parts:
            left_out.append(name)
    if not added:
        return frame
    return frame.drop(columns=left_out).assign(**added)


def dated(frame: pd.DataFrame, readings: Mapping[str, Reading]) -> dict[str, tuple[str, ...]]:
    """Return the parts of each column of dates that has some."""
    of_columns = {name: readings[name].parts for name in frame.columns if name in readings}
    return {name: parts for name, parts in of_columns.items() if parts}
