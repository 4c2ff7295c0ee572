"""How the evidence for a class or a label changes with the output of a layer."""

from typing import NamedTuple

import keras
import numpy as np

from goldilocks.backend import tf
from goldilocks.interpret.layer_graph import LayerGraph, evidence


class Gradients(NamedTuple):
    """Of one batch of rows.

    Attributes:
        values: The output of the layer, float32 (rows, ...).
        gradients: Of the evidence with respect to these, the same shape.
        predictions: float32 (rows, outputs).
        labels: The class or label of each row that the evidence is for, int64 (rows,); 0 of a
            regression.
    """

    values: np.ndarray
    gradients: np.ndarray
    predictions: np.ndarray
    labels: np.ndarray


def evidence_gradients(
    graph: LayerGraph,
    tensor: keras.KerasTensor,
    rows: np.ndarray,
    labels: np.ndarray | None = None,
) -> Gradients:
    """Return the gradients of the evidence for a class or a label, by a tensor in a network.

    For a network with one output, label 1 means that output, and label 0 its negative if it is a
    probability.

    Args:
        graph: The network.
        tensor: One of its tensors or its input; symbolic.
        rows: As the network takes them.
        labels: The class or label of each row, int64 (rows,); None: the likeliest class.
    """
    sums_tensor, output = evidence(graph), graph.model.outputs[0]
    probable = sums_tensor is not output
    observed = keras.Model(graph.model.input, [tensor, sums_tensor, output])
    inputs = keras.ops.convert_to_tensor(rows)

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        if inputs.dtype.is_floating:
            tape.watch(inputs)
        tape.watch([variable.value for variable in observed.weights])  # Those that are frozen, too.
        values, sums, predictions = observed(inputs, training=False)
        predictions = keras.ops.convert_to_numpy(predictions)
        if labels is None:
            labels = _likeliest(predictions, probable=probable)
        weights = _weights(labels, predictions.shape[1], probable=probable)
        wanted = keras.ops.sum(sums * keras.ops.cast(weights, sums.dtype), axis=1)
    gradients = tape.gradient(wanted, inputs if tensor is graph.model.inputs[0] else values)

    values = keras.ops.convert_to_numpy(values)
    if gradients is None:
        gradients = np.zeros_like(values)
    return Gradients(values, keras.ops.convert_to_numpy(gradients), predictions, labels)


def _likeliest(predictions: np.ndarray, *, probable: bool) -> np.ndarray:
    """Return the likeliest class of each row, int64 (rows,); of a number 0."""
    if predictions.shape[1] > 1:
        return predictions.argmax(axis=1)
    return (predictions[:, 0] > 0.5).astype("int64") * probable


def _weights(labels: np.ndarray, outputs: int, *, probable: bool) -> np.ndarray:
    """Return what each output counts in the evidence for a class or a label, (rows, outputs)."""
    if outputs > 1:
        return np.eye(outputs)[labels]
    if probable:
        return 2.0 * labels[:, np.newaxis] - 1
    return np.ones((len(labels), 1))
