import contextlib
import socket
import subprocess
import sys
import webbrowser

import pytest

from goldilocks.errors import StoreError
from goldilocks.tracking import local, ui
from goldilocks.tracking.store import MlflowStore
from stored_runs import a_run


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked to open."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


@pytest.fixture
def served(monkeypatch):
    """Starts a program of ours in place of the MLflow UI, and returns the command lines."""
    commands, popen = [], subprocess.Popen

    def start(program):
        def fake(command, env):
            commands.append(command)
            return popen([sys.executable, "-c", program, command[command.index("--port") + 1]])

        monkeypatch.setattr(subprocess, "Popen", fake)
        return commands

    return start


LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
server.accept()
"""


def test_the_page_of_a_server_is_opened_and_nothing_served(folder, opened):
    store = MlflowStore(
        local.connect(uri=None, experiment="tries").client, "http://host:1/", "7", "x"
    )
    ui.show(store, a_run("abc", 1.0))
    ui.show(store, None)
    assert opened == [
        "http://host:1/#/experiments/1/runs/abc",
        "http://host:1/#/experiments/7/runs",
    ]


def test_a_local_store_is_served_and_the_page_of_the_run_opened(folder, opened, served, capsys):
    store = local.connect(uri=None, experiment="tries")
    commands = served(LISTEN)
    ui.show(store, a_run("abc", 1.0))
    [command] = commands
    port = command[command.index("--port") + 1]
    assert opened == [f"http://127.0.0.1:{port}/#/experiments/1/runs/abc"]
    assert opened[0] in capsys.readouterr().out
    assert command[command.index("--backend-store-uri") + 1] == store.uri


def test_where_mlflow_s_port_is_taken_another_one_serves():
    with socket.socket() as taken:
        with contextlib.suppress(OSError):
            taken.bind((ui.HOST, ui.PORT))
        assert ui._free_port() != ui.PORT


def test_a_server_that_does_not_start_is_a_sentence(folder, opened, served):
    served("raise SystemExit(1)")
    with pytest.raises(StoreError, match=r"the MLflow UI did not start on port \d+"):
        ui.show(local.connect(uri=None, experiment="tries"), None)
    assert opened == []
