import inspect
import json
import signal
import subprocess
import sys
import threading
import time

import keras
import mlflow
import numpy as np
import pandas
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST

from conftest import ROOT
from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder as encoding
from goldilocks.errors import StoreError
from goldilocks.tracking import Store, Tracker, journal, local, null, query, repair, sender
from goldilocks.tracking import tracker as run
from goldilocks.tracking.null import NullStore, NullTracker
from goldilocks.tracking.store import MlflowStore
from goldilocks.tracking.tracker import JournalTracker

PARAMS = {"seed": 0, "model.units": [4, 8], "dataset.subset": None, "model": "mlp"}


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="tries")


def opened(store, name="boston mlp", parent=None, params=PARAMS, tags=None):
    return store.start_run(
        name, parent=parent, params=params, tags=tags or {"problem": "regression"}, resume=None
    )


def values(kept):
    return [entry.value for entry in kept.entries()]


def only(store):
    """The only run of a store."""
    [found] = store.client.search_runs([store.experiment_id])
    return found


def dataset(kind="table"):
    if kind == "table":
        x = pandas.DataFrame(
            {"rooms": np.arange(20.0), "price/m2": np.arange(20.0) ** 2, "kind": ["flat", ""] * 10}
        )
        x["kind"] = x["kind"].astype(object)
        x.iloc[3, 0] = np.nan
    else:
        x = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8)
    return Dataset(
        name=kind,
        kind=kind,
        problem="regression",
        x=x,
        y=np.arange(20, dtype="float32"),
        classes=(),
        source="stand_in",
        location="/data/rows.csv",
        digest="0123456789abcdef" * 4,
    )


def test_the_store_is_mlflows_own_default(folder, store):
    assert store.uri == f"sqlite:///{folder}/mlflow.db"
    assert store.ui_command == "mlflow ui"
    assert store.page_command("0123456789" * 3 + "01") == "goldilocks ui 01234567"
    assert store.client.get_experiment(store.experiment_id).name == "tries"
    assert local.connect(uri=None, experiment="tries").experiment_id == store.experiment_id
    assert not (folder / "mlruns").exists(), "nothing is written before there is something to write"


def test_another_store_is_where_the_environment_or_the_config_says(folder, monkeypatch, migrated):
    for name in ("environment", "config"):
        (folder / f"{name}.db").write_bytes(migrated.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/environment.db")
    found = local.connect(uri=None, experiment="tries")
    assert found.uri.endswith("/environment.db")
    assert found.ui_command == f"mlflow ui --backend-store-uri sqlite:///{folder}/environment.db"
    assert local.connect(uri=f"sqlite:///{folder}/config.db", experiment="tries").uri.endswith(
        "/config.db"
    )


def test_a_run_holds_its_parameters_however_many_and_long(store):
    long = {
        "dataset.drop": [f"column {number} (m²)" for number in range(2000)],
        "dataset.dir": "x" * 7000,
    }
    with opened(
        store, params={**PARAMS, **long, **{f"key.{number}": number for number in range(250)}}
    ):
        pass
    found = only(store).data.params
    assert len(found) == len(PARAMS) + 2 + 250
    assert [found[key] for key in PARAMS] == ["0", "[4, 8]", "null", "mlp"]
    assert found["key.249"] == "249"
    assert found["dataset.drop"].startswith('["column 0 (m²)", "column 1 (m²)"')
    assert found["dataset.drop"].endswith('"column 1999 (m²)"]')
    assert "..." in found["dataset.drop"]
    assert len(found["dataset.dir"]) == 6000


def test_the_password_of_an_address_is_in_no_file_of_a_run(folder, store):
    address = "postgresql://me:s3cret@host/db"
    (folder / "out").mkdir()
    with opened(store, address, params={"tracking.uri": address}, tags={"a": address}) as tracker:
        (folder / "out" / "config.yaml").write_text(f"uri: {address}\n")
        tracker.files(folder / "out")
        (folder / "out" / "config.yaml").unlink()
        tracker.describe(f"train.py tracking.uri={address}")
        tracker.tags({"reason": f"{address} is away"})
    assert only(store).data.params["tracking.uri"] == "postgresql://me:***@host/db"
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert [file for file in files if b"s3cret" in file.read_bytes()] == []


def test_a_long_description_is_cut_in_its_middle(store):
    with opened(store) as tracker:
        tracker.describe(f"first {'x' * 9000} last")
    text = only(store).data.tags["mlflow.note.content"]
    assert len(text) == 8000
    assert (text[:6], text[-5:], text.count("...")) == ("first ", " last", 1)


def test_each_epoch_is_logged_once_and_seldom_more_than_one_call_an_epoch(store, monkeypatch):
    calls = []
    send = store.client.log_batch
    monkeypatch.setattr(
        store.client,
        "log_batch",
        lambda *args, **named: [calls.append(named), send(*args, **named)][1],
    )
    monkeypatch.setattr(run, "SECONDS_BETWEEN_SENDINGS", 0.05)
    with opened(store) as tracker:
        for epoch in range(1, 31):
            tracker.epoch(
                epoch, {"loss": 1 / epoch, "val_loss": float("nan") if epoch == 30 else 2 / epoch}
            )
            threading.Event().wait(0.01)
        tracker.metrics({"best_epoch": 7, "best_val_loss": 0.25})
    found = only(store)
    history = store.client.get_metric_history(found.info.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [
        (epoch, 1 / epoch) for epoch in range(1, 31)
    ]
    assert all(point.timestamp > 1.6e12 for point in history), "milliseconds"
    last = store.client.get_metric_history(found.info.run_id, "val_loss")[-1]
    assert (last.step, np.isnan(last.value)) == (30, True)
    assert found.data.metrics["best_epoch"] == 7
    sendings = [named for named in calls if named.get("metrics")]
    assert sum(len(named["metrics"]) for named in sendings) == 62
    assert 2 <= len(sendings) <= 30


def test_more_metrics_than_a_batch_takes(store):
    with opened(store) as tracker:
        for epoch in range(1, 701):
            tracker.epoch(epoch, {"loss": 0.5, "val_loss": 0.6, "seconds": 0.1})
    for name in ("loss", "val_loss", "seconds"):
        steps = [
            point.step for point in store.client.get_metric_history(only(store).info.run_id, name)
        ]
        assert steps == list(range(1, 701))


def test_training_does_not_wait_for_the_store(store, monkeypatch):
    monkeypatch.setattr(run, "SECONDS_BETWEEN_SENDINGS", 0.01)
    send, free, began = store.client.log_batch, threading.Event(), threading.Event()

    def slow(*args, **named):
        if named.get("metrics"):
            began.set()
            assert free.wait(60)
        return send(*args, **named)

    monkeypatch.setattr(store.client, "log_batch", slow)
    with opened(store) as tracker:
        tracker.epoch(1, {"loss": 1.0})
        assert began.wait(60)
        for epoch in range(
            2, 50
        ):  # Would hang here, with the store stuck, if an epoch waited for it.
            tracker.epoch(epoch, {"loss": 1.0})
        free.set()
    assert len(store.client.get_metric_history(only(store).info.run_id, "loss")) == 49


def test_a_run_gives_signs_of_life_while_nothing_is_logged(store, monkeypatch):
    monkeypatch.setattr(run, "SECONDS_BETWEEN_SENDINGS", 0.01)
    monkeypatch.setattr(run, "SECONDS_BETWEEN_BEATS", 0.01)
    with opened(store):
        until = time.monotonic() + 30
        while journal.HEARTBEAT not in only(store).data.tags and time.monotonic() < until:
            time.sleep(0.05)
        assert int(only(store).data.tags[journal.HEARTBEAT]) >= only(store).info.start_time


def test_a_store_that_fails_for_a_while_loses_nothing(store, monkeypatch):
    monkeypatch.setattr(run, "SECONDS_BETWEEN_SENDINGS", 0.01)
    send, refused = store.client.log_batch, threading.Event()

    def failing(*args, **named):
        if named.get("metrics") and len(failures) < 3:
            failures.append(1)
            if len(failures) == 3:
                refused.set()
            raise MlflowException("database is locked")
        return send(*args, **named)

    failures = []
    monkeypatch.setattr(store.client, "log_batch", failing)
    with opened(store) as tracker:
        for epoch in range(1, 11):
            tracker.epoch(epoch, {"loss": float(epoch)})
        assert refused.wait(60)
        tracker.epoch(11, {"loss": 11.0})
    history = store.client.get_metric_history(only(store).info.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [
        (epoch, float(epoch)) for epoch in range(1, 12)
    ]
    assert only(store).info.status == "FINISHED"


def test_a_store_that_never_comes_back_loses_nothing_either(store, monkeypatch, capsys):
    def failing(*args, **named):
        raise MlflowException("disk is full\nand more")

    monkeypatch.setattr(run, "SECONDS_TO_WAIT", 0.1)
    monkeypatch.setattr(run, "SECONDS_BEFORE_WORDS", 0.1)
    with monkeypatch.context() as away, opened(store) as tracker:
        away.setattr(store.client, "log_batch", failing)
        tracker.epoch(1, {"loss": 1.0})
        tracker.tags({"verdict": "overfit"})
        tracker.close("FINISHED")
    said = capsys.readouterr().err
    assert "waiting for the tracking store sqlite:" in said
    assert only(store).data.metrics == {}


def test_what_the_store_did_not_take_is_sent_by_a_repair(store, monkeypatch, capsys):
    monkeypatch.setattr(run, "SECONDS_TO_WAIT", 0.1)
    monkeypatch.setattr(run, "SECONDS_BEFORE_WORDS", 0.1)
    with monkeypatch.context() as away:
        away.setattr(
            run.sender, "send", lambda *_: (_ for _ in ()).throw(OSError("connection refused"))
        )
        with opened(store) as tracker:
            tracker.epoch(1, {"loss": 1.0})
            tracker.files(ROOT / "docs" / "decisions")
    said = capsys.readouterr().err
    assert (
        f"does not take what the run {tracker.run_id} logged. All of it is kept in "
        ".goldilocks/runs/" in said
    )
    assert only(store).info.status == "RUNNING"
    [line] = store.repair()
    assert line == f"run {tracker.run_id} (boston mlp): sent what the store lacked."
    found = only(store)
    assert (found.info.status, found.data.metrics, found.data.params["seed"]) == (
        "FINISHED",
        {"loss": 1.0},
        "0",
    )
    assert len(store.client.list_artifacts(tracker.run_id)) > 3
    assert store.repair() == []
    assert journal.all_left() == []


def test_what_a_store_refuses_for_good_is_an_error(store, monkeypatch):
    with pytest.raises(StoreError, match=r"cannot be used: .*deleted"), opened(store) as tracker:  # noqa: PT012
        store.client.delete_run(tracker.run_id)
        tracker.epoch(1, {"loss": 1.0})


def test_what_two_processes_make_at_the_same_moment_is_no_refusal(store, monkeypatch):
    log_inputs, calls = store.client.log_inputs, []

    def first_is_late(*given, **named):
        calls.append(given)
        if len(calls) == 1:
            raise MlflowException("(sqlite3.IntegrityError) UNIQUE constraint failed", BAD_REQUEST)
        return log_inputs(*given, **named)

    monkeypatch.setattr(
        type(store.client),
        "log_inputs",
        lambda self, *given, **named: first_is_late(*given, **named),
    )
    with opened(store) as tracker:
        tracker.dataset(dataset(), np.arange(8), name="houses", context="training")
    assert len(calls) == 2
    assert only(store).info.status == "FINISHED"


def test_what_is_sent_twice_is_there_once(store):
    with opened(store) as tracker:
        tracker.epoch(1, {"loss": 1.0})
        tracker.flush()
        tracker.journal.sent -= 1
        tracker._waiting = tracker.journal.unsent()
    assert [point.value for point in store.client.get_metric_history(tracker.run_id, "loss")] == [
        1.0
    ]


def test_a_model_that_is_sent_twice_is_there_once(store):
    inputs = keras.Input((1,))
    with opened(store) as tracker:
        tracker.model(
            keras.Model(inputs, keras.layers.Dense(1)(inputs)), np.zeros((1, 1), "float32")
        )
        tracker.flush()
        tracker.journal.sent -= 1  # As if the last answer had been lost.
        tracker._waiting = tracker.journal.unsent()
    assert len(only(store).outputs.model_outputs) == 1


def test_a_write_that_found_no_room_leaves_the_journal_as_it_was(tmp_path, monkeypatch):
    kept = journal.Journal(tmp_path / "run")
    with kept.held() as free:
        assert free
        kept.add("tags", {"a": "1"})
        opened_file = type(kept._file).open

        class Full:
            def __init__(self, file):
                self.file = file

            def __enter__(self):
                return self

            def __exit__(self, *_):
                self.file.close()

            def __getattr__(self, name):
                return getattr(self.file, name)

            def write(self, text):
                return self.file.write(text[:5])

        with monkeypatch.context() as full:
            full.setattr(
                type(kept._file), "open", lambda *given, **named: Full(opened_file(*given, **named))
            )
            with pytest.raises(OSError, match="No space left"):
                kept.add("tags", {"b": "2"})
        kept.add("tags", {"c": "3"})
        assert values(kept) == [{"a": "1"}, {"c": "3"}]


def test_a_spoilt_line_of_a_journal_loses_no_other(tmp_path):
    kept = journal.Journal(tmp_path / "run")
    with kept.held():
        kept.add("tags", {"a": "1"})
        with kept._file.open("a") as file:
            file.write('00000000 [1, "metrics", {"epoch"[2, "tags", {}]\n')
        kept.add("tags", {"c": "3"})
        assert values(kept) == [{"a": "1"}, {"c": "3"}]


def test_a_run_waits_for_who_repairs_it(store, monkeypatch):
    with pytest.raises(RuntimeError), opened(store):
        raise RuntimeError("stopped")
    run_id = only(store).info.run_id
    repairing = journal.of(run_id)
    assert repairing._held.acquire(timeout=0)
    threading.Timer(0.5, repairing._held.release).start()
    with store.start_run("again", parent=None, params=PARAMS, tags={}, resume=run_id):
        pass
    found = store.client.get_run(run_id)
    assert found.info.status == "FINISHED"
    assert not {"reason", "last_epoch"} & set(
        found.data.tags
    )  # Of the interruption, which is over.


def test_what_a_store_does_not_take_can_be_forgotten(store, monkeypatch):
    with pytest.raises(StoreError), opened(store) as tracker:  # noqa: PT012
        store.client.delete_run(tracker.run_id)
        tracker.epoch(1, {"loss": 1.0})
    [left] = repair.interrupted(forget=True)
    assert "entries are not in its store; forgotten" in left
    assert not repair.interrupted(forget=False)
    assert not list(journal.RUNS.iterdir())


def test_artifacts_go_to_the_store_of_their_run_whatever_store_is_open(store, monkeypatch):
    asked = []
    monkeypatch.setattr(
        sender, "get_artifact_repository", lambda location, tracking_uri: asked.append(tracking_uri)
    )
    sender.repository("http://a.example", "mlflow-artifacts:/1/2/artifacts")
    assert asked == ["http://a.example"]


def test_tags_description_data_set_and_files(store, tmp_path):
    (tmp_path / "out" / "plots").mkdir(parents=True)
    (tmp_path / "out" / "plots" / "curve.png").write_bytes(b"png")
    (tmp_path / "out" / "summary.md").write_text("# Run")
    with opened(store, tags={"problem": "regression", "git.commit": ""}) as tracker:
        tracker.tags({"verdict": "overfit"})
        tracker.describe("## A table\n\n| a | b |\n" + "x" * 10_000)
        tracker.dataset(dataset(), np.arange(8), name="houses", context="training")
        tracker.dataset(dataset(), np.arange(0), name="houses", context="test")
        tracker.files(tmp_path / "out")
        where = tracker.where
    found = only(store)
    run_id = found.info.run_id
    assert where == f"run {run_id} of experiment tries"
    assert found.info.run_name == "boston mlp"
    assert found.info.status == "FINISHED"
    assert found.info.end_time >= found.info.start_time
    assert found.data.tags["verdict"] == "overfit"
    assert found.data.tags["problem"] == "regression"
    assert found.data.tags["mlflow.note.content"].startswith("## A table\n\n| a | b |")
    [given] = found.inputs.dataset_inputs
    assert given.dataset.name == "houses"
    source = mlflow.data.get_source(given.dataset)
    assert source.to_dict() == {"tags": {"mlflow.source.name": "/data/rows.csv"}}  # It is not here.
    assert len(given.dataset.digest) == 8
    assert json.loads(given.dataset.profile)["num_rows"] == 8
    assert [(tag.key, tag.value) for tag in given.tags] == [("mlflow.data.context", "training")]
    assert {item.path for item in store.client.list_artifacts(run_id)} == {"plots", "summary.md"}
    assert [item.path for item in store.client.list_artifacts(run_id, "plots")] == [
        "plots/curve.png"
    ]


@pytest.mark.parametrize("kind", ["table", "image"])
def test_a_logged_model_predicts_from_raw_rows(store, kind):
    data = dataset(kind)
    encoder = encoding.fit(data, np.arange(12), in_order=False)
    shape = encoder.output.shape[1:]
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(2)], name="mlp"
    )
    whole = encoding.attach(encoder, inner)
    rows = np.arange(20)
    expected = inner(encoder(encoding.raw(data, rows))).numpy()
    with opened(store) as tracker:
        tracker.model(whole, encoding.raw(data, rows[:2]))
    [logged] = only(store).outputs.model_outputs
    loaded = mlflow.pyfunc.load_model(f"models:/{logged.model_id}")
    # What a person has: a table whose columns are as in the file, but for slashes; or pixels.
    given = data.x.rename(columns={"price/m2": "price_m2"}) if kind == "table" else data.x
    found = loaded.predict(given)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)
    np.testing.assert_allclose(
        np.asarray(loaded.predict(loaded.input_example)), expected[:2], rtol=1e-5
    )
    signature = loaded.metadata.signature
    assert signature.outputs.inputs[0].shape == (-1, 2)
    if kind == "table":
        types = {spec.name: spec.type.name for spec in signature.inputs.inputs}
        assert types == {"rooms": "float32", "price_m2": "float32", "kind": "object"}
        with pytest.raises(MlflowException, match="missing inputs"):
            loaded.predict(given.drop(columns="rooms"))
    else:
        assert (signature.inputs.inputs[0].type, signature.inputs.inputs[0].shape) == (
            np.uint8,
            (-1, 6, 5, 3),
        )


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (ValueError, "FAILED"),
        (MemoryError, "FAILED"),
        (KeyboardInterrupt, "KILLED"),
        (SystemExit, "KILLED"),
    ],
)
def test_a_run_that_ends_early_says_how_and_keeps_what_it_had(store, raised, status):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(raised), opened(store) as tracker:  # noqa: PT012 (the block is what is tested)
        tracker.epoch(1, {"loss": 0.5})
        raise raised
    assert only(store).info.status == status
    assert [p.value for p in store.client.get_metric_history(only(store).info.run_id, "loss")] == [
        0.5
    ]
    assert mlflow.active_run() is None
    assert signal.getsignal(signal.SIGTERM) == before
    assert not [thread for thread in threading.enumerate() if thread.name == "metrics"]


def python(script, *arguments, **named):
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **named,
    )


TERMINATED = """
import time
from goldilocks.tracking import local
store = local.connect(uri=None, experiment="tries")
with store.start_run("slow", parent=None, params={}, tags={}, resume=None) as tracker:
    tracker.epoch(1, {"loss": 0.5})
    print("started", flush=True)
    time.sleep(60)
"""


@pytest.mark.long
def test_a_terminated_run_is_marked(folder, store):
    with python(TERMINATED, cwd=folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert only(store).info.status == "KILLED"
    assert only(store).data.metrics == {"loss": 0.5}


FULL = """
import os, resource
from goldilocks.tracking import local, tracker as tracking
tracking.SECONDS_TO_WAIT = tracking.SECONDS_BEFORE_WORDS = 1.0
store = local.connect(uri=None, experiment="tries")
with store.start_run("large", parent=None, params={}, tags={}, resume=None) as tracker:
    resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, BYTES))
    for epoch in range(1, 5001):
        tracker.epoch(epoch, {"loss": 0.5})
"""


@pytest.mark.long
def test_a_full_disk_is_said_and_what_the_journal_has_is_sent_later(folder, store):
    room = (folder / "mlflow.db").stat().st_size + 8192
    with python(FULL.replace("BYTES", str(room)), cwd=folder) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "does not take what the run" in said
    [line] = store.repair()
    assert "sent what the store lacked" in line
    assert only(store).info.status == "FINISHED"
    steps = [
        point.step for point in store.client.get_metric_history(only(store).info.run_id, "loss")
    ]
    assert steps == list(range(1, 5001))


@pytest.mark.long
def test_no_room_for_the_journal_is_a_sentence_and_the_run_is_marked(folder, store):
    with python(FULL.replace("BYTES", "8192"), cwd=folder) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "make room" in said.splitlines()[-1], said
    store.repair()
    assert only(store).info.status in ("FAILED", "KILLED")


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("sqlite:////dev/null/x.db", "/dev/null"),
        ("http://127.0.0.1:1", "refused"),
    ],
)
def test_a_store_that_cannot_be_opened_is_one_sentence(folder, uri, reason):
    with pytest.raises(StoreError, match=reason) as raised:
        local.connect(uri=uri, experiment="tries")
    assert str(raised.value).startswith(f"the tracking store {uri} cannot be used: ")
    assert "tracking=none" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_database(folder):
    (folder / "mlflow.db").write_text("a shopping list, no database\n" * 100)
    with pytest.raises(StoreError, match="not a database"):
        local.connect(uri=None, experiment="tries")


def test_a_deleted_experiment_is_not_written_to(store):
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(
        StoreError, match=f"was deleted.*restore --experiment-id {store.experiment_id}"
    ):
        local.connect(uri=None, experiment="tries")


def test_runs_come_back_by_their_ids_in_the_order_asked_for(store):
    for units in (4, 8):
        with opened(store, name=f"units={units}", params={"model.units": units}) as tracker:
            for epoch in (1, 2, 3):
                tracker.epoch(epoch, {"val_loss": units / epoch})
    with opened(store, name="stranger"):
        pass
    ids = {
        found.info.run_name: found.info.run_id
        for found in store.client.search_runs([store.experiment_id])
    }
    runs = query.several(store, [ids["units=8"], ids["units=4"], "0" * 32])
    found = query.with_losses(store, runs)
    assert [(child.name, child.status, child.params) for child in found] == [
        ("units=8", "FINISHED", {"model.units": "8"}),
        ("units=4", "FINISHED", {"model.units": "4"}),
    ]
    newest = store.search("attributes.status = 'FINISHED'", newest=2)
    assert [run.name for run in newest] == ["units=8", "stranger"]
    assert [list(child.val_loss) for child in found] == [[8.0, 4.0, 8 / 3], [4.0, 2.0, 4 / 3]]


def test_runs_of_more_experiments_than_a_page_holds_are_found(store, monkeypatch):
    ids = [store.client.create_experiment(f"experiment {number}") for number in range(5)]
    for experiment_id in ids:
        store.client.create_run(experiment_id, run_name=experiment_id)
    monkeypatch.setattr("goldilocks.tracking.store.PAGE", 2)
    assert [run.name for run in store.search("", everywhere=True)] == ids


def test_the_model_of_a_run_comes_back(store):
    data = dataset("image")
    encoder = encoding.fit(data, np.arange(12), in_order=False)
    inner = keras.Sequential(
        [keras.Input((6, 5, 3)), keras.layers.Flatten(), keras.layers.Dense(2)], name="mlp"
    )
    whole = encoding.attach(encoder, inner)
    with opened(store, name="with a model") as tracker:
        tracker.model(whole, data.x[:2])
    with opened(store, name="without"):
        pass
    runs = {
        found.info.run_name: found.info.run_id
        for found in store.client.search_runs([store.experiment_id])
    }
    other = local.connect(uri=None, experiment="elsewhere")
    loaded = other.load_model(runs["with a model"])
    assert (loaded.name, loaded.layers[-1].name) == ("mlp", "mlp")
    np.testing.assert_array_equal(
        loaded.predict(data.x, verbose=0), whole.predict(data.x, verbose=0)
    )
    with pytest.raises(
        StoreError, match=r"run \w{32} \(without, FINISHED\) logged no model; expected .+\.$"
    ):
        store.load_model(runs["without"])
    short = runs["with a model"][:9]
    with pytest.raises(
        StoreError,
        match=rf"no such run; .+ Did you mean {runs['with a model']} \(with a model\)\?$",
    ):
        store.load_model(short)
    for strange in ("f" * 32, "50% of' runs"):
        with pytest.raises(
            StoreError,
            match=rf"the run to look at is {strange}, and the store sqlite.+ has no such run.+starts\.$",
        ):
            store.load_model(strange)


def signatures(kind):
    """The public members of a class: of each method, its parameters; of all else, None."""
    return {
        name: list(inspect.signature(member).parameters.values()) if callable(member) else None
        for name, member in inspect.getmembers_static(kind)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [
        (Store, MlflowStore),
        (Store, NullStore),
        (Tracker, JournalTracker),
        (Tracker, NullTracker),
    ],
)
def test_stores_and_trackers_have_the_signatures_of_their_protocol(protocol, kind):
    expected, actual = signatures(protocol), signatures(kind)
    attributes = set(getattr(kind, "__annotations__", ()))  # Of a dataclass.
    instance_attributes = (
        {"run_id", "where", "url", "page_command"} if kind is JournalTracker else set()
    )
    missing = set(expected) - set(actual) - attributes - instance_attributes
    assert not missing
    if kind in (NullTracker, NullStore):
        return  # Their methods take anything.
    for name in set(expected) & set(actual):
        assert plain(actual[name]) == plain(expected[name]), name


def plain(parameters):
    """Names, kinds and defaults of parameters; annotations are pyright's matter."""
    return parameters and [(each.name, each.kind, each.default) for each in parameters]


def test_the_null_store_stores_nothing():
    store = null.connect()
    with store.start_run("name", parent=None, params={}, tags={}, resume=None) as tracker:
        tracker.epoch(1, {"loss": 1.0})
        tracker.mark_test_evaluation()
    assert (tracker.where, tracker.page_command) == ("nowhere (tracking=none)", "")
    assert query.find_run(store, "abc") is None
    assert query.several(store, ["abc"]) == []
    assert query.with_losses(store, []) == []


def test_the_null_store_names_the_run_that_it_does_not_have():
    store = null.connect()
    for call in (store.get_run, store.load_model):
        with pytest.raises(StoreError, match=r"tracking=none keeps no runs, so there is no abc"):
            call("abc")
