"""Whether a machine has the room for a model, asked before its training."""

from __future__ import annotations

import gc
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import tensorflow as tf

from goldilocks.errors import ModelError, StoreError

if TYPE_CHECKING:
    import keras

    from goldilocks.config.settings import Settings
    from goldilocks.model import Facts

MIB, GIB = 2**20, 2**30
LARGE = 16 * MIB  # of weights: to free them is worth the tens of milliseconds of a collection
FIGURES = 20 * MIB  # that the plots and tables of a run take at most


def build(settings: Settings, facts: Facts) -> keras.Model:
    """Build the model of a training, if this machine can train and write it.

    Raises:
        ModelError: It has too many layers, or does not fit into memory.
        StoreError: The temporary folder has no room for it.
    """
    too_large = "Use fewer or smaller layers (model.*), or a machine with more memory."
    try:
        model = settings.builder("model")(facts, settings.regularizer)
    except RecursionError as error:
        raise ModelError(
            f"the model has more layers than Keras can build: {error}. {too_large}"
        ) from error
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"the model does not fit into memory: {reason}. {too_large}") from error

    # Of each weight in float32: itself, its gradient, and the two averages of Adam.
    size = 4 * model.count_params()
    if size > LARGE:
        gc.collect()  # An earlier model of this process may still take as much.
    available = psutil.virtual_memory().available
    if 4 * size > available:
        raise ModelError(
            f"the model has {model.count_params():,} weights, whose training takes about "
            f"{4 * size / GIB:.1f} GiB, and {available / GIB:.1f} GiB of memory are available. "
            f"{too_large}"
        )
    try:
        folder = Path(tempfile.gettempdir())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StoreError(f"{error}. Expected a temporary folder with room: set TMPDIR.") from error
    if free < 2 * size + FIGURES:
        raise StoreError(
            f"the temporary folder {folder} has {free / MIB:.0f} MiB free, and what this run "
            f"logs takes about {(2 * size + FIGURES) / MIB:.0f}, which only shows after the "
            "training. Make room there, or set TMPDIR to a folder with room."
        )
    return model
