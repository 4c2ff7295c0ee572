"""A job's process as the launcher sees it: forked from a server, ended by signals, its answer."""

from __future__ import annotations

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
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cloudpickle
import psutil

from goldilocks.errors import JobError
from goldilocks.jobs.slots import GIB, Slot
from goldilocks.jobs.worker import GRACE, KILL, send_signal, serve, signal_group

CAUSES = {
    "SIGKILL": ": out of memory, or by hand",
    "SIGSEGV": ": a crash in compiled code",
    "SIGABRT": ": compiled code gave up",
}

# Windows cannot fork: there, each job imports what it needs.
FORKS = "forkserver" in multiprocessing.get_all_start_methods()


@dataclass(frozen=True)
class Job:
    """A call to be made in a process of its own.

    Attributes:
        number: Its position in the sweep.
        call: A function without arguments that cloudpickle can serialize.
        log: Its standard output and error are appended to this file.
        name: For people.
        overrides: As its command line has them.
        parts: Jobs of a sweep that this one call does together; it records how each has ended, and
            returns what each has raised, or None.
    """

    number: int
    call: Callable[[], Any]
    log: Path
    name: str = ""
    overrides: tuple[str, ...] = ()
    parts: tuple[Job, ...] = ()


@dataclass(frozen=True)
class JobResult:
    """How a job ended.

    Attributes:
        value: What the call returned.
        error: What the call raised; None if it raised nothing, or its process ended before.
        reason: Why there is no value, in words; "" if there is one.
        seconds: Of its last attempt, from the start of its process to the end.
    """

    value: Any
    error: Exception | None
    reason: str
    seconds: float


@dataclass(eq=False)
class RunningJob:
    """A job's process, and its state so far.

    Attributes:
        job: What it does.
        attempt: Number of the attempt, from 1.
        slot: Its part of the machine.
        process: From multiprocessing.
        results: The connection that its answer comes from.
        began: When its process was there, by `time.monotonic`.
        answer: What it sent, pickled; None until then.
        listening: Whether an answer may still come.
        stopped: Why it was asked to end; "" until then.
        deadline: When it is killed if it has not ended, by `time.monotonic`.
    """

    job: Job
    attempt: int
    slot: Slot
    process: BaseProcess
    results: connection.Connection
    began: float = field(default_factory=time.monotonic)
    answer: bytes | None = None
    listening: bool = True
    stopped: str = ""
    deadline: float = float("inf")

    def listen(self) -> None:
        """Receive the answer, or note that none will come."""
        self.listening = False
        with contextlib.suppress(EOFError, OSError):
            self.answer = self.results.recv_bytes()
            # It has nothing more to do.
            self.deadline = min(self.deadline, time.monotonic() + GRACE)

    def resident(self) -> float:
        """Return the resident memory of the process in GiB; 0 if it is gone."""
        try:
            return psutil.Process(self.process.pid).memory_info().rss / GIB
        except psutil.NoSuchProcess:
            return 0.0

    def stop(self, reason: str, *, grace: float) -> None:
        """Ask the process to end, once; it may be killed `grace` seconds later."""
        if not self.stopped:
            self.stopped, self.deadline = reason, time.monotonic() + grace
            self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        """Send a signal to the process and to those that it has started."""
        assert self.process.pid is not None
        send_signal(self.process.pid, number)

    def conclude(self) -> JobResult:
        """Return the result of a process that has ended; what it has started ends with it."""
        assert self.process.pid is not None
        self.process.join()
        seconds, status = time.monotonic() - self.began, self.process.exitcode
        signal_group(self.process.pid, KILL)

        if self.listening and self.results.poll():
            self.listen()
        self.results.close()
        self.process.close()

        if self.answer is None:
            return JobResult(None, None, self.stopped or _cause(status or 0), seconds)
        try:
            value, error = pickle.loads(self.answer)
        except Exception as caught:  # Whatever a class does when it is made again.
            value, error = None, JobError(f"its result cannot be read: {caught}")
        reason = ""
        if error is not None:
            reason = self.stopped or f"{type(error).__name__}: {error}"
        return JobResult(value, error, reason, seconds)


def start(job: Job, attempt: int, slot: Slot, preload: Sequence[str]) -> RunningJob:
    """Start a process for a job.

    Args:
        job: To be done.
        attempt: Number of the attempt, from 1.
        slot: Its part of the machine.
        preload: Modules that the fork server imports when it starts, with the first job.

    Raises:
        JobError: The server ended while it imported the modules.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    arguments = (sender, cloudpickle.dumps(job.call), job.log, {**os.environ, **slot.environment})
    spawn = multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver") if FORKS else spawn
    process = context.Process(target=serve, args=arguments, name=f"job {job.number}")

    try:
        start_server(preload, slot)
        process.start()
    except (EOFError, ConnectionError) as error:
        raise JobError(
            f"No process can be started for job {job.number}: the server that forks them ended "
            f"while it imported {', '.join(preload) or 'nothing'}. Its own message stands above; "
            "if there is none, free some memory."
        ) from error
    finally:
        sender.close()
        if process.pid is None:
            receiver.close()
    return RunningJob(job, attempt, slot, process, receiver)


def start_server(preload: Sequence[str], slot: Slot) -> None:
    """Start the fork server without waiting for its imports.

    Args:
        preload: Modules, by name.
        slot: A job's part of the machine, which the modules may ask for.
    """
    if not FORKS:
        return
    atexit.unregister(stop_server)
    atexit.register(stop_server)
    forkserver.set_forkserver_preload(list(preload))

    # Else the server would start it, and unblock Ctrl-C again.
    resource_tracker.ensure_running()

    # BLAS makes its threads when it is imported; and a module must not come from whatever folder a
    # person is in. The server inherits the blocked signal: Ctrl-C is for the launcher alone.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    before, bound = dict(os.environ), {**slot.environment, "PYTHONSAFEPATH": "1"}
    os.environ.update(bound)
    try:
        forkserver.ensure_running()
    finally:
        for name in bound.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def stop_server() -> None:
    """Kill the fork server: busy with imports, it would hold this program's terminal for long."""
    if not FORKS:
        return
    # The module has no public name for it.
    server = forkserver._forkserver._forkserver_pid  # pyright: ignore
    if server is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, KILL)


def _cause(status: int) -> str:
    """Explain the exit status of a process that gave no result."""
    # 128 and more: it handled the signal itself, and then said so.
    number = -status if status < 0 else status - 128
    if number not in set(signal.Signals):
        return f"ended with exit status {status} before it gave a result"
    name = signal.Signals(number).name
    return f"killed by signal {number} ({name}){CAUSES.get(name, '')}"
