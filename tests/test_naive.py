import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset.readers.naive import LAST_VALUE, forecasts
from goldilocks.dataset.readers.windows import Windows

HOURS = 24 * 30


def hourly(hours=HOURS, start="2020-01-01"):
    return pd.date_range(start, periods=hours, freq="h").to_numpy("datetime64[us]")


def windows(points=HOURS, columns=1, target=(0,), lookback=6, delay=1, **more):
    values = np.arange(points * columns, dtype="float32").reshape(points, columns)
    names = tuple("abc"[:columns])
    return Windows(values, names, target, lookback, 1, delay, **more)


def test_the_last_value_is_the_forecast_of_every_target_at_every_point():
    series = windows(20, 2, (0, 1), horizon=2)
    naive = forecasts(series, None)
    assert list(naive) == [LAST_VALUE]
    assert naive[LAST_VALUE][np.array([3])].tolist() == [[16, 17, 16, 17]]
    assert naive[LAST_VALUE][:].shape == series.targets.shape
    assert naive[LAST_VALUE][:].dtype == np.float32


def test_a_season_is_the_value_of_the_same_hour_and_of_the_first_day_the_last_value():
    series = windows()
    naive = forecasts(series, hourly())
    assert list(naive) == [LAST_VALUE, "a day before", "a week before"]
    day = naive["a day before"][:][:, 0]
    assert day[:18].tolist() == naive[LAST_VALUE][:18].ravel().tolist()
    assert (series.targets - day)[18:].tolist() == [24] * (len(series) - 18)
    week = naive["a week before"][:][:, 0]
    assert (series.targets - week)[168:].tolist() == [168] * (len(series) - 168)


@pytest.mark.parametrize(("delay", "horizon"), [(1, 60), (30, 1), (24, 25), (100, 3)])
def test_no_forecast_reads_a_value_that_is_not_known_when_the_window_ends(delay, horizon):
    series = windows(delay=delay, horizon=horizon)
    now = series.starts[:, np.newaxis] + series.lookback - 1
    naive = forecasts(series, hourly())
    for forecast in naive.values():
        assert (forecast[:] <= now).all()
    day = naive["a day before"][300:]
    back = series.targets.reshape(len(series), -1)[300:] - day
    assert (back % 24 == 0).all()
    assert (day > now[300:] - 24).all(), "the latest day that is known"


def test_a_season_goes_by_the_clock_over_holes_and_nights_without_rows():
    times = hourly()
    office = times[(pd.DatetimeIndex(times).hour >= 8) & (pd.DatetimeIndex(times).hour < 18)]
    office = np.delete(office, slice(105, 112))
    series = windows(len(office), lookback=3)
    source = forecasts(series, office)["a day before"].sources(slice(None))[:, 0]
    predicted = series.predicted(slice(None))[:, 0]
    known = source >= 0
    assert (office[predicted] - office[source])[known].astype("timedelta64[h]").astype(
        int
    ).tolist() == [24] * known.sum()
    assert (~known).sum() == (10 - 3) + 7, "the first day, and the day after the hole"


def test_a_missing_value_is_the_last_one():
    values = np.arange(HOURS, dtype="float32")[:, np.newaxis]
    values[100] = np.nan
    series = Windows(values, ("a",), (0,), 6, 1, 1)
    row = int(np.flatnonzero(series.predicted(slice(None))[:, 0] == 124)[0])
    assert forecasts(series, hourly())["a day before"][np.array([row])].tolist() == [[123]]


@pytest.mark.parametrize(
    ("frequency", "rows", "names"),
    [
        ("D", 60, ["a week before"]),
        ("D", 500, ["a week before", "a year before"]),
        ("B", 500, ["a week before", "a year before"]),
        ("W", 80, ["a year before"]),
        ("MS", 40, ["a year before"]),
        ("ME", 40, ["a year before"]),
        ("QE", 40, ["a year before"]),
        ("YE", 40, []),
        ("10min", 200, ["a day before"]),
        ("10min", 150, []),
    ],
)
def test_seasons_are_those_that_the_file_is_long_enough_for(frequency, rows, names):
    times = pd.date_range("2015-01-01", periods=rows, freq=frequency).to_numpy("datetime64[us]")
    naive = forecasts(windows(rows, lookback=2), times)
    assert list(naive) == [LAST_VALUE, *names]


def test_a_year_before_a_month_is_the_same_month():
    times = pd.date_range("2015-01-31", periods=40, freq="ME").to_numpy("datetime64[us]")
    series = windows(40, lookback=2)
    year = forecasts(series, times)["a year before"][20:]
    assert (series.targets[20:] - year[:, 0]).tolist() == [12] * len(year)


def test_numbers_for_times_have_no_seasons():
    assert list(forecasts(windows(), np.arange(float(HOURS)))) == [LAST_VALUE]
