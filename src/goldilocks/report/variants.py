"""Runs -> variants: runs that differ in their seed alone, with their values at the best epoch."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goldilocks.config.settings import WITHOUT_EFFECT
from goldilocks.evaluation import mean_interval
from goldilocks.evaluation.family import Key
from goldilocks.evaluation.mean_interval import Spread
from goldilocks.problem import AUTO_MONITOR
from goldilocks.report import differing
from goldilocks.tracking.query import Histories, StoredRun, reused

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
        counted: Those of its runs that count.
        trainings: Of these, by seed and fold: finished, and of one seed the newest.
        values: For each measure the value of each training that counts, at its best epoch; of folds
            and repeats at the epoch that is best for all of them together.
        overlap: Of folds, validation rows divided by training rows, 0 to 1; else 0. None where a
            run of an earlier version did not log it.
        best_epochs: Of the runs that count, ascending.
        problems: What is wrong with runs that do not count, in words.
    """

    name: str
    runs: tuple[StoredRun, ...]
    counted: tuple[StoredRun, ...]
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
    def verdicts(self) -> Mapping[str, int]:
        """Return how many runs that count have each verdict, the most frequent first.

        The verdict of a run above folds or repeats is its own, of the mean of their curves: its
        page and the table of a sweep have the same one.
        """
        return _tag_counts(self.counted, "verdict") or _tag_counts(self.parts, "verdict")

    @property
    def part_verdicts(self) -> Mapping[str, int]:
        """Return how many folds and repeats have each verdict, unless it is that of their run."""
        counts = _tag_counts(self.parts, "verdict")
        return counts if list(counts) != list(self.verdicts) else {}

    @property
    def beats_baseline(self) -> list[bool]:
        """Return whether each run that counts beats the baseline, by its own tag."""
        return _beats(self.counted)

    @property
    def parts_beat_baseline(self) -> list[bool]:
        """Return whether each fold and repeat beats it, where not all do what their runs do."""
        answers = _beats(self.parts)
        return answers if set(answers) != set(self.beats_baseline) else []

    @property
    def parts(self) -> list[StoredRun]:
        """Return the folds and repeats that count."""
        return [run for run in self.trainings.values() if run.is_part]

    def spread(self, measure: str) -> Spread | None:
        """Return mean, deviation and 95 % confidence interval of a measure; None without a value.

        The interval is cut off where no value can be. Without the overlap of folds its ends are
        NaN. Of a single training, and of folds, it is the interval over rows that was logged with
        the score, if one was.
        """
        by_training = self.values.get(measure, {})
        values = list(by_training.values())
        if not values:
            return None

        spread = mean_interval.spread(values, overlap=self.overlap or 0.0)
        logged = self.logged_interval(measure) if spread.count == 1 or self.overlap else None
        if logged is not None:
            low, high, few = logged
            return replace(spread, low=low, high=high, few_rows=few)
        if spread.count > 1 and self.overlap is not None:
            return mean_interval.bounded(spread, values, measure)
        return replace(spread, low=math.nan, high=math.nan)

    def logged_interval(self, measure: str) -> tuple[float, float, float | None] | None:
        """Return the interval over rows that a run has logged of a measure, and `few_rows`.

        Of folds that were shuffled with several seeds it is the mean of their ends; None where a
        run logged none.
        """
        runs, name = [self.trainings[key] for key in self.values[measure]], measure
        if self.overlap:
            counted = {run.parent for run in runs}
            runs = [run for run in self.runs if run.run_id in counted]
            name = f"best_{logged_name(runs[0], measure)}" if runs else measure
        ends = [
            (run.metrics[f"{name}_low"], run.metrics[f"{name}_high"])
            for run in runs
            if f"{name}_high" in run.metrics
        ]
        if not ends or len(ends) < len(runs):
            return None
        low, high = np.mean(ends, axis=0).tolist()
        few = [run.metrics[f"{name}_few_rows"] for run in runs if f"{name}_few_rows" in run.metrics]
        return low, high, min(few, default=None)

    def mean(self, metric: str) -> float:
        """Return the mean of a logged metric over the trainings that count; NaN without one."""
        metrics = [run.metrics for run in self.trainings.values()]
        values = [values[metric] for values in metrics if metric in values]
        if values:
            return float(np.mean(values))
        return math.nan


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


def training_name(run: StoredRun) -> str:
    """Return the seed, and the fold, of a training in words."""
    fold = f" fold {run.tags['fold']}" if "fold" in run.tags else ""
    return f"seed {run.params.get('seed', '?')}{fold}"


def logged_name(run: StoredRun, measure: str) -> str:
    """Return what a run calls a measure: losses are compared without penalties, which are no error.

    Args:
        run: Logs "val_data_loss" where it has a penalty.
        measure: "val_loss", without the penalty, or another.
    """
    if measure == "val_loss" and "best_val_data_loss" in run.metrics:
        return "val_data_loss"
    return measure


def monitor(run: StoredRun) -> str:
    """Return in words what has decided the best epoch of a run, with names as of measures."""
    typed = run.params.get("trainer.monitor", "val_loss")
    if typed == "val_loss" and logged_name(run, typed) != typed:
        return "val_loss with its penalty"
    return "val_loss" if typed in (AUTO_MONITOR, "val_data_loss") else typed


def _parts(runs: Sequence[StoredRun]) -> dict[str, list[StoredRun]]:
    """Return the folds or repeats of each run, by its ID, reused ones of earlier runs included."""
    by_id = {run.run_id: run for run in runs}
    parts: dict[str, list[StoredRun]] = {}
    for run in runs:
        if not run.is_part:
            reused_parts = [by_id[run_id] for run_id in reused(run) if run_id in by_id]
            parts.setdefault(run.run_id, []).extend(reused_parts)
        elif run.parent in by_id:
            parts.setdefault(run.parent, []).append(run)
    return parts


def _names(runs: Sequence[StoredRun]) -> list[str]:
    """Return a name for each variant: its recipe where these tell them apart, else what differs."""
    recipes = [run.params.get("experiment", "") for run in runs]
    if all(recipes) and len(set(recipes)) == len(recipes):
        return recipes
    return differing.numbered(
        differing.labels(runs, differing.columns_of(runs, [configuration(run) for run in runs]))
    )


def _variant(
    name: str,
    runs: Sequence[StoredRun],
    parts: Mapping[str, Sequence[StoredRun]],
    histories: Histories,
    measures: Sequence[str],
) -> Variant:
    trainings: dict[Key, StoredRun] = {}
    above: dict[Key, StoredRun] = {}  # of each training the run that averages it, or itself
    epochs: dict[Key, int] = {}
    overlaps: list[float | None] = [0.0]
    problems = []
    for run in runs:
        if problem := _problem(run):
            problems.append(f"{training_name(run)} {problem}")
            continue

        # The finished parts of a run, or the run itself.
        members = parts.get(run.run_id, ())
        finished = [part for part in members if part.status == "FINISHED"] or [run]
        newest = {
            (part.params.get("seed", ""), part.tags.get("fold", "")): part for part in finished
        }
        if any(part.tags.get("role") == "fold" for part in members):
            overlaps.append(run.metrics.get("folds_overlap"))
        if older := newest.keys() & trainings.keys():
            problems.append(f"an older run of {training_name(run)} is not counted")
            for key in older:
                del trainings[key]
        trainings |= newest
        above |= dict.fromkeys(newest, run)
        epochs |= dict.fromkeys(newest, int(run.metrics.get("best_epoch", 0)))

    values: dict[str, dict[Key, float]] = {}
    for measure in measures:
        for key, training in trainings.items():
            score = _value(training, measure, epochs[key], histories)
            if score is not None:
                values.setdefault(measure, {})[key] = score

    logged = [overlap for overlap in overlaps if overlap is not None]
    return Variant(
        name=name,
        runs=tuple(runs),
        counted=tuple({run.run_id: run for run in above.values()}.values()),
        trainings=trainings,
        values=values,
        overlap=max(logged) if len(logged) == len(overlaps) else None,
        best_epochs=tuple(sorted(set(epochs.values()))),
        problems=tuple(problems),
    )


def _tag_counts(runs: Sequence[StoredRun], tag: str) -> dict[str, int]:
    """Return how many runs have each value of a tag, the most frequent first."""
    return dict(Counter(run.tags[tag] for run in runs if tag in run.tags).most_common())


def _beats(runs: Sequence[StoredRun]) -> list[bool]:
    tags = [run.tags for run in runs]
    return [tag["beats_baseline"] == "true" for tag in tags if "beats_baseline" in tag]


def _problem(run: StoredRun) -> str:
    """Return in words why a run does not count; "" if it does."""
    if run.tags.get("pruned") == "true":
        return "pruned"
    if run.status in STATUS:
        return STATUS[run.status]
    if not any(name.startswith(("best_val_", "test_")) for name in run.metrics):
        return "has no result"
    return ""


def _value(run: StoredRun, measure: str, epoch: int, histories: Histories) -> float | None:
    """Return the value of a training at its best epoch, or at that of the run which averages it."""
    measure = logged_name(run, measure)
    if measure.startswith("test_"):
        value = run.metrics.get(measure)
    elif run.is_part:
        value = dict(histories.get(run.run_id, {}).get(measure, ())).get(epoch)
    else:
        value = run.metrics.get(f"best_{measure}")

    if value is not None and not abs(value) < WORST:
        return math.nan
    return value
