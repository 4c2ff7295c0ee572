"""How MLflow loads a logged model to serve it: raw rows -> predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


class Served:
    """A logged Keras model that takes rows as a request has them."""

    def __init__(self, model: keras.Model):
        """Serve a model from raw rows to predictions."""
        self.model = model

    def predict(self, rows: Any, params: Any = None) -> np.ndarray:
        """Return predictions, float32 (rows, outputs).

        Args:
            rows: As the model's signature says: an array, or for a table a dict of columns. A
                missing category may be null, and a missing number too.
            params: Not used; MLflow passes it.
        """
        # Imports Keras, which MLflow has not done when it imports this module.
        from goldilocks.encoding import encoder

        if isinstance(rows, dict):
            raw = {name: _filled(np.asarray(column)) for name, column in rows.items()}
        else:
            raw = _filled(np.asarray(rows))
        return self.model.predict(encoder.tensors(raw), verbose=0)


def keras_loader() -> Callable[[str], keras.Model]:
    """Define our layers, and return MLflow's function that loads a Keras model from a folder."""
    from goldilocks import backend  # isort: skip  First: it is quiet.
    import goldilocks.encoding.vectorization  # noqa: F401  # isort: skip  Defines our layers.

    backend.find_devices()
    from mlflow.keras import load_model

    return load_model


def _filled(column: np.ndarray) -> np.ndarray:
    """Replace missing texts by "", as in training; leave numbers as they are."""
    if column.dtype.kind not in "OU":
        return column
    filled = np.empty(column.size, dtype=object)
    filled[:] = [value if isinstance(value, str) else "" for value in column.ravel()]
    return filled.reshape(column.shape)


def _load_pyfunc(path: str) -> Served:  # pyright: ignore  MLflow calls it.
    """Load what `path` holds: MLflow calls this with the folder of the model's data."""
    folder = Path(path)
    if not (folder / "MLmodel").is_file():
        folder = folder.parent
    return Served(keras_loader()(str(folder)))
