import dataclasses
import json

import pytest

from goldilocks.errors import StoreError
from goldilocks.plots.capacity_curve import ModelSize
from goldilocks.report.workflow import text
from goldilocks.report.workflow.results import (
    BaselineResult,
    FinalResult,
    FinalScore,
    PowerResult,
    ProblemResult,
    RegisterResult,
    Results,
    ScaleResult,
    StepReport,
    TrainedRuns,
    TunedReference,
    TuneResult,
    WorkflowReport,
    read_report,
)
from goldilocks.workflow.resume import load, once, save


def report(name, **more):
    table = ({"candidate": "a", "weights": 7, "val_loss": 0.5, "end loss": None},)
    return StepReport(
        name=name, title="A step", decision="Go on.", reasons=("a", "b"), table=table, **more
    )


RUNS = TrainedRuns(name="a", overrides=("model.units=4",), run_ids=("1", "2"))
SIZE = ModelSize(
    name="a", weights=7, train_loss=None, val_loss=0.6, best_val_loss=0.5, verdict="overfit"
)
SCORE = FinalScore(
    run_id="9",
    metric="mae",
    test=2.0,
    low=None,
    high=None,
    validation=1.9,
    selection_bias=0.1,
    baseline=6.0,
    beats_baseline=True,
    reference=2.1,
    gain=0.1,
    gain_low=-0.1,
    gain_high=0.3,
    loses_to_reference=False,
)
RESULTS = [
    ProblemResult(
        report=report("problem"),
        overrides=("protocol=kfold",),
        train_rows=100,
        final_rows=150,
        changes=("D501",),
    ),
    BaselineResult(
        report=report("baseline"),
        baseline=RUNS,
        loss=0.7,
        reference=TunedReference(
            name="ridge",
            parameters={"alpha": 0.1, "fit_intercept": True, "depth": None},
            scores={"mae": float("inf")},
            settings_tried=40,
            predictions="reference/predictions.npz",
        ),
    ),
    PowerResult(report=report("power", passed=False), small=RUNS, seed_error={"loss": 0.1}),
    ScaleResult(report=report("scale"), trained=(RUNS,), sizes=(SIZE,), overfit=None, start=0),
    TuneResult(
        report=report("tune", seconds=1.5, run_id="4"),
        winner=RUNS,
        winner_size=SIZE,
        epochs=5,
        comparison=({"candidate": "a", "val_mae": 1.9},),
        considered=9,
        noise=0.1,
        shrunk=2.2,
        trials=({"trial": 0, "augmentation": True, "val_mae": None},),
        ended_by="budget",
    ),
    FinalResult(report=report("final"), score=SCORE),
    FinalResult(report=report("final", passed=False), score=None),
    RegisterResult(report=report("register"), name="table", version=3, alias="champion"),
]
STEPS = {result.report.name: result for result in RESULTS}
REPORT = WorkflowReport(
    name="boston mlp",
    command="python workflow.py",
    data="original: here",
    digest="0",
    results=Results(**STEPS),
    seconds=3.5,
    runs=9,
    next_steps=("Go on.",),
)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.report.name)
def test_a_result_is_read_as_it_was_saved(result, tmp_path):
    assert load(type(result), result.report.name, tmp_path) is None
    save(result, tmp_path)
    assert load(type(result), result.report.name, tmp_path) == result


class Stored:
    """A store whose only artifact is a report."""

    def __init__(self, text):
        self.text = text

    def read_artifact(self, run_id, path):
        return self.text.encode()


def test_a_report_is_read_as_it_was_written():
    assert read_report(Stored(json.dumps(dataclasses.asdict(REPORT))), "") == REPORT
    assert [step.name for step in REPORT.results.steps] == list(STEPS)


def test_a_report_of_another_version_is_refused():
    with pytest.raises(StoreError, match=r"written by another version .* force=true"):
        read_report(Stored('{"name": "boston mlp"}'), "")


def test_a_decision_is_made_once(tmp_path):
    file, answers = tmp_path / "deep" / "decided.json", iter([[1, 2], [3]])
    assert [once(file, lambda: next(answers)) for _ in range(2)] == [[1, 2], [1, 2]]
    assert once(tmp_path / "none.json", lambda: None) is None
    assert (tmp_path / "none.json").read_text() == "null"


def test_a_command_of_a_step_is_in_one_line_however_narrow_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    command = "mlflow models serve -m models:/houses/1 --env-manager local --port 5001"
    reasons = ("It is the champion, and means a long sentence.", f"Serve it:\n{command}")
    shown = dataclasses.replace(report("register"), reasons=reasons)
    lines = text.step_lines(shown, 7).splitlines()
    assert [line.strip() for line in lines[-2:]] == ["- Serve it:", command]
    assert max(len(line) for line in lines[:-1]) <= 40
    assert f"- Serve it: {command}" in text.step_markdown(shown, 7)
