"""Runs that are killed and go on: with real processes, and the same command again."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from conftest import ROOT
from goldilocks.run.run import run
from goldilocks.tracking import journal, local

EPOCHS = 30


def overrides(*more):
    return (
        *("dataset=boston", "dataset.source=stand_in", "model.units=[8]", "regularizer=l2_dropout"),
        *("optimizer=adam", f"trainer.epochs={EPOCHS}", "trainer.checkpoint_seconds=0", *more),
    )


def logged():
    """The epochs in the journals of this folder, as they come."""
    return [
        entry.value["epoch"]
        for left in journal.all_left()
        for entry in left.entries()
        if entry.kind == "metrics" and entry.value["epoch"]
    ]


def killed(*arguments, epochs):
    """Start a command, and kill it with -9 in the middle of the epoch after so many."""
    command = [sys.executable, str(ROOT / "train.py"), *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        until = time.monotonic() + 120
        while len(logged()) < epochs and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
        said = process.communicate()[0]
    assert process.returncode == -signal.SIGKILL, said


def interrupted(*arguments, epochs, by=signal.SIGINT, times=1):
    """Start a command, send it a signal in the middle of the epoch after so many, let it end."""
    command = [sys.executable, str(ROOT / "train.py"), *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        until = time.monotonic() + 120
        while len(logged()) < epochs and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        for _ in range(times):
            process.send_signal(by)
            time.sleep(0.05)
        return process.communicate(timeout=120)[0], process.returncode


def weights_without_interruption(composed, *arguments):
    run(composed(*arguments, "force=true", "tracking.experiment=whole"))
    store = local.connect(uri=None, experiment="whole")
    [found] = store.client.search_runs([store.experiment_id])
    return found.data.tags["weights"]


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="goldilocks")


@pytest.mark.long
def test_a_killed_run_resumes_and_ends_with_the_same_weights(folder, store, composed, capsys):
    killed(*overrides(), epochs=5)
    [broken] = store.client.search_runs([store.experiment_id])
    assert broken.info.status == "RUNNING"
    assert 5 <= max(logged()) < EPOCHS

    run(composed(*overrides()))
    [whole] = store.client.search_runs([store.experiment_id])
    assert whole.info.run_id == broken.info.run_id
    assert whole.info.status == "FINISHED"
    said = capsys.readouterr().err
    assert f"resuming the interrupted run {whole.info.run_id}" in said
    assert "its process was gone after epoch" in said
    for name in ("loss", "val_loss", "learning_rate", "seconds"):
        steps = [point.step for point in store.client.get_metric_history(whole.info.run_id, name)]
        assert steps == list(range(1, EPOCHS + 1)), name
    assert whole.data.tags["weights"] == weights_without_interruption(composed, *overrides())
    assert journal.all_left() == []


@pytest.mark.slow
def test_a_killed_run_on_random_views_ends_with_the_same_weights(folder, store, composed):
    views = (
        *("dataset=catsdogs", "dataset.source=stand_in", "dataset.subset=60"),
        *("dataset.image_size=32", "model.filters=[4,4]", "model.units=8"),
        *("regularizer=augmentation", "trainer.epochs=12", "trainer.checkpoint_seconds=0"),
    )
    killed(*views, epochs=4)
    run(composed(*views))
    [whole] = store.client.search_runs([store.experiment_id])
    assert whole.info.status == "FINISHED"
    assert whole.data.tags["weights"] == weights_without_interruption(composed, *views)


LONG = ("trainer.epochs=3000", "trainer.batch_size=4")


@pytest.mark.long
@pytest.mark.parametrize(
    ("by", "status"),
    [
        (signal.SIGINT, 1),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        pytest.param(signal.SIGQUIT, 131, marks=pytest.mark.slow),
    ],
)
def test_a_training_that_is_asked_to_end_keeps_what_it_has(folder, store, by, status):
    said, code = interrupted(*overrides(*LONG), epochs=3, by=by)
    assert code == status, said
    assert "Traceback" not in said
    assert "ending after this batch; once more ends at once" in said
    assert "was interrupted after epoch" in said
    assert "the same command goes on with it" in said
    [run] = store.client.search_runs([store.experiment_id])
    assert run.info.status == "KILLED"
    assert run.data.tags["verdict"]
    files = {item.path for item in store.client.list_artifacts(run.info.run_id)}
    assert {"best.weights.h5", "history.csv", "plots", "summary.md"} <= files
    assert not run.outputs.model_outputs
    assert not {"best_epoch", "work.parameters"} & run.data.metrics.keys()


@pytest.mark.slow
def test_a_terminal_that_is_closed_leaves_a_run_that_goes_on(folder, store):
    terminal, its = os.openpty()
    command = [sys.executable, str(ROOT / "train.py"), *overrides(*LONG)]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        while b"/3000" not in os.read(terminal, 4096):  # The bar has begun.
            pass
        os.close(terminal)
        time.sleep(0.5)  # The bar is drawn where there is no terminal.
        process.send_signal(signal.SIGHUP)
    assert process.returncode == 129
    [run] = store.client.search_runs([store.experiment_id])
    assert run.info.status == "KILLED"
    assert run.data.tags["reason"] == "interrupted"


@pytest.mark.long
def test_a_second_ctrl_c_ends_at_once(folder, store):
    said, code = interrupted(*overrides(*LONG), epochs=3, times=2)
    assert code == 1, said
    assert "Traceback" not in said
    assert "the same command goes on with it" in said
    assert store.client.search_runs([store.experiment_id])[0].info.status == "KILLED"


@pytest.mark.long
def test_after_ctrl_c_the_same_command_ends_with_the_same_weights(folder, store, composed):
    few = overrides("trainer.epochs=60")
    said, code = interrupted(*few, epochs=5)
    assert code == 1, said
    run(composed(*few))
    [whole] = store.client.search_runs([store.experiment_id])
    assert whole.info.status == "FINISHED"
    assert whole.data.tags["weights"] == weights_without_interruption(composed, *few)
    for name in ("loss", "best_epoch"):
        history = store.client.get_metric_history(whole.info.run_id, name)
        assert len({point.step for point in history}) == len(history), name


def stopped(*arguments, line, by):
    """Start a command, send it a signal when it begins a line so, and let it end."""
    command = [sys.executable, str(ROOT / "train.py"), *arguments]
    said = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for printed in process.stdout:
            if f"\n{line}" not in said and printed.startswith(line):
                process.send_signal(by)
            said += printed
    return said, process.returncode


@pytest.mark.slow
def test_networks_that_are_one_program_go_on_after_each_end(folder, store, composed, capsys):
    pytest.importorskip("jax")
    many = overrides("trainer=population", "trainer.repeats=3", "model.units=[64]")
    said, code = stopped(*many, line="epoch 8/", by=signal.SIGTERM)
    assert code == 143, said
    assert "ending after this epoch; once more ends at once" in said
    assert "3 trainings were interrupted after epoch " in said
    assert f" of {EPOCHS}; the same command goes on with them" in said
    [parent] = store.client.search_runs([store.experiment_id])
    assert f"the run {parent.info.run_id} was interrupted; the same command goes on" in said
    assert parent.info.status == "KILLED"

    for line in ("epoch 20/", "seed 1: "):
        said, code = stopped(*many, line=line, by=signal.SIGKILL)
        assert code == -signal.SIGKILL, said
        assert "of 3 trainings 3 go on from their checkpoint, 0 had ended" in said
    run(composed(*many))
    assert "of 2 trainings 0 go on from their checkpoint, 2 had ended" in capsys.readouterr().err

    runs = store.client.search_runs([store.experiment_id])
    assert [each.info.status for each in runs] == ["FINISHED"] * 4
    for each in runs:
        history = store.client.get_metric_history(each.info.run_id, "val_loss")
        assert [point.step for point in history] == list(range(1, EPOCHS + 1))
    assert journal.all_left() == []

    run(composed(*many, "force=true", "tracking.experiment=whole"))
    whole = local.connect(uri=None, experiment="whole")
    assert {
        each.info.run_name: each.data.tags.get("weights")
        for each in whole.client.search_runs([whole.experiment_id])
        if each.data.tags["role"] == "repeat"
    } == {
        each.info.run_name: each.data.tags["weights"]
        for each in runs
        if each.data.tags["role"] == "repeat"
    }


@pytest.mark.long
def test_a_finished_run_is_reused(folder, store, composed, capsys):
    value = run(composed(*overrides("trainer.epochs=2")))
    capsys.readouterr()
    assert run(composed(*overrides("trainer.epochs=2"))) == pytest.approx(value)
    assert "reused    run" in capsys.readouterr().out
    assert len(store.client.search_runs([store.experiment_id])) == 1
    assert run(composed(*overrides("trainer.epochs=2", "force=true"))) == pytest.approx(value)
    assert len(store.client.search_runs([store.experiment_id])) == 2
    other = composed(*overrides("trainer.epochs=3"))
    assert other.fingerprint("data", "code", "") != composed(*overrides()).fingerprint(
        "data", "code", ""
    )


@pytest.mark.long
def test_finished_folds_are_reused(folder, store, composed, monkeypatch, capsys):
    from goldilocks.run import train as training

    asked = composed(*overrides("trainer.epochs=3", "protocol=kfold", "protocol.k=2"))
    train_one, trained = training._train_one, []

    def failing(context, spec, *rest):
        trained.append(spec.part)
        if spec.part == "fold 2 of 2" and len(trained) == 2:
            raise RuntimeError("the power went")
        return train_one(context, spec, *rest)

    monkeypatch.setattr(training, "_train_one", failing)
    with pytest.raises(RuntimeError, match="the power went"):
        run(asked)
    value = run(asked)
    assert trained == ["fold 1 of 2", "fold 2 of 2", "fold 2 of 2"]
    found = store.client.search_runs([store.experiment_id])
    assert len(found) == 3, "the parent and its folds, each once"
    assert {each.info.status for each in found} == {"FINISHED"}
    names = ["val_loss", "val_data_loss"]
    curves = store.histories([each.info.run_id for each in found], names)
    parent = next(each.info.run_id for each in found if each.data.tags["role"] != "fold")
    of_parent = curves.pop(parent)
    mean = [value for _, value in of_parent["val_loss"]]
    folds = [[value for _, value in curve["val_loss"]] for curve in curves.values()]
    assert mean == pytest.approx([sum(values) / 2 for values in zip(*folds, strict=True)])
    assert value == pytest.approx(min(value for _, value in of_parent["val_data_loss"]))


@pytest.mark.slow
def test_repair_marks_a_killed_run_without_training(folder, store):
    killed(*overrides(), epochs=3)
    [said] = store.repair()
    assert "marked KILLED" in said, said
    [found] = store.client.search_runs([store.experiment_id])
    assert found.info.status == "KILLED"
    assert found.data.tags["reason"] == "its process was gone"
    last = int(found.data.tags["last_epoch"])
    steps = [point.step for point in store.client.get_metric_history(found.info.run_id, "val_loss")]
    assert steps == list(range(1, last + 1)), "no epoch that was trained is lost"
    assert store.repair() == [], "and it is repaired once"


def test_a_half_written_line_of_a_journal_is_skipped(tmp_path):
    book = journal.Journal(tmp_path / "run")
    with book.held():
        book.add("tags", {"a": "1"})
        with (book.folder / "journal.jsonl").open("a") as file:
            file.write(json.dumps(["tags", {"b": "2"}])[:-4])
        assert [entry.value for entry in book.entries()] == [{"a": "1"}]
    with book.held():
        book.add("tags", {"c": "3"})
    assert [entry.value for entry in book.entries()] == [{"a": "1"}, {"c": "3"}]


def test_a_journal_in_use_is_not_repaired(folder, store):
    with store.start_run("tries", parent=None, params={}, tags={}, resume=None) as tracker:
        tracker.epoch(1, {"loss": 1.0})
        assert store.repair() == []
        assert journal.of(tracker.run_id).is_left
    assert journal.all_left() == []
