"""The inside of a job's process: its log, its environment, its end, and the way its result goes back."""

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
from typing import Any

import cloudpickle

from goldilocks.errors import JobError

# seconds from SIGTERM to SIGKILL: a run marks itself and sends its last metrics in about one
GRACE = 10.0


def serve(
    results: connection.Connection, call: bytes, log: Path, environment: Mapping[str, str]
) -> None:
    """Make a call and send back what came of it; this is all that a job's process does.

    Args:
        results: Takes the pickled pair (value, None) or (None, the error raised), once.
        call: A function of no arguments, as cloudpickle has it.
        log: Standard output and error are appended to it, of C++ as well.
        environment: All the variables; the server that this process was forked from may have had
            others.
    """
    # A signal to this group then meets what the job has started, too, and Ctrl-C in a terminal does
    # not.
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The launcher says when to end.
    _write_to(log)
    threading.Thread(target=_end_with_launcher, name="end with launcher", daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    try:
        answer = _pickled(cloudpickle.loads(call)())
    except Exception as error:
        traceback.print_exc()
        error.add_note(f"In the job's own process:\n{traceback.format_exc()}")
        answer = cloudpickle.dumps((None, _portable(error)))
    sys.stdout.flush()
    sys.stderr.flush()
    results.send_bytes(answer)
    results.close()


def _write_to(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # Something else stands in for it.
            stream.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]


def _end_with_launcher() -> None:
    """Wait until the launcher is gone, then end this process and what it has started."""
    launcher = multiprocessing.parent_process()
    assert launcher is not None
    connection.wait([launcher.sentinel])
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


def _pickled(value: Any) -> bytes:
    try:
        return cloudpickle.dumps((value, None))
    except Exception as error:  # Whatever a class does when it is pickled.
        raise JobError(
            f"its result, a {type(value).__name__}, cannot be sent to the launcher: {error}"
        ) from error


def _portable(error: Exception) -> Exception:
    """The error itself where the launcher can have it, else its text."""
    try:
        return cloudpickle.loads(cloudpickle.dumps(error))
    except Exception:  # Whatever a class does when it is pickled, or made again.
        return JobError(f"{type(error).__name__}: {error}")
