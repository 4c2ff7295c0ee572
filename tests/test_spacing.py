import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset.readers.spacing import Spacing, duration


def spacing(times):
    values = np.asarray(times)
    values = values.astype("M8[us]") if values.dtype.kind == "M" else values.astype("float64")
    return Spacing(values, values)


def without(times, *rows):
    return times.delete(list(rows))


def trading_hours(days=60):
    hours = pd.date_range("2024-01-01", periods=24 * days, freq="h")
    return hours[(hours.hour >= 9) & (hours.hour < 17) & (hours.day_of_week < 5)]


@pytest.mark.parametrize(
    ("times", "step", "holes"),
    [
        (pd.date_range("2024-01-01", periods=500, freq="h"), "1 hour", []),
        (without(pd.date_range("2024-01-01", periods=500, freq="h"), 9, 10), "1 hour", [2]),
        (without(pd.date_range("2024-01-01", periods=60, freq="h"), 9, 10, 30), "1 hour", [2, 1]),
        (pd.date_range("1980-01-01", periods=90, freq="MS"), "1 month", []),
        (without(pd.date_range("1980-01-31", periods=90, freq="ME"), 1), "1 month", [1]),
        (without(pd.date_range("1980-01-01", periods=90, freq="MS"), *range(9, 69)), "1 month",
         [60]),
        (without(pd.date_range("1980-01-01", periods=90, freq="QS"), 7), "3 months", [1]),
        (without(pd.date_range("1900-01-01", periods=90, freq="YS"), 7), "12 months", [1]),
        (pd.bdate_range("2024-01-01", periods=90), "1 day", []),
        (without(pd.bdate_range("2024-01-01", periods=90), 4, 30, 31), "1 day", []),
        (without(pd.bdate_range("2024-01-01", periods=90), *range(9, 29)), "1 day", [20]),
        (trading_hours(), "1 hour", []),
        (without(trading_hours(), 43, 44), "1 hour", [2]),
        (without(trading_hours(), *range(40, 48)), "1 hour", []),
        (without(pd.date_range("2024-01-07", periods=50, freq="7D"), 3), "7 days", [1]),
        (np.delete(np.arange(1900, 1990), [5, 6, 7]), "1", [3]),
    ],
)  # fmt: skip
def test_holes_are_counted_in_the_calendar_of_the_series(times, step, holes):
    found = spacing(times)
    assert (found.describe(), found.missing[found.missing > 0].tolist()) == (step, holes)


def test_times_of_events_have_no_holes():
    seconds = np.cumsum(np.random.default_rng(0).exponential(60, 500))
    assert not spacing(seconds).is_regular
    assert not spacing(seconds).missing.any()


def test_an_hour_that_stands_there_twice_makes_no_rest_of_a_hole():
    hours = pd.date_range("2023-04-01", periods=300, freq="h", tz="Australia/Sydney")
    hours = without(hours, *range(140, 145))
    local = hours.tz_localize(None).to_numpy("M8[us]")
    found = Spacing(hours.tz_convert(None).to_numpy("M8[us]"), local)
    assert found.missing[found.missing > 0].tolist() == [5]


def test_clocks_that_are_a_little_off_hide_no_hole():
    times = np.arange(500.0) * 60 + np.random.default_rng(0).uniform(-2, 2, 500)
    found = spacing(np.delete(times, range(100, 130)))
    assert found.missing[found.missing > 0].tolist() == [30]


@pytest.mark.parametrize(
    ("times", "count", "later"),
    [
        (pd.date_range("2024-01-01", periods=50, freq="15min"), 3, "2024-01-01T13:00"),
        (pd.date_range("2023-01-01", periods=13, freq="MS"), 1, "2024-02-01"),
        (pd.date_range("2023-01-31", periods=13, freq="ME"), 1, "2024-02-29"),
        (pd.date_range("2020-01-01", periods=9, freq="QS"), 2, "2022-07-01"),
        (pd.bdate_range("2024-01-01", "2024-03-01"), 1, "2024-03-04"),
        (trading_hours(33), 1, "2024-02-05T09:00"),
        (trading_hours(33), 9, "2024-02-06T09:00"),
    ],
)
def test_what_comes_after_the_last_row_goes_by_its_calendar(times, count, later):
    found = spacing(times)
    assert found.after(found.local[-1], count) == np.datetime64(later)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (np.timedelta64(1, "h"), "1 hour"),
        (np.timedelta64(90, "m"), "90 minutes"),
        (np.timedelta64(2500, "ms"), "2.5 seconds"),
        (np.float64(10), "10"),
    ],
)
def test_a_step_in_words(step, words):
    assert duration(step) == words


@pytest.mark.parametrize(
    ("frequency", "words"),
    [("h", "3 hours"), ("8h", "1 day"), ("MS", "3 months"), ("QE", "9 months"), ("B", "3 rows")],
)
def test_what_lies_ahead_is_said_in_time_or_in_rows(frequency, words):
    times = pd.date_range("2020-01-31", periods=60, freq=frequency).to_numpy("datetime64[us]")
    assert Spacing(times, times).ahead(3) == words


def test_numbers_for_times_lie_rows_ahead():
    times = np.arange(10.0) * 10
    assert Spacing(times, times).ahead(1) == "1 row"
