"""The gate of step 3, on trainings made by hand; `test_workflow` has it in a whole workflow."""

from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.errors import JobError
from goldilocks.report.workflow.results import TunedReference
from goldilocks.workflow.first_model import Beginning
from goldilocks.workflow.steps import power
from workflows import Rehearsal, context, dataset, trained

ROWS = np.arange(400)
USUAL = "units=16 layers=1"
OTHERS = [
    "units=64 layers=2",
    "optimizer.learning_rate=0.01 units=16 layers=1",
    "optimizer.learning_rate=0.01 units=64 layers=2",
]


def result(
    predicted, y, folder, *, problem="regression", metric=None, reference=None, typed=(), changes=()
):
    """The step, where a network predicts what `predicted` returns for its name."""
    of_reference = np.full((len(y), 1), np.mean(y)) if reference is None else reference[:, None]
    file = folder / "reference.npz"
    np.savez(file, **{"rows.": ROWS, "predictions.": of_reference})
    baseline = SimpleNamespace(
        reference=TunedReference(
            name="gradient boosting",
            parameters={},
            scores={},
            settings_tried=3,
            predictions=str(file),
        )
    )
    values = {"best_epoch": 5.0, "epochs": 10.0, "train_seconds": 0.1}

    def train(candidate):
        seed = candidate.name.partition("seed=")[2] or "0"
        rows = {(seed, ""): (ROWS, predicted(candidate.name)[:, None].astype("float32"))}
        return trained(candidate.name, rows, metrics=values, overrides=candidate.overrides)

    made = context(
        dataset(y, problem), ("model=mlp", *typed), metric=metric, folder=folder, train_one=train
    )
    return power.step(made, SimpleNamespace(changes=changes), baseline), made.names


def signals(y, of_name, seed=0):
    """What networks predict: noise, and of the target as much as `of_name` says."""
    rng = np.random.default_rng(seed)
    return lambda name: of_name(name) * y + rng.normal(0, 0.2, len(y))


TARGET = np.random.default_rng(7).normal(0, 1, len(ROWS))


@pytest.mark.long
def test_a_network_that_predicts_something_passes_at_the_first_look(tmp_path):
    step, names = result(signals(TARGET, lambda name: 0.4), TARGET, tmp_path)
    assert step.report.passed
    assert step.report.decision == f"A small network ({USUAL}) beats the baseline beyond noise."
    assert names == [f"{USUAL} seed={seed}" for seed in (0, 1, 2)]
    assert step.small.run_ids == tuple(names)
    assert step.overrides == ()
    assert step.seed_error["mae"] > 0
    assert "rows that chose nothing, not even the epoch" in step.report.reasons[0]


@pytest.mark.long
def test_a_network_that_knows_something_and_is_worse_than_the_baseline_is_not_within_noise(
    tmp_path,
):
    step, _ = result(signals(TARGET, lambda name: 3.0), TARGET, tmp_path)
    assert not step.report.passed
    said = " ".join(step.report.reasons)
    assert "worse than the baseline's" in said
    assert "more than chance, but no better than the baseline (p = 0.0005" in said
    assert "within noise" not in said


def test_networks_that_predict_nothing_stop_the_workflow(tmp_path):
    step, names = result(signals(TARGET, lambda name: 0.0), TARGET, tmp_path)
    assert not step.report.passed
    assert step.report.decision == "No small network beats the baseline beyond noise."
    assert names[3:] == OTHERS
    assert "the best of 4 networks and 2 metrics taken into account" in step.report.reasons[0]
    assert (
        "4 small networks do not beat the baseline beyond noise, and neither does the reference"
        in step.report.reasons[-2]
    )
    assert step.report.reasons[-1].startswith("Possible reasons: the inputs say nothing about")


def test_rows_that_change_with_time_are_the_first_thing_to_think_of(tmp_path):
    noise = signals(TARGET, lambda name: 0.0)
    step, _ = result(noise, TARGET, tmp_path, changes=("D502",))
    assert "Rows change with time (D502 of step 1)" in step.report.reasons[-2]
    assert step.report.reasons[-1].startswith("Other reasons: the inputs say nothing about the")


@pytest.mark.long
@pytest.mark.parametrize("changed", [{"epochs": 5}, {"model": "model=mlp"}])
def test_what_time_allowed_is_said(tmp_path, monkeypatch, changed):
    beginning = Beginning(an_epoch=60.0, all_seconds=3600.0, seconds_left=300.0, **changed)
    monkeypatch.setattr(power.first_model, "decide", lambda context, usual: beginning)
    step, _ = result(signals(TARGET, lambda name: 0.0), TARGET, tmp_path)
    said = " ".join(step.report.reasons)
    assert "of 3 seeds would take about 60 minutes. The budget has 5 minutes left" in said
    assert ("So each seed is trained for 5 epochs." in said) == ("epochs" in changed)
    assert ("in 5 epochs (a larger budget trains more)." in said) == ("epochs" in changed)
    assert ("So a network on a pretrained base takes its place" in said) == ("model" in changed)


@pytest.mark.long
def test_the_workflow_goes_on_with_the_network_that_passes(tmp_path):
    step, _ = result(
        signals(TARGET, lambda name: 0.4 * name.startswith("optimizer")), TARGET, tmp_path
    )
    assert step.report.passed
    assert "0.01" in step.report.decision
    assert step.overrides == ("optimizer.learning_rate=0.01",)


@pytest.mark.long
def test_what_the_reference_finds_is_never_called_nothing(tmp_path):
    found = 0.5 * TARGET
    step, _ = result(signals(TARGET, lambda name: 0.0), TARGET, tmp_path, reference=found)
    assert not step.report.passed
    assert step.report.decision == (
        "No network of this kind beats the baseline beyond noise; the reference (gradient boosting) "
        "does."
    )
    text = " ".join(step.report.reasons)
    assert "nothing shows" not in text
    assert "these inputs say something about this target" in text


def test_the_step_fails_without_the_first_seed():
    class Failing(Rehearsal):
        def train(self, candidates, folder):
            return [None, *([object()] * (len(candidates) - 1))]

        def lost(self):
            return JobError("seed=0 diverged")

    with pytest.raises(JobError, match="seed=0 diverged"):
        power.step(context(dataset(np.zeros(4), "regression"), kind=Failing), None, None)


@pytest.mark.long
def test_equal_predictions_are_within_noise(tmp_path):
    y = (ROWS % 4 == 0).astype(int)
    step, _ = result(lambda name: np.full(len(ROWS), 0.3), y, tmp_path, problem="binary")
    assert not step.report.passed
    assert "is as good as the baseline's" in step.report.reasons[0]
    assert "standard errors" not in step.report.reasons[0]


def test_too_few_rows_are_said_to_be(tmp_path):
    groups = np.arange(len(ROWS)) // 100
    grouped = dataset(TARGET, "regression", groups=groups)
    made = context(grouped, folder=tmp_path)
    train = {("0", ""): (ROWS, 0.5 * TARGET[:, None])}
    assert power._gains(made, [(None, [trained("a", train)])], ["mae", "loss"]) == []


@pytest.mark.long
def test_a_rare_class_that_is_told_apart_passes(tmp_path):
    rng = np.random.default_rng(0)
    y = np.isin(ROWS, rng.choice(ROWS, 20, replace=False)).astype(int)
    noise = rng.normal(size=len(y))

    def predicted(signal):
        return lambda name: 1 / (1 + np.exp(3 - signal * y - noise))

    options = {"problem": "binary", "metric": "auc"}
    step, _ = result(predicted(2.0), y, tmp_path, **options)
    assert step.report.passed
    assert step.report.reasons[0].startswith("val_auc is")
    (tmp_path / "x").mkdir()
    assert not result(predicted(0.0), y, tmp_path / "x", **options)[0].report.passed


def test_rows_that_several_trainings_predicted_have_the_mean():
    by_training = {
        ("0", "1"): (np.array([3, 1]), np.array([[1.0], [2.0]])),
        ("1", "1"): (np.array([1, 3]), np.array([[4.0], [3.0]])),
        ("0", "2"): (np.array([2]), np.array([[7.0]])),
    }
    rows, values = power.pooled(by_training)
    assert rows.tolist() == [1, 2, 3]
    assert values[:, 0].tolist() == [3, 7, 2]
