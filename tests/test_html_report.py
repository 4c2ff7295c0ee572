import re
from pathlib import Path

import pytest

from goldilocks import cli
from goldilocks.console import without_passwords
from goldilocks.report import compare, conclusion, html, sections
from goldilocks.tracking import local
from goldilocks.tracking.selection import Selection
from goldilocks.tracking.store import MlflowStore
from stored_runs import a_run, a_sweep, folds, log, seeds

CURVE = [(1, 3.0), (2, 1.0), (3, 2.0)]


def page(runs, histories=None, *, name="the runs"):
    found = (
        {run.run_id: dict.fromkeys(("loss", "mae", "val_loss", "val_mae"), CURVE) for run in runs}
        if histories is None
        else histories
    )
    selection = Selection(name, "slug", tuple(runs), None)
    store = MlflowStore(None, "sqlite:///mlflow.db", "1", "tries")
    shown = sections.sections(runs, found, lambda run_id, measure: None)
    return html.page(store, selection, shown, found, "goldilocks report abc")


def own(text):
    """The page without the source of uPlot."""
    return re.sub(r"<script>/\*! \S+uPlot.*?</script>", "", text, flags=re.DOTALL)


RUNS = [*seeds("4", [30.0, 40.0, 50.0]), *seeds("64", [9.0, 10.0, 11.0])]


def test_a_page_needs_nothing_beside_it():
    text = page(RUNS)
    assert "uPlot (v" in text
    assert not re.search(r"<(link|img|iframe|object)\b|<script[^>]+src=|@import|url\(", own(text))
    assert set(re.findall(r'(?:href|src)="(https?://[^/"]+)', own(text))) == {
        "http://127.0.0.1:5000"
    }
    assert len(own(text)) < 60_000


def test_a_run_with_a_penalty_has_one_loss_on_a_page():
    unscored = {"problem": "binary"}  # Its primary metric, accuracy, is not logged here.
    penalized = a_run("l2", 0.0906, metrics={"best_val_data_loss": 0.0108}, tags=unscored)
    text = own(page([penalized, a_run("none", 0.02, params={"model": "b"}, tags=unscored)]))
    assert "0.0906" not in text
    assert text.count("0.0108") == 4, "of the variant and of the run, each to sort by and to read"
    assert "logs it as <code>val_data_loss</code>" in text


def test_a_page_says_what_it_is_of():
    text = " ".join(page(RUNS).split())
    assert (
        "6 runs in 2 variants on boston (stand-in, abababab), compared by val_mae at the best "
        "epoch, from the store "
        "sqlite:///mlflow.db." in text
    )
    assert re.search(
        r"Made \d\d \w+ \d{4}, \d\d:\d\d UTC with <code>goldilocks report abc</code>", text
    )
    for part in ("What differs", "Variants", "Differences", "Learning curves", "Runs"):
        assert f"<h3>{part}</h3>" in text
    assert "with other seeds as well; whether on other rows is not known" in text
    assert "units=64</strong>" in text


def test_a_column_stands_only_for_what_differs():
    text = page(RUNS)
    head = re.search(r"<thead>(.+?)</thead>", text, re.DOTALL)[1]
    titles = re.findall(r"<button[^>]*>(.+?)<", head)
    assert titles == ["model.units", "val_mae", "val_loss"]
    assert "The same in all rows: trainings 3, best epoch 2." in text
    assert "<code>dataset=boston</code>" in text, "folded, among what is the same"


def test_the_baseline_is_that_of_what_beats_it():
    lower = {"baseline/val_mae": 0.25, "baseline/val_loss": 9.0}
    text = page([a_run("a", 1.0, metrics=lower, tags={"beats_baseline": "false"})])
    row = re.search(r"<tbody>(.+?)</tbody>", text, re.DOTALL)[1]
    assert ">0.25<" in row
    assert '<td class="warning">no</td>' in row
    assert ">9<" not in row


def test_other_data_has_a_section_of_its_own_and_a_sentence_says_why():
    other = a_run("x", 1.0, tags={"dataset.digest": "cd" * 32})
    text = page([*RUNS, other])
    assert "These runs differ in the rows or targets of the data (its digest). Their" in text
    assert "<h2>boston (stand-in, abababab)</h2>" in text
    assert "<h2>boston (stand-in, cdcdcdcd)</h2>" in text
    first, second = text.split("<h2>")[1:]
    assert "<code>x</code>" not in first
    assert "<code>x</code>" in second


def test_what_differs_in_several_ways_is_named_by_the_first_of_them():
    text = page(
        [*RUNS, a_run("x", 1.0, params={"dataset": "mine"}, tags={"dataset.digest": "cd" * 32})]
    )
    assert "These runs differ in the data set. Their" in text


def test_names_cannot_inject_html():
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    runs = [
        a_run("a", 1.0, params={"dataset.target": evil}),
        a_run("b", 2.0, params={"dataset.target": "price"}),
    ]
    text = page(runs, name=evil)
    assert "<script>alert" not in text
    assert "<img" not in own(text)
    assert "&lt;script&gt;alert(1)" in text


def test_one_seed_cannot_tell_and_says_what_to_do():
    text = page(
        [a_run("a", 1.0, params={"model.units": "4"}), a_run("b", 2.0, params={"model.units": "8"})]
    )
    assert (
        "No difference between the variants can be told from chance: one seed cannot tell." in text
    )
    assert "seed=0,1,2" in text


def test_folds_are_shown_below_their_run():
    runs, histories = folds("8", [1.0, 2.0, 3.0])
    text = page(runs, histories)
    assert "1 run (with 3 folds below it) in 1 variant" in text
    assert "└ run 8.1" in text
    assert "of folds, where it would lie on other rows" in text
    assert (
        "fold"
        not in page(RUNS)
        .partition("<main>")[2]
        .partition("<h3>Differences")[0]
        .partition("<h3>Variants")[2]
    )
    assert "<h3>Differences" not in text


def test_parts_stand_below_their_own_run():
    eight, of_eight = folds("8", [1.0, 2.0])
    four, of_four = folds("4", [1.0, 2.0])
    text = page([eight[0], four[0], *eight[1:], *four[1:]], of_eight | of_four)
    names = re.findall(r'<td class="name">(?:└ )?run ([\d.]+)</td>', text)
    assert names == ["8", "8.1", "8.2", "4", "4.1", "4.2"]
    assert text.count('<tr class="part">') == 4


def test_a_failed_run_is_named():
    text = page([*RUNS, a_run("bad", params={"model.units": "64", "seed": "3"}, status="FAILED")])
    assert "seed 3 failed" in text


def test_final_runs_are_of_test_rows_and_have_no_curves():
    text = page(
        [a_run("a", None, params={"final": "true"}, metrics={"test_loss": 3.0, "test_mae": 1.0})]
    )
    assert "These are scores on the test rows. The range" in text
    assert "Learning curves" not in text
    assert "uPlot (v" not in text


def test_a_second_test_evaluation_has_a_warning_and_an_interval_is_shown():
    ends = {"test_loss": 3.0, "test_loss_low": 2.5, "test_loss_high": 3.75}
    ends["test_loss_few_rows"] = 2.2
    runs = [
        a_run(
            name,
            None,
            params={"final": "true", "model.units": name},
            metrics={**ends, "test_evaluations": number},
        )
        for name, number in (("4", 1), ("8", 2))
    ]
    text = page(runs)
    warning = "test evaluation 2 on these rows: optimistic"
    assert f"<strong>{warning}</strong>" in text
    assert text.count(warning) == 2, "and beside the run"
    assert "2.5 to 3.75, may be too short: it hangs on about 2 rows" in text
    assert "optimistic" not in page(runs[:1])


def test_a_measure_that_one_of_two_trainings_lacks_is_shown_of_the_other():
    older = a_run("a", None, metrics={"best_epoch": 2.0, "best_val_loss": 3.0})
    newer = a_run("b", 2.0, params={"seed": "1"}, metrics={"val_mae_low": 0.5, "val_mae_high": 1.5})
    assert "1<small>0.5 to 1.5</small>" in page([older, newer])


def test_folds_of_an_earlier_version_have_a_mean_and_no_interval():
    runs, histories = folds("8", [1.0, 2.0, 3.0], overlap=None)
    assert "no interval: folds stored without their overlap" in page(runs, histories)


def test_runs_without_any_number_make_a_page():
    text = page([a_run("bad", status="FAILED")], {})
    assert "seed 0 failed" in text


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="goldilocks")


def logged(store, count=2):
    sweep = a_sweep(store, "a sweep")
    for run in [*seeds("4", [30.0, 40.0][:count]), *seeds("64", [9.0, 10.0][:count])]:
        run.tags["mlflow.parentRunId"] = sweep
        log(store.client, store.experiment_id, run, {"val_loss": [3.0, 2.0, 2.5]})
    return sweep


def test_the_report_of_a_sweep_is_a_file_and_an_artifact_of_its_parent(store, folder, capsys):
    sweep = logged(store)
    cli.main(["report", sweep])
    file = Path(capsys.readouterr().out.strip())
    assert file.name == f"report-{sweep[:8]}.html"
    assert store.read_artifact(sweep, "report/report.html") == file.read_bytes()
    assert f"goldilocks report {sweep}" in file.read_text()


def test_the_report_of_a_sweep_says_what_its_end_has_said(store, folder):
    sweep = logged(store)
    commands = {"boston (stand-in, abababab)": "goldilocks train a=1   # <why>"}
    for tag, text in conclusion.tags(commands, "val_loss").items():
        store.client.set_tag(sweep, tag, text)
    text = compare.write(store, [sweep], folder / "a.html", command="").read_text()
    assert "<strong>Best.</strong> units=64: val_loss 9.5</p>" in text
    assert "<pre><code>goldilocks train a=1   # &lt;why&gt;</code></pre>" in text
    assert "compared by val_loss" in text
    assert text.index("Best.") < text.index("What differs")


def test_the_report_of_a_sweep_of_an_earlier_version_has_no_next_command(store, folder):
    text = compare.write(store, [logged(store)], folder / "a.html", command="").read_text()
    assert "<strong>Best.</strong> units=64: val_mae 4.75</p>" in text
    assert "<strong>Next.</strong>" not in text


def test_the_report_of_runs_goes_where_it_is_told_to(store, folder):
    logged(store)
    ids = [
        run.info.run_id
        for run in store.client.search_runs([store.experiment_id], "tags.role IS NULL")
    ]
    written = compare.write(store, ids, folder / "mine.html", command="goldilocks report")
    assert written == folder / "mine.html"
    assert "4 runs in 2 variants" in written.read_text()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("postgresql://me:s3cr@t@host/db", "postgresql://me:***@host/db"),
        ("mlflow ui --backend-store-uri mysql+pymysql://me:pw@host:3306/db", "mlflow ui "
                                                                             "--backend-store-uri "
         "mysql+pymysql://me:***@host:3306/db"),
        ("http://127.0.0.1:5000/#/experiments/1", "http://127.0.0.1:5000/#/experiments/1"),
        ("http://127.0.0.1:5000/#/models/a@champion", "http://127.0.0.1:5000/#/models/a@champion"),
        ("postgresql://me:s3/cr:t@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@server:s3cret@host/db", "postgresql://me@server:***@host/db"),
        ("postgresql://host/db?user=me&password=s3cr@t&x=1", "postgresql://host/db?user=me&"
                                                             "password=***&x=1"),
        ("sqlite:////home/me/mlflow.db", "sqlite:////home/me/mlflow.db"),
    ],
)  # fmt: skip
def test_no_password_is_passed_on(typed, shown):
    assert without_passwords(typed) == shown


@pytest.mark.slow
def test_the_page_of_500_runs_stays_small():
    runs = [run for units in range(250) for run in seeds(str(units), [units + 1.0, units + 2.0])]
    points = [(epoch, 1 / epoch) for epoch in range(1, 31)]
    text = page(runs, {run.run_id: {"val_loss": points, "val_mae": points} for run in runs})
    assert len(text.encode()) < 8_000_000
