"""Runs -> variants: runs that differ in their seed alone are one, with its values at the best epoch."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goldilocks.config.settings import WITHOUT_EFFECT
from goldilocks.evaluation import mean_interval
from goldilocks.evaluation.differences import Key
from goldilocks.evaluation.intervals import student_quantile
from goldilocks.evaluation.mean_interval import Spread
from goldilocks.problem import higher_is_better
from goldilocks.report import sweep
from goldilocks.tracking.query import StoredRun, reused
from goldilocks.tracking.selection import PARENT, PARTS

Histories = Mapping[
    str, Mapping[str, Sequence[tuple[int, float]]]
]  # run -> metric -> (step, value)

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
    """Runs of one configuration, and what they came to.

    Attributes:
        name: What sets it apart from the other variants.
        runs: All of its runs, folds and repeats left out, in the order in which they started.
        trainings: Those that count, by seed and fold: finished, and of one seed the newest.
        values: For each measure the value of each training that counts, at its best epoch; of folds
            and repeats at the epoch that is best for all of them together.
        overlap: Of folds, validation rows divided by training rows, 0 to 1; else 0.
        best_epochs: Of the runs that count, ascending.
        problems: What is wrong with runs that do not count, in words.
    """

    name: str
    runs: tuple[StoredRun, ...]
    trainings: Mapping[Key, StoredRun]
    values: Mapping[str, Mapping[Key, float]]
    overlap: float
    best_epochs: tuple[int, ...]
    problems: tuple[str, ...]

    @property
    def settings(self) -> Mapping[str, str]:
        """What was asked for."""
        return self.runs[0].params

    @property
    def verdicts(self) -> Mapping[str, int]:
        """How many trainings that count have each verdict, the most frequent first."""
        found = Counter(
            run.tags["verdict"] for run in self.trainings.values() if "verdict" in run.tags
        )
        return dict(found.most_common())

    @property
    def rows(self) -> tuple[str, ...]:
        """The settings that choose the rows which it is judged on; where they differ, seeds are no pairs."""
        chosen = ("protocol", "dataset.subset", "trainer.validation_steps")
        if self.settings.get("trainer.validation_steps", "null") != "null":
            chosen += ("trainer.batch_size",)
        return tuple(
            f"{name}={value}"
            for name, value in sorted(self.settings.items())
            if name.startswith(chosen)
        )

    def spread(self, measure: str) -> Spread | None:
        """Mean and 95 % confidence interval of a measure; None without a value.

        The interval is cut off where no value can be: below 0 if none of them is, and above 1 for
        shares.
        """
        values = list(self.values.get(measure, {}).values())
        if not values:
            return None
        found = mean_interval.spread(values, overlap=self.overlap)
        low = max(found.low, 0.0) if min(values) >= 0 else found.low
        high = min(found.high, 1.0) if higher_is_better(measure) else found.high
        return replace(found, low=low, high=high)

    def mean(self, metric: str) -> float:
        """The mean of a logged metric over the trainings that count, NaN where none has it."""
        found = [run.metrics[metric] for run in self.trainings.values() if metric in run.metrics]
        return float(np.mean(found)) if found else math.nan


def group(
    runs: Sequence[StoredRun], histories: Histories, measures: Sequence[str]
) -> list[Variant]:
    """The variants of runs, in the order in which their first runs started.

    Args:
        runs: With the folds and repeats below them.
        histories: Of the folds and repeats.
        measures: "val_loss" (without the penalty of a regularizer), "val_mae", of final runs
            "test_loss" and so on.
    """
    ids, below = {run.run_id for run in runs}, {}
    for run in runs:
        if run.tags.get("role") in PARTS and run.tags.get(PARENT) in ids:
            below.setdefault(run.tags[PARENT], []).append(run)
    known = {run.run_id: run for run in runs}
    for run in runs:
        if run.tags.get("role") not in PARTS:
            below.setdefault(run.run_id, []).extend(
                known[taken] for taken in reused(run) if taken in known
            )
    inner = {run.run_id for trainings in below.values() for run in trainings}
    groups: dict[tuple, list[StoredRun]] = {}
    for run in runs:
        if run.run_id not in inner:
            groups.setdefault(tuple(sorted(kept(run).items())), []).append(run)
    names = _names([group[0] for group in groups.values()])
    return [
        _variant(name, group, below, histories, measures)
        for name, group in zip(names, groups.values(), strict=True)
    ]


def kept(run: StoredRun) -> dict[str, str]:
    """The settings that make a run's variant."""
    return {name: value for name, value in run.params.items() if not name.startswith(FREE)}


def differing(runs: Sequence[StoredRun]) -> list[str]:
    """The settings in which variants differ, each said once."""
    return sweep.differing([replace(run, params=kept(run)) for run in runs])


def _names(runs: Sequence[StoredRun]) -> list[str]:
    """A name for each variant: its experiment where these tell them apart, else what differs."""
    experiments = [run.params.get("experiment", "") for run in runs]
    if all(experiments) and len(set(experiments)) == len(experiments):
        return experiments
    columns = differing(runs)
    names = [
        ", ".join(f"{name}={run.params[name]}" for name in columns if name in run.params)
        for run in runs
    ]
    names = [name or run.name for name, run in zip(names, runs, strict=True)]
    return [
        name if names.count(name) == 1 else f"{name} ({place})"
        for place, name in enumerate(names, 1)
    ]


def _variant(
    name: str,
    runs: Sequence[StoredRun],
    below: Mapping[str, Sequence[StoredRun]],
    histories: Histories,
    measures: Sequence[str],
) -> Variant:
    trainings: dict[Key, StoredRun] = {}
    values: dict[str, dict[Key, float]] = {measure: {} for measure in measures}
    epochs: dict[Key, int] = {}
    overlap, problems = 0.0, []
    for run in runs:
        said = "pruned" if run.tags.get("pruned") == "true" else STATUS.get(run.status, "")
        parts = below.get(run.run_id, [])
        if said or not any(key.startswith(("best_val_", "test_")) for key in run.metrics):
            problems.append(f"{_told(run)} {said or 'has no result'}")
            continue
        epoch = int(run.metrics.get("best_epoch", 0))
        members = [part for part in parts if part.status == "FINISHED"] or [run]
        keys = {(member.params.get("seed", ""), member.tags.get("fold", "")) for member in members}
        if again := keys & set(trainings):
            problems.append(f"an older run of {_told(run)} is not counted")
            for key in again:
                trainings.pop(key)
        overlap = max(overlap, _overlap(run) if parts else 0.0)
        for member in members:
            key = (member.params.get("seed", ""), member.tags.get("fold", ""))
            trainings[key], epochs[key] = member, epoch
            for measure in measures:
                value = _value(member, measure, histories, epoch if parts else None)
                values[measure].pop(key, None)
                if value is not None:
                    values[measure][key] = value if abs(value) < WORST else math.nan
    return Variant(
        name=name,
        runs=tuple(runs),
        trainings=trainings,
        values={measure: found for measure, found in values.items() if found},
        overlap=overlap,
        best_epochs=tuple(sorted(set(epochs.values()))),
        problems=tuple(problems),
    )


def _told(run: StoredRun) -> str:
    fold = f" fold {run.tags['fold']}" if "fold" in run.tags else ""
    return f"seed {run.params.get('seed', '?')}{fold}"


def _value(run: StoredRun, measure: str, histories: Histories, epoch: int | None) -> float | None:
    """The value of a training at its best epoch, or at that of the run which averages it."""
    if measure.startswith("test_"):
        return run.metrics.get(measure)
    # The penalty of a regularizer is no error: losses are compared without it.
    name = (
        "val_data_loss"
        if measure == "val_loss" and "best_val_data_loss" in run.metrics
        else measure
    )
    if epoch is None:
        return run.metrics.get(f"best_{name}")
    return dict(histories.get(run.run_id, {}).get(name, ())).get(epoch)


def _overlap(run: StoredRun) -> float:
    """Of folds, validation rows divided by training rows, as the interval that the run itself logged was made with."""
    count = int(run.metrics.get("trainings", 0))
    mean, deviation = (
        run.metrics.get("best_val_loss", math.nan),
        run.metrics.get("best_val_loss_std", 0.0),
    )
    reach = run.metrics.get("best_val_loss_high", math.nan) - mean
    if count < 2 or not deviation > 0 or not math.isfinite(reach):
        return 0.0
    units = reach / (deviation * student_quantile(count - 1))
    return max(0.0, round(units**2 - 1 / count, 6))
