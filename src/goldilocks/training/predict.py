"""A model and raw rows -> predictions."""

import keras
import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.training import batches


def predict(
    encoder: keras.Model, model: keras.Model, dataset: Dataset, rows: np.ndarray
) -> np.ndarray:
    """Return the predictions of rows, in their order.

    Args:
        encoder: Raw rows -> features.
        model: Features -> predictions.
        dataset: The data set that holds the rows.
        rows: int64 (n,).

    Returns:
        float32 (n, outputs).
    """
    # Shaped as the targets mostly are: then TensorFlow takes the function that `fit` has traced.
    unused = np.zeros((len(dataset.y), model.output_shape[-1]), dtype="float32")
    return model.predict(batches.evaluation(dataset, encoder, rows, unused), verbose=0)
