"""What a person names -> the runs that are meant: IDs of runs, IDs of sweeps, names of studies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import query as stored
from goldilocks.tracking.query import EXPERIMENTS_SEARCHED, StoredRun

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
    """The runs that are meant.

    Args:
        client: Of the store.
        experiment_id: Where the runs of a study are looked for; an ID is found in any experiment.
        targets: IDs of runs or of sweeps, or names of studies; at least one.
        uri: Of the store, for messages.

    Raises:
        StoreError: A target is none of these, or has no run.
        MlflowException: The store cannot be read.
    """
    ids = [target for target in targets if RUN_ID.fullmatch(target)]
    everywhere = [
        each.experiment_id for each in client.search_experiments(max_results=EXPERIMENTS_SEARCHED)
    ]
    named = {run.run_id: run for run in stored.several(client, everywhere, ids)}
    for run_id in ids:
        if run_id not in named:
            stored.one(client, run_id, uri=uri)  # Says what is wrong, and which ID may be meant.
    found: dict[str, StoredRun] = {}
    for target in targets:
        of_target = (
            _below(client, named[target])
            if target in named
            else _of_study(client, experiment_id, target, uri)
        )
        found |= {run.run_id: run for run in of_target}
    runs = tuple(sorted(found.values(), key=lambda run: run.started))
    if len(targets) == 1:
        sweep = named.get(targets[0])
        sweep = sweep if sweep and sweep.tags.get(ROLE) == SWEEP else None
        name = named[targets[0]].name if targets[0] in named else targets[0]
        return Selection(name, targets[0][:8] if targets[0] in named else targets[0], runs, sweep)
    slug = f"{targets[0][:8] if targets[0] in named else targets[0]}-and-{len(targets) - 1}-more"
    return Selection(" and ".join([targets[0][:8], f"{len(targets) - 1} more"]), slug, runs, None)


def _below(client: MlflowClient, run: StoredRun) -> list[StoredRun]:
    """A run with its trainings, or the runs of a sweep with theirs."""
    if run.tags.get(ROLE) != SWEEP:
        return _with_parts(client, [run])
    found, sweeps = [], [run]
    while sweeps:  # A sweep may have sweeps below it.
        sweep = sweeps.pop()
        children = stored.search(
            client, [sweep.experiment_id], f"tags.`{PARENT}` = '{sweep.run_id}'"
        )
        children += stored.several(client, [sweep.experiment_id], stored.reused(sweep))
        sweeps += [child for child in children if child.tags.get(ROLE) == SWEEP]
        found += [child for child in children if child.tags.get(ROLE) != SWEEP]
    if not found:
        raise StoreError(
            f"the sweep {run.run_id} ({run.name}) has no runs, so there is nothing to compare; "
            "expected one whose "
            "jobs have started. Name another, or start it again."
        )
    return _with_parts(client, found)


def _with_parts(client: MlflowClient, runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Runs of one experiment, and the folds or repeats below them: two queries, however many runs there are."""
    if not any(_has_parts(run) for run in runs):
        return list(runs)
    known, first = {run.run_id for run in runs}, min(run.started for run in runs)
    parts = []
    for role in PARTS:
        query = f"tags.{ROLE} = '{role}' AND attributes.start_time >= {first}"
        parts += stored.search(client, [runs[0].experiment_id], query)
    taken = [run_id for run in runs if _has_parts(run) for run_id in stored.reused(run)]
    parts = [part for part in parts if part.tags.get(PARENT) in known]
    parts += stored.several(client, [runs[0].experiment_id], taken)
    return list({run.run_id: run for run in [*parts, *runs]}.values())


def _has_parts(run: StoredRun) -> bool:
    """Whether a run averages several trainings, by its settings: one that failed has no numbers to tell by."""
    several = run.params.get("trainer.repeats", "1") != "1" or "kfold" in run.params.get(
        "protocol", ""
    )
    return several and run.tags.get(ROLE) not in PARTS


def _of_study(client: MlflowClient, experiment_id: str, name: str, uri: str) -> list[StoredRun]:
    found = stored.of_study(client, experiment_id, name) if STUDY.fullmatch(name) else []
    if found:
        return found
    hint = ""
    if STUDY.fullmatch(name):
        close = stored.search(client, [experiment_id], f"attributes.run_id LIKE '{name}%'")
        close += stored.search(client, [experiment_id], f"attributes.run_name = '{name}'")
        if len(close) == 1:
            hint = f" Did you mean {close[0].run_id} ({close[0].name})?"
        elif close:
            listed = ", ".join(run.run_id for run in close[:5]) + (
                " and others" if len(close) > 5 else ""
            )
            hint = f" It could be any of {len(close)} runs: {listed}. Give the whole ID of one."
    raise StoreError(
        f"{name} is neither the ID of a run (32 letters and digits) nor the name of a study with "
        "runs in the store "
        f"{uri}: no run there has an experiment that begins with {name}_.{hint}"
    )
