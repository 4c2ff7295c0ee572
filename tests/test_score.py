import re

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

    def download_artifact(self, run_id, path, folder):
        if not self.keys:
            raise StoreError("it logged none")
        np.savez(folder / path, **self.keys)
        return folder / path


def lines(store, truth=(1, 0, 1, np.nan)):
    predictions = np.array([[0.9], [0.1], [0.2], [0.5]], "float32")
    keys = np.array([[1, 11], [2, 12], [3, 13], [4, 14]], np.uint64)
    return score.lines(store, "a", SCHEMA, [score.Scored(np.array(truth), predictions, keys)])


def keys(**parts):
    nothing = {"train": [], "validation": [], "test": []}
    return {name: np.array(rows, np.uint64) for name, rows in (nothing | parts).items()}


def test_the_score_is_of_the_rows_that_have_a_target_and_has_an_interval():
    [first, _] = lines(OneRun(**keys(train=[9])))
    assert first.startswith("score     accuracy 0.6667 (0.2077 to 0.9385), loss 0.")
    assert first.endswith("of the 3 of 4 rows whose target is known")


def test_the_metrics_are_those_of_the_run():
    store = OneRun({"problem.metrics": '["auc","accuracy"]'}, **keys())
    assert lines(store)[0].startswith("score     auc 1 (")


def test_where_rows_belong_together_there_is_no_interval():
    [first, _] = lines(OneRun({"dataset.group": "patient"}, **keys()))
    assert "accuracy 0.6667, loss" in first


def test_without_a_truth_there_is_no_score():
    assert score.lines(OneRun(), "a", SCHEMA, []) == []
    assert lines(OneRun(**keys()), truth=(np.nan,) * 4) == []


@pytest.mark.parametrize(
    ("parts", "sentences"),
    [
        ({"train": [8]}, [r"^None of these rows is equal to one"]),
        (
            {"train": [1, 12], "validation": [3]},
            [r"^2 of these 3 rows .+, 1 to rows .+ no measure"],
        ),
        ({"test": [4, 13]}, [r"^None of these", r"^1 of them are equal to test rows .+ ledger"]),
    ],
)
def test_it_says_which_rows_the_run_had(parts, sentences):
    said = lines(OneRun(**keys(**parts)))[1:]
    assert len(said) == len(sentences)
    assert all(re.search(sentence, line) for sentence, line in zip(sentences, said, strict=True))


def test_a_run_that_logged_no_keys_cannot_tell():
    assert "nobody can tell" in lines(OneRun())[1]
