"""A process with JAX, which trains many networks as one program for a process with TensorFlow.

It is started anew, never forked: neither TensorFlow's threads nor XLA's survive a fork.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from typing import IO, Any

from goldilocks.training import interruption

ENVIRONMENT = {
    "KERAS_BACKEND": "jax",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # A GPU's memory is TensorFlow's as well.
    "PYTHONSAFEPATH": "1",  # A module must not come from whatever folder a person is in.
}


# What Keras imports where it is there, and a program never uses: 1 s of the 1.8 s of its imports.
UNUSED = "matplotlib", "pandas", "sklearn"

SECONDS_TO_NOTICE = 1  # that the other process is gone, while this one trains


class ProgramError(Exception):
    """The process with JAX cannot do what it was told, or is gone."""


class JaxProcess:
    """Calls the methods of the program in a process with JAX."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]):
        """Take the process, and the file of what it writes to standard error."""
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self.errors = process, errors
        self.calls, self.results = process.stdin, process.stdout

    def send(self, method: str, *arguments: Any) -> None:
        """Call a method without waiting for it; `receive` returns the results in their order.

        Raises:
            ProgramError: The process is gone.
        """
        try:
            _write(self.calls, (method, arguments))
        except OSError as gone:
            raise self._ended() from gone

    def receive(self) -> Any:
        """Return what the earliest call returned whose result was not received yet.

        Raises:
            ProgramError: The call raised an error, or the process is gone.
        """
        try:
            value, error = pickle.load(self.results)
        except (EOFError, OSError, pickle.UnpicklingError) as gone:
            raise self._ended() from gone
        if error is not None:
            raise ProgramError(error)
        return value

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method, and return what it returns."""
        self.send(method, *arguments)
        return self.receive()

    def _ended(self) -> ProgramError:
        """Return the error of a process that is gone, with its code and the last line it wrote."""
        code = self.process.wait()
        self.errors.seek(0)
        last = [b"it wrote no error", *self.errors.read().splitlines()][-1].decode(errors="replace")
        return ProgramError(f"the process with JAX ended with code {code}: {last}")


@contextlib.contextmanager
def start() -> Generator[JaxProcess]:
    """Start a process with JAX without waiting for its imports, and end it afterwards."""
    environment = {**os.environ, **ENVIRONMENT}
    if threads := environment.get("TF_NUM_INTRAOP_THREADS"):  # of the slot of a job
        environment["PJRT_NPROC"] = threads
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-m", __name__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        ) as process,
    ):
        started = JaxProcess(process, errors)
        try:
            yield started
        finally:
            process.kill()
            with contextlib.suppress(OSError):  # What it has not read.
                started.calls.close()


def main() -> None:
    """Make the calls that come from the process that has started this one, until it is gone."""
    for name in ("SIGUSR1", *interruption.NAMES):  # The other process decides when to end.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with, args=[int(sys.argv[1])], daemon=True).start()
    calls, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Nothing that is printed may come among the results.

    # JAX, for this process alone.
    for name in UNUSED:
        sys.modules[name] = None  # pyright: ignore[reportArgumentType]  # An ImportError for Keras.
    from goldilocks.training.program import Program

    for name in UNUSED:  # The module of someone's own layer may import them.
        del sys.modules[name]

    program = Program()
    while True:
        try:
            method, arguments = pickle.load(calls)
        except EOFError:
            return
        try:
            answer = getattr(program, method)(*arguments), None
        except Exception as error:  # Whatever a layer does that JAX cannot trace.
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            answer = None, reason
        _write(results, answer)


def _end_with(parent: int) -> None:
    """End this process when the one that has started it is gone, even in the midst of an epoch."""
    while os.getppid() == parent:
        time.sleep(SECONDS_TO_NOTICE)
    os._exit(1)


def _write(file: IO[bytes], value: Any) -> None:
    pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)
    file.flush()


if __name__ == "__main__":
    main()
