"""Rare classes in step 5: does the winner decide better with class weights, or another loss?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.evaluation import classes, row_values, thresholds
from goldilocks.evaluation.differences import Comparison, Predictions
from goldilocks.evaluation.family import Difference
from goldilocks.problem import Problem
from goldilocks.workflow.candidate import Candidate, Trained, predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.resume import once

# The share of the most frequent class from which on always naming it looks like success.
FREQUENT = 0.8
SEEDS = 2  # that a variant is trained with: the fewest that show the noise of seeds
VARIANTS = {
    "class weights": "problem.class_weight=balanced",
    "focal loss": "problem.loss=binary_focal_crossentropy",
}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The winner, as it is or trained otherwise, by what it decides of validation rows.

    Attributes:
        group: Its trainings, one for each seed.
        score: Of its decisions, by thresholds that were chosen on other rows.
        counts: Of each class, over all trainings.
        gain: How much better that is than the winner as it is.
    """

    group: Sequence[Trained]
    score: float
    counts: classes.Counts
    gain: Difference

    @property
    def seeds(self) -> int:
        """Return with how many seeds it was trained; each of them counts each row."""
        return len({seed for training in self.group for seed, _ in training.predictions})

    @property
    def is_better(self) -> bool:
        """Whether it is better beyond noise, that of seeds included."""
        return self.gain.pairs > 1 and self.gain.mean > 0 and bool(self.gain.beyond_noise)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """The winner and its variants.

    Attributes:
        goal: What decisions are measured by.
        variants: By name; the first, "as it is", is the winner.
        at_half: The score of the winner's decisions by one half; None of several classes.
    """

    goal: str
    variants: Mapping[str, Variant]
    at_half: float | None

    @property
    def chosen(self) -> Sequence[Trained]:
        """Return the best of the variants that are better beyond noise, else the winner."""
        first, *others = self.variants.values()
        better = [variant for variant in others if variant.is_better]
        return max(better, key=lambda variant: variant.gain.mean, default=first).group


def most_frequent(problem: Problem, dataset: Dataset) -> float:
    """Return the share of the most frequent of two or more classes; 0 where there are none."""
    if problem.type not in ("binary", "multiclass"):
        return 0.0
    return float(np.bincount(dataset.y.astype("int64")).max() / len(dataset.y))


def compare(context: Context, winner: Sequence[Trained]) -> Balance | None:
    """Train the winner with class weights and another loss, and compare what they decide.

    Args:
        context: Of step 5.
        winner: Its trainings.

    Returns:
        The comparison; None where no class is rare, or all of it was typed.
    """
    problem, typed = context.problem, context.typed_keys
    names = [name for name, word in VARIANTS.items() if word.partition("=")[0] not in typed]
    if problem.type != "binary":
        names = [name for name in names if name == "class weights"]
    if most_frequent(problem, context.dataset) <= FREQUENT or not names:
        return None

    candidates: list[Candidate] = []
    for name in names:
        for training in winner[:SEEDS]:
            # Weights spoil the loss, and another loss is in another unit.
            words = (VARIANTS[name], f"trainer.monitor=val_{problem.metric}")
            label = f"{training.candidate.name} {name}"
            candidates.append(training.candidate.overridden(label, *words))

    def affordable() -> bool:
        """Return whether the budget allows to train them."""
        seconds = len(names) * context.seconds(winner[:SEEDS])
        left = context.budget.seconds_left(1.0, context.final_seconds(winner[0]))
        return seconds <= left and len(candidates) < context.budget.runs_left(1.0)

    groups: dict[str, list[Trained]] = {"as it is": list(winner)}
    if once(context.folder / "balance.json", affordable):
        trained = iter(context.train(candidates, context.folder / "balance"))
        for name in names:
            attempts = [next(trained) for _ in winner[:SEEDS]]
            if group := [training for training in attempts if training is not None]:
                groups[name] = group
    chooses = context.settings_of(winner[0].candidate).chooses_threshold
    return judge(context.comparison(), groups, chooses=chooses)


def judge(
    comparison: Comparison, groups: Mapping[str, Sequence[Trained]], *, chooses: bool
) -> Balance:
    """Compare decisions of the winner, the first of some groups, with those of the others.

    Args:
        comparison: Knows the rows and the problem.
        groups: Trainings by name.
        chooses: Whether thresholds are chosen; each row is decided by one chosen without it.
    """
    problem, y = comparison.problem, comparison.dataset.y
    goal, at_half = problem.metric, None
    parts = {name: predictions(group) for name, group in groups.items()}
    decided = parts
    if problem.type == "binary":
        goal = thresholds.goal(problem)
        decided = {name: _decided(problem, y, part, chooses) for name, part in parts.items()}
    bare = dataclasses.replace(problem, metrics=(goal,), thresholds=())
    decisions = dataclasses.replace(comparison, problem=bare, seed_error={})

    first = next(iter(groups))
    if problem.type == "binary":
        at_half = decisions.score(_decided(bare, y, parts[first], chooses=False), goal).mean
    family = decisions.family(list(decided.values()), goal)
    variants = {
        name: Variant(
            group=group,
            score=decisions.score(decided[name], goal).mean,
            counts=_counts(bare, comparison.dataset, decided[name]),
            gain=family.difference(number, 0),
        )
        for number, (name, group) in enumerate(groups.items())
    }
    return Balance(goal=goal, variants=variants, at_half=at_half)


def chosen_thresholds(problem: Problem, y: np.ndarray, part: Predictions) -> list[float]:
    """Return the mean of the thresholds that are best on the validation rows of each training.

    Args:
        problem: Says what they are chosen for.
        y: Of all rows, as `Dataset.y`.
        part: Of the trainings.
    """
    chosen = [thresholds.choose(problem, y[rows], values) for rows, values in part.values()]
    means = np.mean([of_one.thresholds for of_one in chosen], axis=0)
    return [float(f"{value:.4g}") for value in means]


def _decided(
    problem: Problem, y: np.ndarray, part: Predictions, chooses: bool
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Return the decisions of trainings as predictions, 0 and 1, float32 (n, 1)."""
    decided: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    for key, (rows, values) in part.items():
        says = row_values.decided(problem, values)
        if chooses:
            says = thresholds.decided_apart(problem, y[rows], values)
        decided[key] = rows, says.reshape(len(rows), -1).astype("float32")
    return decided


def _counts(problem: Problem, dataset: Dataset, part: Predictions) -> classes.Counts:
    counts = [
        classes.count(dataset.classes, dataset.y[rows], row_values.decided(problem, values))
        for rows, values in part.values()
    ]
    return classes.total(counts)
