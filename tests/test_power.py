"""The gate of step 3, on trainings made by hand; `test_workflow` has it in a whole workflow."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.errors import JobError
from goldilocks.evaluation.differences import Comparison
from goldilocks.workflow.steps import power
from workflows import dataset, problem, trained

ROWS = np.arange(400)
SEEDS = ("0", "1", "2")


def step(knows):
    """The step, where the share of the target that a small model knows is `knows`, and the rest is noise."""
    rng = np.random.default_rng(0)
    y = rng.normal(0, 1, len(ROWS))

    def train(candidates, folder, parent):
        said = [
            (knows * y + (1 - knows) * rng.normal(0, 0.2, len(y)))[:, None].astype("float32")
            for _ in SEEDS
        ]
        values = {"best_val_mae": 0.5, "best_val_loss": 0.5, "best_epoch": 5.0, "epochs": 10.0}
        return [
            trained(each.name, {(seed, ""): (ROWS, one)}, metrics=values)
            for each, seed, one in zip(candidates, SEEDS, said, strict=True)
        ]

    flow = SimpleNamespace(
        settings=SimpleNamespace(choices={"model": "mlp"}),
        typed=(),
        seeds=[f"seed={seed}" for seed in SEEDS],
        runner=SimpleNamespace(train=train),
        problem=problem("regression"),
        comparison=Comparison(dataset(y, "regression"), problem("regression"), {}, 3),
    )
    return power.step(flow, "", Path())  # pyright: ignore[reportArgumentType]


def test_a_model_that_knows_something_passes():
    found = step(knows=0.4)
    assert found.passed
    assert "beats the baseline beyond noise" in found.decision
    assert [row["candidate"] for row in found.table] == [
        f"units=16 layers=1 seed={seed}" for seed in SEEDS
    ]


@pytest.mark.parametrize("knows", [0.0, 0.01])
def test_a_model_that_knows_nothing_stops_the_workflow_which_says_what_that_means(knows):
    found = step(knows=knows)
    assert not found.passed
    assert "does not beat the baseline beyond noise" in found.decision
    assert "nothing shows that these inputs say anything" in found.reasons[-1]


def test_without_the_first_seed_there_is_nothing_to_go_on_with():
    flow = SimpleNamespace(
        settings=SimpleNamespace(choices={"model": "mlp"}),
        typed=(),
        seeds=["seed=0", "seed=1"],
        runner=SimpleNamespace(
            train=lambda *_: [None, object()], lost=lambda: JobError("seed=0 diverged")
        ),
    )
    with pytest.raises(JobError, match="seed=0 diverged"):
        power.step(flow, "", Path())  # pyright: ignore[reportArgumentType]


def test_a_network_that_says_what_the_baseline_says_is_told_without_a_division_by_zero():
    few, labels = np.arange(50), (np.arange(50) % 4 == 0).astype(int)
    comparison = Comparison(dataset(labels, "binary"), problem("binary"), {}, 3)
    same = {(seed, ""): (few, np.full((50, 1), 0.3, "float32")) for seed in SEEDS}
    gain = comparison.against_baseline(same, "accuracy")
    assert (gain.mean, gain.error, gain.p_better) == (0, 0, 1)
    said = power._told("accuracy", gain, 1e-5)
    assert "is as good as the baseline's" in said
    assert "within noise" in said
