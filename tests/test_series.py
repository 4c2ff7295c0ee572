import numpy as np
import pandas
import pytest

from goldilocks.dataset import series
from goldilocks.dataset.readers.naive import LAST_VALUE
from goldilocks.encoding import encoder
from goldilocks.errors import DataError
from goldilocks.protocol import holdout, kfold

HOURS = 80
HOW = {
    "drop": [],
    "header": None,
    "decimal": "auto",
    "date_format": None,
    "lookback": 4,
    "step": 1,
    "delay": 1,
    "lags": None,
    "difference": "auto",
    "horizon": 1,
    "fill": 0,
    "purge": True,
    "subset": None,
}


@pytest.fixture
def write(tmp_path):
    def written(name="series.csv", **columns):
        frame = pandas.DataFrame({**table(), **columns})
        frame.to_csv(tmp_path / name, index=False)
        return str(tmp_path / name)

    return written


def table():
    rng = np.random.default_rng(0)
    times = pandas.date_range("2020-01-01", periods=HOURS, freq="h").astype(str)
    return {
        "when": times,
        "load": rng.normal(50, 9, HOURS).round(3),
        "wind": rng.normal(5, 2, HOURS).round(3),
    }


def load(file, *, time="when", target="load", **changes):
    return series.load(file=file, time=time, target=target, **{**HOW, **changes})


def test_the_facts(write):
    data = load(write())
    frame = table()
    assert (data.kind, data.problem, data.classes) == ("series", "regression", ())
    assert data.x.columns == ("load", "wind")
    assert data.x.target == (0,)
    assert len(data.x) == len(data.y) == HOURS - 4
    assert data.y.tolist() == pytest.approx(frame["load"][4:].tolist())
    assert list(data.naive) == [LAST_VALUE, "a day before"]
    last_values = data.naive[LAST_VALUE][:][:, 0]
    assert last_values.tolist() == pytest.approx(frame["load"][3:-1].tolist())
    assert data.overlap == 4
    assert load(write(), purge=False).overlap == 3
    assert data.notes == ()


def test_several_columns_and_points_are_outputs_named_by_what_and_when(write):
    data = load(write(), target=["load", "wind"], horizon=3, delay=2)
    frame = table()
    assert list(data.outputs)[:3] == ["load +2 hours", "wind +2 hours", "load +3 hours"]
    assert data.y.shape == (HOURS - 7, 6)
    assert data.y[0] == pytest.approx(
        [frame[name][row] for row in (5, 6, 7) for name in ("load", "wind")]
    )
    assert (data.target, data.x.target, data.overlap) == ("load, wind", (0, 1), 7)
    assert list(load(write(), target="load,wind").outputs) == ["load", "wind"]
    assert list(load(write(), horizon=2).outputs) == ["load +1 hour", "load +2 hours"]


def test_no_window_predicts_a_point_at_which_one_of_several_targets_is_missing(write):
    wind = table()["wind"]
    wind[40] = np.nan
    data = load(write(wind=wind), target=["load", "wind"], horizon=2)
    assert not (data.x.predicted(slice(None)) == 40).any()
    assert "Left out 2 windows, because a value of 'load', 'wind' that they would" in data.notes[-1]


def test_parts_stay_apart_as_far_as_the_horizon_reaches(write):
    data = load(write(), horizon=6)
    splits = [
        *holdout.split(data, validation=0.25, test=0.25, seed=0),
        *kfold.split(data, k=3, shuffle=False, test=0.25, seed=0),
    ]
    for split in splits:
        for earlier, later in ((split.train, split.validation), (split.validation, split.test)):
            assert data.x.predicted(earlier).max() < data.x.starts[later].min()


def test_rows_are_sorted_by_time_and_say_so(write):
    order = np.random.default_rng(1).permutation(HOURS)
    mixed = load(
        write("mixed.csv", **{name: np.asarray(column)[order] for name, column in table().items()})
    )
    assert mixed.digest == load(write()).digest
    assert mixed.notes == ("Sorted the rows by when.",)


def test_numbers_are_times_as_well(write):
    assert load(write(when=np.arange(HOURS) * 10)).digest == load(write()).digest


def test_a_gap_is_filled_with_the_value_before_and_never_with_one_after(write):
    load_values = table()["load"]
    load_values[[0, 30, 31]] = np.nan
    data = load(write(load=load_values))
    assert (
        data.x.values[29, 0]
        == data.x.values[30, 0]
        == data.x.values[31, 0]
        == pytest.approx(load_values[29])
    )
    assert data.x.starts[0] == 1, "no value is known before the second row"
    assert data.notes == (
        "No window crosses the 1 hole in when; the first: 1 row without 'load' from 2020-01-01 to "
        "2020-01-01.",
        "Filled 2 missing values with the ones before them in time.",
        "Left out 2 windows, because the value of 'load' that they would predict is missing.",
    )


def test_a_target_that_was_filled_in_is_predicted_in_no_part(write):
    values = table()["load"]
    missing = [20, 21, 50, 70, 75]
    values[missing] = np.nan
    data = load(write(load=values))
    predicted = data.x.starts + data.x.reach
    assert set(range(4, HOURS)) - set(predicted) == set(missing)
    assert data.y.tolist() == pytest.approx(values[predicted].tolist())
    assert np.isfinite(data.naive[LAST_VALUE][:]).all()


@pytest.mark.parametrize("how", ["rows", "cells"])
def test_no_window_crosses_a_hole_be_it_of_rows_or_of_cells(tmp_path, how):
    frame = pandas.DataFrame(table())
    if how == "rows":
        frame = frame.drop(index=range(40, 47))
    else:
        frame.loc[40:46, ["load", "wind"]] = np.nan
    frame.to_csv(tmp_path / "holes.csv", index=False)
    data = load(str(tmp_path / "holes.csv"))
    where = {"from": "2020-01-02 16:00", "to": "2020-01-02 22:00"}
    assert data.holes == [{**where, "rows": 7, "column": ""}]
    assert len(data.x) == (40 - 4) + (HOURS - 47 - 4)
    assert np.isfinite(data.x.seen(np.arange(len(data.x)))).all()
    assert np.isfinite(data.y).all()
    kept = data.cell_keys[: 40 - 4].tolist()
    assert kept == load(write_whole(tmp_path)).cell_keys[: 40 - 4].tolist()


def write_whole(folder):
    pandas.DataFrame(table()).to_csv(folder / "whole.csv", index=False)
    return str(folder / "whole.csv")


def test_short_holes_are_filled_where_that_is_asked_for_and_their_targets_are_not_predicted(
    tmp_path,
):
    frame = pandas.DataFrame(table()).drop(index=[40, 41, *range(60, 63)])
    frame.to_csv(tmp_path / "holes.csv", index=False)
    data = load(str(tmp_path / "holes.csv"))
    assert "dataset.fill=3 fills 2 of these, of up to 3 rows," in data.notes[-1]
    data = load(str(tmp_path / "holes.csv"), fill=2)
    assert [hole["rows"] for hole in data.holes] == [3]
    assert set(range(4, 60)) - set(data.x.starts + data.x.reach) == {40, 41}
    assert data.x.values[41, 0] == data.x.values[39, 0]


def test_a_value_stands_for_empty_cells_as_long_as_a_window_or_as_its_column_is_usual(write):
    wind = table()["wind"]
    wind[30:50] = np.nan
    data = load(write(wind=wind))
    where = {"from": "2020-01-02 06:00", "to": "2020-01-03 01:00"}
    assert data.holes == [{**where, "rows": 20, "column": "wind"}]
    assert any("dataset.drop=wind leaves the columns out" in note for note in data.notes)
    assert not set(range(34, 50)) & set(data.x.starts)
    rarely = np.where(np.arange(HOURS) % 10, np.nan, table()["wind"])
    assert load(write(wind=rarely)).holes == []


def test_windows_of_two_parts_share_no_point_where_there_are_holes(tmp_path):
    pandas.DataFrame(table()).drop(index=[20, 21, 45, 62]).to_csv(
        tmp_path / "holes.csv", index=False
    )
    data = load(str(tmp_path / "holes.csv"))
    splits = [
        *holdout.split(data, validation=0.25, test=0.25, seed=0),
        *kfold.split(data, k=3, shuffle=False, test=0.25, seed=0),
    ]
    for split in splits:
        for earlier, later in ((split.train, split.validation), (split.validation, split.test)):
            assert data.x.starts[earlier[-1]] + data.x.reach < data.x.starts[later[0]]


def test_what_is_no_number_or_never_changes_is_dropped_with_a_note(write):
    data = load(write(sky=["clear", "cloudy"] * (HOURS // 2), height=7.0))
    assert data.x.columns == ("load", "wind")
    assert any("'sky'" in note and "numbers" in note for note in data.notes)
    assert any("'height'" in note and "never changes" in note for note in data.notes)


def test_unequal_steps_are_counted(write):
    seconds = np.cumsum(1 + np.random.default_rng(0).exponential(60, HOURS)).astype(int)
    times = pandas.Timestamp("2020-01-01") + pandas.to_timedelta(seconds, unit="s")
    data = load(write(when=times.astype(str)))
    assert data.holes == []
    [note] = data.notes
    assert "equally spaced, by 47 seconds; 72 of 79 steps of when are not: the shortest is" in note


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"time": "wen"}, r"no column 'wen'.+Did you mean dataset.time=when\?"),
        ({"target": "lod"}, r"no column 'lod'.+Did you mean dataset.target=load\?"),
        (
            {"target": "load,load"},
            r"dataset\.target names a column twice \(load, load\); expected each",
        ),
        ({"target": ["load", "when"]}, r"'when' is the target and cannot be dataset\.time"),
        ({"target": "when"}, r"'when' is the target and cannot be dataset\.time"),
        ({"time": ","}, r"dataset\.time=, names no column; expected .+: when, load"),
        ({"time": "wind", "target": "when"}, r"the column 'when' holds '2020-.+expected numbers"),
        (
            {"lookback": 70},
            r"has 80 rows, in which 10 windows of 70 \+ 1 rows fit; expected at least 20\. Add rows, "
            r"or use a smaller dataset\.lookback\.",
        ),
        (
            {"horizon": 100},
            r"0 windows of 4 \+ 100 rows fit; .* a smaller dataset\.lookback or dataset\.horizon\.",
        ),
        (
            {"lags": [70], "delay": 20},
            r"fit; .* a smaller dataset\.lags or dataset\.delay\.",
        ),
    ],
)
def test_an_unusable_file_is_an_error(write, changes, sentence):
    with pytest.raises(DataError, match=sentence):
        load(write(), **changes)


@pytest.mark.parametrize("how", ["%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ"])
def test_dates_are_read_in_the_one_way_that_fits_them_all(write, how):
    times = pandas.date_range("2020-01-10", periods=HOURS, freq="12h")
    data = load(write(when=times.strftime(how)))
    assert data.digest == load(write(when=times.astype(str))).digest
    said = any("in 'when' as 2020-01-10, written" in note for note in data.notes)
    assert said == (not how.startswith("%Y-")), "what might be read otherwise is said"


def test_dates_with_and_without_an_hour_are_read(write):
    times = pandas.date_range("2020-01-10", periods=HOURS, freq="12h")
    assert (
        load(
            write(when=[f"{time:%Y-%m-%d}" if time.hour == 0 else str(time) for time in times])
        ).notes
        == ()
    )


def test_dates_that_can_be_read_in_two_ways_are_refused(write):
    times = [
        f"{day:02d}/{month:02d}/{year}"
        for year in range(2000, 2020)
        for month in (1, 2)
        for day in (1, 2)
    ]
    with pytest.raises(
        DataError,
        match=r"in 2 ways: '02/01/2000' in row 2 is 2000-01-02 \(\"dataset\.date_format='%d/%m/%Y'"
        r"\"\) or 2000-02-01 \(\"dataset\.date_format='%m/%d/%Y'\"\)\. Type what is meant",
    ):
        load(write(when=times))


def test_a_file_without_rows_is_refused(tmp_path):
    (tmp_path / "none.csv").write_text("when,load,wind\n")
    with pytest.raises(DataError, match=r"has a header line and no rows; expected at least 20"):
        load(str(tmp_path / "none.csv"))


def test_a_word_in_a_target_is_a_gap_and_said(write):
    data = load(write(load=[*table()["load"][:-1], "broken"]))
    assert any("'load' has 'broken' for missing numbers" in note for note in data.notes)


def test_a_target_of_two_values_is_said_to_be_a_number(write):
    data = load(write(load=[0, 1] * (HOURS // 2)))
    assert any("'load' has two values; a series is a regression" in note for note in data.notes)


def test_a_file_of_few_different_rows_is_refused(tmp_path):
    frame = pandas.DataFrame(table())
    for rows, count in ((frame[:12], 12), (frame[:1].loc[[0] * 60], 1)):
        rows.to_csv(tmp_path / "few.csv", index=False)
        with pytest.raises(DataError, match=f"has {count} different rows with a number; expected"):
            load(str(tmp_path / "few.csv"), decimal="point")


def test_a_target_of_words_is_refused_with_the_first(write):
    with pytest.raises(
        DataError, match=r"the column 'load' holds 'high'; expected numbers to predict, .+ wind\."
    ):
        load(write(load=["high", "low"] * (HOURS // 2)))


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_what_is_infinite_or_too_large_counts_as_missing(write, value):
    wind = table()["wind"]
    wind[9] = value
    data = load(write(wind=wind))
    assert data.x.values[9, 1] == data.x.values[8, 1]
    assert any("Filled 1 missing values" in note for note in data.notes)


def test_times_that_are_none_or_twice_are_refused_with_the_first(write):
    times = list(table()["when"])
    with pytest.raises(
        DataError,
        match=r"1 of 80 values of the column 'when' are no times, the first is 'noon' in row 3",
    ):
        load(write(when=[*times[:2], "noon", *times[3:]]))
    with pytest.raises(
        DataError,
        match=r"1 of 80 values of the column 'when' are no times, the first is 'inf' in row",
    ):
        load(write(when=[*range(HOURS - 1), np.inf]))
    with pytest.raises(
        DataError,
        match=r"1 values of the column 'when' stand there more than once, the first is "
        r"'2020-01-01 00:00:00' in rows 1 and 6, where load is '51\.132' and '53\.254'.+remove the",
    ):
        load(write(when=[*times[:5], times[0], *times[6:]]))


def test_the_scale_is_that_of_the_training_windows_alone(write):
    values = table()["load"]
    (split,) = holdout.split(load(write()), validation=0.25, test=0.25, seed=0)
    later = values.copy()
    later[int(split.validation[0]) :] += 1000.0
    before, after = load(write()), load(write("later.csv", load=later))
    for first, second in zip(*(scales(data, split.train) for data in (before, after)), strict=True):
        assert first == pytest.approx(second)


def scales(data, rows):
    scale = encoder.fit(data, rows, in_order=True).get_layer("scale")
    return np.asarray(scale.mean).ravel().tolist(), np.asarray(scale.variance).ravel().tolist()


def test_folds_of_a_series_only_look_forward(write):
    data = load(write())
    for split in kfold.split(data, k=3, shuffle=True, test=0.25, seed=0):
        assert split.train[-1] + data.overlap < split.validation[0]
        assert split.validation[-1] + data.overlap < split.test[0]


def test_a_target_beyond_float32_is_missing_and_said(write):
    values = table()["load"]
    values[9] = 1e39
    data = load(write(load=values))
    assert 9 not in data.x.starts + data.x.reach
    assert any("'load' holds 1 values beyond float32, such as 1e+39" in it for it in data.notes)


def test_a_format_without_a_year_is_refused(write):
    with pytest.raises(DataError, match=r"dataset\.date_format is '%b-%d', which names no year"):
        load(write(), date_format="%b-%d")


def test_lags_are_seen_before_the_window_and_count_from_what_is_predicted(write):
    data = load(write(), lookback=3, delay=2, lags=[2, 10])
    assert (data.x.span, data.x.earlier, data.x.offsets.tolist()) == (9, (0, 8), [0, 6, 7, 8])
    seen = data.x.seen([0])[0, :, 0]
    assert seen == pytest.approx(table()["load"][[0, 6, 7, 8]])
    assert data.y[0] == pytest.approx(table()["load"][10])
    with pytest.raises(DataError, match=r"dataset\.lags has 1, and dataset\.delay is 2"):
        load(write(), delay=2, lags=[1])
