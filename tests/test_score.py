import dataclasses
import io
import sys

import numpy as np
import pytest

from goldilocks.encoding.schema import Schema
from goldilocks.errors import StoreError
from goldilocks.serving import score
from goldilocks.tracking.query import StoredRun

SCHEMA = Schema(
    kind="table",
    problem="binary",
    target="sold",
    classes=("no", "yes"),
    unit="",
    columns={},
    image_size=None,
    channels=0,
    text=None,
    time=(),
    header=None,
    time_format="",
    fill=0,
    lookback=0,
    step=0,
    delay=0,
)


class OneRun:
    """A store of one run, which logged these keys of its rows."""

    def __init__(self, params=None, **keys):
        self.params, self.keys = params or {}, keys

    def get_run(self, run_id):
        return StoredRun(run_id, "a run", "FINISHED", self.params, {}, {}, ())

    def read_artifact(self, run_id, path):
        if not self.keys:
            raise StoreError("it logged none")
        file = io.BytesIO()
        np.savez(file, **self.keys)
        return file.getvalue()


def lines(store, truth=(1, 0, 1, np.nan)):
    predictions = np.array([[0.9], [0.1], [0.2], [0.5]], "float32")
    keys = np.arange(1, 5, dtype=np.uint64)[:, np.newaxis]
    return score.lines(store, "a", SCHEMA, [(np.array(truth), predictions, keys)])


def test_the_score_is_of_the_rows_that_have_a_target_and_has_an_interval():
    first = lines(OneRun(train=[9]))[0]
    assert first.startswith("score     accuracy 0.6667 (0.2077 to 0.9385), of 3 of 4 rows")


def test_the_score_is_of_the_primary_metric_of_the_run():
    params = {"problem.metrics": '["auc", "accuracy"]'}
    assert lines(OneRun(params, train=[9]))[0].startswith("score     auc 1")
    params = {"problem.metrics": '["cost"]', "problem.cost": "[1, 9]"}
    assert lines(OneRun(params, train=[9]))[0].startswith("score     cost 3 ")


def test_a_metric_of_ones_own_is_computed_where_the_project_lists_its_package(
    tmp_path, monkeypatch
):
    (tmp_path / "scoringpackage.py").write_text(
        "def highest(y_true, y_pred):\n    return y_pred.max()\nhighest.greater_is_better = True"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    store = OneRun({"problem.metrics": '["scoringpackage.highest"]'}, train=[9])
    note, first, _ = lines(store)
    assert note.startswith("scoringpackage.highest, the metric of the run, is not computed: conf/")
    assert note.endswith("add there own: [scoringpackage].")
    assert first.startswith("score     accuracy")
    assert "scoringpackage" not in sys.modules

    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("own: [scoringpackage]")
    assert lines(store)[0].startswith("score     highest 0.9")


def test_several_numbers_are_scored_together_where_all_are_known():
    schema = dataclasses.replace(SCHEMA, problem="regression", classes=())
    truth = np.array([[1, 2], [3, np.nan], [5, 6]])
    predictions = np.array([[1, 4], [0, 0], [6, 6]], "float32")
    [said, _] = score.lines(
        OneRun(), "a", schema, [(truth, predictions, np.arange(3)[:, np.newaxis])]
    )
    assert "mae 0.75" in said
    assert "of 2 of 3 rows" in said


def test_a_row_is_scored_where_each_of_its_labels_is_known():
    labels = dataclasses.replace(SCHEMA, problem="multilabel", thresholds=(0.5, 0.5))
    truth = np.array([[1, 0], [0, np.nan], [0, 1]])
    predictions = np.array([[0.9, 0.2], [0.9, 0.2], [0.1, 0.8]], "float32")
    part = (truth, predictions, np.arange(3, dtype=np.uint64)[:, np.newaxis])
    assert ", of 2 of 3 rows" in score.lines(OneRun(train=[9]), "a", labels, [part])[0]


@pytest.mark.parametrize("key", ["dataset.group", "dataset.time", "dataset.query"])
def test_where_rows_belong_together_there_is_no_interval(key):
    first = lines(OneRun({key: "patient"}, train=[9]))[0]
    assert "accuracy 0.6667, of" in first


def test_equal_rows_count_as_one_in_the_interval():
    predictions, truth = np.array([[0.9], [0.2]] * 40, "float32"), np.ones(80)
    alike, apart = (
        score.lines(OneRun(train=[9]), "a", SCHEMA, [(truth, predictions, rows[:, np.newaxis])])[0]
        for rows in (np.repeat(np.arange(20), 4), np.arange(80))
    )
    assert alike.startswith("score     accuracy 0.5 (")
    assert alike != apart


def test_without_a_truth_there_is_no_score():
    assert score.lines(OneRun(), "a", SCHEMA, []) == []
    assert lines(OneRun(train=[9]), truth=(np.nan,) * 4) == []


def test_it_says_how_many_rows_the_run_had():
    said = lines(OneRun(train=[1, 2], validation=[3, 4], test=[8]))[1]
    assert said.endswith("run: 2 in train, 1 in validation, 0 in test.")


def test_a_run_that_logged_no_keys_cannot_tell():
    assert lines(OneRun())[1] == "Whether the run had these rows is not known: it logged none"
