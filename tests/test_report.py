import pandas as pd
import pytest

from composition import checked
from goldilocks import formatting
from goldilocks.report import differing, sweep
from goldilocks.run import summary
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


def shown(*rows):
    names = ("regularizer", "regularizer.l2", "seed")
    return differing.keys([dict(zip(names, row, strict=False)) for row in rows])


def test_settings_differ_that_are_not_the_same_everywhere():
    assert differing.keys([run.params for run in RUNS]) == ["model.units"]
    assert differing.keys([RUNS[0].params]) == []
    assert differing.keys([]) == []
    assert shown(("none", "0", "1"), ("none", "0", "2"), ("none", "1", "2")) == [
        "regularizer.l2",
        "seed",
    ]
    assert differing.keys([{"a": "1"}, {}]) == ["a"]


def test_of_settings_that_differ_alike_the_group_stands_for_its_keys():
    assert shown(("none", "0", "0"), ("l2", "0.001", "0")) == ["regularizer"]
    # The third run differs from the second in its key alone: the group does not tell them apart.
    three = [("none", "0", "0"), ("l2", "0.001", "0"), ("l2", "0.1", "0")]
    assert shown(*three) == ["regularizer", "regularizer.l2"]


def test_what_the_option_of_a_group_implies_is_left_out():
    # l2 is the same under l2, and 0 under the others, whose pattern is another one.
    rows = [("none", "0", "0"), ("l2", "0.001", "0"), ("dropout", "0", "0")]
    assert shown(*rows) == ["regularizer"]


def test_what_was_typed_is_implied_by_nothing():
    settings = [{"model.units": str(n), "optimizer.learning_rate": str(n / 100)} for n in (1, 2, 3)]
    assert differing.keys(settings) == ["model.units"]
    runs = [a_run(params=each, tags={"typed": " ".join(each)}) for each in settings]
    assert differing.columns_of(runs, settings) == ["model.units", "optimizer.learning_rate"]
    assert differing.labels(runs, list(settings[0]))[0] == "units=1, learning_rate=0.01"


def test_a_row_has_the_settings_that_differ_the_verdict_and_the_best_values():
    table = sweep.comparison(RUNS)
    columns = [
        "model.units",
        "status",
        "verdict",
        "best_epoch",
        "best_val_loss",
        "best_val_mae",
        "beats_baseline",
        "id",
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
        "id": "u4",
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


def test_runs_that_differ_in_nothing_have_their_names():
    table = sweep.comparison([a_run("first"), a_run("second")])
    assert table["run"].tolist() == ["first", "second"]


def test_no_two_labels_are_the_same():
    assert sweep._labels(RUNS) == ["units=4", "units=512"]
    assert sweep._labels([a_run("same"), a_run("same")]) == ["same (1)", "same (2)"]


def test_a_comparison_is_a_table_in_two_formats_and_a_figure(tmp_path):
    compared = sweep.compare(RUNS, tmp_path, title="Two sizes")
    text = compared.markdown
    assert {file.name for file in tmp_path.iterdir()} == {
        "results.csv",
        "results.md",
        "val_loss.png",
    }
    assert (tmp_path / "results.md").read_text() == text + "\n"
    table, same = sweep.shown(sweep.comparison(RUNS[::-1]))  # The best run is first.
    assert text == f"{formatting.markdown(table)}\n\n{same}"
    assert list(table.columns) == ["model.units", "best_val_loss", "id"]
    assert same == (
        "The same in all rows: verdict underfit, best_epoch 2, best_val_mae 3.142, "
        "beats_baseline true."
    )
    assert compared.text.splitlines()[0].split() == ["units", "best_val_loss", "id"]
    assert pd.read_csv(tmp_path / "results.csv")["best_val_loss"].tolist() == pytest.approx(
        [1 / 512, 0.25]
    )
    assert (tmp_path / "val_loss.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_curve_there_is_a_table_and_no_figure(tmp_path):
    sweep.compare([a_run("failed", status="FAILED", val_loss=())], tmp_path, title="Nothing")
    assert {file.name for file in tmp_path.iterdir()} == {"results.csv", "results.md"}


def test_a_comparison_without_runs_has_one_sentence(tmp_path):
    assert sweep.compare([], tmp_path, title="Nothing").text == "No run was logged."
    assert (tmp_path / "results.md").read_text() == "No run was logged.\n"


def final_runs(units, scores):
    return [
        a_run(
            f"{units}-{seed} final",
            params={"final": "true", "model.units": units, "seed": str(seed)},
            metrics={
                "test_mae": score,
                "test_mae_low": 0.0,
                "test_evaluations": 1.0,
                "best_loss": 1.0,
            },
            tags={"beats_baseline": "true"},
            val_loss=(),
        )
        for seed, score in enumerate(scores)
    ]


def test_final_runs_have_their_test_scores_and_the_mean_over_seeds(tmp_path):
    compared = sweep.compare(final_runs("64", [2.0, 3.0, 7.0]), tmp_path, title="Final")
    assert compared.markdown == "\n".join(
        [
            "| seed | test_mae | id |",
            "| --- | --- | --- |",
            "| 0 | 2 | 64-0 fin |",
            "| 1 | 3 | 64-1 fin |",
            "| 2 | 7 | 64-2 fin |",
            "",
            "The same in all rows: beats_baseline true.",
            "",
            # 4.303 * 2.646 / sqrt(3) = 6.573; an error is never below 0.
            "**mean of 3 seeds:** test_mae 4 ± 2.6 (95 % interval 0 to 10.57).",
        ]
    )


def test_each_final_configuration_has_its_own_mean(tmp_path):
    runs = [*final_runs("4", [2.0, 3.0]), *final_runs("64", [5.0])]
    assert [sentence.split(":**")[0] for sentence in sweep.over_seeds(runs)] == [
        "**units=4, mean of 2 seeds"
    ]


def test_final_runs_and_others_are_in_tables_of_their_own(tmp_path):
    text = sweep.compare([*RUNS, *final_runs("64", [2.0])], tmp_path, title="Both").markdown
    assert text.count("\n| --- |") == 2
    assert "**data without a name, final runs**" in text
    assert {"results_1.csv", "results_2.csv"} < {file.name for file in tmp_path.iterdir()}


def test_the_trials_of_a_search_stand_in_their_order(tmp_path):
    compared = sweep.compare(RUNS[::-1], tmp_path, title="A search", trials={"u4": 0, "u512": 1})
    table = compared.blocks[0]
    assert table[["trial", "id"]].to_numpy().tolist() == [[0, "u4"], [1, "u512"]]


def test_the_loss_of_a_sweep_has_no_penalty():
    plain = a_run("plain", params={"regularizer": "none"}, metrics={"best_val_loss": 0.02})
    metrics = {"best_val_loss": 0.0906, "best_val_data_loss": 0.0108}
    penalized = a_run("l2", params={"regularizer": "l2"}, metrics=metrics)
    table = sweep.comparison([plain, penalized])
    assert table["best_val_data_loss"].tolist() == [0.02, 0.0108]
    assert "best_val_loss" not in table
    assert "best_val_data_loss" not in sweep.comparison([plain, plain])


@pytest.mark.parametrize(
    ("typed", "expected"), [((), 0.0108), (("trainer.monitor=val_loss",), 0.0906)]
)
def test_a_sweep_compares_by_the_loss_without_penalty_unless_another_was_typed(typed, expected):
    settings = checked("dataset=boston", "regularizer=l2", *typed)
    metrics = {"best_val_loss": 0.0906, "best_val_data_loss": 0.0108}
    assert summary.value(settings, metrics) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("dataset=boston", "val_loss"),
        ("dataset=boston regularizer=dropout", "val_loss"),
        ("dataset=boston regularizer.l1=0.1", "val_data_loss"),
        ("dataset=mnist problem.class_weight=balanced", "val_data_loss"),
        ("dataset=boston regularizer=l2 trainer.monitor=val_loss", "val_loss"),
        ("dataset=boston regularizer=l2 trainer.monitor=val_mae", "val_mae"),
    ],
)
def test_the_loss_without_penalty_decides_the_best_epoch_unless_another_was_typed(typed, expected):
    assert checked(*typed.split()).monitor == expected


def test_a_terminal_has_deviations_beside_their_means_and_a_page_the_intervals():
    row = {"model.units": 4, "best_val_mae": 2.5, "best_val_loss": 0.5}
    ends = {"best_val_mae_std": 0.123, "best_val_mae_low": 2.2, "best_val_mae_high": 2.8}
    compared = sweep.Comparison((pd.DataFrame([row | ends]),))
    assert compared.text.split() == [
        "units",
        "best_val_mae",
        "best_val_loss",
        "4",
        "2.5",
        "±",
        "0.12",
        "0.5",
    ]
    assert "best_val_mae_low" in compared.markdown
