"""Weights that Keras downloads: what to say when it fails."""

import contextlib
import re
from collections.abc import Generator

from goldilocks.dataset.sources import original
from goldilocks.errors import ModelError


@contextlib.contextmanager
def explained(name: str) -> Generator[None]:
    """Explain why a network of `keras.applications`, made within, could not get its weights.

    Args:
        name: Of the network.

    Raises:
        ModelError: The weights could not be downloaded or stored.
    """
    try:
        with original.patience():
            yield
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        message = str(error).strip().rstrip(".")
        download = re.match(r"URL fetch failure on (\S+): (.*)", message, re.DOTALL)
        corrupted = message.startswith("Incomplete or corrupted file")
        if not (download or corrupted or isinstance(error, OSError)):
            raise

        reason, file = message, f"the file of {name}"
        if download:
            address, reason = download.groups()
            file = f"{address.rsplit('/', 1)[-1]} (from {address})"
        raise ModelError(
            f"model.weights is imagenet, and the weights of {name} cannot be had: "
            f"{reason or type(error).__name__}. Expected the network, or {file} in the folder "
            "models of $KERAS_HOME (else ~/.keras); put the file there, or start from a run of "
            "your own (model.base=run model.init_from=RUN_ID), or untrained (model.weights=null)."
        ) from error
