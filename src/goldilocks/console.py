"""All that is printed: results on standard output, notes and warnings on standard error.

Everything goes through the logger `goldilocks` of `logging`. A program that uses this package as a
library silences or routes it there:

    logging.getLogger("goldilocks").setLevel(logging.WARNING)  # no notes, no results
    logging.getLogger("goldilocks").handlers.clear()           # then add handlers of your own
"""

import logging
import sys

RESULT = 25  # the level of results, between notes (INFO) and warnings

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


class _Terminal(logging.Handler):
    """Writes to the present `sys.stdout` and `sys.stderr`: progress bars replace them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record: results to standard output, all else to standard error."""
        stream = sys.stdout if record.levelno == RESULT else sys.stderr
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        stream.write(f"{prefix}{record.getMessage()}\n")
        stream.flush()


def _connect() -> None:
    """Let the logger write to the terminal, unless the program has set it up already."""
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Terminal())
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


_connect()
