import pytest

from composition import FILES, checked
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.model_sizes import model_sizes

TRAITS = {name: FILES.read("model", name)["traits"] for name in FILES.names("model")}


def test_every_model_but_the_baseline_has_sizes():
    assert [name for name, traits in TRAITS.items() if not traits["sizes"]] == ["baseline"]


@pytest.mark.long
@pytest.mark.parametrize("model", TRAITS)
def test_every_size_is_a_configuration(model, composed):
    kind = min(TRAITS[model]["accepts"])
    data = {"image": "mnist", "table": "boston", "text": "imdb", "series": "jena"}[kind]
    for size in model_sizes(checked(f"dataset={data}", f"model={model}"), ()):
        assert (
            composed(f"dataset={data}", f"model={model}", *size.overrides).choices["model"] == model
        )


def test_typed_values_are_no_size():
    typed = ("dataset=boston", "model=mlp", "model.units=7")
    [one] = model_sizes(checked(*typed, "model.layers=2"), {"model.units", "model.layers"})
    assert (one.name, one.overrides) == ("mlp", ())
    assert [size.overrides for size in model_sizes(checked(*typed), {"model.units"})] == [
        ("model.layers=1",), ("model.layers=2",), ("model.layers=3",)
    ]  # fmt: skip


def test_a_later_override_replaces_an_earlier_one():
    changed = Candidate("a", ("model.units=4", "seed=1")).overridden("b", "seed=2", "force=true")
    assert changed == Candidate("b", ("model.units=4", "seed=2", "force=true"))
