"""A sweep in which jobs die in every way, and the same sweep again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from conftest import ROOT

SWEEP = (
    *(
        "dataset=boston",
        "dataset.source=stand_in",
        "trainer.epochs=6",
        "model.units=4",
        "seed=range(12)",
    ),
    *("hydra.launcher.time_limit=45", "hydra.launcher.memory_limit=2.5"),
)


@pytest.mark.slow
def test_the_same_command_again_runs_only_the_jobs_that_died(folder):
    def sweep():
        command = [sys.executable, str(ROOT / "tests" / "sabotaged.py"), "-m", *SWEEP]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=550)

    def stored_runs():
        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        runs = client.search_runs(["1"], order_by=["start_time"])
        [parent] = [run for run in runs if run.data.tags.get("role") == "sweep"]
        return (
            client,
            parent,
            {int(run.data.params["seed"]): run for run in runs if run is not parent},
        )

    first = sweep()
    assert first.returncode == 1, first.stderr
    client, parent, runs = stored_runs()
    assert len(runs) == 12
    assert sorted(seed for seed, run in runs.items() if run.info.status == "FINISHED") == [
        0,
        1,
        2,
        4,
        6,
        8,
        10,
        11,
    ]
    assert {seed: runs[seed].info.status for seed in (3, 5, 7, 9)} == {
        3: "KILLED",
        5: "FAILED",
        7: "KILLED",
        9: "KILLED",
    }
    reasons = {seed: runs[seed].data.tags["reason"] for seed in (3, 5, 7, 9)}
    assert "killed by signal 9 (SIGKILL)" in reasons[3]
    assert reasons[5] == "RuntimeError: the power went"
    assert "time limit of 45 s" in reasons[7]
    assert "memory limit of 2.5 GiB" in reasons[9]
    assert {runs[seed].data.tags["last_epoch"] for seed in reasons} == {"3"}
    assert parent.info.status == "FAILED"
    assert "4 jobs did not finish." in first.stdout
    for reason in (
        "killed by signal 9",
        "the power went",
        "time limit of 45 s",
        "memory limit of 2.5 GiB",
    ):
        assert reason in first.stdout
    assert "Traceback" not in first.stderr

    (folder / "repaired").touch()
    second = sweep()
    assert second.returncode == 0, second.stderr
    _, again, after = stored_runs()
    assert again.info.run_id == parent.info.run_id
    assert again.info.status == "FINISHED"
    assert {seed: run.info.run_id for seed, run in after.items()} == {
        seed: run.info.run_id for seed, run in runs.items()
    }, "those that were interrupted go on in the same runs"
    for seed, run in after.items():
        assert run.info.status == "FINISHED"
        assert (run.info.end_time == runs[seed].info.end_time) == (seed not in reasons), (
            "what had finished stays"
        )
        steps = [point.step for point in client.get_metric_history(run.info.run_id, "val_loss")]
        assert steps == list(range(1, 7))
    latest = max(
        (Path(folder) / "multirun").glob("*/*/jobs"), key=lambda folder: folder.stat().st_mtime
    )
    records = [json.loads(file.read_text()) for file in latest.glob("*.json")]
    assert sorted(record["number"] for record in records if not record["reused"]) == [3, 5, 7, 9]
