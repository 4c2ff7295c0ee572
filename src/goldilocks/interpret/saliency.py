"""Which parts of a row the evidence for its class, or for a label, depends on.

Source: K. Simonyan, A. Vedaldi, A. Zisserman: Deep Inside Convolutional Networks, 2014, section 3;
    times the input, as A. Shrikumar, P. Greenside, A. Kundaje: Learning Important Features Through
    Propagating Activation Differences, 2017.
"""

from typing import NamedTuple

import keras
import numpy as np

from goldilocks.interpret.gradients import evidence_gradients
from goldilocks.interpret.layer_graph import unnest


class Saliency(NamedTuple):
    """What each part of some rows adds to the evidence.

    Attributes:
        contributions: Gradient times input, float32, the shape of the features; of word indices,
            summed over each word's vector, (rows, length). What is above 0 speaks for the class or
            label, what is below 0 against it.
        strengths: The gradient's absolute value; of word indices the length of the gradient. The
            same shape.
    """

    contributions: np.ndarray
    strengths: np.ndarray


def saliency(
    network: keras.Model, features: np.ndarray, labels: np.ndarray | None = None
) -> Saliency:
    """Return the saliency of every feature of some rows.

    Args:
        network: Features -> predictions, of any nesting (`transfer.split`).
        features: float32 (rows, ...), or word indices, integer (rows, length), of a network with an
            embedding.
        labels: As of `evidence_gradients`.
    """
    graph = unnest(network)
    for call in graph.calls.values():
        if isinstance(call.layer, keras.layers.Embedding):
            batch = evidence_gradients(graph, call.output, features, labels)
            contributions = (batch.gradients * batch.values).sum(axis=-1)
            return Saliency(contributions, np.linalg.norm(batch.gradients, axis=-1))

    features = features.astype("float32")
    batch = evidence_gradients(graph, graph.model.inputs[0], features, labels)
    return Saliency(batch.gradients * batch.values, np.abs(batch.gradients))
