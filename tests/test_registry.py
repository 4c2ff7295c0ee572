import json
import sys

import keras
import numpy as np
import pytest

from goldilocks.dataset.readers.reading import Reading
from goldilocks.encoding import schema
from goldilocks.errors import StoreError
from goldilocks.tracking import local, registry


@pytest.fixture
def store(folder):
    return local.connect(uri=None, experiment="tries")


def logged(store, folder, **tags):
    """The ID of a finished run with a tiny model."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    taken = schema.Schema(
        kind="table", problem="binary", target="sold", classes=("no", "ja ✓"), unit="", columns={"a": Reading(kind="number")},
        image_size=None, channels=0, text=None, time=(), time_format="", header=None, fill=0, lookback=0, step=0, delay=0,
    )  # fmt: skip
    (folder / "files").mkdir(exist_ok=True)
    (folder / "files" / schema.FILE).write_text(taken.to_json())
    with store.start_run(
        "one",
        parent=None,
        params={"dataset": "table"},
        tags={"problem": "binary", **tags},
        resume=None,
    ) as run:
        run.files(folder / "files")
        run.model(model, np.zeros((2, 2), "float32"))
        run.metrics({"test_accuracy": 0.75, "val_loss": 1.0})
        run.describe("**balanced.** Fine.")
    return run.run_id


@pytest.mark.long
def test_a_run_becomes_a_version_once_and_the_newest_is_the_champion(store, folder):
    first, second = logged(store, folder, verdict="balanced"), logged(store, folder)
    made = registry.register(store, first, "houses")
    assert (made.name, made.number, made.uri) == ("houses", 1, "models:/houses/1")
    assert registry.model_run_id(store, "houses") == first
    assert registry.register(store, first, "houses") == made
    found = store.client.get_model_version("houses", "1")
    said = {
        "dataset": "table",
        "problem": "binary",
        "verdict": "balanced",
        "target": "sold",
        "test_accuracy": "0.75",
    }
    assert found.tags == {**said, "classes": '["no", "ja ✓"]'}
    assert found.description == "**balanced.** Fine."
    assert store.client.get_model_version_by_alias("houses", "champion").version == 1
    assert registry.register(store, second, "houses").number == 2
    assert int(store.client.get_model_version_by_alias("houses", "champion").version) == 2
    store.client.set_registered_model_alias("houses", "champion", "1")
    assert registry.register(store, second, "houses").number == 2
    assert int(store.client.get_model_version_by_alias("houses", "champion").version) == 1, (
        "who chose by hand has chosen"
    )
    assert registry.register(store, first, "others").number == 1
    model_id = store.client.get_run(first).outputs.model_outputs[0].model_id
    listed = json.loads(store.client.get_logged_model(model_id).tags["mlflow.modelVersions"])
    assert [each["name"] for each in listed] == ["houses", "others"]


@pytest.mark.long
def test_a_run_that_is_registered_again_after_its_version_was_deleted_is_the_champion(
    store, folder
):
    first, second = logged(store, folder), logged(store, folder)
    assert [registry.register(store, each, "houses").number for each in (first, second)] == [1, 2]
    store.client.delete_model_version("houses", "1")
    assert registry.register(store, first, "houses").number == 3
    assert int(store.client.get_model_version_by_alias("houses", "champion").version) == 3


@pytest.mark.long
def test_a_challenger_leaves_the_champion_where_it_is(store, folder):
    first, second = logged(store, folder), logged(store, folder)
    assert registry.champion(store, "houses") is None
    assert registry.register(store, first, "houses").alias == "champion"
    made = registry.register(store, second, "houses", shortcoming="it is worse")
    assert (made.number, made.alias, made.reference) == (2, "challenger", "houses/2")
    assert registry.champion(store, "houses") == first
    assert registry.model_run_id(store, "houses") == first
    assert registry.model_run_id(store, "houses@challenger") == second
    assert store.client.get_model_version("houses", "2").tags["shortcoming"] == "it is worse"


@pytest.mark.long
def test_what_was_cut_off_between_version_and_champion_is_finished(store, folder, monkeypatch):
    registry.register(store, logged(store, folder), "houses")
    run_id = logged(store, folder)
    with monkeypatch.context() as cut:
        cut.setattr(
            type(store.client), "set_registered_model_alias", lambda *_: sys.exit("cut off")
        )
        with pytest.raises(SystemExit):
            registry.register(store, run_id, "houses")
    assert registry.register(store, run_id, "houses").number == 2
    assert int(store.client.get_model_version_by_alias("houses", "champion").version) == 2


@pytest.mark.long
def test_a_model_is_found_by_name_version_and_alias(store, folder):
    first, second = logged(store, folder), logged(store, folder)
    for run_id in (first, second):
        registry.register(store, run_id, "house prices")
    store.client.set_registered_model_alias("house prices", "old", "1")
    asked = {"": second, "/1": first, "/2": second, "@champion": second, "@old": first}
    for behind, run_id in asked.items():
        assert registry.model_run_id(store, f"house prices{behind}") == run_id
        assert registry.model_run_id(store, f"models:/house prices{behind}") == run_id
    store.client.delete_registered_model_alias("house prices", "champion")
    assert registry.model_run_id(store, "house prices") == second
    assert registry.model_run_id(store, first) == first


@pytest.mark.long
def test_a_model_that_is_not_there_is_said_in_a_sentence(store, folder):
    registry.register(store, logged(store, folder), "houses")
    sentences = {
        "barns": r"barns is neither the ID of a run .+ nor a registered model .+: it has houses\. "
        r"Give the ID",
        "houses/7": r"model houses has no version 7; expected one of its versions \(1, champion is "
        r"1\)",
        "houses@best": r"the registered model houses has no alias best; .+: houses/1, for example",
        "it's": r"it's is neither the ID of a run",
        "": r" is neither the ID of a run",
    }
    for named, sentence in sentences.items():
        with pytest.raises(StoreError, match=sentence):
            registry.model_run_id(store, named)


def test_what_cannot_be_registered_is_said_in_a_sentence(store, folder):
    with pytest.raises(StoreError, match=r"has no such run"):
        registry.register(store, "f" * 32, "houses")
    with store.start_run("empty", parent=None, params={}, tags={}, resume=None) as run:
        pass
    with pytest.raises(StoreError, match=r"logged no model; expected a run that finished"):
        registry.register(store, run.run_id, "houses")
    for name in ("", " ", "a/b", "models:/a", "a@b", "f" * 32):
        with pytest.raises(
            StoreError, match=r"cannot be registered as .+; expected a name without slashes"
        ):
            registry.register(store, run.run_id, name)
    assert store.client.search_registered_models() == []
