"""TensorFlow and Keras, imported without the dozen lines that TensorFlow's C++ writes to standard error meanwhile.

Import this module before keras or tensorflow, or take them from here. The import starts neither
TensorFlow's runtime nor CUDA: a process that has imported it can be forked.
"""

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep file descriptor 2 away from the terminal; what was written is shown if something fails meanwhile."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


with _quiet():
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel(
        "ERROR"
    )  # Else the third model of a process is warned of being traced anew.

__all__ = ["find_devices", "keras", "seed", "tf"]


@functools.cache
def find_devices() -> None:
    """Let TensorFlow say what it finds of GPUs now, to no one, and not in the middle of the training."""
    with _quiet():
        tf.config.list_physical_devices()


def seed(number: int) -> None:
    """Forget the models of earlier runs, and seed Python, NumPy and Keras: weights start the same for the same seed."""
    find_devices()
    keras.utils.clear_session()
    keras.utils.set_random_seed(number)
