"""Features in step 5: columns left out, the target's logarithm, dates without their parts.

Each is proposed where something speaks for it, trained with the same seeds as the network that
tuning begins with, and taken if it is better beyond noise.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
import pandas as pd
from scipy.stats import skew

from goldilocks.config import literals
from goldilocks.dataset import Dataset
from goldilocks.dataset.checks.evidence import named
from goldilocks.dataset.checks.labels import SKEWED
from goldilocks.encoding import differencing, encoder
from goldilocks.encoding.targets import targets_of
from goldilocks.evaluation import row_values
from goldilocks.evaluation.differences import Comparison, Predictions
from goldilocks.evaluation.family import Difference
from goldilocks.formatting import argument
from goldilocks.interpret.figures import sample
from goldilocks.interpret.permutation import permutation_importance
from goldilocks.protocol import duplicates
from goldilocks.report.workflow.results import Row
from goldilocks.run.context import stored_predictions
from goldilocks.tracking import query
from goldilocks.workflow.budget import TUNE
from goldilocks.workflow.candidate import Candidate, Trained, predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.resume import once
from goldilocks.workflow.tables import finite

Loss = Callable[[Mapping[str, np.ndarray]], float]  # of validation rows, by column

AS_IT_IS = "as it is"
SHUFFLES = 19  # a column that says nothing is the best of 20 orders once in 20 times
ROWS = 1000  # of the validation rows of a training, at most
CALLS = 4_000  # of networks, at most: beyond that, the first folds alone are asked
SHARE = 0.5  # of what is left of this step, at most


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What may be made of the columns or the target.

    Attributes:
        overrides: What it takes.
        group: Its trainings, one for each seed.
        score: The mean over rows, folds and seeds.
        gain: How much better that is than without.
    """

    overrides: tuple[str, ...]
    group: Sequence[Trained]
    score: float
    gain: Difference

    @property
    def is_better(self) -> bool:
        """Whether it is better beyond noise, that of seeds included."""
        return self.gain.pairs > 1 and self.gain.mean > 0 and bool(self.gain.beyond_noise)


@dataclass(frozen=True, kw_only=True)
class Features:
    """What was tried of columns and the target.

    Attributes:
        variants: By name, the first of them what tuning would have begun with; none without budget.
        proposed: The names of what speaks for itself.
        columns: Number of columns of the table.
        silent: Those that were shuffled without loss.
        needed: Those of them without which the parts would be other ones.
        are_alone: Whether rows are independent, so that one order of them is like another.
        seeds: With how many seeds each was trained; 0 where the budget left none.
        metric: What they are compared by.
    """

    variants: Mapping[str, Variant]
    proposed: Sequence[str]
    columns: int
    silent: Sequence[str]
    needed: Sequence[str]
    are_alone: bool
    seeds: int
    metric: str

    @property
    def chosen(self) -> str:
        """The name of the best of those that are better beyond noise; "as it is" without one."""
        better = {name: one for name, one in self.tried.items() if one.is_better}
        return max(better, key=lambda name: better[name].gain.mean, default=AS_IT_IS)

    @property
    def tried(self) -> dict[str, Variant]:
        """The variants that change something."""
        return {name: one for name, one in self.variants.items() if name != AS_IT_IS}

    @property
    def silent_words(self) -> str:
        """Which columns were shuffled without loss, in words."""
        return named(self.silent)

    @property
    def needed_words(self) -> str:
        """Without which of them the parts would be other ones, in words."""
        return named(self.needed)

    def carried(self, candidate: Candidate) -> Candidate:
        """Return a candidate with what was chosen."""
        if self.chosen == AS_IT_IS:
            return candidate
        words = self.variants[self.chosen].overrides
        return candidate.overridden(f"{candidate.name} {self.chosen}", *words)

    def start(self, start: Trained) -> Trained:
        """Return the first training of what was chosen, from which tuning goes on."""
        return start if self.chosen == AS_IT_IS else self.variants[self.chosen].group[0]

    @property
    def trainings(self) -> list[Trained]:
        """All that was trained with the first seed."""
        return [one.group[0] for one in self.tried.values()]

    def rows(self) -> list[Row]:
        """Return a row of the list of trials for each variant."""
        return [
            {"trial": name, "state": "complete", f"val_{self.metric}": finite(variant.score)}
            for name, variant in self.tried.items()
        ]


def compare(context: Context, start: Trained) -> Features:
    """Train what is proposed, each with the seeds of candidates, beside what tuning begins with.

    Args:
        context: Of step 5.
        start: The network that overfits.
    """
    silent = _silent(context, start)
    left_out = droppable(context.dataset, silent)
    has_values = _has_values(context, start)
    proposed = _proposed(context, left_out, predictions([start]), has_values=has_values)
    groups: dict[str, list[Trained]] = {AS_IT_IS: [start]}
    needed = once(
        context.folder / "features.json", lambda: _seeds(context, start, more=len(proposed))
    )
    seeds = context.seeds[:needed]
    if proposed and seeds:
        _train(context, groups, {AS_IT_IS: ()}, seeds[1:])
        _train(context, groups, proposed, seeds)
    variants = judge(context.comparison(), groups, proposed)

    better = [name for name, one in variants.items() if one.is_better]
    if len(better) > 1:
        proposed[" ".join(better)] = tuple(word for name in better for word in proposed[name])
        _train(context, groups, {" ".join(better): proposed[" ".join(better)]}, seeds)
        variants = judge(context.comparison(), groups, proposed)
    return Features(
        variants=variants,
        proposed=list(proposed),
        columns=context.dataset.x.shape[1] if silent else 0,
        silent=silent,
        needed=[name for name in silent if name not in left_out],
        are_alone=context.dataset.groups is None and not context.dataset.is_ordered,
        seeds=len(seeds),
        metric=context.problem.metric,
    )


def judge(
    comparison: Comparison,
    groups: Mapping[str, Sequence[Trained]],
    overrides: Mapping[str, tuple[str, ...]],
) -> dict[str, Variant]:
    """Compare variants with what tuning begins with, the first of some groups.

    Args:
        comparison: Knows the rows and the problem.
        groups: Trainings by name.
        overrides: What each takes, by name; nothing of the first.
    """
    parts = [predictions(group) for group in groups.values()]
    family = comparison.family(parts, comparison.metric)
    return {
        name: Variant(
            overrides=overrides.get(name, ()),
            group=group,
            score=comparison.score(parts[number], comparison.metric).mean,
            gain=family.difference(number, 0),
        )
        for number, (name, group) in enumerate(groups.items())
    }


def _train(
    context: Context,
    groups: dict[str, list[Trained]],
    variants: Mapping[str, tuple[str, ...]],
    seeds: Sequence[str],
) -> None:
    """Train variants with seeds, and add what did not fail to the groups."""
    start = groups[AS_IT_IS][0].candidate
    names = [name for name in variants for _ in seeds]
    candidates = [
        start.overridden(
            start.name if name == AS_IT_IS else f"{start.name} {name}", *variants[name], seed
        )
        for name in variants
        for seed in seeds
    ]
    folder = context.folder / "features" / str(sum(map(len, groups.values())))
    for name, training in zip(names, context.train(candidates, folder), strict=True):
        if training is not None:
            groups.setdefault(name, []).append(training)


def _seeds(context: Context, start: Trained, *, more: int) -> int:
    """Return with how many seeds the budget allows to train so many variants; 0 of fewer than 2."""
    budget, reserved = context.budget, context.final_seconds(start)
    for count in range(len(context.seeds), 1, -1):
        runs = more * count + count - 1
        seconds = context.seconds([start] * runs)
        affordable = seconds <= SHARE * budget.seconds_left(TUNE, reserved)
        if affordable and runs <= SHARE * budget.runs_left(TUNE):
            return count
    return 0


def _proposed(
    context: Context, left_out: Sequence[str], validated: Predictions, *, has_values: bool
) -> dict[str, tuple[str, ...]]:
    """Return what is tried, by name: the overrides that it takes. What was typed stays.

    Args:
        context: Of step 5.
        left_out: Columns that are tried without.
        validated: Has the validation rows, whose targets may be skewed.
        has_values: Whether networks predict values, and not changes, as of some series.
    """
    dataset, problem, typed = context.dataset, context.problem, context.typed_keys
    proposed: dict[str, tuple[str, ...]] = {}
    if left_out:
        dropped = [*context.settings.tree["dataset"]["drop"], *left_out]
        name = f"{len(left_out)} fewer column{'s' * (len(left_out) > 1)}"
        typed_words = shlex.split(argument("dataset.drop", *map(str, dropped)))
        proposed[name] = tuple(literals.for_hydra(typed_words))
    # Of the times that divide rows nothing but parts is an input.
    is_input = dataset.times is None or dataset.x.shape[1] > 1
    if dataset.date_parts and is_input and "dataset.date_parts" not in typed:
        proposed["date_parts=none"] = ("dataset.date_parts=none",)
    if problem.has_unit and not problem.log_target and "problem.log_target" not in typed:
        y = dataset.y.reshape(len(dataset.y), -1)
        rows = np.unique(np.concatenate([rows for rows, _ in validated.values()]))
        if has_values and y.min() > 0 and skew(y[rows], axis=0).max() >= SKEWED:
            proposed["log_target"] = ("problem.log_target=true",)
    return proposed


def _has_values(context: Context, start: Trained) -> bool:
    """Return whether networks predict values, and not changes, as those of some series do."""
    if context.dataset.difference is None:
        split = context.settings_of(start.candidate).builder("protocol")(context.dataset)[0]
        return differencing.resolved(context.dataset, split.train).difference == 0
    return context.dataset.difference == 0


def droppable(dataset: Dataset, names: Sequence[str]) -> list[str]:
    """Return those of a table's columns that can be left out together with every row in its part.

    Rows that become equal without a column would be kept in one part, so that all are drawn anew:
    test rows would be among those that earlier networks trained on.
    """
    if not names:
        return []
    contents, left_out = len(np.unique(duplicates.contents(dataset)[0])), list[str]()
    for name in names:
        x = dataset.x.drop(columns=[*left_out, name])
        if len(np.unique(duplicates.contents(replace(dataset, x=x))[0])) == contents:
            left_out.append(name)
    return left_out


def _silent(context: Context, start: Trained) -> list[str]:
    """Return the columns that the network may be asked without: shuffled, its loss stays as low.

    Of each column 19 shuffles among validation rows are compared with its own order. If one of them
    has as low a loss, the column says nothing that shows; of one that says nothing at all each
    order is as good as another, so that its own is the best in 1 of 20 (Good, Permutation,
    Parametric and Bootstrap Tests of Hypotheses, 2005, chapter 3).
    """
    dataset, keys = context.dataset, context.settings.tree["dataset"]
    if dataset.kind != "table" or "drop" not in keys or dataset.x.shape[1] < 2:
        return []

    def find() -> list[str]:
        loss, columns = _loss_of(context, start)
        importance = permutation_importance(loss, columns, repeats=SHUFFLES, seed=0)
        silent = set(importance.index[importance["least"] <= 0])
        if isinstance(keys["date_parts"], list):  # They were typed, and need a column.
            silent -= {name for name, reading in dataset.readings.items() if reading.parts}
        return [] if len(silent) == dataset.x.shape[1] else sorted(silent)

    return once(context.folder / "silent.json", find)


def _loss_of(context: Context, start: Trained) -> tuple[Loss, dict[str, np.ndarray]]:
    """Return validation rows by column, and the loss of the networks that did not train on them."""
    dataset, store = context.dataset, context.store
    folds = [child.run_id for child in query.children(store, start.run) if child.is_part]
    most = max(1, CALLS // (SHUFFLES * dataset.x.shape[1]))
    models: list[keras.Model] = []
    parts: list[np.ndarray] = []
    for run_id in (folds or [start.run.run_id])[:most]:
        models.append(store.load_model(run_id))
        parts.append(sample(stored_predictions(store, run_id)[0], ROWS))
    rows, ends = np.concatenate(parts), np.cumsum([0, *map(len, parts)])
    truths = [targets_of(context.problem, dataset, part) for part in parts]

    def loss(columns: Mapping[str, np.ndarray]) -> float:
        frame, total = pd.DataFrame(columns), 0.0
        for number, (model, truth) in enumerate(zip(models, truths, strict=True)):
            part = encoder.columns(frame.iloc[ends[number] : ends[number + 1]])
            predicted = keras.ops.convert_to_numpy(model(encoder.tensors(part), training=False))
            total += row_values.losses(context.problem, truth, predicted).sum()
        return total / len(rows)

    return loss, {str(name): column.to_numpy()[rows] for name, column in dataset.x.items()}
