import pytest

from composition import checked
from goldilocks.workflow import second_model
from goldilocks.workflow.candidate import Candidate
from workflows import context, dataset, trained


def asked(*typed, kind="image", size=(64, 48)):
    more = {"image_size": size} if size else {}
    return second_model.candidates(context(dataset([0, 1], "binary", kind=kind, **more), typed))


def test_photographs_get_a_network_that_was_trained_on_others():
    [candidate] = asked()
    assert candidate.overrides[0] == "model=pretrained"
    assert second_model.is_one(candidate)
    assert not second_model.is_one(Candidate("units=16", ("model.units=16",)))


@pytest.mark.parametrize(("kind", "name"), [("text", "embedding"), ("series", "mlp")])
def test_texts_and_series_get_a_network_that_reads_them_in_another_way(kind, name):
    step = context(dataset([0, 1], "binary", kind=kind))
    step.settings = checked("dataset=jena" if kind == "series" else "dataset=imdb")
    [candidate] = second_model.candidates(step)
    assert candidate.name == name
    assert second_model.is_one(candidate)
    step.settings = checked("dataset=jena", "model=mlp")
    assert second_model.candidates(step) == []


@pytest.mark.parametrize(
    ("typed", "kind", "size"),
    [
        (["model=mlp"], "image", (64, 64)),
        (["model.units=[16]"], "image", (64, 64)),
        ([], "image", (64, 31)),
        ([], "table", None),
    ],
)
def test_there_is_none_where_a_model_was_typed_or_no_base_takes_the_rows(typed, kind, size):
    assert asked(*typed, kind=kind, size=size) == []


def test_what_is_trained_after_it_has_the_same_base():
    first = trained("pretrained", {}, overrides=second_model.MODELS["image"])
    first.run.params["model.base"] = "efficientnet_lite0"
    after = second_model.settled(first)
    assert after.candidate.overrides == (
        *second_model.MODELS["image"],
        "model.base=efficientnet_lite0",
    )
    assert after.run is first.run


@pytest.mark.parametrize(("metric", "better"), [("accuracy", 0.9), ("loss", 0.1)])
def test_the_better_one_is_that_of_the_primary_metric(metric, better):
    step = context(dataset([0, 1], "binary"), metric=metric)
    one, other = (
        trained(name, {}, metrics={f"best_val_{metric}": value})
        for name, value in (("one", better), ("other", 0.5))
    )
    assert second_model.is_better(step, one, other)
    assert not second_model.is_better(step, other, one)
    assert not second_model.is_better(step, one, one)
