import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from mlflow.tracking import MlflowClient
from PIL import Image

TRAIN = Path(__file__).parent.parent / "train.py"
BOSTON = ("dataset=boston", "dataset.source=stand_in", "trainer=smoke")


@pytest.fixture
def train(folder):
    """Starts train.py as a person does, and returns it with its output."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, TRAIN, *arguments], cwd=folder, capture_output=True, text=True
        )

    return run


def runs(folder):
    """The parent runs and the others, as they started."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    stored = client.search_runs(experiments, order_by=["start_time"])
    parents = [run for run in stored if run.data.tags.get("role") == "sweep"]
    return parents, [run for run in stored if run.data.tags.get("role") != "sweep"], client


@pytest.mark.long
def test_a_sweep_is_one_run_above_its_jobs(folder, train):
    done = train("-m", *BOSTON, "model.units=4,8")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "warning" not in done.stderr.lower()
    assert "1 of 2 done, " in done.stderr
    assert "2 of 2 done, lowest val_loss " in done.stderr
    [parent], children, client = runs(folder)
    children.sort(key=lambda child: int(child.data.params["model.units"]))
    assert [child.data.params["model.units"] for child in children] == ["4", "8"]
    assert [child.info.run_name for child in children] == ["units=4", "units=8"]
    assert parent.info.run_name == "boston units=4,8"
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    assert {run.info.status for run in (parent, *children)} == {"FINISHED"}
    description = parent.data.tags["mlflow.note.content"]
    assert f"goldilocks train -m {' '.join(BOSTON)} model.units=4,8" in description
    assert "\n\n| model.units | " in description
    assert "The same in all rows: verdict " in description
    assert "\nbest      units=" in done.stdout
    assert f"logged    parent run {parent.info.run_id}" in done.stdout

    artifacts = Path(client.download_artifacts(parent.info.run_id, ""))
    assert {file.name for file in artifacts.iterdir()} == {
        "jobs.json",
        "results.csv",
        "results.md",
        "val_loss.png",
    }
    table = pandas.read_csv(artifacts / "results.csv")
    best = dict(zip(table["model.units"], table["best_val_loss"], strict=True))
    assert best == {
        int(child.data.params["model.units"]): child.data.metrics["best_val_loss"]
        for child in children
    }
    with Image.open(artifacts / "val_loss.png") as overlay:
        assert len(np.unique(np.asarray(overlay.convert("L")))) > 10


@pytest.mark.slow
def test_a_failed_job_does_not_end_the_others(folder, train):
    for number in range(24):
        picture = folder / "pets" / ("cat" if number % 2 else "dog") / f"{number}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 12), (number * 10, 0, 100)).save(picture)
    small = (
        "dataset=images",
        "dataset.dir=pets",
        "dataset.image_size=12",
        "trainer=smoke",
        "model.units=4",
    )
    done = train("-m", *small, "model.layers=4,1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "layers=4) failed: model.layers is 4" in done.stderr
    [parent], children, client = runs(folder)
    [failed, finished] = sorted(children, key=lambda child: child.info.status)
    assert (failed.info.status, finished.info.status, parent.info.status) == (
        "FAILED",
        "FINISHED",
        "FAILED",
    )
    assert (failed.data.params["model.layers"], finished.data.params["model.layers"]) == ("4", "1")
    table = pandas.read_csv(client.download_artifacts(parent.info.run_id, "results.csv"))
    assert sorted(table["status"]) == ["FAILED", "FINISHED"]


@pytest.mark.long
def test_a_wrong_job_stops_the_sweep_before_its_first(folder, train):
    done = train("-m", *BOSTON, "model.units=4,-1", "regularizer.dropout=0,2")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "goldilocks: " in done.stderr
    assert "model.units is -1; expected a whole number of at least 1" in done.stderr
    assert "regularizer.dropout is 2; expected" in done.stderr
    assert runs(folder)[:2] == ([], [])
    assert not (folder / "multirun").exists()


@pytest.mark.long
def test_a_job_that_cannot_be_resolved_stops_the_sweep_in_a_sentence(folder, train):
    done = train("-m", *BOSTON, "model.units=4,${nowhere}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "nowhere" in done.stderr.splitlines()[-1]
    assert runs(folder)[:2] == ([], [])


@pytest.mark.slow
def test_a_sweep_runs_without_tracking(folder, train):
    done = train("-m", *BOSTON, "model.units=4,8", "tracking=none")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()
    logs = list((folder / "multirun").rglob("*.log"))
    assert [log.read_text().count("nowhere (tracking=none)") for log in logs] == [1, 1]
    assert "parent run" not in done.stdout
    assert runs(folder)[:2] == ([], [])
