"""Runs that were killed anywhere, and journals that were damaged: none is lost, each is said."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow.exceptions import MlflowException

from goldilocks import cli
from goldilocks.errors import StoreError
from goldilocks.tracking import journal, local, repair, sender

DAMAGES = 60
EPOCHS = 12


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="tries")


def opened(store, name="a run", resume=None):
    return store.start_run(name, parent=None, params={"seed": 0}, tags={}, resume=resume)


def runs(store):
    return store.client.search_runs([store.experiment_id])


def steps(store, run_id, name="loss"):
    return [point.step for point in store.client.get_metric_history(run_id, name)]


def test_a_kill_before_the_store_has_the_run_leaves_nothing(store, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(store.client, "create_run", stop)
        with pytest.raises(KeyboardInterrupt), opened(store):
            pass
    [left] = journal.all_left()
    assert left.run_id.startswith("new-")
    assert store.repair() == ["run 'a run': killed before it was in its store; forgotten."]
    assert runs(store) == []
    assert list(journal.RUNS.iterdir()) == []


def stop(*_, **__):
    raise KeyboardInterrupt


def test_the_lock_that_a_killed_process_left_is_removed(store):
    journal.RUNS.mkdir(parents=True)
    (journal.RUNS / "new-abc.lock").touch()
    assert store.repair() == []
    assert list(journal.RUNS.iterdir()) == []


def test_the_journal_is_its_owners_alone_and_goes_with_a_whole_run(store):
    with opened(store) as tracker:
        [file] = journal.of(tracker.run_id).folder.glob("*.jsonl")
        assert file.stat().st_mode & 0o777 == 0o600
    assert journal.all_left() == []


def test_a_kill_between_creating_a_run_and_noting_its_id_is_repaired(store, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(journal.Journal, "move", stop)
        with pytest.raises(KeyboardInterrupt), opened(store):
            pass
    [ghost] = runs(store)
    assert ghost.info.status == "RUNNING"
    [line] = store.repair()
    assert (
        line
        == f"run {ghost.info.run_id} (a run): its process was gone after epoch 0; marked KILLED."
    )
    assert runs(store)[0].info.status == "KILLED"
    assert journal.of(ghost.info.run_id).is_left, "the same command goes on with it"


def test_a_lost_answer_makes_no_second_run(store, monkeypatch):
    create = store.client.create_run

    def lost(*args, **named):
        create(*args, **named)
        raise MlflowException("the connection was closed")

    monkeypatch.setattr(store.client, "create_run", lost)
    with opened(store) as tracker:
        tracker.epoch(1, {"loss": 1.0})
    [found] = runs(store)
    assert (found.info.status, found.info.run_id) == ("FINISHED", tracker.run_id)


def test_a_store_that_refuses_a_run_leaves_no_journal(store, monkeypatch):
    def refuse(*args, **named):
        raise MlflowException("no")

    monkeypatch.setattr(store.client, "create_run", refuse)
    with pytest.raises(StoreError), opened(store):
        pass
    assert journal.all_left() == []


KILLED = """
import os, sys
from goldilocks.tracking import local
store = local.connect(uri=None, experiment="tries")
resume = sys.argv[1] or None
with store.start_run("a run", parent=None, params={}, tags={}, resume=resume) as tracker:
    if not resume:
        tracker.epoch(1, {"loss": 0.5})
    print(tracker.run_id, flush=True)
    os._exit(9)
"""


def killed(folder, resume=""):
    command = [sys.executable, "-c", KILLED, resume]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    return done.stdout.strip()


@pytest.mark.long
def test_a_second_kill_before_a_new_epoch_is_repaired_too(folder, store):
    run_id = killed(folder)
    assert "marked KILLED" in store.repair()[0]
    assert killed(folder, run_id) == run_id
    assert runs(store)[0].info.status == "RUNNING"
    [line] = store.repair()
    assert line.endswith("its process was gone after epoch 1; marked KILLED.")
    assert runs(store)[0].info.status == "KILLED"


def test_what_is_logged_once_is_there_once_after_a_kill_at_the_end(store, monkeypatch):
    with pytest.raises(KeyboardInterrupt), opened(store) as tracker:  # noqa: PT012
        tracker.epoch(1, {"loss": 1.0})
        tracker.metrics({"best_epoch": 1.0})
        raise KeyboardInterrupt
    with opened(store, resume=tracker.run_id) as again:
        again.epoch(1, {"loss": 1.0})
        again.metrics({"best_epoch": 1.0, "test_loss": 2.0})
    assert len(steps(store, tracker.run_id, "best_epoch")) == 1
    assert len(steps(store, tracker.run_id, "loss")) == 1
    assert runs(store)[0].data.metrics == {"loss": 1.0, "best_epoch": 1.0, "test_loss": 2.0}


def test_a_model_is_found_by_its_identity_where_its_id_was_not_noted(store, tmp_path, monkeypatch):
    folder = saved_model(tmp_path / "model")
    with opened(store) as tracker:
        with monkeypatch.context() as dies:
            dies.setattr(store.client, "log_outputs", stop)
            with pytest.raises(KeyboardInterrupt):
                sender._send_model(store.client, store.uri, tracker.run_id, folder, "7-a")
        sender._send_model(store.client, store.uri, tracker.run_id, folder, "7-a")
    [model] = store.client.search_logged_models([store.experiment_id])
    assert str(model.status) == "READY"
    assert model.tags[sender.JOURNAL] == "7-a"


def saved_model(folder):
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\nmodel_uuid: x\n")
    return folder


def test_a_kill_while_a_model_gets_its_id_leaves_its_description_whole(
    store, tmp_path, monkeypatch
):
    def die(self, path):
        Path(path).write_text("")
        raise KeyboardInterrupt

    folder = saved_model(tmp_path / "model")
    with opened(store) as tracker:
        with monkeypatch.context() as dies:
            dies.setattr(sender.Model, "save", die)
            with pytest.raises(KeyboardInterrupt):
                sender._send_model(store.client, store.uri, tracker.run_id, folder, "7-a")
        sender._send_model(store.client, store.uri, tracker.run_id, folder, "7-a")
    [model] = store.client.search_logged_models([store.experiment_id])
    assert str(model.status) == "READY"


def test_a_damaged_model_is_one_line_and_its_run_is_sent_without_it(store):
    run = store.client.create_run(store.experiment_id).info.run_id
    left = journal.of(run)
    with left.held():
        left.add("begin", {"uri": "sqlite:///mlflow.db", "name": "a run"})
        saved_model(left.folder / "model-a").joinpath("MLmodel").write_text("")
        left.add("model", {"folder": "model-a"})
        left.add("end", {"status": "FINISHED", "time": 1})
    good = store.client.create_run(store.experiment_id).info.run_id
    write_journal(good)
    assert "model-a/MLmodel is damaged; without its folder, the run is" in "".join(store.repair())
    assert store.client.get_run(good).info.status == "FINISHED"

    shutil.rmtree(left.folder / "model-a")
    assert "The entries 1 are lost" in store.repair()[0]
    assert store.client.get_run(run).info.status == "FINISHED"


def test_a_failure_that_comes_again_is_not_called_an_interruption(store):
    with pytest.raises(ValueError), opened(store):  # noqa: PT011
        raise ValueError("units is too large")
    [line] = repair.interrupted(forget=False)
    assert "failed (ValueError: units is too large); mend that, and the command" in line


def test_runs_of_other_folders_are_named_and_ended_when_asked(folder, store, monkeypatch, capsys):
    with opened(store) as tracker:
        name = {sender.JOURNAL: "new-elsewhere"}
        other = store.client.create_run(store.experiment_id, tags=name, run_name="other").info
        assert tracker.run_id not in "".join(repair.others(store, end=True))
        [line] = repair.others(store, end=True)
        assert f"run {other.run_id} (other): RUNNING elsewhere" in line
        assert "it is left alone" in line

    hours_ago = str(journal.milliseconds() - 3 * 3_600_000)
    monkeypatch.setattr(repair, "_last_sign", lambda run: int(hours_ago))
    cli.main(["repair"])
    assert "last heard of 180 min ago; `goldilocks repair --others` ends it." in (
        capsys.readouterr().out
    )
    cli.main(["repair", "--others"])
    assert "marked KILLED" in capsys.readouterr().out
    assert store.client.get_run(other.run_id).info.status == "KILLED"


@pytest.fixture(scope="module")
def left(tmp_path_factory, migrated):
    """A folder with the journal of a run that the store has nothing of but its start."""
    folder = tmp_path_factory.mktemp("left")
    shutil.copy(migrated, folder / "mlflow.db")
    return folder


def write_journal(run_id, *, old=False):
    """A whole journal of a finished run."""
    entries = [
        ("begin", {"uri": "sqlite:///mlflow.db", "name": "a run"}),
        ("params", {"seed": "0"}),
    ]
    for epoch in range(1, EPOCHS + 1):
        values = {"epoch": epoch, "time": 1_700_000_000_000 + epoch, "values": {"loss": 1 / epoch}}
        entries.append(("metrics", values))
    entries.append(("end", {"status": "FINISHED", "time": 1_700_000_000_999}))
    kept = journal.of(run_id)
    with kept.held():
        for kind, value in entries:
            if old:
                with kept._file.open("a") as file:
                    file.write(json.dumps([kind, value]) + "\n")
            else:
                kept.add(kind, value)
    return kept


def test_a_journal_of_the_first_version_is_read(store):
    run = store.client.create_run(store.experiment_id)
    kept = write_journal(run.info.run_id, old=True)
    (kept.folder / "sent").write_text("3")
    [line] = store.repair()
    assert line == f"run {run.info.run_id} (a run): sent what the store lacked."
    assert steps(store, run.info.run_id) == list(range(1, EPOCHS + 1))
    assert runs(store)[0].info.status == "FINISHED"


def damage(text, dice):
    """Damage a file as disks and people do: bits, zeros, a cut, a line lost or twice, an insertion."""
    kind, place = dice.randrange(6), dice.randrange(len(text))
    lines = text.splitlines(keepends=True)
    if kind == 0:
        return text[:place] + bytes([text[place] ^ 1 << dice.randrange(8)]) + text[place + 1 :]
    if kind == 1:
        return text[:place] + bytes(dice.randrange(1, 200)) + text[place + 200 :]
    if kind == 2:
        return text[:place]
    if kind == 3:
        del lines[dice.randrange(len(lines))]
    elif kind == 4:
        lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    else:
        return text[:place] + dice.choice([b"\n", b"[]\n", b"{", b"\xff\xfe"]) + text[place:]
    return b"".join(lines)


@pytest.mark.long
@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_damaged_journals_stop_nothing_and_what_they_lost_is_said(store, old):
    dice = random.Random(0)
    said = {}
    for _ in range(DAMAGES):
        run = store.client.create_run(store.experiment_id).info.run_id
        kept = write_journal(run, old=old)
        kept._file.write_bytes(damage(kept._file.read_bytes(), dice))
        if dice.random() < 0.3:
            kept._sent.write_bytes(dice.randbytes(3))
        lines = store.repair()
        said[run] = " ".join(lines)

    for run in runs(store):
        text = said[run.info.run_id]
        epochs = sorted({*steps(store, run.info.run_id)})
        whole = epochs == list(range(1, EPOCHS + 1)) and run.data.params == {"seed": "0"}
        # A name that is none, which no checksum tells: the store refuses it, and that is said.
        refused = old and "not yet sent" in text
        assert run.info.status in ("FINISHED", "KILLED") or refused, text
        if run.info.status == "FINISHED" and not whole and not old:
            assert "was damaged" in text
    assert not any("damaged" in line for line in store.repair()), "it is said once"


def test_damage_is_kept_aside_and_marked(store):
    run = store.client.create_run(store.experiment_id).info.run_id
    kept = write_journal(run)
    lines = kept._file.read_bytes().splitlines(keepends=True)
    found = b"".join([*lines[:4], b"rubbish\n", *lines[5:]])
    kept._file.write_bytes(found)
    [line, sent] = store.repair()
    assert line == (
        f"run {run} (a run): its journal was damaged. The entries 4 are lost, all others are kept; "
        "the journal as it was is in .goldilocks/damaged."
    )
    assert sent.endswith("sent what the store lacked.")
    assert (journal.DAMAGED / f"{run}.jsonl").read_bytes() == found
    [found_run] = runs(store)
    assert found_run.info.status == "FINISHED"
    assert found_run.data.tags["journal.lost"] == "the entries 4 of its journal"
    assert steps(store, run) == [step for step in range(1, EPOCHS + 1) if step != 3]


def test_one_damaged_journal_stops_no_other(store):
    broken = store.client.create_run(store.experiment_id).info.run_id
    good = store.client.create_run(store.experiment_id).info.run_id
    write_journal(broken)._file.write_bytes(np.random.default_rng(0).bytes(500) + b"\n")
    write_journal(good)
    store.repair()
    statuses = {run.info.run_id: run.info.status for run in runs(store)}
    assert statuses == {broken: "KILLED", good: "FINISHED"}
