"""Dates -> the parts of them that say something: year, month, weekday and hour.

Nothing is fitted here, and no target is read: like every reading, it follows from all cells of a
column. `encoding.calendar` makes numbers of the parts.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from goldilocks.dataset.readers.features import Prepared
from goldilocks.dataset.readers.reading import DATE, ReadingOptions
from goldilocks.errors import DataError

DAYS, YEAR = "days", "year"
# The days after which each part comes again; a year does not, and needs as many of them.
PERIODS = {YEAR: 365.25, "month": 365.25, "weekday": 7.0, "hour": 1.0}
SEEN = 2  # periods that dates span, so that training rows have more than one of them
DAYS_OF_MONTH = 4  # different ones: month ends have four, and say nothing of weekdays


def informative(days: np.ndarray) -> tuple[str, ...]:
    """Return the parts that vary, and that dates span two periods of.

    Dates of months, quarters or years have no weekdays, although they fall on some. Hours vary by
    more than the one by which clocks are changed.

    Args:
        days: Since 1970-01-01, float64 (rows,), NaN where missing.
    """
    present = days[np.isfinite(days)]
    spanned = np.ptp(present) if len(present) else 0.0
    dates = np.floor(present).astype("int64").astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    varies = {
        YEAR: True,
        "month": len(np.unique(months.astype(int) % 12)) > 1,
        "weekday": len(np.unique(dates.astype(int) % 7)) > 1
        and len(np.unique(dates - months)) > DAYS_OF_MONTH,
        "hour": _hours(present) > 1,
    }
    return tuple(
        part for part, period in PERIODS.items() if varies[part] and spanned >= SEEN * period
    )


def _hours(days: np.ndarray) -> float:
    """Return the hours of the day that times lie within, midnight being between 23:59 and 0:01."""
    hours = np.unique((days % 1 * 24).round(4))
    if not len(hours):
        return 0.0
    return 24.0 - float(np.diff(hours, append=hours[0] + 24).max())


def with_parts(
    prepared: Prepared, path: Path, options: ReadingOptions, time: Sequence[str]
) -> Prepared:
    """Return columns whose dates have the parts that are inputs.

    Days since 1970 are always one of them, but of the time that divides the rows: later rows have
    later days and years than any training row, and only parts that come again are inputs.

    Args:
        prepared: The columns of a table.
        path: Its file, for messages.
        options: `date_parts` is "auto" or a list.
        time: The columns of `dataset.time`.

    Raises:
        DataError: Parts were typed, and there are no dates to have them.
    """
    x, remarks = prepared.x, dict(prepared.remarks)
    unused = [name for name in time if name not in x]  # As a counter of rows, which orders them.
    readings = {name: one for name, one in prepared.readings.items() if name not in unused}
    chosen, is_typed, has_parts = options.date_parts, options.date_parts != "auto", False
    for name in list(x.columns):
        reading, is_time = readings[name], name in time
        parts: tuple[str, ...] = ()
        if reading.kind == DATE:
            parts = tuple(chosen) if is_typed else informative(x[name].to_numpy())
        if is_time:
            parts = tuple(part for part in parts if part != YEAR)
        has_parts |= bool(parts)
        if is_time and not parts:
            x = x.drop(columns=name)
            del readings[name], remarks[name]
        elif parts:
            *first, last = parts
            listed = " and ".join([", ".join(first), last] if first else [last])
            readings[name] = replace(reading, parts=parts if is_time else (DAYS, *parts))
            words = f"is an input by its {listed} too"
            if is_time:
                inputs = "are inputs" if first else "is an input"
                words = (
                    f"divides the rows by time; its {listed} {inputs}, and its days are not, "
                    "because those of later rows are new"
                )
            remarks[name] = [*remarks[name], words]

    if is_typed and chosen and not has_parts:
        dates = "column of dates"
        if YEAR in chosen and time:
            dates += " beside dataset.time, whose later years no training row has"
        raise DataError(
            f"dataset.date_parts is [{','.join(chosen)}], and {path} has no {dates} that is an "
            "input; expected one. Leave out dataset.date_parts, or say how dates are written: "
            "dataset.date_format."
        )
    return replace(prepared, x=x, readings=readings, remarks=remarks)
