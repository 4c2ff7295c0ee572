import json

from goldilocks.tracking import local, page


def test_a_database_is_shown_at_the_usual_address_and_a_server_at_its_own():
    assert page.url("sqlite:///mlflow.db", "3", "runs/ab") == (
        "http://127.0.0.1:5000/#/experiments/3/runs/ab"
    )
    assert page.url("https://tracking/", "3", "runs") == "https://tracking/#/experiments/3/runs"


def test_an_artifact_is_at_the_server_that_shows_the_text():
    assert page.artifact("plots/a.png", "ab") == "get-artifact?path=plots/a.png&run_uuid=ab"


def test_a_view_has_the_verdict_the_best_value_and_what_differs_the_best_run_first():
    state = json.loads(page.view(["ab", "cd"], ["model.units"], "best_val_auc", higher=True))
    assert state == {
        "searchFilter": "attributes.run_id IN ('ab', 'cd')",
        "orderByKey": "metrics.`best_val_auc`",
        "orderByAsc": False,
        "selectedColumns": [
            "tags.`verdict`",
            "metrics.`best_val_auc`",
            "metrics.`best_epoch`",
            "params.`model.units`",
        ],
    }
    assert page.view(["a" * 32] * 200, [], "best_val_auc", higher=True) == ""


def test_an_experiment_says_what_it_is_and_has_a_view_with_a_name(folder):
    store = local.connect(uri=None, experiment="tries")
    tags = store.client.get_experiment(store.experiment_id).tags
    assert "verdict" in tags["mlflow.note.content"]
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    view = json.loads(tags["mlflow.sharedViewState.verdicts"])
    assert view["name"] == "Verdicts"
    assert "tags.`verdict`" in json.loads(view["state"])["selectedColumns"]

    url = store.save_view("ab", ["cd"], ["seed"], "best_val_mae", higher=False)
    assert (
        url
        == f"http://127.0.0.1:5000/#/experiments/{store.experiment_id}/runs?viewStateShareKey=ab"
    )
    tags = store.client.get_experiment(store.experiment_id).tags
    assert json.loads(tags["mlflow.sharedViewState.ab"])["orderByAsc"]
