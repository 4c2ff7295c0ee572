"""The seal of the test rows, from the query of the ledger to the words that a person reads."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Metric, Param

from conftest import ROOT
from goldilocks.dataset import Dataset, cell_keys, overlap
from goldilocks.errors import SealError
from goldilocks.protocol import Split
from goldilocks.run import summary, test_claims, test_ledger, test_scores
from goldilocks.run.run import run
from goldilocks.run.test_ledger import Evaluation
from goldilocks.tracking import ledger, local, null
from stored_runs import a_run

BOSTON = ("dataset=boston", "dataset.source=stand_in", "trainer=smoke", "model.units=4")
ROWS, DATA = "test rows", "data"
A_DATASET = Dataset(
    name="table",
    kind="table",
    problem="regression",
    x=pd.DataFrame({"x": np.arange(40.0)}),
    y=np.arange(40.0, 80.0, dtype="float32"),
    classes=(),
    source="original",
    location="",
    digest=DATA,
)
A_SPLIT = Split(np.arange(20), np.arange(20, 30), np.arange(30, 40))


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="goldilocks")


def add_run(
    store,
    *,
    digest=ROWS,
    evaluated="2026-11-23T09:30:00+00:00",
    status="FINISHED",
    metrics=None,
    params=None,
    **tags,
):
    """A run in a store, by its tags; its ID."""
    given = {"dataset.digest": DATA, "role": "final", "fingerprint": "other", **tags}
    given |= {ledger.DIGEST: digest} if digest else {}
    given |= {ledger.EVALUATED: evaluated} if evaluated else {}
    made = store.client.create_run(store.experiment_id, run_name="earlier", tags=given).info.run_id
    for name, value in (metrics or {}).items():
        store.client.log_metric(made, name, value)
    for name, value in (params or {}).items():
        store.client.log_param(made, name, value)
    if status != "RUNNING":
        store.client.set_terminated(made, status)
    return made


def ask(store, *, configuration="mine", fingerprint="mine", resumed_run=None, force=False):
    ledgers = [ledger.StoreLedger(store)] if store.uri else []
    return test_ledger.evaluation(
        store,
        test_ledger.Question(ledgers, A_DATASET, A_SPLIT, ROWS),
        configuration=configuration,
        fingerprint=fingerprint,
        resumed_run=resumed_run,
        force=force,
        validation=A_SPLIT.validation,
    )


def test_the_first_look_is_allowed_and_is_number_one(store):
    asked = ask(store)
    assert asked == Evaluation(asked.question, 1, 0, 0, 10)
    assert ask(store).notes == ()


def test_a_second_look_is_refused_with_who_when_and_what(store):
    earlier = add_run(
        store,
        metrics={"test_mae": 2.5, "test_mae_low": 2.0, "test_looks": 1, "test_looks_elsewhere": 0},
    )
    with pytest.raises(SealError) as refused:
        ask(store)
    said = str(refused.value)
    assert f"run {earlier} (earlier) on 2026-11-23 09:30 UTC, with test_mae 2.5." in said
    assert "test_mae_low" not in said
    assert "add force=true; reports will mark it as test evaluation 2" in said
    assert ask(store, force=True).number == 2


def test_many_earlier_looks_are_counted_and_three_are_named(store):
    runs = [add_run(store, fingerprint=str(number)) for number in range(5)]
    with pytest.raises(SealError, match=r"; and 2 more.*test evaluation 6") as refused:
        ask(store)
    assert [run in str(refused.value) for run in runs] == [True] * 3 + [False] * 2
    assert ask(store, force=True).number == 6


def test_the_same_configuration_and_one_that_goes_on_are_not_refused(store):
    mine = add_run(store, fingerprint="mine", configuration="mine", status="KILLED")
    assert ask(store).number == 1
    assert ask(store, resumed_run=mine).number == 1
    add_run(store)
    assert ask(store, resumed_run=mine).number == 2
    with pytest.raises(SealError):
        ask(store)


def test_other_seeds_are_the_same_configuration(store):
    for seed in range(3):
        add_run(store, fingerprint=f"seed {seed}", configuration="mine")
    assert ask(store).number == 1
    for seed in range(3):
        add_run(store, fingerprint=f"other seed {seed}", configuration="other")
    with pytest.raises(SealError):
        ask(store)
    assert ask(store, force=True).number == 2


def test_a_run_that_was_interrupted_before_it_looked_is_refused_where_another_has_looked_since(
    store,
):
    mine = add_run(store, fingerprint="mine", evaluated=None, status="KILLED")
    assert ask(store, resumed_run=mine).number == 1
    add_run(store)
    with pytest.raises(SealError):
        ask(store, resumed_run=mine)


@pytest.mark.parametrize(("status", "evaluated", "counts"), [
    ("FAILED", "2026-11-23T09:30:00+00:00", True),
    ("RUNNING", None, True),
    ("FAILED", None, False),
    ("KILLED", None, False),
])  # fmt: skip
def test_who_died_before_the_evaluation_has_not_looked(store, status, evaluated, counts):
    add_run(store, status=status, evaluated=evaluated)
    assert len(ledger.StoreLedger(store).runs()) == counts
    if counts:
        with pytest.raises(
            SealError,
            match="is about to be evaluated" if evaluated is None else "has logged no result",
        ):
            ask(store)


def test_looks_in_other_experiments_and_deleted_ones_count(store):
    other = local.connect(uri=None, experiment="other")
    store.client.delete_run(add_run(other))
    with pytest.raises(SealError):
        ask(store)
    store.client.delete_experiment(other.experiment_id)
    with pytest.raises(SealError):
        ask(store)


def test_looks_at_other_rows_of_the_same_data_are_noted_and_allowed(store):
    add_run(store, digest="other rows")
    add_run(store, digest="rows of other data", **{"dataset.digest": "other data"})
    found = ask(store)
    assert (found.number, found.elsewhere) == (1, 1)
    assert found.notes == ("1 final run was evaluated on other test rows of the same data.",)


def test_validation_was_consulted_by_every_configuration_that_was_judged(store):
    for role in ("plain", "regularized", "fold", "repeat", "baseline", "sweep", "final"):
        add_run(store, digest=None, evaluated=None, role=role, params={"model": role, "seed": "0"})
    gone = add_run(
        store,
        digest=None,
        evaluated=None,
        role="plain",
        status="RUNNING",
        params={"model": "another"},
    )
    again = add_run(
        store, digest=None, evaluated=None, role="plain", params={"model": "plain", "seed": "1"}
    )
    add_run(store, digest=None, evaluated=None, role="plain", status="FAILED")
    add_run(store, digest=None, evaluated=None, role="plain", **{"dataset.digest": "other data"})
    assert ask(store).configurations == 3
    for judged in (again, gone):
        store.client.delete_run(judged)
    assert ask(store).configurations == 3, "what has been judged stays judged"


def test_the_ledger_is_asked_once_whatever_the_number_of_runs(store, monkeypatch):
    for number in range(4):
        add_run(store, fingerprint=str(number))
    calls = []
    search = store.client.search_runs
    monkeypatch.setattr(
        store.client,
        "search_runs",
        lambda *args, **named: calls.append(1) or search(*args, **named),
    )
    monkeypatch.setattr(store.client, "get_run", lambda *_: pytest.fail("run by run"))
    assert len(ledger.StoreLedger(store).runs()) == 4
    assert len(calls) == 1


def test_without_tracking_there_is_no_ledger_and_that_is_said():
    found = ask(null.connect())
    assert found.number is None
    assert "tracking=none keeps no ledger of published data" in found.notes[0]


def log_keys(store, run_id, keys, tmp_path):
    """What a final run of today logs before it trains."""
    ledger.pack(overlap.keep(keys, np.arange(len(keys)), b""), tmp_path / ledger.FILE)
    store.client.log_artifact(run_id, str(tmp_path / ledger.FILE))


def test_test_rows_are_known_by_what_stands_in_them(store, tmp_path):
    keys = cell_keys.of_dataset(A_DATASET)
    earlier = add_run(store, digest="other rows", configuration="other", **{ledger.KIND: "table"})
    log_keys(store, earlier, keys[34:], tmp_path)
    with pytest.raises(SealError, match=r"evaluated on these test rows \(60 % of them\)"):
        ask(store)
    forced = ask(store, force=True)
    assert (forced.number, forced.elsewhere) == (2, 0)
    assert "60 % of the test rows were evaluated before." in forced.notes
    assert ask(store, configuration="other").number == 1, "it is the same configuration"


def test_a_few_test_rows_that_were_evaluated_are_said_in_per_cent(store, tmp_path, monkeypatch):
    earlier = add_run(store, digest="other rows", **{ledger.KIND: "table"})
    log_keys(store, earlier, cell_keys.of_dataset(A_DATASET)[39:], tmp_path)
    with pytest.raises(SealError, match=r"\(10 % of them\)"):
        ask(store)
    monkeypatch.setattr(test_ledger, "LIMIT", 0.2)
    asked = ask(store)
    assert asked.number == 1
    assert "10 % of the test rows were evaluated before." in asked.notes


@pytest.mark.long
def test_a_few_rows_of_each_of_several_evaluations_add_up(store, tmp_path, monkeypatch):
    monkeypatch.setattr(overlap, "SHUFFLED", 100_000)  # So that one of ten rows is no chance.
    monkeypatch.setattr(test_ledger, "LIMIT", 0.25)
    keys = cell_keys.of_dataset(A_DATASET)
    for number in range(3):
        run_id = add_run(
            store, digest=f"other {number}", configuration=str(number), **{ledger.KIND: "table"}
        )
        log_keys(store, run_id, keys[30 + number : 31 + number], tmp_path)
        if number == 1:
            asked = ask(store)
            assert (asked.number, asked.elsewhere) == (1, 2)
            assert "20 % of the test rows were evaluated before." in asked.notes
    with pytest.raises(SealError, match=r"\(together 30 % of them\): run .+; run .+ evaluation 4"):
        ask(store)
    assert ask(store, force=True).number == 4
    assert ask(store, configuration="1").number == 1, "without its own the others are 20 %"


def test_where_content_cannot_tell_that_is_said(store):
    add_run(store, digest="other rows", **{ledger.KIND: "table"})  # Its keys are gone.
    assert any("content cannot tell" in note for note in ask(store).notes)


def rival(store, name, **tags):
    """A run of another configuration that comes while one is being claimed."""
    return add_run(store, evaluated=None, status="RUNNING", configuration=name, **tags)


class FixedTracker(null.NullTracker):
    """Says which run it is of, and calls something when the store has what it was told."""

    def __init__(self, run_id, when_sent):
        self.run_id = run_id
        self.flush = when_sent


@pytest.mark.parametrize(
    ("sent", "granted", "run_id", "goes_on"),
    [
        (1, False, "0", True),
        (1, False, "g", False),
        (1, True, "0", False),
        (2, False, "g", True),
        (2, True, "0", False),
    ],
    ids=["it came later", "it has the lower ID", "it goes on", "it will see us", "both go on"],
)
def test_of_two_runs_that_come_at_once_one_goes_on(
    store, monkeypatch, sent, granted, run_id, goes_on
):
    monkeypatch.setattr(test_claims, "SETTLING", 0.0)
    tags, calls = {ledger.GRANTED: "true"} if granted else {}, []

    def when_sent():
        calls.append(1)
        if len(calls) == sent:
            rival(store, "other", **tags)

    evaluation, tracker = ask(store), FixedTracker(run_id, when_sent)
    claim = test_claims.claimed(evaluation, tracker, "mine", {"configuration": "mine"}, force=False)
    if goes_on:
        with claim:
            return
    with pytest.raises(SealError, match="is about to be evaluated"), claim:
        pass


def test_a_run_without_a_sign_of_life_stands_in_nobodys_way(store, monkeypatch):
    rival(store, "other")
    with pytest.raises(
        SealError, match=r"is about to be evaluated \(if its process is gone: until"
    ):
        ask(store)
    later = time.time() + ledger.LEASE + 1
    monkeypatch.setattr(ledger.time, "time", lambda: later)
    assert ask(store).number == 1


@pytest.mark.parametrize(
    ("number", "said"),
    [(None, ""), (1.0, ""), (2.0, "test evaluation 2 on these rows: optimistic")],
)
def test_only_a_look_after_the_first_is_warned_of(number, said):
    assert test_scores.warning(number) == said


def test_scores_are_told_from_what_stands_beside_them():
    metrics = {
        "test_mae": 1.0,
        "test_mae_low": 0.5,
        "test_mae_few_rows": 2.5,
        "test_looks": 2.0,
        "test_looks_elsewhere": 0.0,
        "val_mae": 3.0,
    }
    assert test_scores.results(a_run("a", metrics=metrics)) == {"test_mae": 1.0}


@pytest.fixture
def old_run(store):
    """A final run exactly as version 0.1 logged it: with the old names, and without a
    configuration.
    """
    logged = json.loads((Path(__file__).parent / "data" / "final_run_of_0_1.json").read_text())
    made = store.client.create_run(
        store.experiment_id, run_name=logged["name"], tags=logged["tags"]
    ).info.run_id
    store.client.log_batch(
        made,
        [Metric(name, value, 0, 0) for name, value in logged["metrics"].items()],
        [Param(name, value) for name, value in logged["params"].items()],
    )
    store.client.set_terminated(made, "FINISHED")
    return store.get_run(made)


@pytest.mark.long
def test_an_evaluation_that_version_0_1_logged_still_closes_the_seal(store, composed, old_run):
    assert test_scores.evaluations(old_run.metrics) == 1
    assert sorted(test_scores.results(old_run)) == ["test_loss", "test_mae"]
    with pytest.raises(SealError, match=rf"run {old_run.run_id} .+ UTC, with test_loss 93\.97"):
        run(composed(*BOSTON, "final=true", "optimizer=adam"))


def test_a_reused_run_of_version_0_1_shows_its_scores(old_run, composed):
    settings = composed(*BOSTON, "final=true")
    headline, line = summary.lines(settings, old_run.metrics, old_run.tags)
    assert headline == "result    not better than the baseline on the test rows: of no use"
    assert re.match(r"test      test_loss 93\.97 \(95 % interval .+\), test_mae 7\.334", line)


def everything(store):
    return store.client.search_runs(
        [each.experiment_id for each in store.client.search_experiments()]
    )


@pytest.fixture
def quick(monkeypatch):
    """Runs without plots, which take longer than all else."""
    from goldilocks.run import figures

    monkeypatch.setattr(figures, "draw", lambda *_: None)


@pytest.mark.long
@pytest.mark.usefixtures("quick")
def test_a_second_final_run_is_refused_before_it_trains_and_a_forced_one_is_marked(
    store, composed, capsys
):
    data = composed(*BOSTON).builder("dataset")().digest
    for units in (4, 8):
        add_run(
            store,
            digest=None,
            evaluated=None,
            role="plain",
            params={"units": units},
            **{"dataset.digest": data},
        )
    run(composed(*BOSTON, "final=true"))
    first = capsys.readouterr().out
    assert "95 % interval" in first
    assert "optimistic" not in first
    assert "You compared 2 configurations on 101 validation rows" in first
    assert run(composed(*BOSTON, "final=true")) > 0  # Taken as it was: no new look.
    assert "reused" in capsys.readouterr().out
    assert len(everything(store)) == 3
    with pytest.raises(SealError, match="another configuration was evaluated on these test rows"):
        run(composed(*BOSTON, "final=true", "optimizer=adam", "tracking.experiment=elsewhere"))
    assert len(everything(store)) == 3
    run(composed(*BOSTON, "final=true", "optimizer=adam", "force=true"))
    assert "warning   test evaluation 2 on these rows: optimistic" in capsys.readouterr().out
    final, before, *_ = (each.data for each in everything(store))
    assert before.tags[ledger.DIGEST] == final.tags[ledger.DIGEST]
    assert before.tags[ledger.EVALUATED] < final.tags[ledger.EVALUATED]
    assert (before.metrics["test_evaluations"], final.metrics["test_evaluations"]) == (1, 2)
    assert final.tags["test_evaluations"] == "2"
    assert final.metrics["validation_configurations"] == 2
    assert final.metrics["validation_optimism"] > 0
    assert (
        final.metrics["test_mae_low"] < final.metrics["test_mae"] < final.metrics["test_mae_high"]
    )
    note = final.tags["mlflow.note.content"]
    assert "then evaluated on the test rows: test evaluation 2 on these rows: optimistic." in note
    assert "|  | value | 95 % interval | baseline |" in note
    run(composed(*BOSTON, "final=true", "optimizer=adam"))
    assert "warning   test evaluation 2 on these rows: optimistic" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.usefixtures("quick")
def test_final_runs_with_several_seeds_are_one_evaluation(store, composed):
    for seed in (0, 1):
        run(composed(*BOSTON, "final=true", f"seed={seed}"))
    first, second = (each.data for each in everything(store))
    assert first.tags["configuration"] == second.tags["configuration"]
    assert first.metrics["test_evaluations"] == second.metrics["test_evaluations"] == 1


@pytest.mark.long
def test_a_run_that_dies_after_it_has_looked_has_looked(store, composed, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("goldilocks.evaluation.scores.intervals_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(composed(*BOSTON, "final=true"))
    [died] = everything(store)
    assert died.info.status == "FAILED"
    assert ledger.EVALUATED in died.data.tags
    with pytest.raises(SealError, match="has logged no result"):
        run(composed(*BOSTON, "final=true", "optimizer=adam"))


def test_a_run_that_never_looked_stands_in_nobodys_way(store, composed, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("goldilocks.run.train.predict", lambda *_: pytest.fail("looked"))
        broken.setattr("goldilocks.run.train.prepare", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(composed(*BOSTON, "final=true"))
    [died] = everything(store)
    assert ledger.DIGEST in died.data.tags
    assert ledger.EVALUATED not in died.data.tags
    assert ledger.StoreLedger(store).runs() == []


@pytest.mark.long
@pytest.mark.usefixtures("quick")
def test_a_persons_own_rows_are_known_in_every_folder_and_without_tracking(
    folder, composed, monkeypatch
):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(120, 4)).round(4), columns=list("abcy"))
    frame.to_csv(folder / "rows.csv", index=False)
    table = ("dataset=table", f"dataset.file={folder / 'rows.csv'}", "dataset.target=y")
    quick = (*table, "trainer=smoke", "final=true")
    run(composed(*quick, "tracking=none"))
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    with pytest.raises(SealError, match=r"\(100 % of them\): run \w+ \(.+ UTC, with test_loss"):
        run(composed(*quick, "dataset.drop=[a]"))
    run(composed(*quick, "seed=3"))
    with pytest.raises(SealError, match=r"with test_loss"):
        run(composed(*quick, "protocol.seed=5", "tracking=none"))


@pytest.mark.slow
def test_of_two_final_runs_at_once_one_looks(store):
    command = [sys.executable, str(ROOT / "train.py"), *BOSTON, "final=true"]
    first, second = (
        subprocess.Popen(
            [*command, f"model.units={units}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for units in (4, 8)
    )
    told = [process.communicate()[1] for process in (first, second)]
    assert sorted((first.returncode, second.returncode)) == [0, 1]
    assert sum("was evaluated on these test rows" in said for said in told) == 1
    assert len(everything(store)) == 1
