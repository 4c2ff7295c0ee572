"""How MLflow loads a logged model to serve it (`mlflow models serve`, `mlflow.pyfunc`): raw rows -> predictions."""

from pathlib import Path
from typing import Any

import numpy as np


class Served:
    """A logged Keras model that takes rows as a request has them."""

    def __init__(self, model: Any):
        """The model is a `keras.Model` from raw rows to predictions."""
        self.model = model

    def predict(self, rows: Any, params: Any = None) -> np.ndarray:
        """The predictions, float32 (rows, outputs).

        Args:
            rows: As the model's signature says: an array, or for a table a dict of columns. A
                missing category may be null, and a missing number too.
            params: Not used; MLflow passes it.
        """
        from goldilocks.encoding import encoder

        columns = rows if isinstance(rows, dict) else None
        raw = (
            _whole(np.asarray(rows))
            if columns is None
            else {name: _whole(np.asarray(columns[name])) for name in columns}
        )
        return self.model.predict(encoder.tensors(raw), verbose=0)


def _whole(column: np.ndarray) -> np.ndarray:
    """Texts without gaps: "" where one is missing, as in training."""
    if column.dtype.kind not in "OU":
        return column
    filled = np.empty(column.size, dtype=object)
    filled[:] = [value if isinstance(value, str) else "" for value in column.ravel()]
    return filled.reshape(column.shape)


def _load_pyfunc(path: str) -> Served:
    """What MLflow calls, with the folder of the model's data."""
    from goldilocks import backend  # First: it is quiet.
    from goldilocks.encoding import vectorization  # noqa: F401  Keras loads our own layers once they are defined.

    backend.find_devices()
    from mlflow.keras import load_model

    folder = Path(path)
    return Served(load_model(str(folder if (folder / "MLmodel").is_file() else folder.parent)))
