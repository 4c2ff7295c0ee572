from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.jobs import records
from goldilocks.jobs.pool import INTERRUPTED
from goldilocks.jobs.process import JobResult
from goldilocks.workflow import budget
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.runner import Runner
from workflows import trained

FINITE = {("0", ""): (np.arange(3), np.zeros((3, 1), "float32"))}
NUMBERS = {"best_val_loss": 1.0, "train_seconds": 2.0}


class Rehearsal(Runner):
    """A runner whose jobs end as `ends` says, by name; those that were started are in `started`."""

    ends: dict
    started: list

    def settings(self, candidate):
        return SimpleNamespace(overrides=candidate.overrides)

    def load(self, candidate, run_id):
        return trained(candidate.name, self.ends[candidate.name], metrics=NUMBERS)

    def _stream(self, ask, tell, folder, *, total):
        while (job := ask()) is not None:
            self.started.append(job.name)
            end = self.ends[job.name]
            reason = end if isinstance(end, str) else ""
            records.update(
                folder,
                job.number,
                overrides=job.overrides,
                run_id=f"run{job.number}",
                status="failed" if reason else "finished",
            )
            tell(job, JobResult(None, None, reason, 5.0))


@pytest.fixture
def runner(tmp_path, monkeypatch):
    monkeypatch.setattr("goldilocks.workflow.runner.replace", lambda settings, **_: settings)
    rehearsal = Rehearsal(
        base=(),
        store=None,
        budget=budget.read("9runs", tmp_path),
        room=SimpleNamespace(),
    )
    rehearsal.ends, rehearsal.started = {}, []
    return rehearsal


def test_a_finished_training_is_not_repeated(runner, tmp_path):
    runner.ends = {"a": FINITE, "b": "was killed", "c": FINITE}
    candidates = [
        Candidate(name, (f"model.units={number}", "force=true"))
        for number, name in enumerate("abc")
    ]
    first = runner.train(candidates, tmp_path)
    assert [each and each.candidate.name for each in first] == ["a", None, "c"]
    assert runner.failures == ["b failed: was killed"]
    assert runner.overhead == 3.0
    runner.ends["b"] = FINITE
    again = runner.train(candidates, tmp_path)
    assert [each.candidate.name for each in again] == ["a", "b", "c"]
    assert runner.started == ["a", "b", "c", "b"]
    assert runner.budget.runs_spent == 3


def test_another_candidate_with_the_same_number_is_trained(runner, tmp_path):
    runner.ends = {"a": FINITE, "b": FINITE}
    for name in "ab":
        runner.train([Candidate(name, (f"model={name}",))], tmp_path)
    assert runner.started == ["a", "b"]


def test_an_interrupted_training_has_not_failed(runner, tmp_path):
    runner.ends, results = {"a": INTERRUPTED}, []
    requests = iter([(0, Candidate("a", ()))])
    runner.stream(lambda: next(requests, None), lambda *end: results.append(end), tmp_path, total=1)
    assert (results, runner.failures, runner.budget.runs_spent) == ([], [], 0)


def test_a_training_that_predicts_nan_has_failed(runner, tmp_path):
    runner.ends = {"a": {("0", ""): (np.arange(3), np.full((3, 1), np.nan, "float32"))}}
    assert runner.train([Candidate("a", ())], tmp_path) == [None]
    assert isinstance(runner.error, FloatingPointError)
    assert "a diverged" in runner.failures[0]
