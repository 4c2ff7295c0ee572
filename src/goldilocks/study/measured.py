"""Stored runs -> mean and spread of every number of every variant, for each data apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from goldilocks.config.settings import WITHOUT_EFFECT
from goldilocks.study.plan import Study
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import PARENT
from goldilocks.tracking.tracker import written

PARTS = {
    "repeat": "seeds",
    "fold": "folds",
}  # What several trainings of one configuration are over, by their role.
SPREADS = ("_std", "_low", "_high")  # What a parent says of its trainings beside each mean.

# Keys in which the runs of one variant may differ: where and how often it runs, and what a person
# must give.
FREE = (
    *WITHOUT_EFFECT,
    "tracking",
    "experiment",
    "seed",
    "dataset.source",
    "trainer.repeats",
    "model.init_from",
)


class Data(NamedTuple):
    """What must be the same of runs in one table: the source, and the digest of rows and targets."""

    source: str
    digest: str


@dataclass(frozen=True)
class Statistic:
    """A number over several trainings: mean, standard deviation (ddof 1; None of one training), how many."""

    mean: float
    std: float | None
    count: int


@dataclass(frozen=True)
class Measured:
    """What was measured of a variant.

    Attributes:
        variant: Its name.
        runs: Those that were compared by: one, or one a seed.
        trainings: The runs themselves, or the folds or repeats below them.
        values: Every number, by its name.
        verdicts: Of each training that has one.
        changed: What the runs were given that the experiment's file has otherwise,
            "trainer.epochs=2".
        over: What the spread is over: "seeds" or "folds".
    """

    variant: str
    runs: tuple[StoredRun, ...]
    trainings: tuple[StoredRun, ...]
    values: Mapping[str, Statistic]
    verdicts: tuple[str, ...]
    changed: tuple[str, ...]
    over: str

    @property
    def loss(self) -> str:
        """The loss as configured."""
        return self.runs[0].params.get("problem.loss", "auto")


def measure(
    study: Study, files: Mapping[str, Mapping[str, Any]], runs: Sequence[StoredRun]
) -> dict[Data, list[Measured]]:
    """The variants that have finished runs, in the study's order, for each data.

    Args:
        study: Says the variants.
        files: The settings of each variant's experiment, by dotted keys.
        runs: Of all of its experiments, in the order in which they started.
    """
    below: dict[str, list[StoredRun]] = {}
    groups: dict[Data, dict[str, list[StoredRun]]] = {}
    finished = [run for run in runs if run.status == "FINISHED"]
    for run in finished:
        if run.tags.get("role") in PARTS:
            below.setdefault(run.tags.get(PARENT, ""), []).append(run)
    for run in finished:
        variant = run.params.get("experiment", "").removeprefix(f"{study.name}_")
        if run.tags.get("role") not in PARTS and variant in study.variants:
            first = _trainings(run, below)[0]
            tags = {**first.tags, **run.tags}
            data = Data(
                tags.get("dataset.source", "unknown"), tags.get("dataset.digest", "unknown")
            )
            groups.setdefault(data, {}).setdefault(variant, []).append(run)
    return {
        data: [
            _measured(name, files[name], groups[data][name], below)
            for name in study.variants
            if name in groups[data]
        ]
        for data in sorted(groups)
    }


def values(run: StoredRun) -> dict[str, float]:
    """The numbers of one training.

    The stored single values as they are; the last epoch's as `last_loss`, `last_val_loss` and so
    on; `gap`: validation minus training loss at the last epoch, without penalties; `accuracy_gap`:
    training minus validation accuracy at the last epoch; `fall`: validation accuracy at the best
    minus at the last epoch; `error`: 1 minus `best_val_accuracy`; `seconds_per_epoch`.
    """
    found = {name: value for name, value in run.metrics.items() if not name.startswith("verdict/")}
    epochwise = [
        name for name in found if f"best_{name}" in found or name in ("learning_rate", "seconds")
    ]
    last = {f"last_{name}": found.pop(name) for name in epochwise}
    numbers = found | last
    data = "data_" if "last_val_data_loss" in numbers else ""
    for name, more, less in (
        ("gap", f"last_val_{data}loss", f"last_{data}loss"),
        ("accuracy_gap", "last_accuracy", "last_val_accuracy"),
        ("fall", "best_val_accuracy", "last_val_accuracy"),
    ):
        if more in numbers and less in numbers:
            numbers[name] = numbers[more] - numbers[less]
    if "best_val_accuracy" in numbers:
        numbers["error"] = 1 - numbers["best_val_accuracy"]
    if numbers.get("epochs"):
        numbers["seconds_per_epoch"] = numbers.get("train_seconds", math.nan) / numbers["epochs"]
    return numbers


def table(groups: Mapping[Data, Sequence[Measured]]) -> pd.DataFrame:
    """Every number, a row each."""
    columns = [
        "source",
        "digest",
        "variant",
        "measure",
        "mean",
        "std",
        "trainings",
        "over",
        "changed",
        "runs",
        "commit",
    ]
    rows = [
        [
            *(
                *data,
                each.variant,
                name,
                number.mean,
                number.std,
                number.count,
                each.over,
                " ".join(each.changed),
            ),
            " ".join(run.run_id for run in each.runs),
            " ".join(dict.fromkeys(run.tags.get("git.commit", "") for run in each.runs)),
        ]
        for data, variants in groups.items()
        for each in variants
        for name, number in sorted(each.values.items())
    ]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def _measured(
    variant: str,
    file: Mapping[str, Any],
    candidates: Sequence[StoredRun],
    below: Mapping[str, Sequence[StoredRun]],
) -> Measured:
    """A variant by its newest run as configured (else its newest), and those that differ from it in the seed alone."""
    configured = {name: written(value) for name, value in file.items()}
    pool = [run for run in candidates if not _changed(run, configured)] or candidates
    newest = pool[-1]
    runs = [newest]
    if _over(newest, below) != "seeds":
        alike = [
            run
            for run in pool
            if _settings(run) == _settings(newest) and _over(run, below) != "seeds"
        ]
        by_seed = {run.params.get("seed", ""): run for run in alike}  # The newest of each.
        runs = [by_seed[seed] for seed in sorted(by_seed, key=lambda seed: (len(seed), seed))]
    trainings = [_trainings(run, below) for run in runs]
    each = [_together(run, group) for run, group in zip(runs, trainings, strict=True)]
    # Of folds, each seed counts once.
    several = [{name: number.mean for name, number in numbers.items()} for numbers in each]
    numbers = each[0] if len(each) == 1 else _statistics(several)
    every = [run for group in trainings for run in group]
    return Measured(
        variant=variant,
        runs=tuple(runs),
        trainings=tuple(every),
        values=numbers,
        verdicts=tuple(run.tags["verdict"] for run in every if "verdict" in run.tags),
        changed=tuple(_changed(newest, configured)),
        over=_over(newest, below) or "seeds" if len(runs) == 1 else "seeds",
    )


def _over(run: StoredRun, below: Mapping[str, Sequence[StoredRun]]) -> str:
    """What the trainings below a run differ in, "seeds" or "folds"; "" of a run that is one training itself."""
    return PARTS[below[run.run_id][0].tags["role"]] if run.run_id in below else ""


def _trainings(run: StoredRun, below: Mapping[str, Sequence[StoredRun]]) -> list[StoredRun]:
    """The runs at the bottom, below a run or itself."""
    return [
        deeper for child in below.get(run.run_id, ()) for deeper in _trainings(child, below)
    ] or [run]


def _settings(run: StoredRun) -> dict[str, str]:
    return {name: value for name, value in run.params.items() if not name.startswith(FREE)}


def _changed(run: StoredRun, configured: Mapping[str, str]) -> list[str]:
    """In what a run is not as configured; keys that either does not know came or went since, and do not count."""
    found = _settings(run)
    return [
        f"{name}={found[name]}"
        for name in sorted(found)
        if configured.get(name, found[name]) != found[name]
    ]


def _statistics(rows: Sequence[Mapping[str, float]]) -> dict[str, Statistic]:
    """Mean and spread of each number that all rows have."""
    names = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}
    return {name: _statistic(column) for name, column in columns.items()}


def _statistic(column: np.ndarray) -> Statistic:
    if (column == column[0]).all():  # Their mean may differ from them in the last digit.
        return Statistic(float(column[0]), 0.0 if len(column) > 1 else None, len(column))
    return Statistic(
        float(column.mean()), float(column.std(ddof=1)) if len(column) > 1 else None, len(column)
    )


def _together(run: StoredRun, trainings: Sequence[StoredRun]) -> dict[str, Statistic]:
    """The numbers of one run; of one with trainings below it, at the epoch that is best for all of them together."""
    numbers = _statistics([values(each) for each in trainings])
    count = int(run.metrics.get("trainings", 0))
    if not count:
        return numbers
    numbers |= {
        name: Statistic(value, run.metrics.get(f"{name}_std"), count)
        for name, value in run.metrics.items()
        if name.startswith("best_") and not name.endswith(SPREADS)
    }
    if best := numbers.get("best_val_accuracy"):
        numbers["error"] = Statistic(1 - best.mean, best.std, best.count)
        if last := numbers.get("last_val_accuracy"):
            numbers["fall"] = Statistic(best.mean - last.mean, None, best.count)
    return numbers
