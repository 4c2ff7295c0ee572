"""The gate of step 3, on trainings made by hand; `test_workflow` has it in a whole workflow."""

import numpy as np
import pytest

from goldilocks.errors import JobError
from goldilocks.evaluation.differences import Comparison
from goldilocks.workflow import prose
from goldilocks.workflow.steps import power
from workflows import Rehearsal, context, dataset, problem, trained

ROWS = np.arange(400)
SEEDS = ("0", "1", "2")


def power_step(signal):
    """The step, where a small model predicts a share of the target, and noise."""
    rng = np.random.default_rng(0)
    y = rng.normal(0, 1, len(ROWS))
    values = {"best_val_mae": 0.5, "best_val_loss": 0.5, "best_epoch": 5.0, "epochs": 10.0}

    def train(candidate):
        predictions = signal * y + (1 - signal) * rng.normal(0, 0.2, len(y))
        seed = candidate.name[-1]
        rows = {(seed, ""): (ROWS, predictions[:, None].astype("float32"))}
        return trained(candidate.name, rows, metrics=values)

    return power.step(context(dataset(y, "regression"), train_one=train))


def test_a_model_that_predicts_something_passes():
    result = power_step(signal=0.4)
    assert result.report.passed
    assert "beats the baseline beyond noise" in result.report.decision
    names = [f"units=16 layers=1 seed={seed}" for seed in SEEDS]
    assert [row["candidate"] for row in result.report.table] == names
    assert result.small.run_ids == tuple(names)
    assert result.small.name == "units=16 layers=1"
    assert result.seed_error == {"mae": 0, "loss": 0}


@pytest.mark.parametrize("signal", [0.0, 0.01])
def test_a_model_that_predicts_nothing_stops_the_workflow(signal):
    report = power_step(signal=signal).report
    assert not report.passed
    assert "does not beat the baseline beyond noise" in report.decision
    assert "nothing shows that these inputs say anything" in report.reasons[-1]


def test_the_step_fails_without_the_first_seed():
    class Failing(Rehearsal):
        def train(self, candidates, folder):
            return [None, *([object()] * (len(candidates) - 1))]

        def lost(self):
            return JobError("seed=0 diverged")

    with pytest.raises(JobError, match="seed=0 diverged"):
        power.step(context(dataset(np.zeros(4), "regression"), kind=Failing))


def test_a_network_that_predicts_what_the_baseline_predicts_is_within_noise():
    few, labels = np.arange(50), (np.arange(50) % 4 == 0).astype(int)
    comparison = Comparison(dataset(labels, "binary"), problem("binary"), {}, 3)
    same = {(seed, ""): (few, np.full((50, 1), 0.3, "float32")) for seed in SEEDS}
    gain = comparison.against_baseline(same, "accuracy")
    assert (gain.mean, gain.error, gain.p_better) == (0, 0, 1)
    values = {"gains": {"accuracy": gain}, "level": 1e-5, "shared": 0.001, "diverged": False}
    values["primary"] = "accuracy"
    [_, _, sentence, _] = prose.sentences("power", passed=False, small="mlp", **values)
    assert "is as good as the baseline's" in sentence
    assert "within noise" in sentence
    said = prose.sentences("power", passed=True, small="mlp", **values | {"primary": "retention"})
    assert said[-1].startswith("The loss alone is tested: how far chance moves retention")


def rare_step(signal, seed=0):
    """The step, where a small model orders 20 rows of a rare class among 400."""
    rng = np.random.default_rng(seed)
    y = np.isin(ROWS, rng.choice(ROWS, 20, replace=False)).astype(int)
    values = {"best_val_auc": 0.5, "best_val_loss": 0.5, "best_epoch": 5.0, "epochs": 40.0}
    memory = rng.normal(size=len(y))  # of the inputs, alike in all seeds

    def train(candidate):
        logits = signal * y + memory + 0.1 * rng.normal(size=len(y)) - 3
        rows = {(candidate.name[-1], ""): (ROWS, (1 / (1 + np.exp(-logits)))[:, None])}
        return trained(candidate.name, rows, metrics=values)

    return power.step(context(dataset(y, "binary"), metric="auc", train_one=train))


def test_a_rare_class_that_is_told_apart_passes_by_the_area_under_the_curve():
    report = rare_step(signal=2.0).report
    assert report.passed
    assert report.reasons[0].startswith("val_auc is")
    assert not rare_step(signal=0.0).report.passed


@pytest.mark.slow
def test_memories_of_noise_do_not_pass_by_the_area_under_the_curve():
    assert not any(rare_step(signal=0.0, seed=seed).report.passed for seed in range(150))
