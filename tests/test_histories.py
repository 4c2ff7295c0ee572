import math

import pytest
from mlflow.entities import Metric

from goldilocks.tracking import histories, local


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="tries")


def run(store, *points):
    """A run with points (name, value, timestamp, step)."""
    run_id = store.client.create_run(store.experiment_id).info.run_id
    store.client.log_batch(run_id, [Metric(*point) for point in points])
    return run_id


def points_of(store):
    one = run(
        store,
        ("val_loss", 3.0, 1, 2),
        ("val_loss", 4.0, 1, 1),
        ("val_mae", 1.0, 1, 1),
        ("loss", 7.0, 1, 1),
    )
    other = run(
        store, ("val_loss", 9.0, 1, 1), ("val_loss", 8.0, 2, 1), ("val_loss", math.nan, 3, 2)
    )
    return one, other, run(store, ("val_mae", math.inf, 1, 1))


def check(found, one, other, last):
    assert found[one] == {"val_loss": [(1, 4.0), (2, 3.0)], "val_mae": [(1, 1.0)]}
    assert found[other]["val_loss"][0] == (1, 8.0), "of one step the value that was logged last"
    assert math.isnan(found[other]["val_loss"][1][1])
    assert found[last] == {"val_mae": [(1, math.inf)]}


def test_a_database_is_read_in_one_query(store, monkeypatch):
    ids = points_of(store)
    monkeypatch.setattr(store.client, "get_metric_history", None)
    check(store.histories(ids, ["val_loss", "val_mae"]), *ids)


@pytest.mark.parametrize("size", [1, 2])
def test_many_runs_are_asked_for_in_several_queries(store, monkeypatch, size):
    monkeypatch.setattr(histories, "RUNS_A_QUERY", size)
    ids = points_of(store)
    check(store.histories(ids, ["val_loss", "val_mae"]), *ids)


def test_nothing_is_asked_for_nothing(store):
    assert store.histories([], ["val_loss"]) == {}
    assert store.histories(["0" * 32], ["val_loss"]) == {"0" * 32: {}}


def test_a_server_is_asked_run_by_run(store):
    ids = points_of(store)

    class Client:
        _tracking_client = type("Tracking", (), {"store": None})
        get_metric_history = store.client.get_metric_history

    check(histories.histories(Client(), ids, ["val_loss", "val_mae"]), *ids)
