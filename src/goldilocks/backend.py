"""TensorFlow and Keras, imported without what TensorFlow's C++ code writes to standard error.

Import this module before keras or tensorflow, or take them from here. The import starts neither
TensorFlow's runtime nor CUDA: a process that has imported it can be forked.
"""

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Generator

from goldilocks import prepare_environment

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

__all__ = ["find_devices", "keras", "seed", "tf"]


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
