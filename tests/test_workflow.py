import json
import os
import re
import signal
import subprocess
import sys
import time

import mlflow
import numpy as np
import pandas
import pytest

from conftest import ROOT
from goldilocks.cli import main
from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.formatting import number

SMALL = (
    "model.layers=1",
    "model.units=8",
    "trainer.batch_size=16",
    "optimizer.learning_rate=0.02",
    "protocol=holdout",
)
RUN_ID = re.compile(r"run ([0-9a-f]{32}) of experiment")


@pytest.fixture
def table(folder):
    """A table of two numbers, whose sum has the sign of the class, but for one row in ten."""

    def write(*, shuffled=False, rows=240):
        rng = np.random.default_rng(0)
        x = rng.normal(0, 1, (rows, 2))
        label = np.where((x.sum(axis=1) > 0) ^ (rng.random(rows) < 0.1), "yes", "no")
        frame = pandas.DataFrame(
            {"a": x[:, 0], "b": x[:, 1], "says": rng.permutation(label) if shuffled else label}
        )
        frame.to_csv(folder / "table.csv", index=False)
        return ("dataset=table", "dataset.file=table.csv", "dataset.target=says")

    return write


def command(*arguments):
    return [sys.executable, ROOT / "workflow.py", *arguments]


def workflow(folder, *arguments):
    return subprocess.run(
        command(*arguments), cwd=folder, capture_output=True, text=True, timeout=600
    )


def runs(folder):
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("goldilocks")
    return client, client.search_runs(
        [experiment.experiment_id], order_by=["start_time"], max_results=1000
    )


@pytest.mark.long
def test_a_table_becomes_a_tested_registered_model_and_a_page(folder, table, capsys):
    typed = (*table(), *SMALL, "trainer.epochs=12", "budget=8runs")
    done = workflow(folder, *typed)
    assert done.returncode == 0, done.stderr
    titles = re.findall(r"^(\d)\. ", done.stdout, re.MULTILINE)
    assert titles == list("1234567")
    assert re.search(rf"- Its learning curve: ({'|'.join(VERDICTS)}) \(", done.stdout)
    client, logged = runs(folder)
    [above] = [run for run in logged if run.data.tags["role"] == "workflow"]
    steps = [run for run in logged if run.data.tags["role"] == "step"]
    assert [run.data.tags["step"] for run in steps] == [
        "problem",
        "baseline",
        "power",
        "scale",
        "tune",
        "final",
        "register",
    ]
    assert {run.data.tags["mlflow.parentRunId"] for run in steps} == {above.info.run_id}
    assert {run.info.status for run in logged} == {"FINISHED"}
    trained = [run for run in logged if run.data.tags["role"] not in ("step", "workflow")]
    assert {run.data.tags["mlflow.parentRunId"] for run in trained} <= {
        run.info.run_id for run in steps
    }
    final = [run for run in trained if any(name.startswith("test_") for name in run.data.metrics)]
    assert [run.data.tags["role"] for run in final] == ["final", "reference"]
    assert number(final[0].data.metrics["test_accuracy"]) in above.data.tags["mlflow.note.content"]
    assert (
        client.get_model_version_by_alias("table-table", "champion").run_id == final[0].info.run_id
    )

    main(["report", above.info.run_id])
    page = (folder / capsys.readouterr().out.strip().splitlines()[-1]).read_text()
    assert page.count("<section>") == 7
    assert final[0].info.run_id in page or "its runs in MLflow" in page


@pytest.mark.slow
def test_a_workflow_without_power_stops(folder, table):
    done = workflow(
        folder,
        *table(shuffled=True),
        *SMALL,
        "regularizer.l2=0.0001",
        "trainer.epochs=12",
        "budget=8runs",
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^(\d)\. ", done.stdout, re.MULTILINE) == list("123")
    assert "No small network beats the baseline beyond noise" in done.stdout
    assert "nothing shows that these inputs say anything" in " ".join(done.stdout.split())
    _, logged = runs(folder)
    [above] = [run for run in logged if run.data.tags["role"] == "workflow"]
    assert (above.data.tags["step"], above.data.tags["passed"]) == ("power", "false")
    assert not any(name.startswith("test_") for run in logged for name in run.data.metrics)


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("experiment=boston_kfold500",), "experiment is given; it is one run, ready-made"),
        (("dataset=boston", "final=true"), "final is given; workflow.py decides it"),
        (
            ("dataset=boston", "inner_validation=0.2"),
            "inner_validation is given; workflow.py decides",
        ),
        (("dataset=boston", "tracking=none"), "tracking=none keeps no run"),
        (("dataset=boston", "model=baseline"), "model=baseline is trained by every workflow"),
        (("dataset=boston", "budget=none"), "budget is 'none'; expected minutes"),
        (
            ("dataset=boston", "bugdet=3"),
            "bugdet is not a key of this configuration; did you mean budget?",
        ),
        (("-m", "dataset=boston"), "leave out -m"),
    ],
)
def test_options_that_a_workflow_cannot_have_are_refused(folder, arguments, message):
    done = workflow(folder, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert message in done.stderr
    assert not (folder / ".goldilocks").exists()


@pytest.mark.slow
def test_a_killed_workflow_resumes_at_its_step(folder, table):
    typed = (*table(), *SMALL, "trainer.epochs=12", "budget=10runs")
    with subprocess.Popen(
        command(*typed), cwd=folder, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("4. "):
                time.sleep(2)
                process.send_signal(signal.SIGKILL)
                break
    done = workflow(folder, *typed)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"\(done before\)", done.stdout)) == 4
    _, logged = runs(folder)
    [above] = [run for run in logged if run.data.tags["role"] == "workflow"]
    assert above.info.status == "FINISHED"
    trained = [
        run
        for run in logged
        if run.data.tags["role"] in ("baseline", "plain", "regularized", "final")
    ]
    assert above.data.metrics["runs"] == sum(run.info.status == "FINISHED" for run in trained)
    tags = [run.data.tags for run in logged if run.info.status == "FINISHED"]
    assert sum(each["role"] == "reference" for each in tags) == 2  # Tuned, and tested.
    fingerprints = [each["fingerprint"] for each in tags if each["role"] != "reference"]
    assert len(set(fingerprints)) == len(fingerprints)
    [results] = (folder / ".goldilocks" / "workflows").iterdir()
    assert json.loads((results / "power.json").read_text())["report"]["passed"]

    again = workflow(folder, *typed)
    assert again.returncode == 0
    assert f"this workflow has been finished before, run {above.info.run_id}" in again.stdout
    assert len(runs(folder)[1]) == len(logged)
