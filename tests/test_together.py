"""Jobs that one process does together: their records, their results, and a whole sweep of them."""

import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from goldilocks.errors import DataError
from goldilocks.jobs import records
from goldilocks.jobs.pool import Pool
from goldilocks.jobs.process import Job
from goldilocks.jobs.slots import Slot
from goldilocks.jobs.stream import stream
from test_sweep import runs

TRAIN = Path(__file__).parents[1] / "train.py"
BOSTON = ("dataset=boston", "dataset.source=stand_in", "trainer=population", "trainer.epochs=4")


def ends(folder, *, killed):
    """What several jobs in one process may do: the first ends, the second fails, one may be lost."""
    records.update(folder, 0, status="finished", value=0.5, seconds=1.0)
    records.update(folder, 1, status="failed", reason="no rows", seconds=1.0)
    if killed:
        os.kill(os.getpid(), signal.SIGKILL)
    records.update(folder, 2, status="finished", value=0.25, seconds=1.0)
    return [None, DataError("no rows"), None]


@pytest.mark.long
@pytest.mark.parametrize("killed", [False, True])
def test_each_part_ends_as_its_record_says_and_a_lost_one_says_why(tmp_path, killed):
    parts = tuple(
        Job(number, print, tmp_path / f"{number}.log", f"job {number}") for number in range(3)
    )
    jobs = iter(
        [Job(0, functools.partial(ends, tmp_path, killed=killed), tmp_path / "0.log", parts=parts)]
    )
    pool = Pool(
        slots=[Slot(1, None)],
        time_limit=None,
        memory_limit=None,
        retries=0,
        final=DataError,
        preload=(),
    )
    results = {}
    stream(
        pool,
        lambda: next(jobs, None),
        lambda job, result: results.__setitem__(job.number, result),
        sweep_dir=tmp_path,
        total=3,
        measure="value",
        higher_is_better=False,
    )
    assert [results[number].value for number in range(2)] == [0.5, None]
    assert results[1].reason == "no rows"
    assert isinstance(results[1].error, DataError) != killed
    states = [(record.status, record.reason) for record in records.read_all(tmp_path)]
    assert states[:2] == [("finished", ""), ("failed", "no rows")]
    if killed:
        assert "SIGKILL" in results[2].reason
        assert states[2] == ("failed", results[2].reason)
    else:
        assert results[2].value == 0.25


@pytest.mark.slow
def test_the_jobs_of_a_sweep_are_trained_together_and_each_is_a_run(folder):
    command = [
        sys.executable,
        TRAIN,
        "-m",
        *BOSTON,
        "model.units=8,16",
        "seed=range(4)",
        "optimizer.learning_rate=1e-3,1e30",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _, trained, _ = runs(folder)
    assert len(trained) == 16
    assert {run.info.status for run in trained} == {"FINISHED"}
    assert {run.data.tags["backend"] for run in trained} == {"jax"}
    diverged = [run for run in trained if run.data.params["optimizer.learning_rate"] == "1e+30"]
    assert {run.data.tags["verdict"] for run in diverged} == {"diverged"}
    [jobs] = folder.glob("multirun/*/*/jobs")
    numbers = [json.loads((jobs / f"{number}.json").read_text()) for number in range(16)]
    assert {record["status"] for record in numbers} == {"finished"}

    again = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert len(runs(folder)[1]) == 16
