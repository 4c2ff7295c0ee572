"""Signals that end a training in order: at its next batch, with what it has."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import FrameType

from goldilocks import console

# Ctrl-C; a scheduler's or a shutdown's; a closed terminal; Ctrl-\. Windows has the first two.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
SIGNALS = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))


class TrainingInterrupted(Exception):
    """A training was asked to end before its last epoch."""


@dataclass
class Interruption:
    """Whether the process was asked to end: the signal's number, 0 where it was not."""

    number: int = 0

    def end(self) -> None:
        """End as the signal would have ended the process at once.

        Raises:
            KeyboardInterrupt: After Ctrl-C.
            SystemExit: After another signal.
        """
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number:
            raise SystemExit(128 + self.number)


@contextlib.contextmanager
def listening(unit: str = "batch") -> Generator[Interruption]:
    """Note the first signal that asks the process to end; act on the second as before.

    Args:
        unit: After which a training ends.
    """
    interruption = Interruption()

    def note(number: int, frame: FrameType | None) -> None:
        if not interruption.number:
            interruption.number = number
            console.note(f"ending after this {unit}; once more ends at once")
            return
        interruption.end()

    with handling(SIGNALS, note):
        yield interruption


@contextlib.contextmanager
def handling(
    signals: Sequence[int], handler: Callable[[int, FrameType | None], None]
) -> Generator[None]:
    """Call a handler at signals; not outside of the main thread, where Python takes none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
