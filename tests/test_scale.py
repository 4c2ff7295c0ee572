from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.evaluation.differences import Comparison
from goldilocks.workflow import budget
from goldilocks.workflow.steps import scale
from workflows import dataset, problem, trained

METRICS = {
    "best_val_loss": 1.0,
    "best_val_mae": 1.0,
    "verdict/end_train_loss": 1.0,
    "verdict/end_val_loss": 1.0,
}


@pytest.fixture
def flow(tmp_path):
    """A workflow whose networks overfit from 256 units on; what it trains is noted in `asked`."""

    def one(candidate):
        verdict = (
            "overfit" if any(each in candidate.name for each in ("256", "512")) else "balanced"
        )
        return trained(
            candidate.name, {}, metrics=METRICS, verdict=verdict, overrides=candidate.overrides
        )

    def train(candidates, folder, parent):
        asked.extend(each.name for each in candidates)
        return [one(each) for each in candidates]

    asked = []
    small = trained("units=16 layers=1", {}, metrics=METRICS)
    return SimpleNamespace(
        settings=SimpleNamespace(choices={"model": "mlp"}),
        typed=(),
        problem=problem("regression"),
        comparison=Comparison(dataset(np.zeros(4), "regression"), problem("regression"), {}, 3),
        found=lambda name: {"small": None},
        recall=lambda remembered: [small],
        runner=SimpleNamespace(train=train, room=SimpleNamespace(shared=[{}, {}]), overhead=1.0),
        budget=budget.read("20runs", tmp_path),
        asked=asked,
    )


def test_it_climbs_until_a_network_overfits(flow, tmp_path):
    found = scale.step(flow, "", tmp_path / "scale")
    assert flow.asked == [
        "units=2 layers=1",
        "units=64 layers=2",
        "units=256 layers=2",
        "units=512 layers=3",
    ]
    assert found.decision.startswith(
        "Between units=64 layers=2 and units=256 layers=2 underfitting ends"
    )
    assert found.chosen["overfit"] == 3


def test_a_step_that_is_done_again_asks_for_what_it_has_asked_for_whatever_has_been_spent(
    flow, tmp_path
):
    first = scale.step(flow, "", tmp_path / "scale")
    flow.budget.ended |= set(map(str, range(20)))
    assert scale.step(flow, "", tmp_path / "scale").table == first.table
    assert "The budget of this step is spent." in scale.step(flow, "", tmp_path / "another").reasons
