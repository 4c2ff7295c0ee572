"""Stored runs -> mean and spread of every number of every variant."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chapter import Chapter
from goldilocks.config.own import ENDINGS
from goldilocks.report import grouping, variants
from goldilocks.report.grouping import Basis
from goldilocks.tracking.query import PARENT, StoredRun
from goldilocks.tracking.tracker import written
from origin import Origin

PARTS = {"repeat": "seeds", "fold": "folds"}  # role of a training -> what several of them are

# Folders and files of a machine: what they hold is known by its digest.
PLACES = {"dataset.dir": "FOLDER", "dataset.file": "FILE"}
# Settings in which the runs of one variant may differ: how often it is trained, and what a person
# must give.
FREE = ("dataset.source", "trainer.repeats", "model.init_from")


@dataclass(frozen=True)
class Statistic:
    """A number over several trainings.

    Attributes:
        mean: Its mean.
        std: Its standard deviation, with count - 1 in the denominator; None of one training.
        count: Number of trainings.
    """

    mean: float
    std: float | None
    count: int


@dataclass(frozen=True)
class Measured:
    """The results of a variant.

    Attributes:
        name: Of the variant.
        runs: Those that were compared by: one, or one for each seed.
        trainings: The runs themselves, or the folds or repeats below them.
        values: Every number, by its name.
        verdicts: Of each training that has one.
        changed: Settings of the runs that differ from the recipe: "trainer.epochs=2".
        over: What the spread is over: "seeds" or "folds".
    """

    name: str
    runs: tuple[StoredRun, ...]
    trainings: tuple[StoredRun, ...]
    values: Mapping[str, Statistic]
    verdicts: tuple[str, ...]
    changed: tuple[str, ...]
    over: str

    @property
    def basis(self) -> Basis:
        """Return what other variants must share to be in the same table."""
        return grouping.basis(self.runs[0])


Tables = Mapping[Basis, Sequence[Measured]]


def measure(
    chapter: Chapter, recipes: Mapping[str, Mapping[str, Any]], runs: Sequence[StoredRun]
) -> Tables:
    """Return the variants that have finished runs, those that may be compared in one table.

    The tables are sorted by their data; the variants are in the chapter's order.

    Args:
        chapter: Has the variants.
        recipes: The settings of each variant's recipe, by dotted keys.
        runs: Of all of its recipes, in the order in which they started.
    """
    finished = [run for run in runs if run.status == "FINISHED"]
    parts: dict[str, list[StoredRun]] = {}
    candidates: dict[tuple[str, str, str], list[StoredRun]] = {}
    for run in finished:
        if run.tags.get("role") in PARTS:
            parts.setdefault(run.tags.get(PARENT, ""), []).append(run)
        else:
            basis = grouping.basis(run)
            variant = run.params.get("experiment", "").removeprefix(f"{chapter.name}_")
            candidates.setdefault((basis.source, basis.digest, variant), []).append(run)

    tables: dict[Basis, list[Measured]] = {}
    for source, digest in sorted({(source, digest) for source, digest, _ in candidates}):
        for variant in chapter.variants:
            if members := candidates.get((source, digest, variant)):
                results = _measured(variant, recipes[variant], members, parts)
                tables.setdefault(results.basis, []).append(results)
    return tables


def values(run: StoredRun) -> dict[str, float]:
    """Return the numbers of one training.

    The stored single values as they are; the last epoch's as `last_loss`, `last_val_loss` and so
    on; `gap`: validation minus training loss at the last epoch, without penalties; `accuracy_gap`:
    training minus validation accuracy at the last epoch; `fall`: validation accuracy at the best
    minus at the last epoch; `last_error`: 1 minus `last_val_accuracy`; `seconds_per_epoch`.
    """
    numbers = {}
    for name, value in run.metrics.items():
        if name.startswith("verdict/"):
            continue
        each_epoch = not run.metrics.keys().isdisjoint((f"best_{name}", f"best_val_{name}"))
        each_epoch = each_epoch or name in ("learning_rate", "seconds")
        numbers[f"last_{name}" if each_epoch else name] = value

    data = "data_" if "last_val_data_loss" in numbers else ""
    differences = {
        "gap": (f"last_val_{data}loss", f"last_{data}loss"),
        "accuracy_gap": ("last_accuracy", "last_val_accuracy"),
        "fall": ("best_val_accuracy", "last_val_accuracy"),
    }
    for name, (first, second) in differences.items():
        if first in numbers and second in numbers:
            numbers[name] = numbers[first] - numbers[second]

    if "last_val_accuracy" in numbers:
        numbers["last_error"] = 1 - numbers["last_val_accuracy"]
    if numbers.get("epochs"):
        seconds = numbers.get("train_seconds", math.nan)
        numbers["seconds_per_epoch"] = seconds / numbers["epochs"]
    return numbers


def table(tables: Tables, origins: Mapping[str, Origin]) -> pd.DataFrame:
    """Return a row for each number of each variant.

    Args:
        tables: The variants.
        origins: Where each run came from, by its ID.
    """
    rows = []
    for basis, members in tables.items():
        for variant in members:
            of_runs = [origins[run.run_id] for run in variant.runs]
            for name, number in sorted(variant.values.items()):
                rows.append(
                    {
                        "source": basis.source,
                        "digest": basis.digest,
                        "variant": variant.name,
                        "measure": name,
                        "mean": number.mean,
                        "std": number.std,
                        "trainings": number.count,
                        "over": variant.over,
                        "changed": " ".join(variant.changed),
                        "runs": " ".join(run.run_id for run in variant.runs),
                        "seeds": " ".join(origin.seed for origin in of_runs),
                        "commit": " ".join(dict.fromkeys(origin.commit for origin in of_runs)),
                        "machine": of_runs[0].machine,
                        "versions": of_runs[0].versions,
                    }
                )
    return pd.DataFrame(rows)


def _measured(
    variant: str,
    recipe: Mapping[str, Any],
    candidates: Sequence[StoredRun],
    parts: Mapping[str, Sequence[StoredRun]],
) -> Measured:
    """Measure a variant by its newest run as configured, else its newest, and its other seeds."""
    configured = {name: written(value) for name, value in recipe.items()}
    pool = [run for run in candidates if not _changed(run, configured)] or candidates
    newest = pool[-1]
    runs = [newest] if _over(newest, parts) == "seeds" else _other_seeds(newest, pool, parts)

    trainings = [_trainings(run, parts) for run in runs]
    numbers = [_together(run, group) for run, group in zip(runs, trainings, strict=True)]
    every = [run for group in trainings for run in group]
    over = "seeds"
    if len(runs) == 1:
        over = _over(newest, parts) or "seeds"
    return Measured(
        name=variant,
        runs=tuple(runs),
        trainings=tuple(every),
        values=numbers[0] if len(numbers) == 1 else _over_runs(numbers),
        verdicts=tuple(run.tags["verdict"] for run in every if "verdict" in run.tags),
        changed=tuple(_changed(newest, configured)),
        over=over,
    )


def _other_seeds(
    newest: StoredRun, pool: Sequence[StoredRun], parts: Mapping[str, Sequence[StoredRun]]
) -> list[StoredRun]:
    """Return the newest run of each seed with the same settings, sorted by seed."""
    by_seed = {}
    for run in pool:
        if _settings(run) == _settings(newest) and _over(run, parts) != "seeds":
            by_seed[run.params.get("seed", "")] = run
    return [by_seed[seed] for seed in sorted(by_seed, key=lambda seed: (len(seed), seed))]


def _over(run: StoredRun, parts: Mapping[str, Sequence[StoredRun]]) -> str:
    """Return what the trainings below a run are, "seeds" or "folds"; "" of a single training."""
    if run.run_id not in parts:
        return ""
    return PARTS[parts[run.run_id][0].tags["role"]]


def _trainings(run: StoredRun, parts: Mapping[str, Sequence[StoredRun]]) -> list[StoredRun]:
    """Return the trainings below a run, or the run itself."""
    trainings = []
    for part in parts.get(run.run_id, ()):
        trainings += _trainings(part, parts)
    return trainings or [run]


def _settings(run: StoredRun) -> dict[str, str]:
    configuration = variants.configuration(run)
    return {name: value for name, value in configuration.items() if not name.startswith(FREE)}


def _changed(run: StoredRun, configured: Mapping[str, str]) -> list[str]:
    """Return in what a run differs from its recipe; keys that one of them lacks do not count."""
    settings = sorted(_settings(run).items())
    changed = {name: value for name, value in settings if configured.get(name, value) != value}
    return [f"{name}={PLACES.get(name, value)}" for name, value in changed.items()]


def _over_runs(numbers: Sequence[Mapping[str, Statistic]]) -> dict[str, Statistic]:
    """Return mean and spread over runs, each of which counts once, however many folds it has."""
    return _statistics(
        [{name: number.mean for name, number in values.items()} for values in numbers]
    )


def _statistics(rows: Sequence[Mapping[str, float]]) -> dict[str, Statistic]:
    """Return mean and spread of each number that all rows have."""
    names = [name for name in rows[0] if all(name in row for row in rows)]
    return {name: _statistic(np.array([row[name] for row in rows])) for name in names}


def _statistic(column: np.ndarray) -> Statistic:
    count = len(column)
    if count == 1:
        return Statistic(float(column[0]), None, 1)
    if (column == column[0]).all():  # their mean may differ from them in the last digit
        return Statistic(float(column[0]), 0.0, count)
    return Statistic(float(column.mean()), float(column.std(ddof=1)), count)


def _together(run: StoredRun, trainings: Sequence[StoredRun]) -> dict[str, Statistic]:
    """Return the numbers of a run; of folds or repeats, at their common best epoch."""
    numbers = _statistics([values(training) for training in trainings])
    count = int(run.metrics.get("trainings", 0))
    if not count:
        return numbers

    for name, value in run.metrics.items():
        if name.startswith("best_") and not name.endswith(ENDINGS):
            numbers[name] = Statistic(value, run.metrics.get(f"{name}_std"), count)

    best, last = numbers.get("best_val_accuracy"), numbers.get("last_val_accuracy")
    if best and last:
        numbers["fall"] = Statistic(best.mean - last.mean, None, best.count)
    return numbers
