"""Published data sets as Keras's own loaders fetch them, with every failure said in one kind of error."""

import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import Any

from goldilocks.dataset.sources import SourceUnavailable

# Seconds without a byte from the server. Keras sets no limit, and a firewall that drops packets would hang it for good.
PATIENCE = 20.0


def from_keras(name: str) -> Any:
    """What `keras.datasets.<name>.load_data()` returns: `(x_train, y_train), (x_test, y_test)`.

    Keras checks the published SHA-256 at every load, keeps the file in `$KERAS_HOME/datasets` (`~/.keras/datasets`),
    and removes what it had written when a download breaks off.

    Args:
        name: A module of `keras.datasets` that downloads one `<name>.npz`.

    Raises:
        SourceUnavailable: The loader failed, whatever its reason: no network, a checksum that differs, a full disk.
    """
    from goldilocks.backend import keras  # Seconds, so only when the original is really read.

    try:
        with _patience(PATIENCE), contextlib.redirect_stdout(sys.stderr):
            return getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        reason = str(error).strip().rstrip(".")
        raise SourceUnavailable(
            f"The original could not be fetched ({reason or type(error).__name__}). Expected the network, or "
            f"the published {name}.npz in the folder datasets of $KERAS_HOME (else ~/.keras); put the file there, or "
            "use dataset.source=stand_in."
        ) from error


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """The default time-out of new sockets, for a while."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
