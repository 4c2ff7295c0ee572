"""All that is printed: results on standard output, notes and warnings on standard error.

Everything goes through the logger `goldilocks` of `logging`. A program that uses this package as a
library silences or routes it there:

    logging.getLogger("goldilocks").setLevel(logging.WARNING)  # no notes, no results
    logging.getLogger("goldilocks").handlers.clear()           # then add handlers of your own
"""

import contextlib
import json
import logging
import os
import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, TextIO

RESULT = 25  # the level of results, between notes (INFO) and warnings
# Environment variable: a file for what the program that started this one reads in the end.
ANSWER = "GOLDILOCKS_ANSWER"

# The password of an address such as postgresql://user:password@host: from the second : to the
# last @, if no port stands there; or that of host/db?password=. Hydra writes \: for : and \= for =
# in the command lines of a sweep's jobs.
PASSWORD = re.compile(
    r"(\w\\?://[^\s/:\\]*\\?:)(?!\d+/)\S+(?=@)|([?&]\w*password\\?=)[^\s&'\"]+", re.IGNORECASE
)

logging.addLevelName(RESULT, "RESULT")
logger = logging.getLogger("goldilocks")


def result(text: str) -> None:
    """Say a result: what a person, or the next program of a pipe, asked for."""
    logger.log(RESULT, "%s", text)


def note(text: str) -> None:
    """Say what happens meanwhile, or how the data was read."""
    logger.info("%s", text)


def warning(text: str) -> None:
    """Say what a person should look into."""
    logger.warning("%s", text)


def draws_progress() -> bool:
    """Return whether notes are shown, and on a terminal, where lines can be drawn over."""
    return logger.isEnabledFor(logging.INFO) and sys.stderr.isatty()


def answer(**values: str) -> None:
    """Write values as JSON for the program that started this one, if it named a file for them."""
    if file := os.environ.get(ANSWER):
        Path(file).write_text(json.dumps(values), encoding="utf-8")


def without_passwords(text: str) -> str:
    """Return a text with *** in place of the passwords in its addresses.

    >>> without_passwords("tracking.uri=postgresql://me:secret@host/db is not there")
    'tracking.uri=postgresql://me:***@host/db is not there'
    """
    return PASSWORD.sub(r"\1\2***", text)


class _Lasting:
    """A standard stream that raises nothing where nobody reads on, or a disk is full.

    Attributes:
        stream: The stream itself.
        lost: Whether that has happened, to any of them.
    """

    lost = False

    def __init__(self, stream: TextIO):
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        """All else is that of the stream."""
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text at once, or lose it."""
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:
            _Lasting.lost = True
            # What is in its buffer, and all that follows, goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
        return len(text)


class _Terminal(logging.Handler):
    """Writes to the present `sys.stdout` and `sys.stderr`: progress bars replace them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record: results to standard output, all else to standard error."""
        stream = sys.stdout if record.levelno == RESULT else sys.stderr
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        stream.write(f"{prefix}{without_passwords(record.getMessage())}\n")
        stream.flush()


@contextlib.contextmanager
def surviving() -> Generator[None]:
    """Let the program go on inside a `with` where nobody reads what it prints, or a disk is full.

    Whoever closes a terminal or types `| head` does not ask a training to end.
    """
    before = sys.stdout, sys.stderr
    # They have all that a stream has.
    sys.stdout, sys.stderr = map(_Lasting, before)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def output_was_lost() -> bool:
    """Return whether something could not be printed inside of `surviving`."""
    return _Lasting.lost


def _open_closed() -> None:
    """Give standard streams that were closed (`2>&-`) an end that takes all and keeps nothing.

    Else the next file, maybe the store, has their number, and gets what libraries print.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))
            _Lasting.lost = True


def _connect() -> None:
    """Let the logger write to the terminal, unless the program has set it up already."""
    _open_closed()
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Terminal())
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


_connect()
