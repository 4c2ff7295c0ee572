"""Parts of dates as inputs: which say something, and the numbers that stand for them."""

import numpy as np
import pandas as pd
import pytest
from keras import ops

from composition import FILES
from goldilocks import cli
from goldilocks.config.settings import leaves
from goldilocks.dataset import table
from goldilocks.dataset.readers.calendar import informative
from goldilocks.encoding import calendar, encoder
from goldilocks.encoding.schema import from_json, of
from goldilocks.errors import ConfigError, DataError
from goldilocks.problem import standard
from goldilocks.reference import rows
from goldilocks.run import run

ALL = ("year", "month", "weekday", "hour")


def days(start, periods, freq):
    times = pd.date_range(start, periods=periods, freq=freq)
    return ((times - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy()


@pytest.mark.parametrize(
    ("start", "periods", "freq", "parts"),
    [
        ("1950-01-01", 900, "D", ("year", "month", "weekday")),
        ("2020-01-01", 700, "D", ("weekday",)),  # not two years
        ("2020-01-06", 200, "7D", ("year", "month")),  # always a Monday
        ("2000-01-01", 60, "MS", ("year", "month")),
        ("2000-01-31", 60, "ME", ("year", "month")),
        ("2000-01-01", 40, "YS", ("year",)),
        ("2020-01-01", 24, "h", ()),
        ("2020-01-01", 48, "h", ()),  # the last hour begins before two days are over
        ("2020-01-01", 100, "h", ("hour",)),
        ("2020-01-01", 3 * 9000, "h", ALL),
    ],
)
def test_parts_are_inputs_where_dates_span_two_of_their_periods(start, periods, freq, parts):
    assert informative(days(start, periods, freq)) == parts


def test_clocks_that_are_changed_are_no_hours_and_gaps_are_no_dates():
    midnights = days("2020-01-01", 100, "D") - np.where(np.arange(100) < 50, 1, 2) / 24
    assert informative(midnights) == ("weekday",)
    assert informative(np.append(days("2020-01-01", 100, "h"), np.nan)) == ("hour",)
    assert informative(np.full(3, np.nan)) == ()


def test_years_months_and_weekdays_are_those_of_pandas():
    times = pd.date_range("1700-02-20", "2250-01-01", freq="11D6h")
    since = ((times - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy("float32")
    numbers = calendar.parts_of(ops.convert_to_tensor(since), ALL)
    found = {name: ops.convert_to_numpy(values) for name, values in numbers.items()}
    assert (found["year"] == times.year).all()
    turns = {"month": (times.month - 1) / 12, "hour": times.hour / 24}
    for part, turn in turns.items():
        assert found[f"{part} sine"] == pytest.approx(np.sin(2 * np.pi * turn), abs=1e-5)
        assert found[f"{part} cosine"] == pytest.approx(np.cos(2 * np.pi * turn), abs=1e-5)
    angle = np.arctan2(found["weekday sine"], found["weekday cosine"]) * 7 / (2 * np.pi)
    assert len({*zip(times.day_of_week, angle.round() % 7, strict=True)}) == 7


def a_table(periods=900, freq="D"):
    when = pd.date_range("2015-03-01", periods=periods, freq=freq)
    random = np.random.default_rng(0)
    size = random.normal(size=periods)
    sold = size + 3 * np.sin(2 * np.pi * when.month / 12) + random.normal(0, 0.1, periods)
    return pd.DataFrame({"size": size.round(3), "when": when, "sold": sold.round(3)})


@pytest.fixture
def load(tmp_path):
    defaults = leaves(FILES.read("dataset", "table"))

    def load(frame, **options):
        frame.to_csv(tmp_path / "table.csv", index=False)
        given = {key: value for key, value in defaults.items() if key != "defaults"}
        return table.load(
            **given | {"file": str(tmp_path / "table.csv"), "target": "sold"} | options
        )

    return load


def features(dataset):
    fitted = encoder.fit(dataset, np.arange(600), in_order=False)
    return encoder.features(dataset, fitted, np.arange(len(dataset.x)))


def test_parts_are_made_behind_the_encoder_s_inputs_and_scaled_by_training_rows(load):
    dataset = load(a_table())
    assert dataset.readings["when"].parts == ("days", "year", "month", "weekday")
    assert dataset.readings["when"].describe().endswith("; days, year, month, weekday")
    assert any("is an input by its year, month and weekday too" in note for note in dataset.notes)
    found = features(dataset)
    assert found.shape == (900, 7)
    assert found[:600].mean(axis=0) == pytest.approx(np.zeros(7), abs=1e-4)
    assert found[:600].std(axis=0) == pytest.approx(np.ones(7), abs=1e-3)
    assert list(rows.read(dataset, np.arange(3)).columns)[:3] == ["size", "when", "when (year)"]


def test_a_column_that_is_named_as_a_part_stays(load):
    frame = a_table()
    dataset = load(frame.assign(**{"when (year)": frame["size"] * 2}))
    read = rows.read(dataset, np.arange(600))
    assert read["when (year)"].tolist() == (frame["size"] * 2).tolist()[:600]
    assert set(read["when (year)_"]) == {2015, 2016}
    assert features(dataset).shape == (900, 8)


def test_without_parts_a_table_is_encoded_as_before(load):
    frame = a_table()
    plain = load(frame, date_parts="none")
    assert features(plain).shape == (900, 2)
    assert plain.readings["when"].parts == load(frame, date_parts=[]).readings["when"].parts == ()
    numbers = load(frame.drop(columns="when"))
    assert features(numbers)[:, 0] == pytest.approx(features(plain)[:, 0])


def test_a_missing_date_has_the_mean_of_every_part_and_one_mark(load):
    frame = a_table()
    frame.loc[5, "when"] = pd.NaT
    found = features(load(frame, date_parts=["month"]))
    assert found.shape == (900, 5)
    assert found[5, 1:].tolist() == [0, 0, 0, 1]


def test_of_the_time_that_divides_rows_only_what_comes_again_is_an_input(load):
    dataset = load(a_table(), time="when")
    assert dataset.readings["when"].parts == ("month", "weekday")
    assert features(dataset).shape == (900, 5)
    assert list(rows.read(dataset, np.arange(3)).columns) == [
        *("size", "when (month sine)", "when (month cosine)"),
        *("when (weekday sine)", "when (weekday cosine)"),
    ]
    assert list(load(a_table(), time="when", date_parts="none").x.columns) == ["size"]
    assert list(load(a_table(), time="when", drop=["when"]).x.columns) == ["size"]
    counted = load(a_table().assign(when=range(900)), time="when")
    assert list(counted.x.columns) == list(counted.readings) == ["size"]
    assert list(load(a_table(20), time="when").x.columns) == ["size", "when"]
    assert list(load(a_table(20, "7D"), time="when").x.columns) == ["size"]


def test_parts_without_dates_are_refused(load):
    frame = a_table()
    with pytest.raises(DataError, match=r"date_parts is \[month\], and .*no column of dates"):
        load(frame.drop(columns="when"), date_parts=["month"])
    with pytest.raises(DataError, match="no column of dates beside"):
        load(frame, time="when", date_parts=["year"])


def test_an_unknown_part_is_refused(composed):
    with pytest.raises(ConfigError, match="auto, none, or a list of some of year, month, weekday"):
        composed("dataset=table", "dataset.file=a.csv", "dataset.date_parts=[moon]")


def test_the_schema_has_the_parts_and_reads_those_of_earlier_versions(load):
    schema = of(load(a_table()), standard("regression"))
    assert from_json(schema.to_json()) == schema
    earlier = schema.to_json().replace('"parts"', '"was"')
    assert from_json(earlier).columns["when"].parts == ()


@pytest.mark.long
def test_a_served_model_makes_the_parts_of_new_rows(folder, composed, capsys):
    frame = a_table(400, "49h")
    frame.to_csv("t.csv", index=False)
    words = ["dataset=table", "dataset.file=t.csv", "dataset.target=sold", "trainer.epochs=3"]
    run_id = run.track(composed(*words, "dataset.time=when")).run_id
    capsys.readouterr()
    frame.tail(3).drop(columns="sold").to_csv("new.csv", index=False)
    cli.main(["predict", run_id, "new.csv"])
    assert len(capsys.readouterr().out.splitlines()) == 4
    frame.tail(3)[["size"]].to_csv("new.csv", index=False)
    with pytest.raises(SystemExit, match="when"):
        cli.main(["predict", run_id, "new.csv"])
