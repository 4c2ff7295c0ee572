"""All that is printed: results on standard output, notes and warnings on standard error.

Everything goes through the logger `goldilocks` of `logging`. A program that uses this package as a
library silences or routes it there:

    logging.getLogger("goldilocks").setLevel(logging.WARNING)  # no notes, no results
    logging.getLogger("goldilocks").handlers.clear()           # then add handlers of your own
"""

import contextlib
import logging
import os
import re
import sys
from collections.abc import Generator

RESULT = 25  # the level of results, between notes (INFO) and warnings

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


def without_passwords(text: str) -> str:
    """Return a text with *** in place of the passwords in its addresses.

    >>> without_passwords("tracking.uri=postgresql://me:secret@host/db is not there")
    'tracking.uri=postgresql://me:***@host/db is not there'
    """
    return PASSWORD.sub(r"\1\2***", text)


class _Terminal(logging.Handler):
    """Writes to the present `sys.stdout` and `sys.stderr`: progress bars replace them.

    Attributes:
        survives: Whether the program goes on where a stream takes nothing: see `surviving`.
        lost: Whether that happened.
    """

    survives = lost = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record: results to standard output, all else to standard error."""
        stream = sys.stdout if record.levelno == RESULT else sys.stderr
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        try:
            stream.write(f"{prefix}{without_passwords(record.getMessage())}\n")
            stream.flush()
        except OSError:
            if not self.survives:
                raise
            self.lost = True
            # What is in its buffer, and all that follows, goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


_terminal = _Terminal()


@contextlib.contextmanager
def surviving() -> Generator[None]:
    """Let the program go on inside a `with` where nobody reads what it prints, or a disk is full.

    Whoever closes a terminal or types `| head` does not ask a training to end.
    """
    before, _terminal.survives = _terminal.survives, True
    try:
        yield
    finally:
        _terminal.survives = before


def output_was_lost() -> bool:
    """Return whether something could not be printed inside of `surviving`."""
    return _terminal.lost


def _open_closed() -> None:
    """Give standard streams that were closed (`2>&-`) an end that takes all and keeps nothing.

    Else the next file, maybe the store, has their number, and gets what libraries print.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))
            _terminal.lost = True


def _connect() -> None:
    """Let the logger write to the terminal, unless the program has set it up already."""
    _open_closed()
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_terminal)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


_connect()
