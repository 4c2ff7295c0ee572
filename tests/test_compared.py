"""How many configurations were compared on the same validation rows, however they were read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from goldilocks.protocol import Split
from goldilocks.run import compared
from goldilocks.run.run import run
from goldilocks.tracking import ledger, local, null, query
from test_overlap import a_dataset, houses

ROWS = 60
SPLITS = [
    Split(np.arange(20), rows, np.arange(40, 60)) for rows in (np.arange(20, 30), np.arange(30, 40))
]


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="goldilocks")


@pytest.fixture
def log(store):
    """Logs a run that chose by validation rows."""

    def logged(dataset, splits=SPLITS, **tags):
        given = {"role": "plain", "dataset.digest": dataset.digest, **tags}
        with store.start_run("a run", parent=None, params={}, tags=given, resume=None) as tracker:
            tracker.tags(compared.tags(dataset, splits))
            compared.log(tracker, dataset, splits)

    return logged


def count(store, dataset, rows=None):
    return compared.configurations(
        store, dataset, compared.validated(SPLITS) if rows is None else rows
    )


def as_file(table, digest):
    return replace(a_dataset(table), digest=digest)


@pytest.mark.long
def test_validation_rows_are_known_whatever_their_table_became(store, log):
    table = houses(ROWS)
    log(as_file(table, "whole"), configuration="a")
    log(as_file(table, "whole"), configuration="a")
    log(as_file(table.drop(columns="size"), "dropped"), configuration="b")
    log(as_file(table[table.columns[::-1]].set_axis(list("abcde"), axis=1), "moved"),
        configuration="c")  # fmt: skip
    log(as_file(houses(ROWS, 9), "other"), configuration="d")
    assert count(store, as_file(table, "whole")) == 3
    assert count(store, as_file(table.assign(noise=range(ROWS)), "a column more")) == 3
    assert count(store, as_file(houses(ROWS, 9), "renamed")) == 1
    assert count(store, as_file(houses(ROWS, 5), "nobody's")) == 0


def test_runs_of_the_same_data_count_with_keys_or_without(store, log):
    dataset = as_file(houses(ROWS), "whole")
    log(replace(dataset, cell_keys=None), configuration="a", role="regularized")
    for role in ("fold", "baseline", "final"):
        log(dataset, configuration=role, role=role)
    assert count(store, dataset) == 1
    assert compared.configurations(null.connect(), dataset, np.arange(20, 40)) == 0


def test_keys_that_one_run_did_not_log_another_one_has(store, log):
    table = houses(ROWS)
    log(as_file(table, "whole"), configuration="a")
    tags = store.search("tags.role = 'plain'")[0].tags
    gone = {"role": "plain", "configuration": "b", ledger.VALIDATED: tags[ledger.VALIDATED]}
    store.client.create_run(store.experiment_id, tags=gone)
    assert count(store, as_file(table, "again")) == 2


def test_few_keys_of_a_run_are_logged(store, log):
    table = pd.concat([houses(25_000, seed) for seed in range(4)], axis=1).iloc[:, :20]
    dataset = as_file(table.set_axis(range(20), axis=1), "wide")
    rows = np.arange(0, 25_000, 4)
    log(dataset, [Split(rows + 1, rows, rows + 2)], configuration="a")
    book = ledger.StoreLedger(store, file=ledger.VALIDATED_FILE)
    [logged] = store.search("tags.role = 'plain'")
    assert book.kept(logged).keys.shape == (compared.KEPT, 20)


@pytest.mark.long
@pytest.mark.usefixtures("quiet_figures")
def test_a_column_that_is_dropped_does_not_reset_the_count(folder, store, composed):
    houses(160).to_csv(folder / "houses.csv", index=False)
    table = ("dataset=table", "dataset.file=houses.csv", "dataset.target=price", "trainer=smoke")
    run(composed(*table))
    run(composed(*table, "seed=1"))
    run(composed(*table, "dataset.drop=[size]"))
    houses(160).rename(columns={"year": "built"}).to_csv(folder / "renamed.csv", index=False)
    run(composed(*table, "dataset.file=renamed.csv", "final=true"))
    [final] = store.search("tags.role = 'final'")
    assert final.metrics["validation_configurations"] == 2

    run(composed(*table, "trainer.repeats=2"))
    [parent, *_] = store.search("params.`trainer.repeats` = '2'")
    children = query.children(store, parent)
    assert len(children) == 2
    for name in (query.ROWS, ledger.VALIDATED):
        assert {child.tags[name] for child in children} == {parent.tags[name]}


@pytest.fixture
def quiet_figures(monkeypatch):
    """Runs without plots, which take longer than all else."""
    from goldilocks.run import figures

    monkeypatch.setattr(figures, "draw", lambda *_: None)
