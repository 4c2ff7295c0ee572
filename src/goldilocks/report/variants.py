"""Runs -> variants: runs that differ in their seed alone, with their values at the best epoch."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from goldilocks.config.settings import WITHOUT_EFFECT
from goldilocks.evaluation import mean_interval
from goldilocks.evaluation.differences import Key
from goldilocks.evaluation.mean_interval import Spread
from goldilocks.problem import higher_is_better
from goldilocks.tracking.query import Histories, StoredRun, reused
from goldilocks.tracking.selection import PARENT, PARTS

# run ID -> metric -> (step, value)

# Settings in which the runs of one variant may differ: the seed, and those without an effect on the
# result.
FREE = ("seed", "experiment", "tracking", "diagnosis.", *WITHOUT_EFFECT)
STATUS = {
    "FAILED": "failed",
    "KILLED": "killed",
    "RUNNING": "still running",
    "SCHEDULED": "not started",
}
WORST = 1e300  # a store that cannot hold infinity has a number beyond this


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Runs of one configuration, and their results.

    Attributes:
        name: What sets it apart from the other variants.
        runs: All of its runs, folds and repeats left out, in the order in which they started.
        trainings: Those that count, by seed and fold: finished, and of one seed the newest.
        values: For each measure the value of each training that counts, at its best epoch; of folds
            and repeats at the epoch that is best for all of them together.
        overlap: Of folds, validation rows divided by training rows, 0 to 1; else 0. None where a
            run of an earlier version did not log it.
        best_epochs: Of the runs that count, ascending.
        problems: What is wrong with runs that do not count, in words.
    """

    name: str
    runs: tuple[StoredRun, ...]
    trainings: Mapping[Key, StoredRun]
    values: Mapping[str, Mapping[Key, float]]
    overlap: float | None
    best_epochs: tuple[int, ...]
    problems: tuple[str, ...]

    @property
    def settings(self) -> Mapping[str, str]:
        """Return the settings of its first run."""
        return self.runs[0].params

    @property
    def configuration(self) -> Mapping[str, str]:
        """Return the settings that its runs share."""
        return configuration(self.runs[0])

    @property
    def verdicts(self) -> Mapping[str, int]:
        """Return how many trainings that count have each verdict, the most frequent first."""
        tags = [run.tags for run in self.trainings.values()]
        return dict(Counter(tag["verdict"] for tag in tags if "verdict" in tag).most_common())

    def spread(self, measure: str) -> Spread | None:
        """Return mean, deviation and 95 % confidence interval of a measure; None without a value.

        The interval is cut off where no value can be: below 0 if none of them is, and above 1 for
        shares. Without the overlap of folds its ends are NaN.
        """
        values = list(self.values.get(measure, {}).values())
        if not values:
            return None

        spread = mean_interval.spread(values, overlap=self.overlap or 0.0)
        if self.overlap is None:
            return replace(spread, low=math.nan, high=math.nan)

        low = max(spread.low, 0.0) if min(values) >= 0 else spread.low
        high = min(spread.high, 1.0) if higher_is_better(measure) else spread.high
        return replace(spread, low=low, high=high)

    def mean(self, metric: str) -> float:
        """Return the mean of a logged metric over the trainings that count; NaN without one."""
        metrics = [run.metrics for run in self.trainings.values()]
        values = [values[metric] for values in metrics if metric in values]
        if values:
            return float(np.mean(values))
        return math.nan


@dataclass
class _Results:
    """The results of a variant's runs, while they are collected."""

    values: dict[str, dict[Key, float]]
    trainings: dict[Key, StoredRun] = field(default_factory=dict)
    epochs: dict[Key, int] = field(default_factory=dict)
    overlaps: list[float | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def group(
    runs: Sequence[StoredRun], histories: Histories, measures: Sequence[str]
) -> list[Variant]:
    """Return the variants of runs, in the order in which their first runs started.

    Args:
        runs: With the folds and repeats below them.
        histories: Of the folds and repeats.
        measures: "val_loss" (without the penalty of a regularizer), "val_mae", of final runs
            "test_loss" and so on.
    """
    parts = _parts(runs)
    part_ids = {part.run_id for members in parts.values() for part in members}

    groups: dict[tuple[tuple[str, str], ...], list[StoredRun]] = {}
    for run in runs:
        if run.run_id not in part_ids:
            key = tuple(sorted(configuration(run).items()))
            groups.setdefault(key, []).append(run)

    names = _names([members[0] for members in groups.values()])
    return [
        _variant(name, members, parts, histories, measures)
        for name, members in zip(names, groups.values(), strict=True)
    ]


def configuration(run: StoredRun) -> dict[str, str]:
    """Return the settings that make a run's variant."""
    return {name: value for name, value in run.params.items() if not name.startswith(FREE)}


def differing(settings: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the names of the settings that differ; of those that differ alike, the first.

    The option of a group comes before the group's keys, so that it stands for them.
    """
    names = dict.fromkeys(name for values in settings for name in values)
    first: dict[tuple[int, ...], str] = {}
    for name in names:
        column = [values.get(name) for values in settings]
        if len(set(column)) > 1:
            pattern = tuple(column.index(value) for value in column)
            first.setdefault(pattern, name)
    return list(first.values())


def training_name(run: StoredRun) -> str:
    """Return the seed, and the fold, of a training in words."""
    fold = f" fold {run.tags['fold']}" if "fold" in run.tags else ""
    return f"seed {run.params.get('seed', '?')}{fold}"


def numbered(names: Sequence[str]) -> list[str]:
    """Return names of which no two are equal: those that are get their position."""
    return [
        name if names.count(name) == 1 else f"{name} ({position})"
        for position, name in enumerate(names, 1)
    ]


def _parts(runs: Sequence[StoredRun]) -> dict[str, list[StoredRun]]:
    """Return the folds or repeats of each run, by its ID, reused ones of earlier runs included."""
    by_id = {run.run_id: run for run in runs}
    parts: dict[str, list[StoredRun]] = {}
    for run in runs:
        if run.tags.get("role") not in PARTS:
            reused_parts = [by_id[run_id] for run_id in reused(run) if run_id in by_id]
            parts.setdefault(run.run_id, []).extend(reused_parts)
        elif run.tags.get(PARENT) in by_id:
            parts.setdefault(run.tags[PARENT], []).append(run)
    return parts


def _names(runs: Sequence[StoredRun]) -> list[str]:
    """Return a name for each variant: its recipe where these tell them apart, else what differs."""
    recipes = [run.params.get("experiment", "") for run in runs]
    if all(recipes) and len(set(recipes)) == len(recipes):
        return recipes

    columns = differing([configuration(run) for run in runs])
    names = []
    for run in runs:
        settings = [f"{name}={run.params[name]}" for name in columns if name in run.params]
        names.append(", ".join(settings) or run.name)
    return numbered(names)


def _variant(
    name: str,
    runs: Sequence[StoredRun],
    parts: Mapping[str, Sequence[StoredRun]],
    histories: Histories,
    measures: Sequence[str],
) -> Variant:
    results = _Results(values={measure: {} for measure in measures})
    for run in runs:
        _collect(run, parts.get(run.run_id, ()), histories, results)

    overlaps = results.overlaps
    overlap = None
    if None not in overlaps:
        overlap = max((value or 0.0 for value in overlaps), default=0.0)
    return Variant(
        name=name,
        runs=tuple(runs),
        trainings=results.trainings,
        values={measure: values for measure, values in results.values.items() if values},
        overlap=overlap,
        best_epochs=tuple(sorted(set(results.epochs.values()))),
        problems=tuple(results.problems),
    )


def _collect(
    run: StoredRun, parts: Sequence[StoredRun], histories: Histories, results: _Results
) -> None:
    """Add the trainings of a run, and their values, to the results of its variant."""
    status = "pruned" if run.tags.get("pruned") == "true" else STATUS.get(run.status, "")
    has_result = any(name.startswith(("best_val_", "test_")) for name in run.metrics)
    if status or not has_result:
        results.problems.append(f"{training_name(run)} {status or 'has no result'}")
        return

    trainings = [part for part in parts if part.status == "FINISHED"] or [run]
    keys = [
        (training.params.get("seed", ""), training.tags.get("fold", "")) for training in trainings
    ]
    if older := set(keys) & set(results.trainings):
        results.problems.append(f"an older run of {training_name(run)} is not counted")
        for key in older:
            del results.trainings[key]

    epoch = int(run.metrics.get("best_epoch", 0))
    results.overlaps.append(_overlap(run, parts))
    for key, training in zip(keys, trainings, strict=True):
        results.trainings[key], results.epochs[key] = training, epoch
        for measure, values in results.values.items():
            values.pop(key, None)
            value = _value(training, measure, histories, epoch if parts else None)
            if value is not None:
                values[key] = value if abs(value) < WORST else math.nan


def _value(run: StoredRun, measure: str, histories: Histories, epoch: int | None) -> float | None:
    """Return the value of a training at its best epoch, or at that of the run which averages it."""
    if measure.startswith("test_"):
        return run.metrics.get(measure)

    # The penalty of a regularizer is no error: losses are compared without it.
    if measure == "val_loss" and "best_val_data_loss" in run.metrics:
        measure = "val_data_loss"
    if epoch is None:
        return run.metrics.get(f"best_{measure}")
    return dict(histories.get(run.run_id, {}).get(measure, ())).get(epoch)


def _overlap(run: StoredRun, parts: Sequence[StoredRun]) -> float | None:
    """Return `Variant.overlap` of one run."""
    if not any(part.tags.get("role") == "fold" for part in parts):
        return 0.0
    return run.metrics.get("folds_overlap")
