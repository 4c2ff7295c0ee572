"""Jobs in processes of their own, several at once: what one does to its process, no other feels, nor the launcher.

The processes are forked from a server that has imported what jobs need (`forkserver` of Python's
multiprocessing), so that every job but the first starts in the time of a fork, and not of an import
of TensorFlow.
"""

import contextlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import connection

from goldilocks.errors import JobError
from goldilocks.jobs.process import Ended, Job, Running, start, stop_server
from goldilocks.jobs.slots import Slot
from goldilocks.jobs.worker import GRACE

INTERRUPTED = "was ended by Ctrl-C"
TICK = 0.2  # seconds between two looks at the clock, at the memory in use, and at Ctrl-C


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Runs jobs, one in each slot.

    Attributes:
        slots: What each of the jobs that run at once has of the machine.
        time_limit: Seconds that a job may take; None: any.
        memory_limit: GiB of memory that a job's process may have resident; None: any.
        retries: How often a job is tried again whose process died or that raised an error.
        final: Errors after which a job is not tried again, since a person must mend something
            first.
        preload: Modules that are imported before processes are forked, by name; those of the first
            pool hold for all.
    """

    slots: Sequence[Slot]
    time_limit: float | None
    memory_limit: float | None
    retries: int
    final: type[Exception]
    preload: Sequence[str]

    def stream(self, ask: Callable[[], Job | None], tell: Callable[[Job, Ended], None]) -> None:
        """Run jobs until there are no more.

        Args:
            ask: Gives the next job whenever a slot is free, or None where there is none for now: it
                is asked again after the next job has ended.
            tell: Is told how each job ended, in the order in which they end.

        Raises:
            KeyboardInterrupt: Ctrl-C came. No job was started any more; those that ran were told to
                end, and have. A second Ctrl-C kills them.
            JobError: No process can be started.
        """
        free, again, more = deque(self.slots), deque[tuple[Job, int]](), True
        running: list[Running] = []
        served = False  # whether the server forked the last process that it was asked for
        with _interrupts(running) as interrupts:
            try:
                while True:
                    while free and not interrupts and (again or more):
                        job, attempt = again.popleft() if again else (ask(), 1)
                        if job is None:
                            more = False
                            continue
                        try:
                            running.append(start(job, attempt, free[0], self.preload))
                            free.popleft()
                            served = True
                        except JobError:
                            if interrupts:  # They have stopped the server.
                                tell(job, Ended(None, None, INTERRUPTED, 0.0))
                            elif served:
                                # It has just been killed, and another one can be started in a
                                # moment.
                                served = False
                                again.appendleft((job, attempt))
                                time.sleep(TICK)
                            else:
                                raise
                    if not running:
                        break
                    for each in self._ended(running, interrupts):
                        running.remove(each)
                        free.append(each.slot)
                        ended, more = each.conclude(), True
                        if not interrupts and self._deserves_another(each, ended):
                            again.append((each.job, each.attempt + 1))
                        else:
                            tell(each.job, ended)
            finally:
                _end(running)
        if interrupts:
            raise KeyboardInterrupt

    def _deserves_another(self, each: Running, ended: Ended) -> bool:
        """Whether a job is tried again: not one that ran into a limit, since it would again."""
        failed = ended.reason and not each.stopped and not isinstance(ended.error, self.final)
        return bool(failed) and each.attempt <= self.retries

    def _ended(self, running: Sequence[Running], interrupts: Sequence[int]) -> list[Running]:
        """Wait for a moment, hold jobs to their limits, and give those whose processes have ended."""
        answers = [each.results for each in running if each.listening]
        ready = set(connection.wait([*answers, *(each.process.sentinel for each in running)], TICK))
        now, ended = time.monotonic(), [each for each in running if each.process.sentinel in ready]
        for each in running:
            if each in ended:
                continue
            if each.results in ready:
                each.listen()
            elif self.time_limit is not None and now - each.began > self.time_limit:
                each.stop(f"ran into its time limit of {self.time_limit:g} s", grace=GRACE)
            elif self.memory_limit is not None and (used := each.resident()) > self.memory_limit:
                each.stop(
                    f"used {used:.3g} GiB, over its memory limit of {self.memory_limit:g} GiB",
                    grace=GRACE,
                )
            if interrupts:
                each.stop(INTERRUPTED, grace=float("inf"))
            if len(interrupts) > 1 or now > each.deadline:
                each.signal(signal.SIGKILL)
        return ended


@contextlib.contextmanager
def _interrupts(running: Sequence[Running]) -> Iterator[list[int]]:
    """Each Ctrl-C is noted and not raised; where this is not the first thread, that one has it."""
    interrupts: list[int] = []

    def note(number, frame):
        interrupts.append(number)
        if not running:  # One may be about to start, and wait for the imports of the server.
            stop_server()
        elif len(interrupts) == 1:  # By its descriptor: this may come in the midst of a print.
            os.write(
                2, b"\ngoldilocks: waiting for the jobs that run to end; Ctrl-C again kills them.\n"
            )

    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


def _end(running: Sequence[Running]) -> None:
    """End the processes of jobs that nobody waits for any more."""
    for each in running:
        each.stop("was given up", grace=GRACE)
    deadline = time.monotonic() + GRACE
    for each in running:
        each.process.join(max(0.0, deadline - time.monotonic()))
        each.signal(signal.SIGKILL)
        each.conclude()
