"""A fresh store with 8 processes at once, 10 times; and the lookup of a fingerprint among 5,000
runs.

Run: .venv/bin/python benchmarks/store.py [rounds]
"""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from goldilocks.tracking import local, query

AT_ONCE, RUNS, PARAMS, LOOKUPS = 8, 5000, 60, 50
ONE_RUN = """
import sys
from pathlib import Path
from goldilocks.tracking import local
(Path("ready") / sys.argv[1]).touch()
while len(list(Path("ready").iterdir())) < 8:
    pass
store = local.connect(uri=None, experiment="tries")
with store.start_run(sys.argv[1], parent=None, params={"seed": 0}, tags={}, resume=None) as tracker:
    tracker.epoch(1, {"loss": 0.5})
"""


def fresh(rounds: int) -> int:
    """How many of 8 processes fail that begin on a store that is not there, over some rounds."""
    failed = 0
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "ready").mkdir()
            command = [sys.executable, "-c", ONE_RUN]
            started = [subprocess.Popen([*command, str(job)], cwd=folder) for job in range(AT_ONCE)]
            failed += sum(process.wait() != 0 for process in started)
            with sqlite3.connect(Path(folder) / "mlflow.db") as store:
                ended = store.execute(
                    "SELECT count(*) FROM runs WHERE status = 'FINISHED'"
                ).fetchone()[0]
            store.close()
            print(f"round {number + 1}: {ended} of {AT_ONCE} runs finished")
    return failed


def lookup() -> list[float]:
    """Seconds that each of some lookups takes among 5,000 runs with 60 parameters each."""
    store = local.connect(uri=None, experiment="tries")
    now = int(time.time() * 1000)
    ids = [uuid.uuid4().hex for _ in range(RUNS)]
    with sqlite3.connect("mlflow.db") as connection:
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, "
            "artifact_uri, user_id, "
            "experiment_id) VALUES (?, ?, 'FINISHED', ?, ?, 'active', '', 'me', ?)",
            [
                (run, f"run {place}", now + place, now + place, store.experiment_id)
                for place, run in enumerate(ids)
            ],
        )
        connection.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            [(f"key.{key}", str(key), run) for run in ids for key in range(PARAMS)],
        )
        tags = [("fingerprint", uuid.uuid5(uuid.NAMESPACE_OID, run).hex, run) for run in ids]
        tags += [(f"tag{key}", "a value", run) for run in ids for key in range(12)]
        connection.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", tags)
        connection.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, "
            "0.5, 0, 0, 0, ?)",
            [(f"metric{key}", run) for run in ids for key in range(30)],
        )
    connection.close()
    taken = []
    for place in range(LOOKUPS):
        run = ids[place * RUNS // LOOKUPS]
        began = time.perf_counter()
        found = query.find_run(store, uuid.uuid5(uuid.NAMESPACE_OID, run).hex)
        taken.append(time.perf_counter() - began)
        assert found is not None
        assert found.run_id == run
    return taken


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    failures = fresh(rounds)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        seconds = lookup()
        result = {
            "fresh_store_failures": failures,
            "processes": rounds * AT_ONCE,
            "lookup_ms_median": round(1000 * statistics.median(seconds), 1),
            "lookup_ms_worst": round(1000 * max(seconds), 1),
        }
        print(json.dumps(result))
        os.chdir("/")
