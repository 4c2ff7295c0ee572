import pandas as pd
import pytest

from goldilocks import formatting
from goldilocks.report import sweep
from goldilocks.tracking.query import StoredRun


def a_run(
    name="run", *, params=None, metrics=None, tags=None, status="FINISHED", val_loss=(0.5, 0.4)
):
    return StoredRun(name, name, status, params or {}, tags or {}, metrics or {}, list(val_loss))


RUNS = [
    a_run(
        f"u{units}",
        params={"model": "mlp", "model.units": str(units), "seed": "0"},
        metrics={
            "best_epoch": 2.0,
            "best_val_loss": 1 / units,
            "best_val_mae": 3.14159265,
            "loss": 0.1,
        },
        tags={"verdict": "underfit", "beats_baseline": "true", "role": "plain"},
    )
    for units in (4, 512)
]


def params(*values):
    return [
        a_run(params=dict(zip(("regularizer", "regularizer.l2", "seed"), row, strict=False)))
        for row in values
    ]


def test_what_differs_is_what_is_not_the_same_everywhere():
    assert sweep.differing(RUNS) == ["model.units"]
    assert sweep.differing(RUNS[:1]) == []
    assert sweep.differing([]) == []
    assert sweep.differing(params(("none", "0", "1"), ("none", "0", "2"), ("none", "1", "2"))) == [
        "regularizer.l2",
        "seed",
    ]
    assert sweep.differing([a_run(params={"a": "1"}), a_run(params={})]) == ["a"]


def test_the_same_difference_in_other_words_is_said_once_and_by_the_group():
    assert sweep.differing(params(("none", "0", "0"), ("l2", "0.001", "0"))) == ["regularizer"]
    # The third run differs from the second in its key alone: the group does not say it.
    three = params(("none", "0", "0"), ("l2", "0.001", "0"), ("l2", "0.1", "0"))
    assert sweep.differing(three) == ["regularizer", "regularizer.l2"]


def test_a_row_has_what_differs_the_verdict_and_the_values_at_the_best_epoch():
    table = sweep.comparison(RUNS)
    columns = [
        "model.units",
        "status",
        "verdict",
        "best_epoch",
        "best_val_loss",
        "best_val_mae",
        "beats_baseline",
    ]
    assert list(table.columns) == columns
    assert table.to_dict("records")[0] == {
        "model.units": "4",
        "status": "FINISHED",
        "verdict": "underfit",
        "best_epoch": 2.0,
        "best_val_loss": 0.25,
        "best_val_mae": 3.14159265,
        "beats_baseline": "true",
    }
    assert list(table["model.units"]) == ["4", "512"]


def test_a_failed_run_has_a_row_without_numbers():
    table = sweep.comparison(
        [*RUNS, a_run("bad", params={"model.units": "9"}, status="FAILED", val_loss=())]
    )
    assert table["status"].tolist() == ["FINISHED", "FINISHED", "FAILED"]
    assert pd.isna(table["best_val_loss"][2])
    last = formatting.markdown(table).splitlines()[-1]
    assert "FAILED" in last
    assert "nan" not in last.lower()
    assert "None" not in last


def test_runs_that_differ_in_nothing_are_told_by_their_names():
    table = sweep.comparison([a_run("first"), a_run("second")])
    assert table["run"].tolist() == ["first", "second"]


def test_labels_are_short_and_no_two_are_the_same():
    assert sweep._labels(RUNS) == ["model.units=4", "model.units=512"]
    assert sweep._labels([a_run("same"), a_run("same")]) == ["same (1)", "same (2)"]
    long = [a_run(params={"dataset.dir": "x" * 80 + end}) for end in "ab"]
    labels = sweep._labels(long)
    assert len(set(labels)) == 2
    assert all(len(label) <= sweep.LABEL + len(" (1)") for label in labels)


def test_a_comparison_is_written_as_a_table_in_two_forms_and_a_figure(tmp_path):
    said = sweep.compare(RUNS, tmp_path, title="Two sizes")
    assert {file.name for file in tmp_path.iterdir()} == {
        "results.csv",
        "results.md",
        "val_loss.png",
    }
    assert (tmp_path / "results.md").read_text() == said + "\n"
    assert said == formatting.markdown(sweep.comparison(RUNS))
    assert pd.read_csv(tmp_path / "results.csv")["best_val_loss"].tolist() == pytest.approx(
        [0.25, 1 / 512]
    )
    assert (tmp_path / "val_loss.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_curve_there_is_a_table_and_no_figure(tmp_path):
    sweep.compare([a_run("failed", status="FAILED", val_loss=())], tmp_path, title="Nothing")
    assert {file.name for file in tmp_path.iterdir()} == {"results.csv", "results.md"}


def test_a_comparison_of_no_run_says_so(tmp_path):
    assert sweep.compare([], tmp_path, title="Nothing") == "No run was logged."
    assert (tmp_path / "results.md").read_text() == "No run was logged.\n"
