"""TensorFlow and Keras, imported without the dozen lines that TensorFlow's C++ writes to standard error meanwhile.

Import this module before keras or tensorflow, or take them from here.
"""

import os
import sys
import tempfile


def _import_quietly() -> None:
    """Import Keras with file descriptor 2 kept away from the terminal; what was written is shown if that fails."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            import keras  # noqa: F401
            import tensorflow as tf

            tf.get_logger().setLevel("ERROR")  # Else the third model of a process is warned of being traced anew.
            tf.config.list_physical_devices()  # Says what it found of GPUs now, not in the middle of the training.
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


_import_quietly()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

__all__ = ["keras", "seed", "tf"]


def seed(number: int) -> None:
    """Forget the models of earlier runs, and seed Python, NumPy and Keras: weights start the same for the same seed."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(number)
