"""TensorFlow and Keras, imported without what TensorFlow's C++ code writes to standard error.

Import this module before keras or tensorflow, or take them from here. The import starts neither
TensorFlow's runtime nor CUDA: a process that has imported it can be forked.
"""

import contextlib
import functools
import os
import random
import sys
import tempfile
from collections.abc import Generator

import numpy as np

from goldilocks import prepare_environment
from goldilocks.errors import ConfigError

prepare_environment()


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Keep file descriptor 2 away from the terminal; show what was written only after an error."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        except BaseException:
            written.seek(0)
            os.write(terminal, written.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


with _quiet():
    # Keras imports JAX where it is installed, and does without it here: None is an ImportError.
    sys.modules.setdefault("jax", None)  # pyright: ignore[reportArgumentType]
    import keras
    import tensorflow as tf

    if not sys.modules["jax"]:
        del sys.modules["jax"]

    # Else TensorFlow warns of retracing from the third model of a process on.
    tf.get_logger().setLevel("ERROR")

__all__ = ["find_devices", "keras", "preserved", "seed", "tf"]


@functools.cache
def find_devices() -> None:
    """Let TensorFlow look for GPUs now and in silence, not in the middle of a training."""
    with _quiet():
        tf.config.list_physical_devices()


def seed(number: int) -> None:
    """Forget earlier models, and seed Python, NumPy and Keras, so that weights start the same.

    Their memory is freed when Python itself collects garbage: to have it done here took 0.27 s, as
    every object of every module is looked at.
    """
    find_devices()
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(number)


@contextlib.contextmanager
def preserved() -> Generator[None]:
    """Put back after a `with` what a training changes in this process.

    That is the random states of Python, NumPy, TensorFlow and Keras, TensorFlow's deterministic
    mode, and what Keras keeps for the process: names of layers and settings. Inside, Keras has
    the settings of a new process.

    Raises:
        ConfigError: Keras runs on another backend.
    """
    # Neither has a public name for its state.
    from keras.src.backend.common import global_state
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config

    if keras.config.backend() != "tensorflow":
        raise ConfigError(
            f"Keras runs on {keras.config.backend()} in this process; expected TensorFlow. Set "
            'os.environ["KERAS_BACKEND"] = "tensorflow" before keras is imported.'
        )
    states = random.getstate(), np.random.get_state()
    # A training replaces the generator, and draws nothing from this one.
    eager = context.context()
    of_tensorflow = {name: vars(eager).get(name) for name in ("_seed", "_rng")}
    deterministic = config.is_op_determinism_enabled()
    trackers = global_state.GLOBAL_STATE_TRACKER, global_state.GLOBAL_SETTINGS_TRACKER
    numbers = keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()

    keras.utils.clear_session(free_memory=False)
    _set_numbers("float32", 1e-7, "channels_last")
    config.disable_op_determinism()
    try:
        yield
    finally:
        _set_numbers(*numbers)
        global_state.GLOBAL_STATE_TRACKER, global_state.GLOBAL_SETTINGS_TRACKER = trackers
        if deterministic:
            config.enable_op_determinism()
        else:
            config.disable_op_determinism()
        random.setstate(states[0])
        np.random.set_state(states[1])
        vars(eager).update(of_tensorflow)


def _set_numbers(floatx: str, epsilon: float, image_data_format: str) -> None:
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(epsilon)
    keras.config.set_image_data_format(image_data_format)
