"""Cells as people write dates and times -> points of time in UTC.

A format explains a column if it reads every cell. Two that read the same cells as different times
are both returned, and the caller asks. What a text does not say is never guessed: a day and a month
without a year are no date; a month alone stands for its first day.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources
from itertools import product

import numpy as np
import pandas as pd
import yaml

ISO = "ISO8601"
# Of the quarters (%q), which stand for their first day.
FIRST_MONTHS = {"1": "-01", "2": "-04", "3": "-07", "4": "-10"}
TIME_OF_DAY = re.compile(r"\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*([AaPp][Mm])?\s*")
ZONE = re.compile(r"(?:Z| ?UTC| ?GMT|[+-]\d{2}:?\d{2})$")
FIRST_YEAR, LAST_YEAR = 1000, 2999  # else digits are no year
MINUTES = len("2020-01-31T05:00")
SAMPLE = 20  # cells that rule out most formats at once

# Whole numbers that count seconds or milliseconds since 1970: from 1973 to 2100.
EPOCHS = (("s", 1e8, 4.1e9), ("ms", 1e11, 4.1e12), ("us", 1e14, 4.1e15), ("ns", 1e17, 4.1e18))


@dataclass(frozen=True)
class DateReading:
    """A column read as dates in one format.

    Attributes:
        format: Of `strptime`, or "ISO8601".
        values: datetime64[us] (rows,) in UTC; NaT where missing.
    """

    format: str
    values: np.ndarray


def read_dates(cells: pd.Series) -> list[DateReading]:
    """Return every reading of a column as dates that explains all of its cells.

    Args:
        cells: Texts; missing where there is none.

    Returns:
        One reading; several that differ in their times, those without a year among them; none where
        the cells are no dates.
    """
    positions, distinct = pd.factorize(cells.str.strip())
    texts = pd.Series(distinct, dtype="str")
    if not texts.str.contains(r"\d").all() or not len(texts):  # All formats have digits.
        return []
    sample = texts.iloc[np.unique(np.linspace(0, len(texts) - 1, SAMPLE).astype(int))]
    shape = _shape(sample.iloc[0])

    readings: list[DateReading] = []
    for format in formats():
        if format != ISO and _shape(format) != shape:
            continue
        if _parse(sample, format) is None:
            continue
        parsed = _parse(texts, format)
        if parsed is None or any(np.array_equal(parsed, other.values) for other in readings):
            continue
        readings.append(DateReading(format, parsed))
    return [
        DateReading(reading.format, np.append(reading.values, np.datetime64("NaT"))[positions])
        for reading in readings
    ]


def read_as(cells: pd.Series, format: str) -> np.ndarray:
    """Return a column in a format that a person gave; NaT where it does not fit."""
    return _to_datetime(cells.str.strip(), format).to_numpy("datetime64[us]")


def names_a_year(format: str) -> bool:
    """Return whether a format of `read_dates` says which year is meant."""
    return format == ISO or any(year in format for year in ("%Y", "%y", "%G"))


def name_zones(texts: pd.Series) -> pd.Series:
    """Return which texts end in a time zone, such as Z or +01:00, bool."""
    return texts.str.contains(ZONE) & texts.str.contains(":")


def shown(time: np.datetime64 | np.float64) -> str:
    """Return a point of time as people write it, without a clock that says midnight.

    >>> shown(np.datetime64("2020-01-02T00:00")), shown(np.datetime64("2020-01-02T05:30"))
    ('2020-01-02', '2020-01-02 05:30')
    """
    if not isinstance(time, np.datetime64):
        return f"{time:.15g}"
    day, clock = str(time.astype("datetime64[us]")).split("T")
    clock = clock.removesuffix(".000000").removesuffix(":00")
    return day if clock == "00:00" else f"{day} {clock}"


def write(time: np.datetime64 | np.float64, format: str, example: str) -> str:
    """Return a point of time as an example is written.

    Args:
        time: Without its zone.
        format: Of `DateReading`; "" of numbers.
        example: Has this format; the zone is taken from it, and how much an ISO time says.

    >>> write(np.datetime64("2020-01-31T05:00", "us"), "ISO8601", "2020-01-30 00:00+01:00")
    '2020-01-31 05:00+01:00'
    """
    if not isinstance(time, np.datetime64):
        return shown(time)
    if format.startswith("epoch"):
        return str(int((time - np.datetime64(0, "us")) / np.timedelta64(1, format.split()[-1])))
    if format != ISO:
        quarter = str(pd.Timestamp(time).quarter)
        return pd.Timestamp(time).strftime(format.replace("%q", quarter))

    zone = None
    if ":" in example:
        zone = ZONE.search(example)
    stem = example
    if zone:
        stem = example[: zone.start()]
    text = str(time)[: max(len(stem), MINUTES if time.astype("M8[D]") != time else 0)]
    return text.replace("T", stem[10:11] or " ") + (zone.group() if zone else "")


def read_epochs(values: np.ndarray) -> DateReading | None:
    """Return whole numbers as seconds, milli-, micro- or nanoseconds since 1970; None if unlike."""
    present = values[~np.isnan(values)]
    for unit, least, most in EPOCHS:
        if len(present) and (present >= least).all() and (present <= most).all():
            times = pd.to_datetime(pd.Series(values), unit=unit, utc=True)
            return DateReading(f"epoch in {unit}", times.to_numpy("datetime64[us]"))
    return None


@functools.cache
def formats() -> tuple[str, ...]:
    """Return every format that is tried, in the order in which the first of two alike is taken."""
    text = resources.files("goldilocks.dataset.readers").joinpath("dates.yaml").read_text("utf-8")
    table = yaml.safe_load(text)
    of_days = [f"{day} {clock}".strip() for day, clock in product(table["days"], table["clocks"])]
    return *table["alone"], *of_days


@functools.cache
def _shape(written: str) -> str:
    """Return a date or a format with "9" for numbers and "a" for words: "9. a 9" of "5. May 2020".

    >>> _shape("5. May 2020"), _shape("%d. %B %Y")
    ('9. a 9', '9. a 9')
    """
    written = re.sub(r"%[abBp]", "a", re.sub(r"%[^abBp]", "9", written))
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", " ".join(written.split())))


def _parse(texts: pd.Series, format: str) -> np.ndarray | None:
    """Return texts as times, datetime64[us]; None if one of them is not in this format."""
    if format == ISO and not _is_iso(texts):
        return None
    parsed = _to_datetime(texts, format)
    years = parsed.dt.year
    if parsed.isna().any() or years.min() < FIRST_YEAR or years.max() > LAST_YEAR:
        return None
    return parsed.to_numpy("datetime64[us]")


def _is_iso(texts: pd.Series) -> bool:
    """Return whether texts begin with year and month, and all or none name their time zone."""
    return bool(
        texts.str.match(r"\d{4}-\d{2}|\d{8}T\d{4}").all() and name_zones(texts).nunique() == 1
    )


def _to_datetime(texts: pd.Series, format: str) -> pd.Series:
    if format == ISO:
        texts = texts.str.replace(r" ?(?:UTC|GMT)$", "Z", regex=True)
    if format.startswith("%G") and "%u" not in format:  # pandas reads weeks with a day alone.
        texts, format = texts + "-1", f"{format}-%u"
    if "%q" in format:
        pattern = format.replace("%Y", r"(?P<year>\d{4})").replace("%q", "(?P<quarter>[1-4])")
        parts = texts.str.extract(f"^{pattern}$")
        texts = parts["year"] + parts["quarter"].map(FIRST_MONTHS).astype("str")
        format = "%Y-%m"
    times = pd.to_datetime(texts, format=format, errors="coerce", utc=True)
    return times.dt.tz_localize(None)
