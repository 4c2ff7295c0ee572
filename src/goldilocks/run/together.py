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
    shared, store = Shared(), jobs[0].builder("tracking")()
    jobs = [warm_start.resolved(job, store) for job in jobs]
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
    initial_model = warm_start.load(context.settings, context.store)
    context = dataclasses.replace(context, initial_model=initial_model)
    return [(context, spec) for spec in specs]


def _run(job: Settings, shared: Shared, *, retries: int) -> Exception | None:
    """Run one job, record how it has ended, and return what it has raised."""
    assert job.sweep_dir is not None
    assert job.job is not None
    worker.write_to(records.log_file(job.sweep_dir, job.job))
    began, error, ended = time.monotonic(), None, dict[str, str | float | None]()
    for _ in range(1 + retries):
        try:
            value, error = run(job, shared), None
            # The score of a final run chooses nothing, least of all a seed.
            ended = {"status": "finished", "value": None if job.tree["final"] else value}
            break
        except UserError as mistake:
            error, ended = mistake, {"status": "failed", "reason": str(mistake)}
            console.note(f"this job failed: {error}")
            break
        except Exception as failure:
            traceback.print_exc()
            console.note(f"this job failed: {failure}")
            reason = f"{type(failure).__name__}: {failure}"
            error, ended = failure, {"status": "failed", "reason": reason}

    records.update(job.sweep_dir, job.job, **ended, seconds=time.monotonic() - began)
    return None if error is None else worker.portable(error)
