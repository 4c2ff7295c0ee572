"""Runs as the store has them, and the searches for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from goldilocks.formatting import cut
from goldilocks.problem import PROBLEMS, Problem
from goldilocks.tracking import journal

if TYPE_CHECKING:
    from goldilocks.tracking.protocols import Store

IDS_A_QUERY = 100
PARAM_LENGTH = 6000  # characters; MLflow takes no more
OWN_METRICS = "own_metrics"  # tag: of metrics that a person has written, whether more is better
REUSED = "reused."
ROWS = "dataset.rows"  # tag: digest of the rows as their file has them, and of the targets
RESOLVED = "resolved"  # tag: keys that were `auto`; the parameters have what it stood for
TYPED = "typed"  # tag: the keys of the command line, between blanks
PARENT = "mlflow.parentRunId"  # MLflow's tag of a run below another

Item = TypeVar("Item")
# Of runs, by ID: of metrics, by name: (step, value) in step order.
Histories = Mapping[str, Mapping[str, Sequence[tuple[int, float]]]]


@dataclass(frozen=True)
class StoredRun:
    """A run as the store has it.

    Attributes:
        run_id: MLflow's.
        name: For people.
        status: "FINISHED", "FAILED", "KILLED" or "RUNNING".
        params: As logged, by the keys of today; `auto` where it was, whatever it stood for.
        tags: As logged.
        metrics: The last value of each.
        val_loss: Without penalties, one value an epoch; empty where the curves were not asked for.
        experiment_id: MLflow's, of the experiment that it is in.
        started: When, in milliseconds since 1970.
    """

    run_id: str
    name: str
    status: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    val_loss: Sequence[float]
    experiment_id: str = ""
    started: int = 0

    @property
    def is_part(self) -> bool:
        """Return whether it is one of several trainings below a run that averages them."""
        return self.tags.get("role") in ("fold", "repeat")

    @property
    def parent(self) -> str:
        """Return the ID of the run that it is below; "" without one."""
        return self.tags.get(PARENT, "")


def written(value: Any) -> str:
    """Return a value as a parameter has it: a text as it is, all else as JSON.

    A long one is cut, which `...` shows; the artifact config.yaml has it whole.
    """
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        text = value
    return cut(text, PARAM_LENGTH)


def find_run(store: Store, fingerprint: str, *, finished: bool = True) -> StoredRun | None:
    """Return the cached run of a configuration, else its newest resumable run, else None.

    A run is cached if it is FINISHED and was not pruned. It is resumable if it was interrupted
    and this folder still has its journal.

    Args:
        store: An open store.
        fingerprint: Of the configuration.
        finished: Whether to look for a cached run; False: only for a resumable one.
    """
    runs = store.search(f"tags.fingerprint = '{fingerprint}'")[::-1]
    if finished:
        for run in runs:
            if run.status == "FINISHED" and run.tags.get("pruned") != "true":
                return run

    for run in runs:
        if run.status != "FINISHED" and journal.of(run.run_id).is_left:
            return run
    return None


def of_study(store: Store, study: str) -> list[StoredRun]:
    """Return the runs of a study's experiments, whose names begin with its own, as they started."""
    runs = store.search(f"params.experiment LIKE '{study}_%'")
    # To LIKE, _ is any character.
    return [run for run in runs if run.params["experiment"].startswith(f"{study}_")]


def several(store: Store, run_ids: Sequence[str]) -> list[StoredRun]:
    """Return runs of any experiment in the order of their IDs, without those that are not there."""
    runs: dict[str, StoredRun] = {}
    for some in batches(run_ids, IDS_A_QUERY):
        ids = ", ".join(f"'{run_id}'" for run_id in some)
        matching = store.search(f"attributes.run_id IN ({ids})", everywhere=True)
        runs |= {run.run_id: run for run in matching}
    return [runs[run_id] for run_id in run_ids if run_id in runs]


def with_losses(store: Store, runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return runs with their curves of the validation loss, without penalties."""
    curves = store.histories([run.run_id for run in runs], ["val_loss", "val_data_loss"])
    drawn = [curves[run.run_id] for run in runs]
    losses = [logged.get("val_data_loss") or logged.get("val_loss", []) for logged in drawn]
    return [
        replace(run, val_loss=[value for _, value in points])
        for run, points in zip(runs, losses, strict=True)
    ]


def children(store: Store, run: StoredRun) -> list[StoredRun]:
    """Return the runs below a run as they started, then the cached runs that it reused."""
    below = store.search(f"tags.`{PARENT}` = '{run.run_id}'", everywhere=True)
    return [*below, *several(store, reused(run))]


def did_you_mean(close: Sequence[StoredRun]) -> str:
    """Return the question whether the only run that is close to a typed one is meant, else ""."""
    if len(close) != 1:
        return ""
    return f" Did you mean {close[0].run_id} ({close[0].name})?"


def reused(run: StoredRun) -> list[str]:
    """Return the IDs of the cached runs that a sweep took as its own."""
    lists = [ids for name, ids in run.tags.items() if name.startswith(REUSED)]
    return " ".join(lists).split()


def primary_metric(run: StoredRun) -> str:
    """Return the primary metric of a run, by its name or, of a person's own, by its path.

    It is "loss" where the store does not have it.
    """
    metrics = run.params.get("problem.metrics", "auto")
    if metrics.startswith("["):
        return str(json.loads(metrics)[0])
    problem = run.tags.get("problem", "")
    return PROBLEMS[problem].metrics[0] if problem in PROBLEMS else "loss"


def own_tags(problem: Problem) -> dict[str, str]:
    """Return the tag that says of a person's own metrics whether more is better; {} without one."""
    directions = {metric.name: metric.greater_is_better for metric in problem.own_metrics}
    return {OWN_METRICS: json.dumps(directions)} if directions else {}


def own_metrics(runs: Sequence[StoredRun]) -> dict[str, bool]:
    """Return whether more is better of each metric of these runs that a person has written."""
    metrics: dict[str, bool] = {}
    for run in runs:
        metrics |= json.loads(run.tags.get(OWN_METRICS, "{}"))
    return metrics


def findings(runs: Sequence[StoredRun]) -> list[str]:
    """Return the codes of the findings on the data of runs, each once."""
    return sorted({code for run in runs for code in run.tags.get("findings", "").split(",")} - {""})


def reused_tags(run_ids: Sequence[str]) -> dict[str, str]:
    """Return those IDs as tags of the sweep's run, none of them longer than MLflow allows."""
    lists = enumerate(batches(run_ids, IDS_A_QUERY))
    return {f"{REUSED}{number}": " ".join(some) for number, some in lists}


def batches(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Return the items, in order, in parts of a size and a rest."""
    return [items[start : start + size] for start in range(0, len(items), size)]
