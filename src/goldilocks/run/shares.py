"""Jobs -> shares of them: each is done by one process, which trains its networks as one program."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from goldilocks.config.settings import Settings, hash_of, key_of
from goldilocks.jobs import groups
from goldilocks.jobs.pool import Pool
from goldilocks.jobs.process import Job

MANY = 8  # jobs of one kind, which may gain from being one program


def in_shares(
    ask: Callable[[], Job | None],
    settings_of: Callable[[Sequence[Job]], Mapping[int, Settings]],
    pool: Pool,
    sweep_dir: Path,
    *,
    at_once: int | None,
) -> Callable[[], Job | None]:
    """Return what to ask for shares of jobs in place of the jobs themselves.

    Args:
        ask: Returns the next job; None if there is none for now.
        settings_of: Returns the checked settings of jobs by number; those without any stand alone.
        pool: Whose slots they share.
        sweep_dir: The folder of the jobs' records.
        at_once: How many jobs are asked for at once, before the first of them has ended; None for
            all.
    """
    waiting = deque[Job]()

    def next_share() -> Job | None:
        if not waiting:
            jobs = list(itertools.islice(iter(ask, None), at_once))
            waiting.extend(_shares(jobs, settings_of(jobs), pool, sweep_dir))
        return waiting.popleft() if waiting else None

    return next_share


def program_size(jobs: Sequence[Settings]) -> int:
    """Return how many jobs could be trained as one program, of those that are not; 0 if few.

    They are of the same networks, as far as settings tell. Which is faster, a training measures.
    """
    kinds = Counter(kind(job) for job in jobs if _fits(job))
    largest = max(kinds.values(), default=0)
    return largest if largest >= MANY else 0


def _fits(job: Settings) -> bool:
    """Whether the network of a job may be part of a program, and gain from it."""
    optimizer, trainer = job.tree["optimizer"], job.tree["trainer"]
    return (
        job.traits.model.together
        and "trainer" not in map(key_of, job.overrides)
        and not job.regularizer.augments
        and optimizer["schedule"] == "constant"
        and not optimizer["warmup"]
        and optimizer["ema_momentum"] is None
        and trainer["steps_per_epoch"] is None
    )


def kind(settings: Settings) -> str:
    """Return what trainings of one kind have in common: all settings but seed and learning rate."""
    optimizer = {**settings.tree["optimizer"], "learning_rate": None}
    return hash_of({**settings.tree, "seed": None, "optimizer": optimizer})


def _shares(
    jobs: Sequence[Job], settings: Mapping[int, Settings], pool: Pool, sweep_dir: Path
) -> list[Job]:
    """Return jobs that each do several of the given ones, a share for each slot."""
    shares = [job for job in jobs if job.number not in settings]
    checked = [job for job in jobs if job.number in settings]
    kinds = [kind(settings[job.number]) for job in checked]
    for positions in groups.shares(kinds, slots=len(pool.slots)):
        parts = tuple(checked[position] for position in positions)
        of_parts = [
            dataclasses.replace(settings[part.number], sweep_dir=sweep_dir, job=part.number)
            for part in parts
        ]
        call = functools.partial(_run_together, of_parts, pool.retries)
        shares.append(dataclasses.replace(parts[0], call=call, parts=parts))
    return shares


def _run_together(jobs: Sequence[Settings], retries: int) -> list[Exception | None]:
    """Run several jobs inside one process, and return what each has raised."""
    from goldilocks.run.together import run_jobs  # With Keras, for this process alone.

    return run_jobs(jobs, retries=retries)
