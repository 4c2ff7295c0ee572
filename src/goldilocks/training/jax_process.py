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
import traceback
from collections.abc import Generator
from typing import IO, Any

from goldilocks.training import interruption

ENVIRONMENT = {
    "KERAS_BACKEND": "jax",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # A GPU's memory is TensorFlow's as well.
    "PYTHONSAFEPATH": "1",  # A module must not come from whatever folder a person is in.
}


class ProgramError(Exception):
    """The process with JAX cannot do what it was told, or is gone."""


class JaxProcess:
    """Calls the methods of the program in a process with JAX."""

    def __init__(self, calls: IO[bytes], results: IO[bytes]):
        """Take the standard input and output of the process."""
        self.calls, self.results = calls, results

    def send(self, method: str, *arguments: Any) -> None:
        """Call a method without waiting for it; `receive` returns the results in their order.

        Raises:
            ProgramError: The process is gone.
        """
        try:
            _write(self.calls, (method, arguments))
        except OSError as error:
            raise ProgramError(f"the process with JAX has ended: {error}") from error

    def receive(self) -> Any:
        """Return what the earliest call returned whose result was not received yet.

        Raises:
            ProgramError: The call raised an error, or the process is gone.
        """
        try:
            value, error = pickle.load(self.results)
        except (EOFError, OSError) as gone:
            raise ProgramError("the process with JAX ended before it answered") from gone
        if error is not None:
            raise ProgramError(error)
        return value

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method, and return what it returns."""
        self.send(method, *arguments)
        return self.receive()


@contextlib.contextmanager
def start() -> Generator[JaxProcess]:
    """Start a process with JAX without waiting for its imports, and end it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **ENVIRONMENT},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield JaxProcess(process.stdin, process.stdout)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with contextlib.suppress(OSError):  # What it has not read.
            process.stdin.close()


def main() -> None:
    """Make the calls that come from the process that has started this one, until it is gone."""
    for name in ("SIGUSR1", *interruption.NAMES):  # The other process decides when to end.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    calls, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Nothing that is printed may come among the results.

    from goldilocks.training.program import Program  # JAX, for this process alone.

    program = Program()
    while True:
        try:
            method, arguments = pickle.load(calls)
        except EOFError:
            return
        try:
            answer = getattr(program, method)(*arguments), None
        except Exception as error:  # Whatever a layer does that JAX cannot trace.
            if os.environ.get("GOLDILOCKS_DEBUG"):
                traceback.print_exc()
            answer = None, f"{type(error).__name__}: {error}".splitlines()[0]
        _write(results, answer)


def _write(file: IO[bytes], value: Any) -> None:
    pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)
    file.flush()


if __name__ == "__main__":
    main()
