"""What an outage costs: a training whose tracking server goes away in the middle, beside one that
is not tracked.

The server comes back after the training; what it lacks must then be there. Run: .venv/bin/python
benchmarks/outage.py
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import case
import requests

from goldilocks.tracking import local

TURNS = 5
OVERRIDES = (
    "dataset=mnist",
    "dataset.source=stand_in",
    "trainer.epochs=6",
    "trainer.batch_size=64",
)
GONE_AFTER = 2  # epochs


def serve(port: int) -> subprocess.Popen:
    """A tracking server that answers."""
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(
        [*command, "--backend-store-uri", "sqlite:///server.db"], start_new_session=True, **quiet
    )
    while True:
        try:
            if requests.get(f"http://127.0.0.1:{port}/health", timeout=1).ok:
                return server
        except requests.RequestException:
            time.sleep(0.2)


def trained(given, report, checkpoint) -> float:
    """Seconds of one training."""
    job = case.fit_spec(given)
    began = time.perf_counter()
    given.builder("trainer")(job, [], report, checkpoint)
    return time.perf_counter() - began


def through_an_outage(given, port: int) -> tuple[float, int]:
    """Seconds of a training whose server goes away, and how many of its epochs the server has in
    the end.
    """
    server = serve(port)
    store = local.connect(uri=f"http://127.0.0.1:{port}", experiment="outage")
    with store.start_run("outage", parent=None, params={}, tags={}, resume=None) as tracker:

        def report(number, values):
            if number == GONE_AFTER:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
            tracker.epoch(number, values)

        seconds = trained(given, report, tracker.checkpoint)
        server = serve(port)
    known = len(store.client.get_metric_history(tracker.run_id, "val_loss"))
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    return seconds, known


def main():
    os.chdir(tempfile.mkdtemp())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = case.settings_of(*OVERRIDES)
    trained(given, lambda number, values: None, None)  # Warms up.
    ratios, epochs = [], []
    for _ in range(TURNS):
        alone = trained(given, lambda number, values: None, None)
        seconds, known = through_an_outage(given, port)
        ratios.append(seconds / alone)
        epochs.append(known)
    result = {
        "ratio_median": statistics.median(ratios),
        "ratios": ratios,
        "epochs_in_the_store": epochs,
    }
    print(json.dumps({**result, "epochs_trained": given.tree["trainer"]["epochs"]}))


if __name__ == "__main__":
    main()
