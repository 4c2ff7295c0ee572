"""Weights that Keras downloads: how long it may take, and what to say when it fails."""

import contextlib
import re
import socket
import sys
from collections.abc import Iterator

from goldilocks.errors import ModelError

# Seconds without a byte from the server. Keras sets no limit, and a firewall that drops packets
# would hang it for good.
PATIENCE = 20.0


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Within it a network of `keras.applications` is made, which may download its weights.

    Args:
        name: Of the network.

    Raises:
        ModelError: The weights could not be downloaded or stored.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        said = str(error).strip().rstrip(".")
        failed = re.match(r"URL fetch failure on (\S+): (.*)", said, re.DOTALL)
        if not (
            failed or isinstance(error, OSError) or said.startswith("Incomplete or corrupted file")
        ):
            raise
        address, reason = failed.groups() if failed else ("", said)
        file = f"{address.rsplit('/', 1)[-1]} (from {address})" if failed else f"the file of {name}"
        raise ModelError(
            f"model.weights is imagenet, and the weights of {name} cannot be had: "
            f"{reason or type(error).__name__}. "
            f"Expected the network, or {file} in the folder models of $KERAS_HOME (else ~/.keras); "
            "put the file there, "
            "or start from a run of your own (model.base=run model.init_from=RUN_ID), or untrained "
            "(model.weights=null)."
        ) from error
    finally:
        socket.setdefaulttimeout(before)
