import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset.readers import dates, times
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.errors import DataError

RNG = np.random.default_rng(0)


def rows(stamps, **columns):
    """The cells of a file, all texts."""
    values = {"at": list(stamps), "kwh": RNG.normal(50, 5, len(stamps)).round(2), **columns}
    return pd.DataFrame(values).astype("str")


def read(frame, *names, path="file.csv"):
    return times.read(frame, names or ["at"], path, ReadingOptions())


def wall_clock(start, count, step, zone, style="%Y-%m-%d %H:%M"):
    """Rows as clocks on the wall show them, in the order of time."""
    return rows(pd.date_range(start, periods=count, freq=step, tz=zone).strftime(style))


@pytest.mark.parametrize(
    ("start", "count", "step", "zone", "style"),
    [
        ("2023-10-01", 900, "h", "Europe/Berlin", "%Y-%m-%d %H:%M"),
        ("2022-09-01", 20_000, "h", "Europe/Berlin", "%d.%m.%Y %H:%M"),
        ("2023-10-20", 800, "30min", "Europe/London", "%Y-%m-%d %H:%M"),
        ("2023-10-29", 800, "15min", "America/New_York", "%m/%d/%Y %I:%M %p"),
        ("2023-10-28", 3000, "min", "Europe/Lisbon", "%Y-%m-%d %H:%M:%S"),
        ("2023-03-01", 9000, "h", "Australia/Sydney", "%Y-%m-%d %H:%M"),
    ],
)
@pytest.mark.parametrize("newest_first", [False, True])
def test_clocks_that_are_put_back_are_read_in_the_order_of_the_rows(
    start, count, step, zone, style, newest_first
):
    frame = wall_clock(start, count, step, zone, style)
    if newest_first:
        frame = frame[::-1].reset_index(drop=True)
    points = read(frame)
    assert len(np.unique(np.diff(points.values))) == 1, "put forward, they leave no hole either"
    expected = np.arange(count)
    assert points.rows.tolist() == (expected[::-1] if newest_first else expected).tolist()
    assert any("Clocks were put back, and an hour stands there twice" in it for it in points.notes)


def test_a_row_that_is_missing_hides_no_change_of_clocks_and_a_repeated_one_is_none():
    frame = wall_clock("2023-10-20", 900, "15min", "Europe/Berlin")
    hour = np.flatnonzero(frame["at"].str.startswith("2023-10-29 02:"))
    points = read(frame.drop(index=hour[[3, 4]]).reset_index(drop=True))
    steps = np.diff(points.values) / np.timedelta64(15, "m")
    assert steps.max() == 3
    stamps = pd.date_range("2023-10-29", periods=90, freq="15min").strftime("%Y-%m-%d %H:%M")
    frame = rows(stamps)
    again = pd.concat([frame[:10], frame[9:]], ignore_index=True)
    assert any("Left out 1 row repeating" in note for note in read(again).notes)


def test_an_hour_that_stands_there_twice_with_equal_cells_is_of_clocks():
    frame = wall_clock("2023-10-01", 900, "h", "Europe/Berlin").assign(kwh="0")
    assert len(read(frame).rows) == 900


def test_times_that_name_their_zone_need_no_order():
    frame = wall_clock("2023-10-01", 900, "h", "Europe/Berlin", "%Y-%m-%d %H:%M%z")
    points = read(frame.sample(frac=1, random_state=0).reset_index(drop=True))
    assert len(np.unique(np.diff(points.values))) == 1
    assert points.local[0] == np.datetime64("2023-10-01")
    assert any(np.diff(points.local) == np.timedelta64(0))


@pytest.mark.parametrize("order", ["by time", "by chance"])
def test_an_hour_of_changed_clocks_in_no_order_is_asked_about(order):
    frame = wall_clock("2023-10-20", 900, "15min", "Europe/Berlin")
    frame = frame.sample(frac=1, random_state=0)
    if order == "by time":
        frame = frame.sort_values("at", kind="stable")
    with pytest.raises(
        DataError, match=r"4 values .+ in an hour in which clocks are put back, .+ Sort the rows so"
    ):
        read(frame.reset_index(drop=True))


@pytest.mark.parametrize("day", ["2023-07-30", "2023-10-25"])
def test_an_hour_twice_in_summer_or_in_the_week_is_not_of_clocks(day):
    stamps = pd.date_range(day, periods=24, freq="h").strftime("%Y-%m-%d %H:%M")
    with pytest.raises(DataError, match=r"1 values .+ in rows 3 and 4, where kwh is .+ the other"):
        read(rows(stamps[[*range(3), *range(2, 24)]]))


HOURS = pd.date_range("2024-01-14", periods=240, freq="h").strftime("%Y-%m-%d %H:%M")


def test_rows_that_repeat_another_one_are_left_out_and_counted():
    frame = rows(HOURS)
    points = read(pd.concat([frame, frame[100:103]], ignore_index=True))
    assert points.rows.tolist() == list(range(240))
    assert points.notes == (
        "Left out 3 rows repeating another one in every cell; the first is row 241.",
    )


def test_a_time_with_other_values_is_refused_although_rows_are_repeated_too():
    frame = rows(HOURS)
    again = frame[50:51].assign(kwh="7")
    with pytest.raises(
        DataError,
        match=r"1 values .+, the first is '2024-01-16 02:00' in rows 51 and 242, where kwh is "
        r"'.+' and '7'; expected one row for each point of time\. Keep the row that is right",
    ):
        read(pd.concat([frame, frame[100:101], again], ignore_index=True))


@pytest.mark.parametrize("by_time", [False, True])
@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"store": ["A", "B", "C"]},
            "3 series, told apart by 'store'; expected one. .+ those with store='A'",
        ),
        ({"id": ["7", "9"]}, "2 series, told apart by 'id'; expected one. .+ those with id='7'"),
        (
            {"store": ["A", "A", "B", "B"], "item": ["x", "y", "x", "y"]},
            "4 series, told apart by 'store' and 'item'; .+ with store='A' and item='x'",
        ),
    ],
)
def test_several_series_in_one_file_are_named_by_the_column_that_tells_them_apart(
    by_time, columns, words
):
    count = len(next(iter(columns.values())))
    parts = [
        rows(HOURS, **{name: names[part] for name, names in columns.items()})
        for part in range(count)
    ]
    frame = pd.concat(parts, ignore_index=True)
    if by_time:
        frame = frame.sort_values("at", kind="stable").reset_index(drop=True)
    with pytest.raises(DataError, match=words):
        read(frame)


def test_a_column_that_differs_in_a_few_rows_does_not_make_two_series():
    frame = rows(HOURS, quality="good")
    again = frame[50:51].assign(kwh="7", quality="bad")
    with pytest.raises(DataError, match=r"quality is 'good' and 'bad'; expected one row"):
        read(pd.concat([frame, again], ignore_index=True))


def test_two_series_that_no_column_tells_apart_are_said_to_be_so():
    with pytest.raises(
        DataError, match=r"stands there 2 times, and not in a row, .+ no column tells them apart"
    ):
        read(pd.concat([rows(HOURS), rows(HOURS)], ignore_index=True))


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        ([stamp[:10] for stamp in HOURS], "Each of 10 times stands there 24 times in a row"),
        (np.repeat(HOURS, 4), "Each of 240 times stands there 4 times in a row"),
    ],
)
def test_times_that_are_cut_off_are_said_to_lack_a_part(stamps, words):
    with pytest.raises(DataError, match=f"{words}, so that a part of the time is missing"):
        read(rows(stamps))


@pytest.mark.parametrize(
    ("style", "clock"),
    [("%Y-%m-%d", "%H:%M"), ("%d/%m/%Y", "%H:%M:%S"), ("%d.%m.%Y", "%I:%M %p")],
)
@pytest.mark.parametrize("given", ["day", "hour"])
def test_the_other_half_of_a_time_is_named_and_what_is_typed_then_works(style, clock, given):
    stamps = pd.to_datetime(pd.Series(HOURS))
    frame = rows(HOURS, day=stamps.dt.strftime(style), hour=stamps.dt.strftime(clock))
    frame = frame.drop(columns="at")
    with pytest.raises(DataError, match=r"Type 'dataset\.time=\[day,hour\]'\."):
        read(frame, given)
    assert read(frame, "day", "hour").values.tolist() == stamps.to_numpy("M8[us]").tolist()


def test_years_months_days_and_hours_in_columns_of_their_own_are_one_time():
    stamps = pd.Series(pd.date_range("2019-12-01", periods=24 * 400, freq="h"))
    parts = {name: getattr(stamps.dt, name) for name in ("year", "month", "day", "hour")}
    frame = rows(stamps, **parts).drop(columns="at")
    names = ["year"]
    for name in ("month", "day", "hour"):
        with pytest.raises(DataError, match=rf",{name}\]'\."):
            read(frame, *names)
        names.append(name)
    assert read(frame, *names).values.tolist() == stamps.to_numpy("M8[us]").tolist()
    assert read(frame[5:9].reset_index(drop=True), *names).local[0] == stamps[5]


def test_hours_from_0_are_times_of_day_and_hours_from_1_are_asked_about():
    stamps = pd.to_datetime(pd.Series(HOURS))
    frame = rows([stamp[:10] for stamp in HOURS], hour=stamps.dt.hour)
    with pytest.raises(DataError, match=r"Type 'dataset\.time=\[at,hour\]'\."):
        read(frame)
    assert read(frame, "at", "hour").values.tolist() == stamps.to_numpy("M8[us]").tolist()
    frame["hour"] = (stamps.dt.hour + 1).astype("str")
    with pytest.raises(DataError, match=r"from 1 to 24, which may be when they begin or when"):
        read(frame)


def test_columns_of_parquet_types_beside_the_time_and_categories_as_the_time_are_read():
    days = [f"2020-01-{day:02}" for day in range(1, 29)]
    frame = rows(days).assign(at=pd.Categorical(days), raw=[b"\xff"] * 28, some=[[1, 2]] * 28)
    assert read(frame).format == dates.ISO
    twice = pd.concat([frame, frame.assign(kwh="7")], ignore_index=True)
    with pytest.raises(DataError, match="stand there more than once"):
        read(twice)
    letters = frame.assign(at=pd.Categorical(["a", "b"] * 14))
    with pytest.raises(DataError, match="28 of 28 values of the column 'at' are no times"):
        read(letters)
