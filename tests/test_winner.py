from types import SimpleNamespace

import pytest

from goldilocks.report import sections
from goldilocks.report.sweep import ranked
from goldilocks.sweep import winner
from stored_runs import a_run, seeds


class Tracker:
    run_id = "ab" * 16

    def __init__(self):
        self.logged, self.set = {}, {}

    def metrics(self, values, *, replace):
        assert replace, "a sweep that goes on may have another winner"
        self.logged |= values

    def tags(self, values):
        self.set |= values


@pytest.fixture
def store():
    views = []
    return SimpleNamespace(
        views=views, save_view=lambda *view, **named: views.append((view, named)) or "http://view"
    )


RUNS = [
    a_run("4", 30.0, params={"model.units": "4", "problem.metrics": '["mae"]'}),
    a_run("64", 7.0, params={"model.units": "64", "problem.metrics": '["mae"]'}),
    a_run("16", 9.0, params={"model.units": "16", "problem.metrics": '["mae"]'}),
    a_run("1", None, params={"model.units": "1", "problem.metrics": '["mae"]'}, status="FAILED"),
]


def found(runs, **options):
    return sections.sections(runs, {}, lambda run_id, measure: None, **options)


def test_runs_are_ranked_by_the_primary_metric_and_those_without_a_value_are_last():
    runs, name, higher = ranked(RUNS)
    assert [run.run_id for run in runs] == ["64", "16", "4", "1"]
    assert (name, higher) == ("best_val_mae", False)
    assert ranked(RUNS, "val_loss")[1] == "best_val_loss"


def test_the_sweeps_run_has_the_winner_its_values_and_a_view(store, tmp_path):
    tracker = Tracker()
    (tmp_path / winner.FIGURE).touch()
    paragraphs, view = winner.log(tracker, store, found(RUNS), tmp_path)
    assert tracker.set == {"winner": "64"}
    assert tracker.logged == {"best_epoch": 2.0, "best_val_loss": 7.0, "best_val_mae": 3.5}
    assert view == "http://view"
    first, figure, link = paragraphs
    assert first == "**Winner.** [units=64](#/experiments/1/runs/64): val_mae 3.5."
    assert figure.endswith(f"path=val_loss.png&run_uuid={tracker.run_id})")
    assert link == "[All runs, the best first](http://view)"
    [((key, ids, settings, best), named)] = store.views
    assert (key, settings, best, named) == (
        tracker.run_id,
        ["model.units"],
        "best_val_mae",
        {"higher": False},
    )
    assert set(ids) == {run.run_id for run in RUNS}


def test_runs_that_may_not_be_compared_have_no_winner(store, tmp_path):
    other = a_run("b", 1.0, params={"problem.metrics": '["mae"]'}, tags={"dataset.digest": "else"})
    assert winner.log(Tracker(), store, found([*RUNS, other]), tmp_path) == ([], "")
    assert winner.log(Tracker(), store, found(RUNS[-1:]), tmp_path) == ([], "")
    assert winner.log(Tracker(), store, [], tmp_path) == ([], "")
    assert not store.views


def test_the_winner_is_of_the_variant_that_is_best_over_seeds(store, tmp_path):
    tracker = Tracker()
    runs = [*seeds("4", [1.0, 30.0, 30.0]), *seeds("64", [9.0, 8.0, 10.0])]
    (first, *_), _ = winner.log(tracker, store, found(runs), tmp_path)
    assert first.startswith("**Winner.** [units=64](")
    assert tracker.logged["best_val_loss"] == 8.0
    [(view, _)] = store.views
    assert view[2] == ["model.units", "seed"]
