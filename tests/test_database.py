import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest
from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import database, failures, local

AT_ONCE = 4  # benchmarks/store.py does it with 8, ten times
ONE_RUN = """
import sys
import threading
from pathlib import Path
from goldilocks.tracking import local
Path("ready").mkdir(exist_ok=True)
(Path("ready") / sys.argv[1]).touch()
while len(list(Path("ready").iterdir())) < 4:
    pass
store = local.connect(uri=None, experiment="tries")
with store.start_run(sys.argv[1], parent=None, params={"seed": 0}, tags={}, resume=None) as tracker:
    tracker.epoch(1, {"loss": 0.5})
"""


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A working folder without a store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.mark.long
def test_many_processes_begin_on_a_fresh_store_at_once(bare):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_RUN, str(number)], stderr=subprocess.PIPE, text=True
        )
        for number in range(AT_ONCE)
    ]
    said = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0] * AT_ONCE, said
    client = MlflowClient(f"sqlite:///{bare}/mlflow.db")
    [experiment] = [each for each in client.search_experiments() if each.name == "tries"]
    found = client.search_runs([experiment.experiment_id])
    assert sorted(run.info.run_name for run in found) == [str(number) for number in range(AT_ONCE)]
    assert {(run.info.status, run.data.metrics["loss"]) for run in found} == {("FINISHED", 0.5)}
    with sqlite3.connect("mlflow.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_project_folder_can_be_moved_with_plain_mlflow(folder, tmp_path_factory, monkeypatch):
    store = local.connect(uri=None, experiment="tries")
    (folder / "out").mkdir()
    (folder / "out" / "curve.png").write_bytes(b"png")
    with store.start_run("before", parent=None, params={}, tags={}, resume=None) as tracker:
        tracker.files(folder / "out")
    moved = tmp_path_factory.mktemp("moved") / "project"
    shutil.copytree(folder, moved)
    shutil.rmtree(folder / "mlruns")
    monkeypatch.chdir(moved)
    client = MlflowClient(f"sqlite:///{moved}/mlflow.db")  # What `mlflow ui` does in this folder.
    assert [item.path for item in client.list_artifacts(tracker.run_id)] == ["curve.png"]
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # MLflow has set it for this process.
    again = local.connect(uri=None, experiment="tries")
    assert again.read_artifact(tracker.run_id, "curve.png") == b"png"


def test_a_store_elsewhere_keeps_its_artifacts_beside_itself(folder, tmp_path_factory, monkeypatch):
    away = tmp_path_factory.mktemp("away")
    monkeypatch.chdir(away)
    store = local.connect(uri=f"sqlite:///{folder}/mlflow.db", experiment="tries")
    (away / "out").mkdir()
    (away / "out" / "note.txt").write_text("hello")
    with store.start_run("far", parent=None, params={}, tags={}, resume=None) as tracker:
        tracker.files(away / "out")
    assert not (away / "mlruns").exists()
    assert store.read_artifact(tracker.run_id, "note.txt") == b"hello"
    monkeypatch.chdir(folder)
    assert [item.path for item in store.client.list_artifacts(tracker.run_id)] == ["note.txt"]


def test_a_kill_after_creating_an_experiment_leaves_its_artifacts_movable(folder, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dies:
        dies.setattr(database, "store_artifacts_nearby", die)
        with pytest.raises(KeyboardInterrupt):
            local.connect(uri=None, experiment="tries")
    store = local.connect(uri=None, experiment="tries")
    made = store.client.get_experiment(store.experiment_id)
    assert made.artifact_location == f"mlruns/{store.experiment_id}"


def test_paths_of_runs_that_were_made_without_us_become_movable(folder):
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    number = client.create_experiment("older", artifact_location=str(folder / "mlruns" / "7"))
    elsewhere = client.create_experiment("elsewhere", artifact_location="s3://bucket/7")
    run = client.create_run(number)
    assert run.info.artifact_uri.startswith(str(folder))
    database.make_movable(f"sqlite:///{folder}/mlflow.db")
    assert (
        client.get_run(run.info.run_id).info.artifact_uri == f"mlruns/7/{run.info.run_id}/artifacts"
    )
    assert client.get_experiment(number).artifact_location == "mlruns/7"
    assert client.get_experiment(elsewhere).artifact_location == "s3://bucket/7"


OLDER = "0584bdc529eb"  # A version of the tables before that of the installed MLflow.


def marked(file, version):
    """Write the version of the tables that another MLflow would have made."""
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


@pytest.fixture
def older(bare, migrated):
    """The address of a store that an older MLflow wrote."""
    shutil.copy(migrated, bare / "mlflow.db")
    marked("mlflow.db", OLDER)
    return f"sqlite:///{bare}/mlflow.db"


def tables_up_to(reached, error=None):
    """Stand in for MLflow's migrations, which come as far as a version of the tables."""

    def make(uri):
        marked(uri.removeprefix("sqlite:///"), reached)
        if error:
            raise error

    return make


def test_a_store_of_an_older_mlflow_is_upgraded_after_a_copy(older, capsys, monkeypatch):
    monkeypatch.setattr(database, "_make_tables", tables_up_to(database.SCHEMA))
    database.reach(older)
    assert version("mlflow.db") == database.SCHEMA
    assert version(f"mlflow.before-{OLDER}.db") == OLDER
    assert "a copy stays in" in capsys.readouterr().err


def test_an_upgrade_that_fails_changes_nothing_and_leaves_one_copy(older, bare, monkeypatch):
    failed = tables_up_to("half-way", OSError("no way back"))
    monkeypatch.setattr(database, "_make_tables", failed)
    for _ in range(2):
        with pytest.raises(OSError, match=r"no way back"):
            database.reach(older)
        assert version("mlflow.db") == OLDER
        assert [file.name for file in bare.glob("*.before-*")] == [f"mlflow.before-{OLDER}.db"]


def version(file):
    with sqlite3.connect(file) as connection:
        [found] = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    return found


@pytest.mark.parametrize("killed", ["_make_tables", "make_movable", "_write_ahead"])
def test_a_store_that_was_half_made_is_made_by_the_next(bare, migrated, monkeypatch, killed):
    def die(*_):
        raise KeyboardInterrupt

    def create(uri):
        shutil.copy(migrated, uri.removeprefix("sqlite:///"))

    monkeypatch.setattr(database, "_make_tables", create)  # As fast as a copy.
    with monkeypatch.context() as dies:
        dies.setattr(database, killed, die)
        with pytest.raises(KeyboardInterrupt):
            database.reach(f"sqlite:///{bare}/mlflow.db")
    database.reach(f"sqlite:///{bare}/mlflow.db")
    assert version("mlflow.db") == database.SCHEMA
    with sqlite3.connect("mlflow.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT artifact_location FROM experiments").fetchall() == [
            ("mlruns/0",)
        ]
    connection.close()


@pytest.mark.long
def test_tables_of_others_in_the_same_file_stay(bare):
    with sqlite3.connect("mlflow.db") as connection:
        connection.execute("CREATE TABLE notes AS SELECT 'hello' AS text")
    connection.close()
    database.reach(f"sqlite:///{bare}/mlflow.db")
    with sqlite3.connect("mlflow.db") as connection:
        assert connection.execute("SELECT text FROM notes").fetchall() == [("hello",)]
    connection.close()
    assert version("mlflow.db") == database.SCHEMA


def test_a_store_of_a_newer_mlflow_is_read_from_a_copy_and_never_written(bare, migrated, capsys):
    shutil.copy(migrated, bare / "mlflow.db")
    marked("mlflow.db", "ffffffffffff")
    before = (bare / "mlflow.db").read_bytes()
    uri = f"sqlite:///{bare}/mlflow.db"
    store = local.open_existing(uri=uri, experiment="any")
    assert store.search("", everywhere=True) == []
    assert "tables of another MLflow (version ffffffffffff): a copy is read" in (
        capsys.readouterr().err
    )
    with pytest.raises(StoreError, match=r"ffffffffffff.* of a newer MLflow; nothing was changed"):
        database.reach(uri)
    assert (bare / "mlflow.db").read_bytes() == before
    assert [file.name for file in bare.glob("*.db")] == ["mlflow.db"]


def test_a_store_in_a_folder_that_cannot_be_written_is_read(bare, migrated, monkeypatch):
    shutil.copy(migrated, bare / "mlflow.db")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    address = database.readable(f"sqlite:///{bare}/mlflow.db")
    assert address != f"sqlite:///{bare}/mlflow.db"
    assert MlflowClient(address).search_experiments()


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("http://", r"http:// is not the address of a store: it names no host"),
        ("http://host:99999", r"not the address of a store: Port out of range"),
        ("http://[::1", r"not the address of a store: Invalid IPv6"),
        ("foo://x", r"not the address of a store: Can't load plugin.* Expected http://HOST:PORT"),
        ("postgresql://me:secret@host:abc/db", r"not the address of a store: invalid literal"),
        ("mssql://me:secret@host/db", r"needs a database driver that is not installed: .*pyodbc"),
        ("sqlite:////nowhere/a?b/mlflow.db", r"has \? or % in its path.* Rename the folder"),
        ("sqlite:////nowhere/a%20b/mlflow.db", r"has \? or % in its path.* Rename the folder"),
    ],
)
def test_an_address_that_cannot_be_one_is_a_sentence_and_creates_nothing(bare, uri, sentence):
    for open_store in (local.connect, local.open_existing):
        with pytest.raises(StoreError, match=sentence):
            open_store(uri=uri, experiment="any")
    assert list(bare.iterdir()) == []


def test_a_project_folder_with_a_question_mark_is_refused_and_nothing_is_created(
    tmp_path, monkeypatch
):
    (tmp_path / "what?").mkdir()
    monkeypatch.chdir(tmp_path / "what?")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(StoreError, match=r"what\?/mlflow\.db has \? or % in its path"):
        local.connect(uri=None, experiment="any")
    assert [file.name for file in tmp_path.rglob("*")] == ["what?"]


def test_a_project_folder_with_a_percent_sign_has_its_store_inside(tmp_path, monkeypatch, migrated):
    (tmp_path / "50%").mkdir()
    shutil.copy(migrated, tmp_path / "50%" / "mlflow.db")
    monkeypatch.chdir(tmp_path / "50%")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    store = local.connect(uri=None, experiment="tries")
    with store.start_run("one", parent=None, params={}, tags={}, resume=None):
        pass
    assert [run.status for run in store.search("")] == ["FINISHED"]
    assert [file.name for file in tmp_path.iterdir()] == ["50%"]


def test_an_environment_that_mlflow_cannot_work_in_is_a_sentence(bare, monkeypatch):
    monkeypatch.setattr(database.mlflow, "__file__", "/home/50%/mlflow/__init__.py")
    with pytest.raises(StoreError, match=r"/home/50%/mlflow, and cannot .* without one"):
        local.connect(uri=None, experiment="any")
    assert list(bare.iterdir()) == []


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("[Errno -2] Name or service not known", "a host that this machine can find"),
        ("[Errno 111] Connection refused", "a server that listens there"),
        ("... failed with error code 401 != 200", "a user and a password that it takes"),
        ("[Errno 28] No space left on device: '/data'", "free space; make room there"),
        ("attempt to write a readonly database", "that you may write"),
        ("file is not a database", "the database of MLflow"),
        ("something else", "a store that takes and gives what is asked"),
    ],
)
def test_a_sentence_names_the_cause_that_the_store_gave(reason, expected):
    sentence = rf"{re.escape(reason)}\. Expected .*{expected}"
    with pytest.raises(StoreError, match=sentence), failures.explained("sqlite:///x.db"):
        raise OSError(reason)


def test_readers_do_not_keep_a_store_from_being_set_up(folder):
    with sqlite3.connect("mlflow.db") as setting:
        setting.execute("PRAGMA journal_mode=DELETE")
    setting.close()
    reader = sqlite3.connect("mlflow.db", check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM experiments").fetchall()
    free = threading.Timer(0.5, reader.rollback)
    free.start()
    database.reach(f"sqlite:///{folder}/mlflow.db")
    free.join()
    reader.close()
    with sqlite3.connect("mlflow.db") as after:
        assert after.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    after.close()


def test_the_schema_is_that_of_the_installed_mlflow():
    from mlflow.store.db.utils import _get_latest_schema_revision

    assert _get_latest_schema_revision() == database.SCHEMA
