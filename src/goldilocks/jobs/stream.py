"""The stream of jobs of sweeps and the workflow: a pool, a record per job, a line of progress."""

import numbers
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goldilocks.jobs import records
from goldilocks.jobs.pool import Pool
from goldilocks.jobs.process import Job, JobResult
from goldilocks.jobs.progress import Progress


def stream(
    pool: Pool,
    ask: Callable[[], Job | None],
    tell: Callable[[Job, JobResult], None],
    *,
    sweep_dir: Path,
    total: int | None,
    measure: str,
    higher_is_better: bool,
    value_of: Callable[[Any], object] = lambda value: value,
) -> None:
    """Run jobs until there are no more, record each, and show how many there are.

    Args:
        pool: Runs them.
        ask: Returns the next job whenever a slot is free; None if there is none for now.
        tell: Takes each job with its result, in the order in which they end.
        sweep_dir: The folder of their records.
        total: How many jobs there will be, if that is known.
        measure: Name of what jobs are compared by; "" where they are not, yet.
        higher_is_better: Whether the best job has the highest value.
        value_of: Returns what is compared, from what a job returned; numbers alone are recorded.

    Raises:
        KeyboardInterrupt: Ctrl-C came, and all running jobs have ended.
        JobError: No process can be started.
    """
    progress = Progress(
        total=total,
        slots=len(pool.slots),
        measure=measure,
        higher_is_better=higher_is_better,
    )

    under_way: set[int] = set()  # numbers of jobs that are done together, and not counted yet

    def start() -> Job | None:
        job = ask()
        if job is None:
            return None
        for part in job.parts or (job,):
            records.update(
                sweep_dir,
                part.number,
                name=part.name,
                overrides=part.overrides,
                status="running",
                reason="",
            )
            progress.start()
        under_way.update(part.number for part in job.parts)
        return job

    def look() -> None:
        """Count the jobs that have ended while others of their process go on."""
        for number in sorted(under_way):
            record = records.read(sweep_dir, number)
            if record.status != "running":
                under_way.remove(number)
                progress.end(record)

    def end_together(job: Job, result: JobResult) -> None:
        for part in job.parts:
            if records.read(sweep_dir, part.number).status == "running":  # It did not come so far.
                records.update(
                    sweep_dir,
                    part.number,
                    status="failed",
                    reason=result.reason,
                    seconds=result.seconds,
                )
        look()
        for part, error in zip(job.parts, result.value or [None] * len(job.parts), strict=True):
            record = records.read(sweep_dir, part.number)
            tell(part, JobResult(record.value, error, record.reason, record.seconds or 0.0))

    def end(job: Job, result: JobResult) -> None:
        if job.parts:
            end_together(job, result)
            return
        status, reason, value = "failed", result.reason, None
        if not reason:
            status, value = "finished", comparable(value_of(result.value))
        elif isinstance(result.error, pool.final):
            # An error that a person can mend is a whole sentence; its type would add nothing.
            reason = str(result.error)
        record = records.update(
            sweep_dir, job.number, status=status, reason=reason, value=value, seconds=result.seconds
        )
        progress.end(record)
        tell(job, result)

    with progress.live:
        pool.stream(start, end, look)


def comparable(value: object) -> float | None:
    """Return a value that can be compared as a float, and None for any other."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    return float(value)
