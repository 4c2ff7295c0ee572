"""A model and raw rows -> predictions."""

import functools

import keras
import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.training import batches


def predict(
    encoder: keras.Model,
    model: keras.Model,
    dataset: Dataset,
    rows: np.ndarray,
    *,
    one_of_many: bool = False,
) -> np.ndarray:
    """Return the predictions of rows, in their order.

    Args:
        encoder: Raw rows -> features.
        model: Features -> predictions.
        dataset: The data set that holds the rows.
        rows: int64 (n,).
        one_of_many: Whether many models of this architecture predict, none of them trained by
            Keras: TensorFlow then traces one function for all, which takes longer than to predict
            a few hundred rows.

    Returns:
        float32 (n, outputs).
    """
    network = model
    if one_of_many:
        network = _network(model.to_json())
        network.set_weights(model.get_weights())

    # Shaped as the targets mostly are: then TensorFlow takes the function that `fit` has traced.
    unused = np.zeros((len(dataset.y), model.output_shape[-1]), dtype="float32")
    return network.predict(batches.evaluation(dataset, encoder, rows, unused), verbose=0)


@functools.lru_cache(maxsize=64)  # Of folds each has its own, by the prior of its targets.
def _network(architecture: str) -> keras.Model:
    """Return a network by its JSON, with weights of no meaning."""
    return keras.models.model_from_json(architecture)
