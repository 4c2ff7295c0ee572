"""Which parts of a row the evidence for its class hangs on.

Source: K. Simonyan, A. Vedaldi, A. Zisserman: Deep Inside Convolutional Networks, 2014, section 3;
    times the input, as
A. Shrikumar, P. Greenside, A. Kundaje: Learning Important Features Through Propagating Activation
Differences, 2017.
"""

from typing import NamedTuple

import keras
import numpy as np

from goldilocks.interpret.gradients import of_evidence
from goldilocks.interpret.layer_graph import opened


class Saliency(NamedTuple):
    """What each part of some rows adds to the evidence.

    Attributes:
        shares: Gradient times input, float32, the shape of the features; of word indices, summed
            over each word's vector, (rows, length). What is above 0 speaks for the class, what is
            below 0 against it.
        strengths: The gradient's absolute value; of word indices the length of the gradient. The
            same shape.
        predictions: float32 (rows, outputs).
        labels: The class that the evidence is for, int64 (rows,); 0 of a regression.
    """

    shares: np.ndarray
    strengths: np.ndarray
    predictions: np.ndarray
    labels: np.ndarray


def saliency(
    network: keras.Model, features: np.ndarray, *, labels: np.ndarray | None = None
) -> Saliency:
    """The saliency of every feature of some rows.

    Args:
        network: Features -> predictions, of any nesting (`opened.split`).
        features: float32 (rows, ...), or word indices, integer (rows, length), of a network with an
            embedding.
        labels: One class for each row; None: the predicted one.
    """
    flat = opened(network)
    embeddings = [
        name for name, layer in flat.layers.items() if isinstance(layer, keras.layers.Embedding)
    ]
    tensor = flat.tensors[embeddings[0]] if embeddings else flat.model.inputs[0]
    rows = features if embeddings else features.astype("float32")
    found = of_evidence(flat, tensor, rows, labels=labels)
    shares, strengths = found.gradients * found.values, np.abs(found.gradients)
    if embeddings:
        shares, strengths = shares.sum(axis=-1), np.linalg.norm(found.gradients, axis=-1)
    return Saliency(shares, strengths, found.predictions, found.labels)
