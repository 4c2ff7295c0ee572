"""Several runs in one process: their trainings are one program, and each is a run as any other."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import traceback
from collections.abc import Sequence

import goldilocks.backend  # noqa: F401  First: it is quiet.
from goldilocks import console
from goldilocks.config.settings import Settings
from goldilocks.errors import UserError
from goldilocks.jobs import records, worker
from goldilocks.run import programs, warm_start
from goldilocks.run.context import RunContext, Shared, TrainingSpec
from goldilocks.run.run import load_trial, plan, run


def run_jobs(jobs: Sequence[Settings], *, retries: int) -> list[Exception | None]:
    """Train, evaluate, diagnose and track the jobs of a sweep, and record how each has ended.

    Args:
        jobs: Their checked settings, of jobs of one sweep.
        retries: How often a job is tried again that failed for no reason that a person can mend.

    Returns:
        What each has raised; None of those that have finished.
    """
    shared = Shared()
    trainings: list[tuple[RunContext, TrainingSpec]] = []
    for job in jobs:
        # The run itself says what is wrong with it, as a run on its own would.
        with contextlib.suppress(UserError):
            trainings += _trainings(job, shared)
    shared.trained.update(programs.train(trainings, jobs[0].parent or ""))
    return [_run(job, shared, retries=retries) for job in jobs]


def _trainings(job: Settings, shared: Shared) -> list[tuple[RunContext, TrainingSpec]]:
    """Return what is to be trained for a job; a final training stands alone."""
    if job.tree["final"]:
        return []
    context, specs, _ = plan(job, shared)
    if job.job is not None and (trial := load_trial(job)):
        shared.trials[job.job] = trial
        context = dataclasses.replace(context, trial=trial)
    context = dataclasses.replace(context, initial_model=warm_start.load(job, context.store))
    return [(context, spec) for spec in specs]


def _run(job: Settings, shared: Shared, *, retries: int) -> Exception | None:
    """Run one job, record how it has ended, and return what it has raised."""
    assert job.sweep_dir is not None
    assert job.job is not None
    worker.write_to(records.log_file(job.sweep_dir, job.job))
    began = time.monotonic()
    value, error = _try(job, shared)
    while retries and error is not None and not isinstance(error, UserError):
        retries -= 1
        value, error = _try(job, shared)

    seconds = time.monotonic() - began
    if error is None:
        # The score of a final run chooses nothing, least of all a seed.
        compared = None if job.tree["final"] else value
        ended = {"status": "finished", "value": compared, "seconds": seconds}
        records.update(job.sweep_dir, job.job, **ended)
        return None

    reason = str(error)
    if not isinstance(error, UserError):
        reason = f"{type(error).__name__}: {error}"
    records.update(job.sweep_dir, job.job, status="failed", reason=reason, seconds=seconds)
    return worker.portable(error)


def _try(job: Settings, shared: Shared) -> tuple[float | None, Exception | None]:
    """Return the value that a sweep compares, and what the run has raised."""
    try:
        return run(job, shared), None
    except Exception as error:
        if not isinstance(error, UserError):
            traceback.print_exc()
        console.note(f"this job failed: {error}")
        return None, error
