"""Sizes as probes: what the next larger network says of a smaller one."""

import numpy as np
import pytest

from goldilocks.diagnosis.answers import QUESTIONS
from goldilocks.evaluation.differences import Comparison
from goldilocks.workflow.size_probes import answered, large_enough
from workflows import dataset, problem, trained

ROWS = np.arange(400)
Y = np.random.default_rng(0).normal(size=len(ROWS))


def comparison():
    return Comparison(dataset(Y, "regression"), problem("regression"), {}, 0)


def size(name, error, verdict="unsure", *, epochs=10.0, **answers):
    """A network whose predictions are so far from the targets, with its answers."""
    rng = np.random.default_rng(len(name))
    predicted = Y[:, None] + error * np.sign(rng.normal(size=(len(Y), 1)))
    p = {name: answers.get(name, 0.05) for name in QUESTIONS}
    metrics = {"baseline/val_loss": 1.0, "epochs": epochs, "best_val_loss": error**2}
    metrics |= {f"verdict/p_{name}": value for name, value in p.items()}
    judged = {("0", ""): (ROWS, predicted.astype("float32"))}
    network = trained(name, judged, metrics=metrics, verdict=verdict)
    network.run.tags["verdict.power"] = "true"
    return network


def p_enlarge(trained):
    return trained.run.metrics["verdict/p_enlarge"]


def test_a_larger_network_that_is_better_says_that_the_smaller_underfits():
    small, large = answered(comparison(), [size("a", 0.8, enlarge=0.5), size("bb", 0.4)])
    assert p_enlarge(small) >= 0.9
    assert small.verdict == "underfit"
    assert (
        "A larger network (bb): validation loss 0.16 instead of 0.64 on the same 400 rows"
        in (small.run.tags["verdict.reason"])
    )
    assert large.verdict == "unsure"
    assert large_enough([small, large]) is None


def test_one_that_is_no_better_says_that_it_is_large_enough():
    sizes = answered(
        comparison(), [size("a", 0.8, enlarge=0.5), size("bb", 0.4, enlarge=0.5), size("ccc", 0.4)]
    )
    assert [one.verdict for one in sizes] == ["underfit", "balanced", "unsure"]
    assert large_enough(sizes) == 1


@pytest.mark.parametrize("larger", [size("bb", 0.4, epochs=20.0), size("bb", np.nan)])
def test_one_of_other_epochs_or_one_that_diverged_says_nothing(larger):
    small = size("a", 0.8, enlarge=0.5)
    assert answered(comparison(), [small, larger]) == [small, larger]


def test_nobody_asks_of_a_network_without_power():
    powerless = trained("a", {}, verdict="no_power")
    assert answered(comparison(), [powerless, size("bb", 0.4)])[0] is powerless
