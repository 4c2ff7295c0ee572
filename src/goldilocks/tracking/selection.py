"""Targets that a person types -> runs: IDs of runs, IDs of sweeps, names of studies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun

RUN_ID = re.compile(r"[0-9a-f]{32}")
STUDY = re.compile(r"\w[\w.-]*")  # No sign that would be more than itself in a query, but for "_".
PARENT, ROLE, SWEEP = "mlflow.parentRunId", "role", "sweep"
PARTS = ("fold", "repeat")  # roles of the trainings below a run that averages them


@dataclass(frozen=True)
class Selection:
    """Runs to be reported.

    Attributes:
        name: What they are called together: a sweep's or a study's name, or the number of runs.
        slug: The same, short and fit for the name of a file.
        runs: In the order in which they started, with the folds or repeats below them, without
            sweeps.
        sweep: The parent run of the one sweep that was named; None where something else was.
    """

    name: str
    slug: str
    runs: tuple[StoredRun, ...]
    sweep: StoredRun | None


def select(
    client: MlflowClient, experiment_id: str, targets: Sequence[str], *, uri: str
) -> Selection:
    """Return the runs that targets stand for.

    Args:
        client: Of the store.
        experiment_id: Where the runs of a study are searched; an ID is found in any experiment.
        targets: IDs of runs or of sweeps, or names of studies; at least one.
        uri: Of the store, for messages.

    Raises:
        StoreError: A target is none of these, or has no run.
        MlflowException: The store cannot be read.
    """
    ids = [target for target in targets if RUN_ID.fullmatch(target)]
    by_id = {run.run_id: run for run in query.several(client, query.all_experiments(client), ids)}
    for run_id in ids:
        if run_id not in by_id:
            query.one(client, run_id, uri=uri)  # Says what is wrong, and which ID may be meant.

    runs: dict[str, StoredRun] = {}
    for target in targets:
        run = by_id.get(target)
        selected = _below(client, run) if run else _of_study(client, experiment_id, target, uri)
        runs |= {run.run_id: run for run in selected}
    in_order = tuple(sorted(runs.values(), key=lambda run: run.started))

    first = by_id.get(targets[0])
    slug = targets[0][:8] if first else targets[0]
    if len(targets) > 1:
        more = len(targets) - 1
        name = f"{targets[0][:8]} and {more} more"
        return Selection(name, f"{slug}-and-{more}-more", in_order, None)
    if first is None:
        return Selection(targets[0], slug, in_order, None)
    return Selection(first.name, slug, in_order, first if _is_sweep(first) else None)


def _is_sweep(run: StoredRun) -> bool:
    return run.tags.get(ROLE) == SWEEP


def _below(client: MlflowClient, run: StoredRun) -> list[StoredRun]:
    """Return a run with its trainings, or the runs of a sweep with theirs."""
    if not _is_sweep(run):
        return _with_parts(client, [run])

    runs, sweeps = [], [run]
    while sweeps:  # A sweep may have sweeps below it.
        sweep = sweeps.pop()
        experiment = [sweep.experiment_id]
        children = query.search(client, experiment, f"tags.`{PARENT}` = '{sweep.run_id}'")
        for child in [*children, *query.several(client, experiment, query.reused(sweep))]:
            (sweeps if _is_sweep(child) else runs).append(child)
    if not runs:
        raise StoreError(
            f"the sweep {run.run_id} ({run.name}) has no runs, so there is nothing to compare; "
            "expected one whose jobs have started. Name another, or start it again."
        )
    return _with_parts(client, runs)


def _with_parts(client: MlflowClient, runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return runs of one experiment, and the folds or repeats below them, in three queries."""
    averages = [run for run in runs if _has_parts(run)]
    if not averages:
        return list(runs)

    experiment = [runs[0].experiment_id]
    parents, first = {run.run_id for run in runs}, min(run.started for run in runs)
    parts: dict[str, StoredRun] = {}
    for role in PARTS:
        text = f"tags.{ROLE} = '{role}' AND attributes.start_time >= {first}"
        for part in query.search(client, experiment, text):
            if part.tags.get(PARENT) in parents:
                parts[part.run_id] = part

    reused = [run_id for run in averages for run_id in query.reused(run)]
    for run in [*query.several(client, experiment, reused), *runs]:
        parts[run.run_id] = run
    return list(parts.values())


def _has_parts(run: StoredRun) -> bool:
    """Return whether a run averages several trainings, by its settings."""
    if run.tags.get(ROLE) in PARTS:
        return False
    repeats, protocol = run.params.get("trainer.repeats", "1"), run.params.get("protocol", "")
    return repeats != "1" or "kfold" in protocol


def _of_study(client: MlflowClient, experiment_id: str, name: str, uri: str) -> list[StoredRun]:
    hint = ""
    if STUDY.fullmatch(name):
        if runs := query.of_study(client, experiment_id, name):
            return runs
        hint = _hint(client, experiment_id, name)
    raise StoreError(
        f"{name} is neither the ID of a run (32 letters and digits) nor the name of a study with "
        f"runs in the store {uri}: no run there has an experiment that begins with {name}_.{hint}"
    )


def _hint(client: MlflowClient, experiment_id: str, name: str) -> str:
    """Return a sentence on the runs that a part of an ID, or a run's name, may stand for."""
    close = query.search(client, [experiment_id], f"attributes.run_id LIKE '{name}%'")
    close += query.search(client, [experiment_id], f"attributes.run_name = '{name}'")
    if not close:
        return ""
    if len(close) == 1:
        return f" Did you mean {close[0].run_id} ({close[0].name})?"
    ids = [run.run_id for run in close[:5]]
    more = " and others" if len(close) > 5 else ""
    return (
        f" It could be any of {len(close)} runs: {', '.join(ids)}{more}. Give the whole ID of one."
    )
