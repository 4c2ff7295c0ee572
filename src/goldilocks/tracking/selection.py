"""Targets that a person types -> runs: IDs of runs, IDs of sweeps, names of studies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from goldilocks.errors import StoreError
from goldilocks.tracking import query
from goldilocks.tracking.protocols import Store
from goldilocks.tracking.query import StoredRun

RUN_ID = re.compile(r"[0-9a-f]{32}")
BEGINNING = re.compile(r"[0-9a-f]{4,31}")  # of an ID; fewer digits fit too many runs
LAST = "last"  # the run that was started last, among those that stand below no other
NEWEST = 100  # runs that are looked through for it, before all of them are
STUDY = re.compile(r"\w[\w.-]*")  # No sign that would be more than itself in a query, but for "_".


def run_id_of(store: Store, reference: str, *, ended: bool = False) -> str | None:
    """Return the whole ID of a run that a person means; None where a text means none.

    Args:
        store: Where the run is, in any experiment.
        reference: A whole ID, which need not be there; the beginning of one; or "last".
        ended: Whether the last run must have finished.

    Raises:
        StoreError: Several runs begin so, there is no last run, or the store cannot be read.
    """
    if RUN_ID.fullmatch(reference):
        return reference
    if reference == LAST:
        return _last(store, "attributes.status = 'FINISHED'" if ended else "")
    if not BEGINNING.fullmatch(reference):
        return None

    close = store.search(f"attributes.run_id LIKE '{reference}%'", everywhere=True)
    if len(close) > 1:
        raise StoreError(
            f"{reference} is the beginning of the IDs of {_listed(close)}. Type more of the one "
            "that you mean."
        )
    return close[0].run_id if close else None


def _last(store: Store, text: str) -> str:
    for newest in (NEWEST, None):
        runs = store.search(text, everywhere=True, newest=newest)
        if above := [run for run in runs if not run.parent]:
            return above[-1].run_id
    raise StoreError(f"the store {store.uri} has no run, and so no last one; expected one run.")


def _listed(runs: Sequence[StoredRun]) -> str:
    """Return how many runs there are, with the IDs and names of the first."""
    words = ", ".join(f"{run.run_id[:12]} ({run.name})" for run in runs[:5])
    return f"{len(runs)} runs: {words}{' and others' if len(runs) > 5 else ''}"


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


def select(store: Store, targets: Sequence[str]) -> Selection:
    """Return the runs that targets stand for.

    Args:
        store: Where the runs are; those of a study in its experiment, an ID in any.
        targets: IDs of runs or of sweeps, their beginnings, "last", or names of studies; at least
            one.

    Raises:
        StoreError: A target is none of these, or has no run, or the store cannot be read.
    """
    targets = [run_id_of(store, target) or target for target in targets]
    ids = [target for target in targets if RUN_ID.fullmatch(target)]
    by_id = {run.run_id: run for run in query.several(store, ids)}
    for run_id in ids:
        if run_id not in by_id:
            store.get_run(run_id)  # Says what is wrong, and which ID may be meant.

    runs: dict[str, StoredRun] = {}
    for target in targets:
        run = by_id.get(target)
        selected = _below(store, run) if run else _of_study(store, target)
        runs |= {run.run_id: run for run in selected}
    in_order = tuple(sorted(runs.values(), key=lambda run: run.started))

    name, slug, sweep = targets[0], targets[0], None
    first = by_id.get(targets[0])
    if first:
        name, slug = first.name, first.run_id[:8]
    if more := len(targets) - 1:
        name, slug = f"{targets[0][:8]} and {more} more", f"{slug}-and-{more}-more"
    elif first and _is_sweep(first):
        sweep = first
    return Selection(name, slug, in_order, sweep)


def _is_sweep(run: StoredRun) -> bool:
    return run.tags.get("role") == "sweep"


def _below(store: Store, run: StoredRun) -> list[StoredRun]:
    """Return a run with its trainings, or the runs of a sweep with theirs."""
    if not _is_sweep(run):
        return with_parts(store, [run])

    runs, sweeps = [], [run]
    while sweeps:  # A sweep may have sweeps below it.
        for child in query.children(store, sweeps.pop()):
            (sweeps if _is_sweep(child) else runs).append(child)
    if not runs:
        raise StoreError(
            f"the sweep {run.run_id} ({run.name}) has no runs, so there is nothing to compare; "
            "expected one whose jobs have started. Name another, or start it again."
        )
    return with_parts(store, runs)


def with_parts(store: Store, runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return runs, and the folds or repeats below them."""
    below = [child for run in runs if _has_parts(run) for child in query.children(store, run)]
    return [*runs, *(run for run in below if run.is_part)]


def _has_parts(run: StoredRun) -> bool:
    """Return whether a run averages several trainings, by its settings."""
    if run.is_part:
        return False
    repeats, protocol = run.params.get("trainer.repeats", "1"), run.params.get("protocol", "")
    return repeats != "1" or "kfold" in protocol


def _of_study(store: Store, name: str) -> list[StoredRun]:
    hint = ""
    if STUDY.fullmatch(name):
        if runs := query.of_study(store, name):
            return runs
        hint = _hint(store, name)
    raise StoreError(
        f"{name} is neither the ID of a run (or its beginning, or last) nor the name of a study "
        f"with runs in the store {store.uri}: no run there has an experiment that begins with "
        f"{name}_.{hint}"
    )


def _hint(store: Store, name: str) -> str:
    """Return a sentence on the runs that a run's name may stand for."""
    close = store.search(f"attributes.run_name = '{name}'")
    if len(close) < 2:
        return query.did_you_mean(close)
    return f" It could be any of {_listed(close)}. Give the ID of one."
