import dataclasses

import numpy as np
import pandas as pd
import pytest

from composition import checked
from goldilocks.workflow.steps import define
from workflows import context, dataset


def plan(data, *typed):
    return define.infer(context(data, typed))


def balanced(rows):
    return dataset(np.arange(rows) % 2, "binary")


@pytest.mark.parametrize(
    ("rows", "protocol"),
    [
        (100, "iterated_kfold"),
        (240, "iterated_kfold"),
        (300, "kfold"),
        (1500, "kfold"),
        (1700, "holdout"),
        (60_000, "holdout"),
    ],
)
def test_few_rows_are_split_more_often(rows, protocol):
    overrides, reasons = plan(balanced(rows))
    assert f"protocol={protocol}" in overrides
    assert any(f"{rows:,}" in reason for reason in reasons)


def test_published_validation_rows_are_used():
    fixed = {"test": np.arange(2900, 3000), "validation": np.arange(50)}
    overrides, reasons = plan(dataset(np.arange(3000) % 2, "binary", fixed=fixed))
    assert "50 rows for validation" in " ".join(reasons)
    assert "protocol=holdout" in overrides


def test_published_test_rows_are_never_held_out():
    data = dataset(np.arange(1200) % 2, "binary", fixed={"test": np.arange(1000, 1200)})
    reasons = " ".join(plan(data)[1])
    assert "Holding out 250 rows" in reasons
    assert "each of the 1,000 rows is a validation row once" in reasons


def test_every_class_has_a_group_in_each_fold():
    data = dataset(np.arange(300) % 2, "binary", groups=np.arange(300) // 100)
    assert "protocol.k=2" in plan(data)[0]


def test_every_class_has_a_row_in_each_fold():
    data = dataset([0] * 300 + [1] * 3, "multiclass")
    assert "protocol.k=2" in plan(data)[0]


def test_a_series_is_split_by_time():
    overrides, reasons = plan(dataset(np.zeros(100), "regression", kind="series", overlap=3))
    assert "protocol=holdout" in overrides
    assert "trained on the past" in " ".join(reasons)


def test_typed_values_stay():
    overrides, reasons = plan(
        balanced(100), "protocol=kfold", "trainer.batch_size=7", "trainer.epochs=3"
    )
    assert overrides == ()
    assert "as you asked" in reasons[-1]


def test_the_epochs_fit_a_typed_batch_size():
    overrides, reasons = plan(balanced(60_000), "trainer.batch_size=4000")
    assert f"trainer.epochs={define.EPOCHS[1]}" in overrides
    assert "batches of 4000 rows and 80 epochs, about 640 updates" in reasons[-1]


@pytest.mark.parametrize(("share", "is_rare"), [(0.5, False), (0.25, False), (0.1, True)])
def test_a_rare_class_is_measured_by_auc(share, is_rare):
    overrides, reasons = plan(dataset(np.arange(2000) < 2000 * share, "binary"))
    assert ("problem.metrics=[auc,accuracy]" in overrides) == is_rare
    assert ("problem.threshold=auto" in overrides) == is_rare
    assert f"{100 * share:.0f} %" in " ".join(reasons)


def test_rare_ones_of_several_classes_are_measured_by_balanced_accuracy():
    y = np.repeat([0, 1, 2], [1900, 70, 30])
    overrides, reasons = plan(dataset(y, "multiclass"))
    assert "problem.metrics=[balanced_accuracy,accuracy]" in overrides
    assert "problem.threshold=auto" not in overrides
    assert "balanced_accuracy, the mean recall of the classes" in " ".join(reasons)
    many, _ = plan(dataset(np.arange(2000) % 10, "multiclass"))
    assert not [word for word in many if word.startswith("problem.metrics")]


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("problem.cost=[1,20]", "problem.metrics=[cost,auc]"),
        ("problem.threshold=0.2", "metrics=[auc"),
    ],
)
def test_a_typed_cost_is_the_primary_metric_and_typed_thresholds_stay(typed, chosen):
    rare = context(dataset(np.arange(2000) < 100, "binary"))
    rare.settings = dataclasses.replace(rare.settings, overrides=(typed,))
    overrides, _ = define.infer(rare)
    assert [word for word in overrides if chosen in word]
    assert "problem.threshold=auto" not in overrides


@pytest.mark.parametrize(
    ("rows", "size", "epochs"), [(100, 16, 80), (4000, 32, 24), (60_000, 512, 26)]
)
def test_batches_and_epochs_give_enough_updates(rows, size, epochs):
    overrides, reasons = plan(balanced(rows))
    assert f"trainer.batch_size={size}" in overrides
    assert f"trainer.epochs={epochs}" in overrides
    assert f"about {epochs * -(-rows // 2 // size):,} updates" in reasons[-1]


def dated(folder, days):
    """The settings of a table with two inputs, one a column of days, and the data set itself."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"day": days, "a": random.normal(size=len(days)).round(3)})
    frame.assign(y=frame["a"] * 2).to_csv(folder / "rows.csv", index=False)
    return ("dataset=table", f"dataset.file={folder / 'rows.csv'}", "dataset.target=y")


DAYS = pd.date_range("2020-01-01", periods=400, freq="D").astype(str)


def test_the_only_column_of_dates_divides_a_table(tmp_path):
    settings = checked(*dated(tmp_path, DAYS))
    settings, data = define.in_time(settings, settings.builder("dataset")())
    assert settings.tree["dataset"]["time"] == "day"
    assert data.is_ordered
    assert "'day' holds dates, so rows are divided by time" in data.notes[-1]
    assert "dataset.time=null" in data.notes[-1]
    _, reasons = define.infer(context(data))
    assert "There are few rows, and they are divided by time: each of" in " ".join(reasons)


@pytest.mark.parametrize("name", ["Date (UTC)", "a=b", "date, utc", "null", "2020", "#date"])
def test_a_column_of_dates_divides_rows_whatever_its_name(tmp_path, name):
    words = dated(tmp_path, DAYS)
    file = tmp_path / "rows.csv"
    pd.read_csv(file).rename(columns={"day": name}).to_csv(file, index=False)
    settings = checked(*words)
    settings, _ = define.in_time(settings, settings.builder("dataset")())
    assert checked(*settings.overrides).tree["dataset"]["time"] == name


def test_an_option_that_divides_its_rows_is_left_as_it_is(tmp_path):
    settings = checked(*dated(tmp_path, DAYS)).changed({"dataset.group": "a"})
    data = settings.builder("dataset")()
    assert define.in_time(settings, data) == (settings, data)


def test_folds_go_forward_only_where_each_trains_on_every_class(tmp_path):
    words = dated(tmp_path, DAYS)
    file = tmp_path / "rows.csv"
    frame = pd.read_csv(file)
    late = np.where(np.arange(400) < 140, "no", np.where(np.arange(400) % 2, "yes", "no"))
    frame.assign(y=late).to_csv(file, index=False)
    settings = checked(*words)
    _, data = define.in_time(settings, settings.builder("dataset")())
    overrides, reasons = define.infer(context(data))
    assert "protocol=holdout" in overrides
    assert "folds that go forward in time and have every class among" in " ".join(reasons)
    assert "They measure an accuracy only to" in " ".join(reasons)


def test_few_different_times_are_no_matter_of_classes(tmp_path):
    settings = checked(*dated(tmp_path, np.repeat(DAYS[:3], 100)))
    _, data = define.in_time(settings, settings.builder("dataset")())
    _, reasons = define.infer(context(data))
    assert "folds that go forward in time: the" in " ".join(reasons)


@pytest.mark.parametrize(
    "typed",
    ["dataset.time=null", "dataset.group=a", "protocol=iterated_kfold", "dataset.drop=[day]"],
)
def test_what_was_typed_of_the_division_stays(tmp_path, typed):
    settings = checked(*dated(tmp_path, DAYS), typed)
    same, data = define.in_time(settings, settings.builder("dataset")())
    assert same is settings
    assert not data.is_ordered


def test_dates_that_some_rows_lack_divide_nothing(tmp_path):
    settings = checked(*dated(tmp_path, [*DAYS[:-1], ""]))
    same, data = define.in_time(settings, settings.builder("dataset")())
    assert same is settings
    assert not data.is_ordered
