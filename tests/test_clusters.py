"""Sweeps by the launchers of others: needs the extras `ray` and `slurm`."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from conftest import ROOT

pytestmark = pytest.mark.server
SWEEP = ("dataset=boston", "dataset.source=stand_in", "trainer=smoke", "model.units=4,8,16")


def swept(folder, *launcher):
    """Do the sweep twice; give its parent and children."""
    command = [sys.executable, str(ROOT / "train.py"), "-m", *launcher, *SWEEP]
    for turn in (1, 2):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, (turn, done.stderr)
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    runs = client.search_runs(["1"])
    [parent] = [run for run in runs if run.data.tags.get("role") == "sweep"]
    children = [run for run in runs if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert sorted(run.data.params["model.units"] for run in children) == ["16", "4", "8"], (
        "each once"
    )


def test_two_ray_nodes_run_one_sweep_into_one_store(folder):
    pytest.importorskip("hydra_plugins.hydra_ray_launcher", reason="needs the extra `ray`")
    ray = str(Path(sys.executable).parent / "ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    quiet = {
        "check": True,
        "capture_output": True,
        "env": {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
    }
    head = ["--head", f"--port={address.split(':')[1]}", "--include-dashboard=false"]
    try:
        for node in (head, [f"--address={address}"]):
            subprocess.run([ray, "start", "--num-cpus=1", *node], **quiet)
        swept(folder, "hydra/launcher=ray_cluster", f"hydra.launcher.ray.init.address={address}")
    finally:
        subprocess.run([ray, "stop", "--force"], capture_output=True)


def test_submitit_runs_a_sweep(folder):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="needs the extra `slurm`")
    swept(folder, "hydra/launcher=submitit_local")
