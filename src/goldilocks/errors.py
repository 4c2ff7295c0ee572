"""The errors that a person can mend, under one `UserError`; each message says how.

A message says what happened with the values that caused it, what was expected, and what to type
instead. The commands end with the message and exit status 1; only other errors show a traceback.
"""

import contextlib
import difflib
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

MOST_NEIGHBOURS = 1_000  # files of a folder, among which a misspelled one is looked for


def nearest(name: str, options: Iterable[str]) -> str | None:
    """Return the option that is spelled like a name, if one is.

    >>> nearest("mpl", ["mlp", "rnn"]), nearest("cnn", ["mlp", "rnn"])
    ('mlp', None)
    """
    names = list(options)
    swapped = [option for option in names if sorted(option) == sorted(name)]
    close = swapped or difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return close[0] if close else None


def did_you_mean(name: str, options: Iterable[str], show: Callable[[str], object] = str) -> str:
    """Return the end of a message: the option nearest to a name, as `show` writes it, if any is.

    >>> did_you_mean("mpl", ["mlp", "rnn"])
    ' Did you mean mlp?'
    """
    close = nearest(name, options)
    return f" Did you mean {show(close)}?" if close is not None else ""


def did_you_mean_file(path: Path) -> str:
    """Return the end of a message: the file or folder beside a path whose name is nearest."""
    names: list[str] = []
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        names = [entry.name for entry in itertools.islice(entries, MOST_NEIGHBOURS)]
    return did_you_mean(path.name, names, path.with_name)


def unknown(name: str, options: Sequence[str], *, what: str) -> str:
    """Return the sentence for a name that does not exist, with the nearest one that does."""
    hint = did_you_mean(name, options)
    return f"{name} is not {what}; expected one of {', '.join(options)}.{hint}"


class UserError(Exception):
    """Base class of every error that a person can mend."""


class AnalysisError(UserError):
    """The network cannot be analysed as requested."""


class ConfigError(UserError):
    """The configuration is wrong; the message lists every error in it."""


class DataError(UserError):
    """The data cannot be used."""


class SourceUnavailable(DataError):
    """The original data cannot be fetched: no network, a wrong checksum, or a server refuses.

    Attributes:
        offline: Whether there is no connection, and nothing else is wrong.
    """

    def __init__(self, message: str, *, offline: bool = False):
        super().__init__(message)
        self.offline = offline


class HistoryError(UserError, ValueError):
    """The history of a training, or what is known beside it, cannot be judged."""


class JobError(UserError):
    """A job of a sweep or of a workflow failed."""


class ModelError(UserError):
    """The model cannot be built for these inputs."""


class ProblemError(UserError):
    """The problem type, the loss, the metrics and the monitored value do not go together."""


class SealError(UserError):
    """The test rows were evaluated before; the message says by which run and when."""


class SplitError(UserError):
    """The rows cannot be split as requested."""


class StoreError(UserError):
    """The tracking store cannot be reached, read or written."""
