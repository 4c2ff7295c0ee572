"""How the evidence for a class changes with what a layer puts out."""

from typing import NamedTuple

import keras
import numpy as np

from goldilocks.backend import tf
from goldilocks.interpret.layer_graph import Opened, score


class Gradients(NamedTuple):
    """Of one batch of rows.

    Attributes:
        values: What the layer put out, float32 (rows, ...).
        gradients: Of the evidence with respect to these, the same shape.
        predictions: float32 (rows, outputs).
        labels: The class of each row that the evidence is for, int64 (rows,); 0 of a regression.
    """

    values: np.ndarray
    gradients: np.ndarray
    predictions: np.ndarray
    labels: np.ndarray


def of_evidence(network: Opened, tensor, rows, *, labels: np.ndarray | None) -> Gradients:
    """The gradients of the evidence for a class with respect to a tensor inside of a network.

    Of a network with one output, label 1 means that output, and label 0 its negative where it is a
    probability.

    Args:
        network: Taken apart.
        tensor: One of its tensors or its input; symbolic.
        rows: As the network takes them.
        labels: One class for each row; None: the one that is predicted.
    """
    evidence = score(network)
    probable = evidence is not network.model.outputs[0]
    looking = keras.Model(network.model.input, [tensor, evidence, network.model.outputs[0]])
    given = keras.ops.convert_to_tensor(rows)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        if given.dtype.is_floating:
            tape.watch(given)
        tape.watch([variable.value for variable in looking.weights])  # Those that are frozen, too.
        values, sums, predictions = looking(given, training=False)
        said = keras.ops.convert_to_numpy(predictions)
        chosen = _decided(said, probable) if labels is None else np.asarray(labels, "int64")
        if said.shape[1] == 1:
            signs = np.where(chosen > 0, 1.0, -1.0) if probable else np.ones(len(said))
            wanted = sums[:, 0] * keras.ops.cast(signs, sums.dtype)
        else:
            wanted = keras.ops.sum(
                sums * keras.ops.one_hot(chosen, said.shape[1], dtype=sums.dtype), axis=1
            )
    found = tape.gradient(wanted, given if tensor is network.model.inputs[0] else values)
    values = keras.ops.convert_to_numpy(values)
    gradients = np.zeros_like(values) if found is None else keras.ops.convert_to_numpy(found)
    return Gradients(values, gradients, said, chosen)


def _decided(predictions: np.ndarray, probable: bool) -> np.ndarray:
    """The class that is predicted; of one output, 1 where its probability is above one half."""
    if predictions.shape[1] > 1:
        return predictions.argmax(axis=1)
    return (
        (predictions[:, 0] > 0.5).astype("int64")
        if probable
        else np.zeros(len(predictions), "int64")
    )
