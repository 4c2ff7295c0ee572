"""Fetch published data sets with Keras's own loaders; every failure is one kind of error."""

import contextlib
import io
import socket
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, TextIO
from urllib.error import HTTPError, URLError

from goldilocks.errors import DataError, SourceUnavailable

# Seconds without a byte from the server. Keras sets no limit, and a firewall that drops packets
# would hang it for good.
PATIENCE = 20.0
# The indices that Keras keeps free below its words.
OFFSET = 3


def from_keras(name: str, function: str = "load_data") -> Any:
    """Return what `keras.datasets.<name>.<function>()` returns.

    Keras checks the published checksum at every load, keeps the file in `$KERAS_HOME/datasets`
    (`~/.keras/datasets`), removes what it had written when a download breaks off, and fetches a
    file again whose checksum differs. What Keras must unpickle to read texts' indices, it restricts
    to NumPy's own arrays.

    Args:
        name: A module of `keras.datasets` that downloads one `<name>.npz`.
        function: Its function: "load_data", or of texts also "get_word_index" and
            "get_label_names".

    Returns:
        Of "load_data", `(x_train, y_train), (x_test, y_test)`.

    Raises:
        SourceUnavailable: The loader failed, whatever its reason: no network, a checksum that
            differs, a full disk.
    """
    from goldilocks.backend import keras  # Seconds, so only when the original is really read.

    file = f"{name}_word_index.json" if function == "get_word_index" else f"{name}.npz"
    try:
        with patience():
            return getattr(getattr(keras.datasets, name), function)()
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        reason = str(error).strip().rstrip(".")
        cause = error.__context__
        if isinstance(cause, HTTPError):
            cause.close()  # Keras leaves the connection of a refusal open.
        raise SourceUnavailable(
            f"The original could not be fetched ({reason or type(error).__name__}). Expected the "
            f"network, or the published {file} in the folder datasets of $KERAS_HOME (else "
            "~/.keras); put the file there, or use dataset.source=stand_in.",
            offline=isinstance(cause, URLError) and not isinstance(cause, HTTPError),
        ) from error


def decode(sequences: Iterable[Sequence[int]], word_index: Mapping[str, int]) -> list[str]:
    """Return the texts behind the sequences of word indices that Keras publishes.

    Args:
        sequences: What `load_data` returns: 0 for padding, 1 for the start of a text, 2 for a word
            that was left out, and `OFFSET` more than its index in `word_index` for every other
            word.
        word_index: What `get_word_index` returns: index by word, from 1.

    Returns:
        A text for each sequence, its words between single spaces. The three indices that stand for
        no word leave nothing behind.

    Raises:
        DataError: An index that stands for no word.
    """
    words = {index + OFFSET: word for word, index in word_index.items()}
    try:
        return [
            " ".join([words[index] for index in sequence if index >= OFFSET])
            for sequence in sequences
        ]
    except KeyError as error:
        raise DataError(
            f"The sequences hold the index {error.args[0]}, and the {len(word_index)} words in the "
            f"index of words have none such ({OFFSET} less). The two files in the folder datasets "
            "of $KERAS_HOME (else ~/.keras) do not belong together; delete them, and they are "
            "fetched again."
        ) from error


class _Connected(io.TextIOBase):
    """Writes on to a stream, but the first text only as another one follows.

    Keras names the URL before it connects, and its progress bar comes after.
    """

    def __init__(self, stream: TextIO):
        self.stream, self.first = stream, ""

    def write(self, text: str) -> int:
        """Write a text, or keep it where it is the name of a URL."""
        if text.startswith("Downloading data from"):
            self.first = text
        else:
            self.stream.write(self.first + text)
            self.first = ""
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self.stream.flush()


@contextlib.contextmanager
def patience() -> Generator[None]:
    """Let Keras download within: with a limit of time, and its progress on standard error.

    Where there is no connection it says nothing.
    """
    default = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        with contextlib.redirect_stdout(_Connected(sys.stderr)):
            yield
    finally:
        socket.setdefaulttimeout(default)
