import json

import pytest

from goldilocks.workflow import budget


def test_a_budget_is_minutes_or_runs(tmp_path):
    minutes, runs = budget.read(2, tmp_path), budget.read("40runs", tmp_path)
    assert minutes.seconds_left(0.5) == pytest.approx(60, abs=1)
    assert minutes.runs_left(0.5) == float("inf")
    runs.ended |= set(map(str, range(15)))
    assert (runs.runs_left(0.5), runs.runs_left(0.1), runs.seconds_left(1)) == (5, 0, float("inf"))
    assert minutes.seconds_left(0.5, reserved=20) == pytest.approx(50, abs=1)
    minutes.seconds_before = 300
    assert minutes.seconds_left(1) == 0


def test_a_resumed_workflow_has_what_is_left(tmp_path):
    first = budget.read("3runs", tmp_path)
    first.began -= 100  # seconds ago
    first.keep("scale/1/0.log")
    first.keep("scale/1/1.log")
    second = budget.read("3runs", tmp_path)
    assert second.seconds_spent == pytest.approx(100, abs=1)
    assert (second.runs_spent, second.runs_left(1)) == (2, 1)
    second.keep("scale/1/1.log")  # The step was interrupted, and repeated.
    assert second.runs_spent == 2
    assert json.loads((tmp_path / budget.FILE).read_text())["ended"] == [
        "scale/1/0.log",
        "scale/1/1.log",
    ]
