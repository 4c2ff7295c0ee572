import numpy as np
import pytest

from goldilocks.workflow import second_model
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.steps import scale
from workflows import context, dataset, trained

METRICS = {
    "best_val_loss": 1.0,
    "best_val_mae": 1.0,
    "loss": 0.5,
    "val_loss": 1.0,
    "data_loss": 0.25,
}


def train(candidate):
    """Networks overfit from 256 units on."""
    overfits = any(units in candidate.name for units in ("256", "512"))
    verdict = "overfit" if overfits else "balanced"
    return trained(
        candidate.name, {}, metrics=METRICS, verdict=verdict, overrides=candidate.overrides
    )


@pytest.fixture
def step(tmp_path):
    data = dataset(np.zeros(4), "regression")
    return context(data, train_one=train, folder=tmp_path)


def test_sizes_grow_until_a_network_overfits(step):
    result = scale.step(step)
    assert step.names == [
        "units=16 layers=1",
        "units=2 layers=1",
        "units=64 layers=2",
        "units=256 layers=2",
        "units=512 layers=3",
    ]
    assert result.report.decision.startswith(
        "Between units=64 layers=2 and units=256 layers=2 underfitting ends"
    )
    assert (result.overfit, result.start) == (3, 3)
    assert [size.name for size in result.sizes] == [runs.name for runs in result.trained]
    assert {(size.train_loss, size.val_loss) for size in result.sizes} == {(0.25, 1.0)}


@pytest.mark.parametrize(("verdict", "words"), [("no_power", ""), ("balanced", " that learns")])
def test_the_largest_size_is_said_to_learn_only_if_one_does(tmp_path, verdict, words):
    def same(candidate):
        return trained(candidate.name, {}, metrics=METRICS, verdict=verdict)

    made = context(dataset(np.zeros(4), "regression"), train_one=same, folder=tmp_path)
    decision = scale.step(made).report.decision
    assert f"tuning begins at the largest{words}, units=" in decision


def test_a_repeated_step_asks_for_the_same_trainings(step, tmp_path):
    first = scale.step(step)
    step.budget.ended |= set(map(str, range(20)))
    assert scale.step(step) == first

    (tmp_path / "1.json").unlink()
    assert "The budget of this step is spent." in scale.step(step).report.reasons


@pytest.mark.parametrize(("mae", "starts"), [(0.5, True), (2.0, False)])
def test_a_network_of_another_kind_stands_beside_the_sizes(step, monkeypatch, mae, starts):
    other = Candidate("pretrained", second_model.MODELS["image"])
    monkeypatch.setattr(second_model, "candidates", lambda _: [other])

    def train_either(candidate):
        if candidate is not other:
            return train(candidate)
        of_other = trained(
            other.name, {}, metrics=METRICS | {"best_val_mae": mae}, overrides=other.overrides
        )
        of_other.run.params["model.base"] = "vgg16"
        return of_other

    step.train_one = train_either
    result = scale.step(step)
    assert step.names[:2] == ["units=16 layers=1", "pretrained"]
    assert len(result.trained) == len(result.sizes) + 1 == 6
    assert result.trained[-1].overrides[-1] == "model.base=vgg16"
    assert result.start == (5 if starts else 3)
    sentence = "is better than units=256 layers=2: tuning begins there"
    assert (sentence in result.report.decision) == starts
    assert any(
        f"val_mae {mae:g}; units=256 layers=2 has 1" in reason for reason in result.report.reasons
    ), result.report.reasons


def test_a_network_of_another_kind_that_fails_ends_nothing(step, monkeypatch):
    other = Candidate("pretrained", second_model.MODELS["image"])
    monkeypatch.setattr(second_model, "candidates", lambda _: [other])

    def train_usual(candidate):
        if candidate is not other:
            return train(candidate)
        step.failures.append("pretrained failed: no network")
        return None

    step.train_one = train_usual
    report = scale.step(step).report
    assert "pretrained failed: no network" in report.reasons
    assert "tuning begins there" not in report.decision
