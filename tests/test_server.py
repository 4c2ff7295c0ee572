"""A tracking server on loopback that goes away while runs are under way."""

import os
import socket
import subprocess
import sys
import time
import uuid

import pytest
import requests

from conftest import ROOT
from goldilocks.tracking import inputs, journal, local, registry
from test_registry import logged

pytestmark = pytest.mark.server


class Server:
    """`mlflow server` on a port of its own, which can be stopped and started again."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.uri = folder, f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--port",
            str(self.port),
            "--workers",
            "1",
        ]
        command += [
            "--backend-store-uri",
            "sqlite:///server.db",
            "--artifacts-destination",
            "artifacts",
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=self.folder, start_new_session=True, **quiet)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                if requests.get(f"{self.uri}/health", timeout=1).ok:
                    return
            except requests.RequestException:
                time.sleep(0.2)
        raise TimeoutError("the server did not start")

    def stop(self):
        os.killpg(self.process.pid, 9)
        self.process.wait()


@pytest.fixture
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"))
    made.start()
    yield made
    made.stop()


def test_a_server_that_is_stopped_in_mid_run_and_started_again_loses_nothing(server, folder):
    store = local.connect(uri=server.uri, experiment="tries")
    (folder / "out").mkdir()
    (folder / "out" / "curve.png").write_bytes(b"png")
    slowest = 0.0
    with store.start_run(
        "through an outage", parent=None, params={"seed": 0}, tags={}, resume=None
    ) as tracker:
        for epoch in range(1, 101):
            if epoch == 30:
                server.stop()
            if epoch == 70:
                server.start()
            began = time.perf_counter()
            tracker.epoch(epoch, {"loss": 1 / epoch, "val_loss": 2 / epoch})
            slowest = max(slowest, time.perf_counter() - began)
            time.sleep(0.05)
        tracker.files(folder / "out")
    found = store.client.get_run(tracker.run_id)
    assert found.info.status == "FINISHED"
    for name, first in (("loss", 1.0), ("val_loss", 2.0)):
        points = store.client.get_metric_history(tracker.run_id, name)
        assert [(point.step, point.value) for point in points] == [
            (n, first / n) for n in range(1, 101)
        ]
    assert [item.path for item in store.client.list_artifacts(tracker.run_id)] == ["curve.png"]
    assert slowest < 0.5, "an epoch waited for the server"
    assert journal.all_left() == []


def test_a_server_that_is_away_at_the_end_gets_everything_later(
    server, folder, monkeypatch, capsys
):
    from goldilocks.tracking import tracker as run

    monkeypatch.setattr(run, "SECONDS_TO_WAIT", 1.0)
    monkeypatch.setattr(run, "SECONDS_BEFORE_WORDS", 0.5)
    store = local.connect(uri=server.uri, experiment="tries")
    with store.start_run(
        "left alone", parent=None, params={"seed": 0}, tags={}, resume=None
    ) as tracker:
        tracker.epoch(1, {"loss": 0.5})
        server.stop()
        tracker.epoch(2, {"loss": 0.25})
    assert "kept in .goldilocks/runs" in capsys.readouterr().err
    [line] = store.repair()
    assert "not yet sent" in line
    server.start()
    assert store.repair() == [f"run {tracker.run_id} (left alone): sent what the store lacked."]
    found = store.client.get_run(tracker.run_id)
    assert (found.info.status, found.data.metrics) == ("FINISHED", {"loss": 0.25})


def test_a_model_is_registered_on_a_server_and_found_again(server, folder):
    store = local.connect(uri=server.uri, experiment="tries")
    run_ids = [logged(store, folder), logged(store, folder)]
    assert [
        registry.register(store, run_id, "houses").number for run_id in (*run_ids, run_ids[0])
    ] == [
        1,
        2,
        1,
    ]
    assert [
        registry.model_run_id(store, f"houses{behind}") for behind in ("", "/1", "@champion")
    ] == [
        run_ids[1],
        *run_ids,
    ]
    assert inputs.of(store, run_ids[0]).classes == ("no", "ja ✓")
    assert store.load_model(registry.model_run_id(store, "houses")).count_params() == 3


GOLDILOCKS = "from goldilocks.cli import main; main()"
SMALL = ("dataset=boston", "dataset.source=stand_in", "trainer.epochs=2", "regularizer=none")


def test_a_password_in_the_address_of_a_store_is_written_nowhere(server, folder):
    password = uuid.uuid4().hex
    address = server.uri.replace("://", f"://me:{password}@")

    def typed(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)

    train = str(ROOT / "train.py")
    done = [
        typed(train, *SMALL, "model.units=[4]", f"tracking.uri={address}"),
        typed(train, "-m", *SMALL, "model.units=[4],[6]", "force=true", f"tracking.uri={address}"),
        typed(train, *SMALL, f"tracking.uri=http://me:{password}@127.0.0.1:1"),
        typed(train, *SMALL, f"tracking.uri={address}", "model.unit=4"),
        typed("-c", GOLDILOCKS, "report", "f" * 32, "--uri", address),
        typed("-c", GOLDILOCKS, "repair", "--uri", address),
    ]
    assert [each.returncode for each in done[:3]] == [0, 0, 1], done[2].stderr
    printed = "".join(each.stdout + each.stderr for each in done)
    assert "me:***@" in printed
    assert password not in printed
    written = [file for at in (folder, server.folder) for file in at.rglob("*") if file.is_file()]
    assert len(written) > 20
    assert not [file for file in written if password.encode() in file.read_bytes()]
