"""Tables that are divided by time, and what is said of rows that change with it."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from composition import checked
from goldilocks.dataset import findings, table
from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.encoding.targets import check_targets
from goldilocks.errors import DataError, SplitError
from goldilocks.protocol import holdout, in_time, iterated_kfold, kfold, notes_of_all, parts
from goldilocks.run import data_source
from test_series import load as load_series
from test_table import HOW
from workflows import problem

ROWS = 600
DAYS = pd.date_range("2020-01-01", periods=ROWS, freq="D")


@pytest.fixture
def load(tmp_path):
    """Loads a table with a column of days, shuffled, and its target `y`."""

    def of(columns, *, days=DAYS, shuffle=True, **how):
        frame = pd.DataFrame({"day": days, **columns})
        if shuffle:
            frame = frame.sample(frac=1, random_state=1)
        frame.to_csv(tmp_path / "rows.csv", index=False)
        given = {**HOW, "target": "y", "time": "day", **how}
        return table.load(file=str(tmp_path / "rows.csv"), **given)

    return of


def noise(seed=0, **others):
    """Inputs that say something, the same at all times."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, ROWS)).round(4)
    return {"a": a, "b": b, "y": (a + 0.5 * random.normal(size=ROWS)).round(4), **others}


def codes(dataset):
    """The codes of findings of drift."""
    [split] = holdout.split(dataset, validation=0.25, test=0.25, seed=0)
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    found = findings.find(Evidence(dataset=dataset, **parts))
    return {finding.code: finding.sentence for finding in found if finding.code >= "D5"}


def test_rows_are_in_the_order_of_time_and_the_latest_are_the_test(load):
    dataset = load(noise())
    assert (np.diff(dataset.times.astype(np.int64)) > 0).all()
    assert dataset.readings["day"].parts == ("weekday",)
    [split] = holdout.split(dataset, validation=0.25, test=0.25, seed=0)
    assert split.train.max() < split.validation.min() <= split.validation.max() < split.test.min()
    assert (len(split.validation), len(split.test)) == (150, 150)
    assert "Divided by time: rows up to 2020-10-26 train" in split.notes[-1]
    final = in_time.divided_anew(dataset, split, split.joined())
    [*others, times] = final.notes
    assert others == [*split.notes[:-1]]
    assert re.search(r"rows up to 2021-03-25 train, and those from 2021-03-26 on are", times)
    again = load(noise())
    assert again.digest == dataset.digest
    assert load(noise(), time=None).digest != dataset.digest


def test_rows_of_one_time_are_in_one_part(load):
    weeks = np.repeat(pd.date_range("2020-01-06", periods=ROWS // 7 + 1, freq="W"), 7)[:ROWS]
    dataset = load(noise(), days=weeks)
    [split] = holdout.split(dataset, validation=0.25, test=0.25, seed=0)
    for earlier, later in ((split.train, split.validation), (split.validation, split.test)):
        assert dataset.times[earlier].max() < dataset.times[later].min()
    assert len(split.train) + len(split.validation) + len(split.test) == ROWS


def test_folds_go_forward_in_time_and_are_not_shuffled(load):
    dataset = load(noise())
    splits = kfold.split(dataset, k=3, shuffle=True, test=0.25, seed=0)
    assert len(splits) == 3
    for split in splits:
        assert split.train.max() < split.validation.min()
        assert split.validation.max() < split.test.min()
    with pytest.raises(SplitError, match=r"iterated_kfold shuffles rows.+protocol=kfold"):
        iterated_kfold.split(dataset, k=3, iterations=2, test=0.25, seed=0)


def test_a_class_that_is_gone_in_late_rows_is_told(load):
    late = np.where(np.arange(ROWS) < 400, np.where(np.arange(ROWS) % 2, "yes", "no"), "no")
    dataset = load(noise(y=late))
    with pytest.raises(SplitError, match=r"no row from 2021-0\d-\d\d is of class 'yes'"):
        holdout.split(dataset, validation=0.25, test=0.25, seed=0)


@pytest.mark.parametrize(
    ("days", "how", "message"),
    [
        (["2020-01-01"] * ROWS, {}, r"all 600 rows have the same time in day, 2020-01-01"),
        ([*DAYS[:-1].astype(str), ""], {}, r"no times, the first is a missing one in row 600; exp"),
        (DAYS, {"group": "a"}, r"dataset\.time is day and dataset\.group 'a'; expected one"),
        (DAYS, {"time": "dya"}, r"no column 'dya'.+Did you mean dataset\.time=day\?"),
        (DAYS, {"target": "day", "time": "day"}, r"'day' is in both dataset\.target and"),
    ],
    ids=["equal", "missing", "group", "misspelled", "target"],
)
def test_times_that_divide_nothing_are_a_sentence(load, days, how, message):
    with pytest.raises(DataError, match=message):
        load(noise(), days=days, shuffle=False, **how)


def test_each_fold_trains_on_every_class_or_says_which_is_missing(load):
    late = np.where(np.arange(ROWS) < 200, "no", np.where(np.arange(ROWS) % 2, "yes", "no"))
    dataset = load(noise(y=late))
    with pytest.raises(
        SplitError, match=r"fold 1 of 4 trains on .+ none of them is of class 'yes'"
    ):
        kfold.split(dataset, k=4, shuffle=False, test=0.25, seed=0)
    assert len(kfold.split(load(noise()), k=4, shuffle=False, test=0.25, seed=0)) == 4


def test_the_latest_training_rows_have_every_class_or_it_is_said_which_is_missing(load):
    number = np.arange(ROWS)
    gone = (number >= 200) & (number < 300)  # The 80 latest training rows are of one class.
    dataset = load(noise(y=np.where((number % 2 == 0) | gone, "no", "yes")), subset=80)
    with pytest.raises(SplitError, match=r"protocol=holdout trains on .+ Raise dataset\.subset"):
        holdout.split(dataset, validation=0.25, test=0.25, seed=0)


def test_nested_validation_trains_on_every_class_or_says_which_is_missing(load):
    number = np.arange(ROWS)  # Of 300 training rows the first 225 stay, and are of one class.
    dataset = load(noise(y=np.where((number < 225) | (number % 2 == 0), "no", "yes")))
    [split] = holdout.split(dataset, validation=0.25, test=0.25, seed=0)
    with pytest.raises(SplitError, match=r"inner_validation trains on .+ none of them .+ 'yes'"):
        parts.nested(dataset, split, fraction=0.25, seed=0)


def test_a_part_of_no_rows_is_a_sentence(load):
    with pytest.raises(SplitError, match=r"protocol\.test would take 0 rows from the latest"):
        holdout.split(load(noise()), validation=0.25, test=0.0005, seed=0)


def test_published_parts_that_overlap_in_time_are_said(load):
    fixed = {"validation": np.arange(0, ROWS, 10)}
    dataset = dataclasses.replace(load(noise()), fixed=fixed)
    [split] = holdout.split(dataset, validation=0.25, test=0.25, seed=0)
    assert "not one after the other: training rows are from 2020-01-02 to" in split.notes[-1]
    assert "Divided by time" not in " ".join(split.notes)

    dataset = dataclasses.replace(dataset, fixed={"test": np.arange(0, ROWS, 10)})
    splits = kfold.split(dataset, k=4, shuffle=False, test=0.25, seed=0)
    [note] = notes_of_all(splits)
    assert "training and validation rows are from 2020-01-02 to" in note


def test_rows_are_named_as_in_their_file(load):
    values = noise(y=np.where(np.arange(ROWS) == 5, 0.0, 1 + np.arange(ROWS) % 7))
    days = DAYS[::-1]
    dataset = load(values, days=days, shuffle=False)
    logarithm = dataclasses.replace(problem("regression"), log_target=True)
    with pytest.raises(DataError, match=r"The target 'y' is 0 in row 6,"):
        check_targets(logarithm, dataset, [])


def test_a_time_is_proposed_in_place_of_groups(load):
    level, y = np.random.default_rng(3).normal(size=(2, ROWS)).cumsum(axis=1).round(3)
    columns = {"level": level, "who": np.arange(ROWS) // 4, "y": y}
    for key in ("group", "query"):
        sentence = codes(load(columns, time=None, **{key: "who"}))["D502"]
        assert f"dataset.time=day, without dataset.{key}" in sentence


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_said_of_rows_that_are_alike_at_all_times(load, seed):
    assert codes(load(noise(seed))) == {}


def test_inputs_that_move_are_told_by_the_column_that_moves_most(load):
    moved = noise()
    moved["b"] = moved["b"] + np.arange(ROWS) / 150
    sentence = codes(load(moved))["D501"]
    assert "'b' differs most" in sentence
    assert sentence.endswith("Try without it: dataset.drop=b.")


@pytest.mark.long
def test_a_walk_beside_another_is_told_with_and_without_a_time(load):
    random = np.random.default_rng(3)
    level, y = random.normal(size=(2, ROWS)).cumsum(axis=1).round(3)
    assert "D502" in codes(load({"level": level, "y": y}))
    sentence = codes(load({"level": level, "y": y}, time=None))["D502"]
    assert "divide the rows by time, dataset=table dataset.time=day" in sentence


def test_a_relation_of_classes_that_turns_is_told(load):
    random = np.random.default_rng(4)
    a = random.normal(size=ROWS).round(4)
    # Training and validation rows are the first three quarters: it turns among them.
    turned = np.where(np.arange(ROWS) < 280, a, -a) + 0.3 * random.normal(size=ROWS)
    sentence = codes(load({"a": a, "y": np.where(turned > 0, "yes", "no")}))["D502"]
    assert "explained log loss" in sentence


def a_series(tmp_path, values, name="series", **how):
    """Findings of drift of a series of months."""
    months = pd.date_range("1990-01-01", periods=len(values), freq="MS")
    frame = pd.DataFrame({"when": months, "load": np.round(values, 3)})
    frame.to_csv(tmp_path / "months.csv", index=False)
    series = load_series(str(tmp_path / "months.csv"), lookback=12, **how)
    return codes(dataclasses.replace(series, name=name))


MONTHS = np.arange(240)
SEASON = 5 * np.sin(MONTHS * np.pi / 6)


def test_a_series_that_stays_is_not_spoken_of(tmp_path):
    assert a_series(tmp_path, SEASON + np.random.default_rng(0).normal(size=240)) == {}


def test_a_level_that_moves_is_told_with_what_follows_it(tmp_path):
    values = SEASON + MONTHS + np.random.default_rng(0).normal(size=240)
    assert "predicts changes, which follow it" in a_series(tmp_path, values)["D503"]
    assert "dataset.difference=1" in a_series(tmp_path, values, difference=0)["D503"]


def test_a_reading_says_what_is_predicted_in_whatever_order_it_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    values = SEASON + MONTHS + np.random.default_rng(0).normal(size=240)
    a_series(tmp_path, values)
    words = ("dataset=series", f"dataset.file={tmp_path / 'months.csv'}", "dataset.time=when")
    words += ("dataset.target=load", "dataset.lookback=12")
    for difference, follows in ((0, "follows it: dataset.difference=1"), (1, "predicts changes")):
        settings = checked(*words, f"dataset.difference={difference}")
        found = data_source.describe(settings, examples=0).findings
        [sentence] = [finding.sentence for finding in found if finding.code == "D503"]
        assert follows in sentence


def test_what_an_option_does_not_have_is_not_proposed(tmp_path):
    values = SEASON + MONTHS + np.random.default_rng(0).normal(size=240)
    assert a_series(tmp_path, values, difference=0, name="jena")["D503"].endswith("trained on.")


def test_a_season_that_moves_is_told(tmp_path):
    turned = np.where(MONTHS < 90, SEASON, -SEASON) + np.random.default_rng(0).normal(size=240)
    sentence = a_series(tmp_path, turned)["D504"]
    assert "12 rows" in sentence
    assert "dataset.subset=" in sentence
