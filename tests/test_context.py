from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.jobs import records
from goldilocks.jobs.pool import INTERRUPTED
from goldilocks.jobs.process import JobResult
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context
from workflows import context, dataset, trained

FINITE = {("0", ""): (np.arange(3), np.zeros((3, 1), "float32"))}
NUMBERS = {"best_val_loss": 1.0, "train_seconds": 2.0}


class Endings(Context):
    """A context whose jobs end as `ends` says, by name; those that were started are in `started`."""

    ends: dict
    started: list

    def settings_of(self, candidate):
        return SimpleNamespace(overrides=candidate.overrides)

    def _stream(self, ask, tell, folder, settings, *, total):
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
def step(tmp_path, monkeypatch):
    monkeypatch.setattr("goldilocks.workflow.context.replace", lambda settings, **_: settings)
    step = context(dataset(np.zeros(3), "regression"), kind=Endings, folder=tmp_path, spend="9runs")
    step.ends, step.started = {}, []

    def load(store, candidate, run_id):
        return trained(candidate.name, step.ends[candidate.name], metrics=NUMBERS)

    monkeypatch.setattr("goldilocks.workflow.context.load", load)
    return step


def test_a_finished_training_is_not_repeated(step, tmp_path):
    step.ends = {"a": FINITE, "b": "was killed", "c": FINITE}
    candidates = [
        Candidate(name, (f"model.units={number}", "force=true"))
        for number, name in enumerate("abc")
    ]
    first = step.train(candidates, tmp_path)
    assert [each and each.candidate.name for each in first] == ["a", None, "c"]
    assert step.failures == ["b failed: was killed"]
    assert step.overhead == 3.0
    step.ends["b"] = FINITE
    again = step.train(candidates, tmp_path)
    assert [each.candidate.name for each in again] == ["a", "b", "c"]
    assert step.started == ["a", "b", "c", "b"]
    assert step.budget.runs_spent == 3


def test_another_candidate_with_the_same_number_is_trained(step, tmp_path):
    step.ends = {"a": FINITE, "b": FINITE}
    for name in "ab":
        step.train([Candidate(name, (f"model={name}",))], tmp_path)
    assert step.started == ["a", "b"]


def test_an_interrupted_training_has_not_failed(step, tmp_path):
    step.ends, results = {"a": INTERRUPTED}, []
    requests = iter([(0, Candidate("a", ()))])
    step.stream(lambda: next(requests, None), lambda *end: results.append(end), tmp_path, total=1)
    assert (results, step.failures, step.budget.runs_spent) == ([], [], 0)


def test_a_training_that_predicts_nan_has_failed(step, tmp_path):
    step.ends = {"a": {("0", ""): (np.arange(3), np.full((3, 1), np.nan, "float32"))}}
    assert step.train([Candidate("a", ())], tmp_path) == [None]
    assert isinstance(step.error, FloatingPointError)
    assert "a diverged" in step.failures[0]
