import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldilocks.dataset.readers.dates import (
    formats,
    names_a_year,
    read_as,
    read_dates,
    read_epochs,
)

TWO_YEARS = pd.date_range("2021-01-01", periods=700, freq="D")
MONTHS = pd.date_range("2001-01-01", periods=240, freq="MS")


def read(cells):
    return read_dates(pd.Series(cells, dtype="str"))


@pytest.mark.parametrize(
    ("format", "times"),
    [
        ("%d.%m.%Y", TWO_YEARS),
        ("%d.%m.%y", TWO_YEARS),
        ("%m/%d/%Y", TWO_YEARS),
        ("%d/%m/%y %H:%M", TWO_YEARS),
        ("%Y%m%d", TWO_YEARS),
        ("%d %b %Y", TWO_YEARS),
        ("%B %d, %Y", TWO_YEARS),
        ("%m/%d/%Y %I:%M %p", pd.date_range("2024-01-01", periods=24 * 17, freq="h")),
        ("%Y%m", MONTHS),
        ("%b-%y", pd.date_range("1990-01-01", periods=240, freq="MS")),
        ("%G-W%V", pd.date_range("2020-01-06", periods=60, freq="W-MON")),
        ("%GW%V", pd.date_range("2020-01-06", periods=60, freq="W-MON")),
        ("%G-W%V-%u", TWO_YEARS),
        ("%Y%m%d %H%M", pd.date_range("2024-01-01", periods=200, freq="17min")),
        ("%d. %b. %Y", TWO_YEARS),
        ("%b. %d, %Y", TWO_YEARS),
        ("%b %d %Y", TWO_YEARS),
        ("%a, %d %b %Y", TWO_YEARS),
        ("%a %m/%d/%Y", TWO_YEARS),
        ("%m/%d/%Y %I:%M%p", pd.date_range("2024-01-01", periods=24 * 17, freq="h")),
    ],
)
def test_one_format_explains_all_cells(format, times):
    [reading] = read(times.strftime(format))
    assert reading.format == format
    np.testing.assert_array_equal(reading.values, times.to_numpy("datetime64[us]"))


def test_iso_dates_may_have_times_and_one_kind_of_zone():
    [reading] = read(["2020-01-01T02:00:00+02:00", None, "2020-01-01T01:00:00Z"])
    assert reading.format == "ISO8601"
    first, gap, last = reading.values
    assert first == np.datetime64("2020-01-01T00:00")
    assert np.isnat(gap)
    assert last == np.datetime64("2020-01-01T01:00")
    assert [str(value)[:10] for value in read(["2020-03", "2020-04"])[0].values] == [
        "2020-03-01",
        "2020-04-01",
    ]


@pytest.mark.parametrize("format", [format for format in formats() if "%q" in format])
def test_a_quarter_stands_for_its_first_day(format):
    days = pd.date_range("2019-01-01", periods=12, freq="QS")
    written = [day.strftime(format.replace("%q", str(day.quarter))) for day in days]
    [reading] = read([*written, None])
    assert reading.format == format
    np.testing.assert_array_equal(reading.values[:-1], days.to_numpy("datetime64[us]"))
    assert read(["2024-Q5", "2024-Q1"]) == []


@pytest.mark.parametrize("zone", [" UTC", "UTC", " GMT", "Z", "+00:00"])
def test_utc_has_several_names(zone):
    [reading] = read([f"2024-01-05 10:30{zone}", f"2024-01-06 10:30{zone}"])
    assert reading.values[0] == np.datetime64("2024-01-05T10:30")
    assert read([f"2024-01-05 10:30{zone}", "2024-01-06 10:30"]) == []


@pytest.mark.parametrize("format", ["%d.%m.%Y %H:%M", "%d/%m/%Y", "%m/%d/%y", "%d-%m-%y"])
def test_days_and_months_that_could_change_places_are_both_returned(format):
    readings = read(pd.date_range("2024-03-01", periods=12, freq="D").strftime(format))
    assert len(readings) >= 2
    assert format in {reading.format for reading in readings}


@pytest.mark.parametrize(("format", "complete"), [("%b-%y", "%b-%y"), ("%y-%b", "%y-%b")])
def test_a_month_with_a_small_number_may_be_a_day_without_a_year(format, complete):
    readings = read(MONTHS.strftime(format))
    assert [reading.format for reading in readings if names_a_year(reading.format)] == [complete]
    assert len(readings) == 2


@pytest.mark.parametrize("format", ["%d/%m/%Y", "%d.%m.%y", "%d %b %Y", "%G-W%V", "ISO8601"])
def test_a_format_that_begins_like_a_day_without_a_year_may_name_one(format):
    assert names_a_year(format)


def test_a_day_without_a_year_is_told():
    [reading] = read(["01.02.", "17.02."])
    assert not names_a_year(reading.format)


@pytest.mark.parametrize(
    "cells",
    [
        ["a", "b"],
        [],
        [None],
        ["13.12.2020", "12.13.2020"],
        ["1 März 2023"],
        ["2024-01-31 24:00"],
        ["2020-01-01 00:00", "2020-01-01T01:00:00+01:00"],
        ["2020-01-01", "Total"],
    ],
)
def test_other_cells_are_no_dates(cells):
    assert read(cells) == []


def test_a_format_that_was_given_reads_what_fits():
    times = read_as(pd.Series(["Jan-01", "Total"]), "%b-%y")
    assert times[0] == np.datetime64("2001-01-01")
    assert np.isnat(times[1])


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6)])
def test_numbers_since_1970(unit, factor):
    seconds = np.array([1_700_000_000, 1_700_003_600]) * factor
    reading = read_epochs(np.append(seconds, np.nan))
    assert reading.format == f"epoch in {unit}"
    assert reading.values[1] == np.datetime64("2023-11-14T23:13:20")
    assert np.isnat(reading.values[2])
    assert read_epochs(np.arange(10.0)) is None


@given(
    format=st.sampled_from([f for f in formats() if "%d" in f and names_a_year(f)]),
    times=st.lists(
        st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2067, 1, 1)),
        min_size=1,
        max_size=12,
    ),
)
def test_dates_in_a_person_s_format_are_read_back_or_asked(format, times):
    written = [time.strftime(format) for time in times]
    expected = np.array(
        [datetime.datetime.strptime(text, format) for text in written], "datetime64[us]"
    )
    readings = read(written)
    assert any(np.array_equal(reading.values, expected) for reading in readings)
