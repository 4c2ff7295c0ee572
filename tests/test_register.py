"""Who is champion: on test predictions made by hand; `test_workflow` registers a model."""

import dataclasses
import io
from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.errors import StoreError
from goldilocks.run import compared
from goldilocks.tracking import query
from goldilocks.workflow.steps import register
from test_results import SCORE
from workflows import context, dataset

ROWS = np.arange(200)
RNG = np.random.default_rng(0)
TARGET = RNG.normal(size=len(ROWS))


class Store:
    """A store with the predictions of some final runs."""

    def __init__(self, **errors):
        self.predictions = {
            run_id: (TARGET + RNG.normal(0, error, len(ROWS)))[:, None].astype("float32")
            for run_id, error in errors.items()
        }
        self.rows = dict.fromkeys(errors, ROWS)
        self.tags = {"dataset.digest": "0" * 64}

    def read_artifact(self, run_id, name):
        if run_id not in self.predictions:
            raise StoreError("there is no such artifact")
        file = io.BytesIO()
        np.savez(file, rows=self.rows[run_id], predictions=self.predictions[run_id])
        return file.getvalue()

    def get_run(self, run_id):
        return SimpleNamespace(tags=self.tags)


def shortcoming(store, champion="old", cells=None, **score):
    made = context(dataclasses.replace(dataset(TARGET, "regression"), cell_keys=cells))
    made.store = store
    score = dataclasses.replace(SCORE, run_id="new", **score)
    return register._shortcoming(made, score, champion)


def test_the_first_model_that_beats_the_baseline_is_the_champion():
    assert shortcoming(Store(new=1), None) == ("", "")


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        ({"beats_baseline": False}, "it is worse than the baseline on the test rows"),
        ({"loses_to_reference": True}, "the reference is better on the test rows, beyond noise"),
    ],
)
def test_a_model_that_baseline_or_reference_beat_is_no_champion(score, reason):
    assert shortcoming(Store(new=1), None, **score) == (reason, "")


def test_the_champion_stays_where_it_is_better_beyond_noise():
    reason, _ = shortcoming(Store(old=0.5, new=1))
    assert reason == "the champion, run old, is better on the test rows, beyond noise"
    assert shortcoming(Store(old=1, new=0.5))[0] == ""
    assert "not better on the test rows beyond noise" in shortcoming(Store(old=1, new=1))[1]


def test_a_champion_of_other_rows_is_not_compared():
    store = Store(old=0.5, new=1)
    store.rows["old"] = ROWS + 1
    assert shortcoming(store) == ("", "The champion so far, run old, was tested on other rows.")
    assert "has no predictions to compare with" in shortcoming(Store(new=1))[1]


def test_a_champion_without_some_columns_is_compared():
    store, cells = Store(old=0.5, new=1), np.arange(len(ROWS), dtype=np.uint64)[:, None]
    data = dataclasses.replace(dataset(TARGET, "regression"), cell_keys=cells)
    store.tags = {"dataset.digest": "1" * 64, query.ROWS: compared.rows_digest(data)}
    assert "is better on the test rows" in shortcoming(store, cells=cells)[0]
    assert "was tested on other rows" in shortcoming(store, cells=cells + np.uint64(1))[1]
    store.tags = {"dataset.digest": "0" * 64}  # Of a version that logged no such digest.
    assert "is better on the test rows" in shortcoming(store, cells=cells)[0]
