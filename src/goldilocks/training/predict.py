"""A model and raw rows -> predictions."""

import keras
import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.training import batches


def predict(
    encoder: keras.Model, model: keras.Model, dataset: Dataset, rows: np.ndarray
) -> np.ndarray:
    """The predictions, float32 (n, outputs), for these rows (int64, (n,)), in their order."""
    unused = np.zeros(len(dataset.y), dtype="float32")
    return model.predict(
        batches.evaluation(dataset, encoder, rows, unused, batch_size=batches.ROWS_TO_EVALUATE),
        verbose=0,
    )
