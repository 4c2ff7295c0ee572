"""Jobs in processes of their own, several at once: what one does to its process affects no other.

The processes are forked from a server that has imported what jobs need (`forkserver` of Python's
multiprocessing), so that every job but the first starts in the time of a fork, and not of an import
of TensorFlow.
"""

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing import connection

from goldilocks.errors import JobError
from goldilocks.jobs.process import Job, JobResult, RunningJob, start, stop_server
from goldilocks.jobs.slots import Slot
from goldilocks.jobs.worker import GRACE, KILL
from goldilocks.training import interruption

INTERRUPTED = "was ended by Ctrl-C"
TICK = 0.2  # seconds between two looks at the clock, at the memory in use, and at Ctrl-C


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Runs jobs, one in each slot.

    Attributes:
        slots: For each job that runs at once, its part of the machine.
        time_limit: Seconds that a job may take, if there is a limit; of several that are done
            together, so many for each.
        memory_limit: GiB that a job's process may have resident, if there is a limit.
        retries: How often a job is tried again whose process died or that raised an error.
        final: Errors that a person must mend: a job that raises one is not tried again.
        preload: Modules, by name, that are imported before processes are forked; those of the first
            pool hold for all.
    """

    slots: Sequence[Slot]
    time_limit: float | None
    memory_limit: float | None
    retries: int
    final: type[Exception]
    preload: Sequence[str]

    def stream(
        self,
        ask: Callable[[], Job | None],
        tell: Callable[[Job, JobResult], None],
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """Run jobs until there are no more.

        Args:
            ask: Returns the next job whenever a slot is free; None if there is none for now, and it
                is called again after the next job has ended.
            tell: Takes each job with its result, in the order in which they end.
            look: Called several times a second while jobs run.

        Raises:
            KeyboardInterrupt: Ctrl-C came. No more jobs were started, and all running ones were
                asked to end, and have. A second Ctrl-C kills them.
            JobError: No process can be started.
        """
        free, retries, more = deque(self.slots), deque[tuple[Job, int]](), True
        running: list[RunningJob] = []
        served = False  # whether the server forked the last process that was asked for

        with _interrupts(running) as interrupts:
            try:
                while True:
                    while free and not interrupts and (retries or more):
                        job, attempt = retries.popleft() if retries else (ask(), 1)
                        if job is None:
                            more = False
                            continue

                        try:
                            running.append(start(job, attempt, free[0], self.preload))
                            free.popleft()
                            served = True
                        except JobError:
                            if interrupts:  # They have stopped the server.
                                tell(job, JobResult(None, None, INTERRUPTED, 0.0))
                                continue
                            if not served:
                                raise
                            # The server was just killed; another one can be started in a moment.
                            served = False
                            retries.appendleft((job, attempt))
                            time.sleep(TICK)

                    if not running:
                        break
                    look()
                    for ended in self._wait(running, interrupts):
                        running.remove(ended)
                        free.append(ended.slot)
                        result, more = ended.conclude(), True
                        if not interrupts and self._retried(ended, result):
                            retries.append((ended.job, ended.attempt + 1))
                        else:
                            tell(ended.job, result)
            finally:
                _end(running)

        if interrupts:
            raise KeyboardInterrupt

    def _retried(self, ended: RunningJob, result: JobResult) -> bool:
        """Return whether a job is tried again; never after a limit, which it would reach again."""
        if not result.reason or ended.stopped or isinstance(result.error, self.final):
            return False
        return ended.attempt <= self.retries

    def _wait(self, running: Sequence[RunningJob], interrupts: Sequence[int]) -> list[RunningJob]:
        """Wait for a tick, enforce limits, and return the jobs whose processes have ended."""
        answers = [job.results for job in running if job.listening]
        ready = set(connection.wait([*answers, *(job.process.sentinel for job in running)], TICK))
        ended = [job for job in running if job.process.sentinel in ready]

        for job in running:
            if job in ended:
                continue
            if job.results in ready:
                job.listen()
            elif reason := self._limit_reached(job):
                job.stop(reason, grace=GRACE)
            if interrupts:
                job.stop(INTERRUPTED, grace=float("inf"))
            if len(interrupts) > 1 or time.monotonic() > job.deadline:
                job.signal(KILL)
        return ended

    def _limit_reached(self, job: RunningJob) -> str:
        """Return which limit a job is over, in words; "" if it is over none."""
        if self.time_limit is not None:
            limit = self.time_limit * max(1, len(job.job.parts))
            if time.monotonic() - job.began > limit:
                return f"ran into its time limit of {limit:g} s"
        if self.memory_limit is not None and (used := job.resident()) > self.memory_limit:
            return f"used {used:.3g} GiB, over its memory limit of {self.memory_limit:g} GiB"
        return ""


@contextlib.contextmanager
def _interrupts(running: Sequence[RunningJob]) -> Generator[list[int]]:
    """Collect each Ctrl-C instead of raising it; outside the main thread, none comes here."""
    interrupts: list[int] = []

    def collect(number: int, frame: object) -> None:
        interrupts.append(number)
        if not running:  # One may be about to start, and wait for the imports of the server.
            stop_server()
        elif len(interrupts) == 1:
            # By its descriptor: this may come in the middle of a print.
            os.write(
                2, b"\ngoldilocks: waiting for the jobs that run to end; Ctrl-C again kills them.\n"
            )

    with interruption.handling([signal.SIGINT], collect):
        yield interrupts


def _end(running: Sequence[RunningJob]) -> None:
    """End the processes of jobs whose results nobody waits for any more."""
    for job in running:
        job.stop("was given up", grace=GRACE)

    deadline = time.monotonic() + GRACE
    for job in running:
        job.process.join(max(0.0, deadline - time.monotonic()))
        job.signal(KILL)
        job.conclude()
