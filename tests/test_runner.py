from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.jobs import records
from goldilocks.jobs.pool import INTERRUPTED
from goldilocks.jobs.process import JobResult
from goldilocks.workflow import budget
from goldilocks.workflow.runner import Candidate, Runner
from goldilocks.workflow.step import once
from workflows import trained

SAID = {("0", ""): (np.arange(3), np.zeros((3, 1), "float32"))}
NUMBERS = {"best_val_loss": 1.0, "train_seconds": 2.0}


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """A runner whose jobs end as `ends` says, by name; what it began is in `began`."""
    made = object.__new__(Runner)
    made.budget, made.failures, made.error, made.overhead = (
        budget.read("9runs", tmp_path),
        [],
        None,
        0.0,
    )
    made.ends, made.began = {}, []
    made.load = lambda candidate, run_id: trained(
        candidate.name, made.ends[candidate.name], metrics=NUMBERS
    )
    made.settings = lambda candidate: SimpleNamespace(overrides=candidate.overrides)
    monkeypatch.setattr("goldilocks.workflow.runner.replace", lambda settings, **_: settings)

    def stream(ask, tell, folder, parent, *, total):
        while (job := ask()) is not None:
            made.began.append(job.name)
            found = made.ends[job.name]
            reason = found if isinstance(found, str) else ""
            records.update(
                folder,
                job.number,
                overrides=job.overrides,
                run_id=f"run{job.number}",
                status="failed" if reason else "finished",
            )
            tell(job, JobResult(None, None, reason, 5.0))

    made._stream = stream
    return made


def test_what_a_process_that_was_cut_off_has_trained_is_taken_and_counted_once(runner, tmp_path):
    runner.ends = {"a": SAID, "b": "was killed", "c": SAID}
    candidates = [
        Candidate(name, (f"model.units={number}", "force=true"))
        for number, name in enumerate("abc")
    ]
    first = runner.train(candidates, tmp_path, "")
    assert [each and each.candidate.name for each in first] == ["a", None, "c"]
    assert runner.failures == ["b failed: was killed"]
    assert runner.overhead == 3.0
    runner.ends["b"] = SAID
    again = runner.train(candidates, tmp_path, "")
    assert [each.candidate.name for each in again] == ["a", "b", "c"]
    assert runner.began == ["a", "b", "c", "b"]
    assert runner.budget.runs_spent == 3


def test_another_candidate_in_the_place_of_a_finished_one_is_trained(runner, tmp_path):
    runner.ends = {"a": SAID, "b": SAID}
    for name in "ab":
        runner.train([Candidate(name, (f"model={name}",))], tmp_path, "")
    assert runner.began == ["a", "b"]


def test_what_was_interrupted_has_not_failed(runner, tmp_path):
    runner.ends, told = {"a": INTERRUPTED}, []
    coming = iter([(0, Candidate("a", ()))])
    runner.stream(lambda: next(coming, None), lambda *end: told.append(end), tmp_path, "", total=1)
    assert (told, runner.failures, runner.budget.runs_spent) == ([], [], 0)


def test_what_predicts_no_numbers_has_failed(runner, tmp_path):
    runner.ends = {"a": {("0", ""): (np.arange(3), np.full((3, 1), np.nan, "float32"))}}
    assert runner.train([Candidate("a", ())], tmp_path, "") == [None]
    assert isinstance(runner.error, FloatingPointError)
    assert "a diverged" in runner.failures[0]


def test_what_was_decided_once_is_not_decided_again(tmp_path):
    file, answers = tmp_path / "deep" / "decided.json", iter([[1, 2], [3]])
    assert [once(file, lambda: next(answers)) for _ in range(2)] == [[1, 2], [1, 2]]
    assert once(tmp_path / "none.json", lambda: None) is None
    assert (tmp_path / "none.json").read_text() == "null"
