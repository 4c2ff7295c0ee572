"""Real stores on loopback, which go away while eight processes write: a tracking server on SQLite
and on PostgreSQL, and PostgreSQL itself. The tests start them; PostgreSQL is the system's package.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
import pytest
import requests

from conftest import ROOT
from goldilocks.tracking import journal, local

pytestmark = pytest.mark.store_server

WRITERS, EPOCHS = 8, 60
PASSWORD = uuid.uuid4().hex
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
WRITER = f"""
import sys
import time
from pathlib import Path
from goldilocks.tracking import local
name, uri, experiment = sys.argv[1:]
store = local.connect(uri=uri, experiment=experiment)
with store.start_run(name, parent=None, params={{"seed": 0}}, tags={{}}, resume=None) as tracker:
    Path("begun", name).touch()
    for epoch in range(1, {EPOCHS} + 1):
        tracker.epoch(epoch, {{"loss": 1 / epoch, "val_loss": 2 / epoch}})
        time.sleep(0.5)
    tracker.metrics({{"accuracy": 0.5}})
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(ready):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if ready():
            return
        time.sleep(0.2)
    raise TimeoutError("it did not start")


class Postgres:
    """PostgreSQL with a password, which does not run as root."""

    def __init__(self, folder):
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        found = shutil.which("initdb") or (programs and str(programs[-1]))
        if not found:
            pytest.skip("PostgreSQL is not installed; with Debian: apt install postgresql")
        self.programs, self.folder, self.port = Path(found).parent, folder, free_port()
        self.user = {}
        if os.geteuid() == 0:
            self.user = {"user": 65534, "group": 65534, "extra_groups": ()}
            os.chown(folder, 65534, 65534)
        self.uri = f"postgresql://me:{PASSWORD}@127.0.0.1:{self.port}/postgres"

        (folder / "password").write_text(PASSWORD)
        command = [found, "-D", folder / "data", "-U", "me", "-A", "scram-sha-256"]
        command += ["--pwfile", folder / "password", "--no-sync"]
        subprocess.run(command, check=True, cwd=folder, **QUIET, **self.user)
        (folder / "password").unlink()

    def start(self):
        command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port)]
        command += ["-k", self.folder, "-c", "listen_addresses=127.0.0.1"]
        self.process = subprocess.Popen(command, cwd=self.folder, **QUIET, **self.user)
        wait_for(self.answers)

    def answers(self):
        try:
            psycopg.connect(self.uri, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)  # What PostgreSQL calls `immediate`.
        self.process.wait()


class Server:
    """`mlflow server` on a database, perhaps with MLflow's own passwords."""

    def __init__(self, folder, database, *, password=False):
        self.folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.command = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port)]
        self.command += ["--workers", "1", "--backend-store-uri", database]
        self.command += ["--artifacts-destination", "artifacts"]
        self.environment = dict(os.environ)
        if password:
            self.command += ["--app-name", "basic-auth"]
            settings = folder / "auth.ini"
            settings.write_text(
                "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///auth.db\n"
                f"admin_username = me\nadmin_password = {PASSWORD}\n"
                "authorization_function = "
                "mlflow.server.auth:authenticate_request_basic_auth\n"
            )
            self.environment |= {
                "MLFLOW_AUTH_CONFIG_PATH": str(settings),
                "MLFLOW_FLASK_SERVER_SECRET_KEY": "any",
            }

    def start(self):
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, start_new_session=True, env=self.environment, **QUIET
        )
        wait_for(self.answers)

    def answers(self):
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.uri}/health", timeout=1).ok
        return False

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def postgres():
    # Beside the folders of pytest, which are closed to other users.
    with tempfile.TemporaryDirectory() as folder:
        made = Postgres(Path(folder))
        made.start()
        yield made
        made.stop()


@pytest.fixture
def server(request, tmp_path_factory, postgres):
    folder = tmp_path_factory.mktemp("server")
    database = {"sqlite": "sqlite:///server.db", "postgres": postgres.uri}[request.param]
    made = Server(folder, database)
    made.start()
    yield made
    made.stop()


def write_through(store, folder, *, seconds):
    """Let eight processes write to a store that is away meanwhile, and check what it has."""
    (folder / "begun").mkdir()
    experiment = uuid.uuid4().hex  # The tests share a database.
    writer = [sys.executable, "-c", WRITER]
    writers = [
        subprocess.Popen([*writer, str(number), store.uri, experiment], cwd=folder)
        for number in range(WRITERS)
    ]
    wait_for(lambda: len(list((folder / "begun").iterdir())) == WRITERS)
    time.sleep(3)
    store.stop()
    time.sleep(seconds)
    store.start()
    assert [writer.wait(timeout=300) for writer in writers] == [0] * WRITERS

    reader = local.connect(uri=store.uri, experiment=experiment)
    reader.repair()  # What a run could not send until its end.
    runs = reader.search("")
    assert sorted(run.name for run in runs) == sorted(map(str, range(WRITERS)))
    assert {run.status for run in runs} == {"FINISHED"}
    for run in runs:
        for name, first in (("loss", 1.0), ("val_loss", 2.0)):
            points = reader.client.get_metric_history(run.run_id, name)
            assert [(point.step, point.value) for point in points] == [
                (epoch, first / epoch) for epoch in range(1, EPOCHS + 1)
            ]
        assert run.metrics["accuracy"] == 0.5
    assert journal.all_left() == []


@pytest.mark.parametrize("server", ["sqlite", "postgres"], indirect=True)
def test_a_server_that_is_killed_for_20_seconds_loses_nothing(server, folder):
    write_through(server, folder, seconds=20)


def test_a_postgresql_that_stops_at_once_for_15_seconds_loses_nothing(postgres, folder):
    write_through(postgres, folder, seconds=15)


GOLDILOCKS = "from goldilocks.cli import main; main()"
SMALL = ("dataset=boston", "dataset.source=stand_in", "trainer.epochs=2", "model.units=[4]")


def check_no_password(folder, uri, environment=None, *, elsewhere=()):
    """Train, sweep, report and fail with a store, and look for the password in all of it."""

    def typed(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=os.environ | (environment or {}),
        )

    train, store = str(ROOT / "train.py"), f"tracking.uri={uri}"
    done = [
        typed(train, *SMALL, store),
        typed(train, "-m", *SMALL, "seed=1,2", store),
        typed("-c", GOLDILOCKS, "report", "boston", "--uri", uri),
        typed("-c", GOLDILOCKS, "repair", "--uri", uri),
        typed(train, *SMALL, store, "model.unit=4"),
        typed("-c", GOLDILOCKS, "predict", "f" * 32, "nothing.csv", "--uri", uri),
    ]
    printed = "".join(each.stdout + each.stderr for each in done)
    assert [each.returncode for each in (*done[:2], *done[3:])] == [0, 0, 0, 1, 1], printed
    assert PASSWORD not in printed
    files = [file for at in (folder, *elsewhere) for file in at.rglob("*") if file.is_file()]
    assert len(files) > 20
    assert [file for file in files if PASSWORD.encode() in file.read_bytes()] == []


def test_the_password_of_a_database_is_written_nowhere(postgres, folder):
    check_no_password(folder, postgres.uri)
    with psycopg.connect(postgres.uri) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        rows = [connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in tables]
    assert len(rows) > 20
    assert PASSWORD not in repr(rows)


@pytest.fixture
def guarded(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"), "sqlite:///server.db", password=True)
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("by", ["address", "environment"])
def test_the_password_of_a_server_is_written_nowhere(guarded, folder, by):
    uri, environment = guarded.uri.replace("://", f"://me:{PASSWORD}@"), {}
    if by == "environment":
        names = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
        uri, environment = guarded.uri, dict(zip(names, ("me", PASSWORD), strict=True))
    check_no_password(folder, uri, environment, elsewhere=[guarded.folder / "artifacts"])


def test_a_server_that_asks_for_a_password_says_so(guarded, folder):
    command = [sys.executable, str(ROOT / "train.py"), *SMALL, f"tracking.uri={guarded.uri}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "Expected a user and a password that it takes" in done.stderr
    assert "Traceback" not in done.stderr
