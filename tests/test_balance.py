import dataclasses

import numpy as np
import pytest

from goldilocks.evaluation.differences import Comparison
from goldilocks.workflow import balance
from workflows import context, dataset, problem, trained

ROWS = np.arange(2000)
GENERATOR = np.random.default_rng(0)
RARE = (GENERATOR.random(2000) < 0.05).astype(int)
SIGNAL = RARE * 2.0 - 1


def group(name, strength, *, shift=-3.0, noise=0):
    """Trainings of three seeds whose probabilities know this much of the class."""
    random = np.random.default_rng(noise)
    runs = []
    for seed in range(3):
        logits = shift + strength * SIGNAL + random.normal(size=2000)
        predictions = (1 / (1 + np.exp(-logits)))[:, None].astype("float32")
        runs.append(trained(name, {(str(seed), ""): (ROWS, predictions)}))
    return runs


def judged(winner, **others):
    comparison = Comparison(dataset(RARE, "binary"), problem("binary", "auc"), {}, 3)
    return balance.judge(comparison, {"as it is": winner, **others}, chooses=True)


def test_a_variant_replaces_the_winner_only_if_its_decisions_are_better_beyond_noise():
    winner, much, equal = group("a", 1.0), group("b", 2.0, noise=1), group("c", 1.0, noise=2)
    found = judged(winner, much=much, equal=equal)
    assert found.goal == "f1_score"
    assert found.chosen is much
    assert found.variants["much"].is_better
    assert not found.variants["equal"].is_better
    assert judged(winner, equal=equal).chosen is winner


def test_a_shift_of_the_probabilities_gains_nothing_over_a_threshold():
    winner, shifted = group("a", 1.5, shift=-3), group("b", 1.5, shift=1, noise=1)
    found = judged(winner, shifted=shifted)
    assert found.chosen is winner
    assert found.at_half < 0.5 * found.variants["as it is"].score
    [rows, right, _] = found.variants["as it is"].counts["yes"]
    assert rows == 3 * RARE.sum()
    assert right > 0


def test_one_seed_replaces_nothing():
    assert judged(group("a", 0.5)[:1], much=group("b", 3.0)[:1]).variants["much"].gain.pairs == 1
    assert not judged(group("a", 0.5)[:1], much=group("b", 3.0)[:1]).variants["much"].is_better


def test_several_classes_are_compared_by_their_measure_without_thresholds():
    y = GENERATOR.choice(3, 2000, p=[0.94, 0.04, 0.02])
    comparison = Comparison(
        dataset(y, "multiclass"), problem("multiclass", "balanced_accuracy"), {}, 3
    )

    def said(right):
        hit = np.where(GENERATOR.random(2000) < right, y, 0)
        return [
            trained("a", {(str(seed), ""): (ROWS, np.eye(3, dtype="float32")[hit])})
            for seed in range(3)
        ]

    winner, weights = said(0.2), said(0.8)
    found = balance.judge(comparison, {"as it is": winner, "class weights": weights}, chooses=False)
    assert (found.goal, found.at_half) == ("balanced_accuracy", None)
    assert found.chosen is weights


def test_the_threshold_of_the_final_run_is_the_mean_of_those_of_its_trainings():
    runs = group("a", 1.0)
    part = {key: value for run in runs for key, value in run.predictions.items()}
    [mean] = balance.chosen_thresholds(problem("binary", "auc"), RARE, part)
    alone = [
        balance.chosen_thresholds(problem("binary", "auc"), RARE, {key: value})[0]
        for key, value in part.items()
    ]
    assert mean == pytest.approx(np.mean(alone), rel=1e-3)


@pytest.mark.parametrize(
    ("y", "kind", "typed", "names"),
    [
        (RARE, "binary", (), ["a class weights", "a focal loss"]),
        (RARE, "binary", ("problem.loss=auto",), ["a class weights"]),
        (RARE, "binary", ("problem.loss=auto", "problem.class_weight=none"), None),
        (np.arange(2000) % 2, "binary", (), None),
        (np.where(RARE, 1 + np.arange(2000) % 2, 0), "multiclass", (), ["a class weights"]),
        (np.arange(2000) % 3, "multiclass", (), None),
    ],
)
def test_variants_are_trained_where_a_class_is_rare(tmp_path, monkeypatch, y, kind, typed, names):
    outputs = 1 if kind == "binary" else 3
    predictions = np.full((2000, outputs), 1 / (outputs + 1), "float32")
    winner = [trained("a", {("0", ""): (ROWS, predictions)})]
    rehearsal = context(
        dataset(y, kind),
        typed,
        folder=tmp_path,
        train_one=lambda candidate: dataclasses.replace(winner[0], candidate=candidate),
    )
    chooses = type("Chosen", (), {"chooses_threshold": kind == "binary"})
    monkeypatch.setattr(type(rehearsal), "settings_of", lambda self, candidate: chooses)
    found = balance.compare(rehearsal, winner)
    assert rehearsal.names == (names or [])
    assert (found is None) == (names is None)
