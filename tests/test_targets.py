import pytest

from goldilocks.errors import StoreError
from goldilocks.tracking import local
from goldilocks.tracking.selection import run_id_of, select
from goldilocks.tracking.store import MlflowStore
from stored_runs import a_run, a_sweep, log


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="tries")


def put(store, name, *, parent="", role="plain", **params):
    tags = {"role": role, **({"mlflow.parentRunId": parent} if parent else {})}
    return log(store.client, store.experiment_id, a_run(name, 1.0, params=params, tags=tags), {})


def ids(store, *targets):
    return {run.run_id for run in select(store, targets).runs}


def test_a_sweep_means_its_runs_with_their_folds(store):
    sweep = a_sweep(store, "a sweep")
    one = put(store, "one", parent=sweep)
    above = put(store, "above", parent=sweep, protocol="kfold")
    fold = put(store, "fold", parent=above, role="fold", protocol="kfold")
    put(store, "stranger")
    put(store, "strange fold", parent=put(store, "other", protocol="kfold"), role="fold")
    found = select(store, [sweep])
    assert {run.run_id for run in found.runs} == {one, above, fold}
    assert (found.name, found.slug, found.sweep.run_id) == ("a sweep", sweep[:8], sweep)


def test_runs_are_meant_by_their_ids_in_any_experiment(store):
    one, two = put(store, "one"), put(store, "two")
    elsewhere = local.connect(uri=None, experiment="elsewhere")
    three = put(elsewhere, "three")
    assert ids(store, one, three) == {one, three}
    found = select(store, [one, two, one])
    assert [run.run_id for run in found.runs] == [one, two]
    assert (found.sweep, found.slug) == (None, f"{one[:8]}-and-2-more")
    assert store.page_url(select(store, [three]).runs[0]).endswith(
        f"5000/#/experiments/{elsewhere.experiment_id}/runs/{three}"
    )


def test_a_study_means_the_runs_of_its_experiments(store):
    small, big = put(store, "a", experiment="imdb_small"), put(store, "b", experiment="imdb_big")
    put(store, "c", experiment="imdbs_big")
    assert ids(store, "imdb") == {small, big}
    assert select(store, ["imdb"]).slug == "imdb"


def test_a_sweep_below_a_sweep_is_looked_into(store):
    outer = a_sweep(store, "outer")
    inner = a_sweep(store, "inner")
    store.client.set_tag(inner, "mlflow.parentRunId", outer)
    one = put(store, "one", parent=inner)
    assert ids(store, outer) == {one}


def test_what_is_unknown_is_said_in_a_sentence(store):
    one = put(store, "one")
    put(store, "two")
    with pytest.raises(
        StoreError, match=r"f{32}, and the store .+ has no such run; expected the ID"
    ):
        select(store, ["f" * 32])
    with pytest.raises(
        StoreError, match=r"^study is neither the ID of a run .+ begins with study_\.$"
    ):
        select(store, ["study"])
    assert ids(store, one[:12]) == {one}
    with pytest.raises(StoreError, match=r"^a'b is neither"):
        select(store, ["a'b"])


def test_a_name_of_several_runs_is_ambiguous(store):
    for _ in range(3):
        put(store, "twins")
    for run in store.client.search_runs([store.experiment_id]):
        store.client.update_run(run.info.run_id, name="twins")
    with pytest.raises(StoreError, match=r"It could be any of 3 runs: .+ Give the ID of one\."):
        select(store, ["twins"])


def test_a_beginning_of_several_ids_is_ambiguous_and_one_of_none_is_none(store, monkeypatch):
    runs = [a_run(name, 1.0) for name in ("abcd1", "abcd2")]
    monkeypatch.setattr(MlflowStore, "search", lambda *_, **__: runs)
    with pytest.raises(StoreError, match=r"^abcd is the beginning of the IDs of 2 runs: abcd1 "):
        run_id_of(store, "abcd")
    monkeypatch.setattr(MlflowStore, "search", lambda *_, **__: [])
    assert run_id_of(store, "abcd") is None
    with pytest.raises(StoreError, match="has no run, and so no last one"):
        run_id_of(store, "last")
    assert run_id_of(store, "imdb_small") is None  # The name of a study.


def test_the_last_run_is_the_newest_that_stands_below_no_other(store):
    above = put(store, "above")
    put(store, "below", parent=above)
    assert run_id_of(store, "last") == above
    newest = put(store, "newest")
    store.client.update_run(newest, status="RUNNING")
    assert run_id_of(store, "last") == newest
    assert run_id_of(store, "last", ended=True) == above


def test_a_sweep_without_runs_is_an_error(store):
    sweep = a_sweep(store, "empty")
    with pytest.raises(
        StoreError, match=rf"the sweep {sweep} \(empty\) has no runs, .+ start it again\."
    ):
        select(store, [sweep])


def test_the_pages_of_a_server_are_its_own(store):
    server = MlflowStore(store.client, "http://tracking:5000/", "7", "tries")
    assert server.page_url(a_run("abc", 1.0)) == "http://tracking:5000/#/experiments/1/runs/abc"
