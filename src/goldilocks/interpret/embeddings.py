"""Which words a network has learned to take for each other.

Source: Chollet, Deep Learning with Python (2017), section 6.1.2: the geometry of an embedding is
    what its task taught.
"""

from collections.abc import Sequence

import keras
import numpy as np
import pandas as pd

from goldilocks.dataset import Vectorization
from goldilocks.encoding import vectorization
from goldilocks.interpret.layer_graph import unnest

RESERVED = 2  # Indices 0 and 1 are padding and unknown words.
SHORTEST = 1e-9  # length of a vector that has no direction


def vectors(model: keras.Model) -> np.ndarray | None:
    """Return the learned vectors of the words, float32 (words, dimensions); None without any."""
    for call in unnest(model).calls.values():
        if isinstance(call.layer, keras.layers.Embedding):
            return keras.ops.convert_to_numpy(call.layer.embeddings)
    return None


def outlying(matrix: np.ndarray, words: Sequence[str], count: int) -> list[str]:
    """Return at most `count` words whose vectors are farthest from the mean, the farthest first.

    These are the words that training has moved most.

    Args:
        matrix: float32 (words or more, dimensions).
        words: By their indices; the first two stand for padding and unknown words.
        count: How many.
    """
    used = matrix[RESERVED : len(words)]
    distances = np.linalg.norm(used - used.mean(axis=0), axis=1)
    return [words[RESERVED + int(index)] for index in np.argsort(-distances, kind="stable")[:count]]


def nearest(
    matrix: np.ndarray, vocabulary: Sequence[str], words: Sequence[str], count: int
) -> dict[str, pd.Series]:
    """Return the nearest neighbours of some words, by the cosine between the vectors.

    Args:
        matrix: float32 (words or more, dimensions).
        vocabulary: By their indices; the first two stand for padding and unknown words, which are
            no neighbours.
        words: Whose neighbours; one that is not in the vocabulary is left out.
        count: Neighbours of each.

    Returns:
        By each word the cosines of those around it, -1 to 1, by name, the nearest first.
    """
    used = matrix[RESERVED : len(vocabulary)]
    directions = used / np.maximum(np.linalg.norm(used, axis=1, keepdims=True), SHORTEST)
    names = list(vocabulary[RESERVED:])
    neighbours = {}
    for word in words:
        if word in names:
            cosines = pd.Series(directions @ directions[names.index(word)], names)
            neighbours[word] = cosines.drop(word).nlargest(count)
    return neighbours


def word_weights(
    encoder: keras.Model,
    how: Vectorization,
    text: str,
    features: np.ndarray,
    contributions: np.ndarray,
) -> list[tuple[str, float]]:
    """Return the words of a text with what each adds to the evidence, in reading order.

    Args:
        encoder: Of texts, with a vocabulary (`vectorization.encoder`).
        how: What it was made from.
        text: As it is.
        features: What the encoder makes of it: indices (length,), one-hot (length, words), or a bag
            (words,).
        contributions: Of each feature (`saliency.saliency`), the same shape.
    """
    [lookup] = [
        layer for layer in encoder.layers if isinstance(layer, keras.layers.TextVectorization)
    ]
    names = list(map(str, lookup.get_vocabulary()))
    if features.ndim == 1 and not vectorization.is_sequence(encoder):
        weights = dict(zip(names, contributions, strict=False))
        tokens = vectorization.tokens([text], how["token"]).to_list()[0]
        return [
            (token, float(weights.get(token, contributions[0])))
            for token in map(bytes.decode, tokens)
        ]

    if features.ndim == 2:
        features, contributions = features.argmax(axis=-1), contributions.sum(axis=-1)
    weights = [
        (names[int(index)], float(weight))
        for index, weight in zip(features, contributions, strict=True)
        if index != vectorization.PADDING
    ]
    return weights[::-1] if how["reverse"] else weights
