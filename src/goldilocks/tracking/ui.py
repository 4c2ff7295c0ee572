"""The MLflow UI, opened on the page of a run."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import webbrowser

from goldilocks import console
from goldilocks.errors import StoreError
from goldilocks.tracking import page
from goldilocks.tracking.page import HOST, PORT
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.store import MlflowStore

SECONDS_TO_START = 60.0


def show(store: MlflowStore, run: StoredRun | None) -> None:
    """Open the page of a run, or the list of runs, and serve it until Ctrl-C; print its address.

    A tracking server serves its pages itself.

    Raises:
        StoreError: The MLflow UI did not start.
    """
    experiment, path = store.experiment_id, "runs"
    if run is not None:
        experiment, path = run.experiment_id, f"runs/{run.run_id}"
    if store.uri.startswith("http"):
        _open(page.url(store.uri, experiment, path))
        return

    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "ui", "--host", HOST, "--port", str(port)]
    command += ["--backend-store-uri", store.uri, "--uvicorn-opts", "--log-level warning"]
    address = page.url(f"http://{HOST}:{port}", experiment, path)
    console.note(f"Starting; the page will be at {address}")
    # Its job runners, eight processes, serve what no run here has.
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **os.environ}
    environment.setdefault("PYTHONWARNINGS", "ignore")
    with subprocess.Popen(command, env=environment) as server:
        try:
            _wait(server, port)
            _open(address)
            console.note("It is served until you press Ctrl-C.")
            server.wait()
        finally:
            server.terminate()


def _free_port() -> int:
    """Return MLflow's own port, or any other where something listens on it already."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind((HOST, PORT))
        return PORT
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while server.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.2)
    raise StoreError(
        f"the MLflow UI did not start on port {port}; what it said stands above. Expected "
        "`mlflow ui` to run here: try it by itself."
    )


def _open(url: str) -> None:
    console.result(url)
    webbrowser.open(url)
