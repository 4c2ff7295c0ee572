"""A job's process as the launcher sees it: forked from a server, told to end, and found to have ended."""

import atexit
import contextlib
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import cloudpickle
import psutil

from goldilocks.errors import JobError
from goldilocks.jobs.slots import GIB, Slot
from goldilocks.jobs.worker import GRACE, serve

CAUSES = {
    signal.SIGKILL: ": out of memory, or by hand",
    signal.SIGSEGV: ": a crash in compiled code",
    signal.SIGABRT: ": compiled code gave up",
}


@dataclass(frozen=True)
class Job:
    """A call that is made in a process of its own.

    Attributes:
        number: Its place in the sweep.
        call: A function of no arguments that cloudpickle can take along.
        log: Its standard output and error are appended to this file.
    """

    number: int
    call: Callable[[], Any]
    log: Path


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        value: What the call gave; None where it gave nothing.
        error: What the call raised; None where it raised nothing, or its process ended before.
        reason: Why there is no value, in words; "" where there is one.
        seconds: Of its last try, from the start of its process to the end.
    """

    value: Any
    error: Exception | None
    reason: str
    seconds: float


@dataclass(eq=False)
class Running:
    """A job's process, and what is known of it so far.

    Attributes:
        job: What it does.
        attempt: Which try of the job, from 1.
        slot: What it has of the machine.
        process: Of multiprocessing.
        results: Where its answer comes from.
        began: When its process was there, by `time.monotonic`.
        answer: What it sent, pickled; None until then.
        listening: Whether an answer may still come.
        stopped: Why it was told to end; "" until then.
        deadline: When it is killed if it has not ended, by `time.monotonic`.
    """

    job: Job
    attempt: int
    slot: Slot
    process: ForkServerProcess
    results: connection.Connection
    began: float = field(default_factory=time.monotonic)
    answer: bytes | None = None
    listening: bool = True
    stopped: str = ""
    deadline: float = float("inf")

    def listen(self) -> None:
        """Take the answer, or note that none will come."""
        self.listening = False
        with contextlib.suppress(EOFError, OSError):
            self.answer = self.results.recv_bytes()
            self.deadline = min(
                self.deadline, time.monotonic() + GRACE
            )  # It has nothing more to do.

    def resident(self) -> float:
        """GiB of memory that the process has resident; 0 of one that is gone."""
        try:
            return psutil.Process(self.process.pid).memory_info().rss / GIB
        except psutil.NoSuchProcess:
            return 0.0

    def stop(self, reason: str, *, grace: float) -> None:
        """Tell the process to end, once; so many seconds later, it is to be killed."""
        if not self.stopped:
            self.stopped, self.deadline = reason, time.monotonic() + grace
            self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        """Send a signal to the process and to those that it has started."""
        assert self.process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            try:
                os.killpg(self.process.pid, number)
            except (
                ProcessLookupError
            ):  # It is so young that it has not made its group yet, or it is gone.
                os.kill(self.process.pid, number)

    def conclude(self) -> Ended:
        """How the job ended, whose process has ended; what that has started ends with it."""
        assert self.process.pid is not None
        self.process.join()
        seconds, status = time.monotonic() - self.began, self.process.exitcode
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.listening and self.results.poll():
            self.listen()
        self.results.close()
        self.process.close()
        if self.answer is None:
            return Ended(None, None, self.stopped or _cause(status or 0), seconds)
        try:
            value, error = pickle.loads(self.answer)
        except Exception as caught:  # Whatever a class does when it is made again.
            value, error = None, JobError(f"its result cannot be read: {caught}")
        if error is None:
            return Ended(value, None, "", seconds)
        return Ended(None, error, self.stopped or f"{type(error).__name__}: {error}", seconds)


def start(job: Job, attempt: int, slot: Slot, preload: Sequence[str]) -> Running:
    """Fork a process for a job.

    Args:
        job: To be done.
        attempt: Which try of it, from 1.
        slot: What it has of the machine.
        preload: Modules that the server imports when it starts, by name; it starts with the first
            job.

    Raises:
        JobError: The server ends while it imports the modules.
    """
    ours, theirs = multiprocessing.Pipe(duplex=False)
    arguments = (theirs, cloudpickle.dumps(job.call), job.log, {**os.environ, **slot.environment})
    process = multiprocessing.get_context("forkserver").Process(
        target=serve, args=arguments, name=f"job {job.number}"
    )
    try:
        serve_forks(preload, slot)
        process.start()
    except (EOFError, ConnectionError) as error:
        raise JobError(
            f"No process can be started for job {job.number}: the server that forks them ended "
            "while it imported "
            f"{', '.join(preload) or 'nothing'}. What it said stands above; if it is nothing, free "
            "some memory."
        ) from error
    finally:
        theirs.close()
        if process.pid is None:
            ours.close()
    return Running(job, attempt, slot, process, ours)


def serve_forks(preload: Sequence[str], slot: Slot) -> None:
    """Have the server run from which jobs are forked; nobody waits until it has imported what it shall.

    Args:
        preload: Modules, by name.
        slot: What a job has of the machine, which the modules may ask for.
    """
    atexit.unregister(stop_server)
    atexit.register(stop_server)
    forkserver.set_forkserver_preload(list(preload))
    # BLAS makes its threads when it is imported; and a module must not come from whatever folder a
    # person is in.
    ours = {**slot.environment, "PYTHONSAFEPATH": "1"}
    before = {name: os.environ[name] for name in ours if name in os.environ}
    # Else the server would start it, and that takes the next line back.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT}
    )  # The server inherits it: Ctrl-C is not for it.
    try:
        os.environ.update(ours)
        forkserver.ensure_running()
    finally:
        for name in ours.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def stop_server() -> None:
    """End the server at once: in the midst of its imports it would keep this program's terminal, or pipes, for long."""
    server = forkserver._forkserver._forkserver_pid  # pyright: ignore[reportAttributeAccessIssue]
    if server is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, signal.SIGKILL)


def _cause(status: int) -> str:
    """What the exit status of a process without a result says."""
    number = (
        -status if status < 0 else status - 128
    )  # 128 and more: it met the signal itself, and then said so.
    if number in set(signal.Signals):
        name = signal.Signals(number)
        return f"killed by signal {number} ({name.name}){CAUSES.get(name, '')}"
    return f"ended with exit status {status} before it gave a result"
