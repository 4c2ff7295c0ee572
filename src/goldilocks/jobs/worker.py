"""The inside of a job's process: its log, its environment, its end, and how its result returns."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from multiprocessing import connection
from pathlib import Path

import cloudpickle

from goldilocks.errors import JobError

# seconds from SIGTERM to SIGKILL: a run marks itself and sends its last metrics in about one
GRACE = 10.0

# Windows has neither this signal nor groups of processes: what a job has started outlives it.
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
GROUPS = hasattr(os, "killpg")


def serve(
    results: connection.Connection, call: bytes, log: Path, environment: Mapping[str, str]
) -> None:
    """Make a call and send back its result; a job's process does nothing else.

    Args:
        results: Takes the pickled pair (value, None) or (None, the error raised), once.
        call: A function without arguments, pickled by cloudpickle.
        log: Standard output and error are appended to it, those of compiled code too.
        environment: All variables; the server that this process was forked from may have others.
    """
    # A signal to this group reaches what the job has started, too; Ctrl-C in a terminal does not.
    if GROUPS:
        os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The launcher decides when to end.
    write_to(log)
    threading.Thread(target=_end_with_launcher, name="end with launcher", daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)

    try:
        answer = _pickled(cloudpickle.loads(call)())
    except Exception as error:
        traceback.print_exc()
        error.add_note(f"In the job's own process:\n{traceback.format_exc()}")
        answer = cloudpickle.dumps((None, portable(error)))

    sys.stdout.flush()
    sys.stderr.flush()
    results.send_bytes(answer)
    results.close()


def send_signal(process: int, number: int) -> None:
    """Send a signal to the group of a process, or to the process where it has no group.

    Args:
        process: Its ID; nothing happens if it is gone.
        number: Of the signal.
    """
    if signal_group(process, number):
        return
    # It is so young that it has not made its group yet, or it is gone; or there are no groups.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def signal_group(process: int, number: int) -> bool:
    """Send a signal to the group of a process, and return whether there is such a group."""
    if not GROUPS:
        return False
    try:
        os.killpg(process, number)
    except (ProcessLookupError, PermissionError):  # The second on macOS, if all have ended.
        return False
    return True


def write_to(log: Path) -> None:
    """Append standard output and error to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # Something else stands in for it.
            stream.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]


def _end_with_launcher() -> None:
    """Wait until the launcher is gone, then end this process and those that it has started."""
    launcher = multiprocessing.parent_process()
    assert launcher is not None
    connection.wait([launcher.sentinel])

    send_signal(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    send_signal(os.getpid(), KILL)


def _pickled(value: object) -> bytes:
    """Serialize a value for the launcher."""
    try:
        return cloudpickle.dumps((value, None))
    except Exception as error:  # Whatever a class does when it is pickled.
        raise JobError(
            f"its result, a {type(value).__name__}, cannot be sent to the launcher: {error}"
        ) from error


def portable(error: Exception) -> Exception:
    """Return the error itself if the launcher can read it, else its text."""
    try:
        return cloudpickle.loads(cloudpickle.dumps(error))
    except Exception:  # Whatever a class does when it is pickled, or made again.
        return JobError(f"{type(error).__name__}: {error}")
