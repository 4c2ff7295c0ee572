"""How MLflow loads a logged model to serve it: raw rows -> predictions."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from goldilocks.errors import ModelError

if TYPE_CHECKING:
    import keras

DESCRIPTION = "MLmodel"  # MLflow's file on what a folder holds
ONE_NUMBER = "one_number"  # in the metadata of a model: it predicts one number
DATA = "data"  # MLflow's folder for what Keras has saved
FILE = f"{DATA}/model.keras"
# What Keras raises for layers that it does not know or takes for unsafe, and for damaged files.
DAMAGED = (
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
LOADERS = ("goldilocks.tracking.served", "mlflow.keras")


class Served:
    """A logged Keras model that takes rows as a request has them."""

    def __init__(self, model: keras.Model, *, one_number: bool):
        """Serve a model from raw rows to predictions: float32 (rows,) of one number."""
        self.model = model
        self.one_number = one_number

    def predict(self, rows: Any, params: Any = None) -> np.ndarray:
        """Return predictions, float32 (rows, outputs), or of one number (rows,).

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
        predictions = self.model.predict(encoder.tensors(raw), verbose=0)
        return predictions[:, 0] if self.one_number else predictions


def load(folder: Path) -> keras.Model:
    """Load the Keras model in a folder of MLflow's, running no code but ours and Keras's.

    A store may be anybody's: MLflow's own function would run what an exported graph says.

    Args:
        folder: With MLflow's file `MLmodel` and the model's data.

    Raises:
        ModelError: It holds something else than a model that this program has logged.
    """
    expected = "expected a Keras model that this program has logged"
    try:
        described = yaml.safe_load((folder / DESCRIPTION).read_text(encoding="utf-8"))
        flavors = described["flavors"]
        exported, data = flavors["keras"]["save_exported_model"], flavors["keras"]["data"]
        loader = flavors["python_function"]["loader_module"]
    except (OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError) as error:
        reason = f"its file {DESCRIPTION} is none of a Keras model"
        raise ModelError(f"{reason}; {expected}.") from error
    if exported is not False or data != DATA:
        raise ModelError(f"it is an exported graph, which can run any code; {expected}.")
    if loader not in LOADERS:
        raise ModelError(f"it asks for the loader {loader}; {expected}.")

    from goldilocks import backend  # isort: skip  First: it is quiet.
    import goldilocks.encoding.vectorization  # noqa: F401  # isort: skip  Defines our layers.

    backend.find_devices()
    import keras

    try:
        return keras.saving.load_model(folder / FILE, compile=False, safe_mode=True)
    except DAMAGED as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ModelError(f"{reason}; {expected}.") from error


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
    described = yaml.safe_load((folder / DESCRIPTION).read_text(encoding="utf-8"))
    metadata = described.get("metadata") or {}
    return Served(load(folder), one_number=metadata.get(ONE_NUMBER, False))
