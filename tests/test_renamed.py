from goldilocks.config import renamed
from goldilocks.tracking import local
from stored_runs import a_run, log


def test_parameters_of_earlier_runs_have_the_names_of_today():
    stored = {"dataset": "imdb", "dataset.words": "500", "dataset.pad": "before", "model.pool": "2"}
    assert renamed.params(stored) == {
        "dataset": "imdb",
        "dataset.max_tokens": "500",
        "dataset.padding": "pre",
        "model.pool_size": "2",
    }


def test_a_stored_configuration_keeps_what_has_the_same_name_today():
    stored = {"seed": 0, "dataset": {"truncate": "after", "text": "before"}, "model": {"units": 8}}
    assert renamed.tree(stored) == {
        "seed": 0,
        "dataset": {"truncating": "post", "text": "before"},
        "model": {"units": 8},
    }


def test_a_series_of_an_earlier_version_predicts_values_of_its_own_rows_alone():
    stored = {"dataset": {"_target_": "goldilocks.dataset.series.load", "file": "load.csv"}}
    assert renamed.tree(stored)["dataset"] == {
        **stored["dataset"],
        "lags": None,
        "difference": 0,
    }


def test_a_stored_run_is_read_by_the_names_of_today(folder):
    store = local.connect(uri=None, experiment="tries")
    run_id = log(
        store.client, store.experiment_id, a_run("old", 1.0, params={"model.pool": "2"}), {}
    )
    assert store.get_run(run_id).params["model.pool_size"] == "2"
