"""Which words a network has learned to take for each other.

Source: Chollet, Deep Learning with Python (2017), section 6.1.2: the geometry of an embedding is
    what its task taught.
"""

import string
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from goldilocks.dataset import Vectorization
from goldilocks.encoding import vectorization
from goldilocks.interpret.layer_graph import opened

RESERVED = 2  # Indices 0 and 1 are padding and unknown words.
WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)  # what Keras strips
SHORTEST = 1e-9  # length of a vector that has no direction


class Neighbours(NamedTuple):
    """A word and the words around it, the nearest first, with the cosine of the angle to each, -1 to 1."""

    word: str
    nearest: list[str]
    cosines: list[float]


def vectors(model: keras.Model) -> np.ndarray | None:
    """The learned vectors of the words, float32 (words, dimensions); None of a network without an embedding."""
    for layer in opened(model).layers.values():
        if isinstance(layer, keras.layers.Embedding):
            return keras.ops.convert_to_numpy(layer.embeddings)
    return None


def telling(matrix: np.ndarray, words: Sequence[str], count: int) -> list[str]:
    """The words whose vectors training has moved farthest from the mean of all, at most `count`, the farthest first.

    Args:
        matrix: float32 (words or more, dimensions).
        words: By their indices, the first two standing for padding and unknown words.
        count: How many.
    """
    known = matrix[RESERVED : len(words)]
    distances = np.linalg.norm(known - known.mean(axis=0), axis=1)
    return [words[RESERVED + int(index)] for index in np.argsort(-distances, kind="stable")[:count]]


def nearest(
    matrix: np.ndarray, words: Sequence[str], asked: Sequence[str], count: int
) -> list[Neighbours]:
    """The nearest neighbours of some words, by the cosine of the angle between the vectors.

    Args:
        matrix: float32 (words or more, dimensions).
        words: By their indices, the first two standing for padding and unknown words; these are no
            neighbours.
        asked: Whose neighbours; a word that is not in `words` is left out.
        count: Neighbours of each.
    """
    known = matrix[RESERVED : len(words)]
    directions = known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), SHORTEST)
    places = {word: index for index, word in enumerate(words[RESERVED:])}
    found = []
    for word in asked:
        if word not in places:
            continue
        cosines = directions @ directions[places[word]]
        cosines[places[word]] = -np.inf
        order = np.argsort(-cosines, kind="stable")[: min(count, len(known) - 1)]
        around = [words[RESERVED + int(index)] for index in order]
        found.append(Neighbours(word, around, [float(cosine) for cosine in cosines[order]]))
    return found


def weighed(
    encoder: keras.Model, how: Vectorization, text: str, features: np.ndarray, shares: np.ndarray
) -> list[tuple[str, float]]:
    """The words of a text with what each adds to the evidence, in reading order.

    Args:
        encoder: Of texts (`vectorization.encoder`).
        how: What it was made from.
        text: As it is.
        features: What the encoder makes of it: indices (length,), one-hot (length, words), or a bag
            (words,).
        shares: Of each feature (`saliency.saliency`), the same shape.

    Returns:
        Empty where the encoder keeps no words, because it hashes.
    """
    lookups = [
        layer for layer in encoder.layers if isinstance(layer, keras.layers.TextVectorization)
    ]
    if not lookups:
        return []
    names = list(map(str, lookups[0].get_vocabulary()))
    if features.ndim == 1 and not vectorization.is_sequence(encoder):
        bare = (
            text.lower()
            if how.token == "character"
            else text.lower().translate(WITHOUT_PUNCTUATION)
        )
        places = {name: index for index, name in enumerate(names)}
        tokens = bare.split() if how.token == "word" else bare
        return [(token, float(shares[places.get(token, 0)])) for token in tokens]
    indices, weights = (
        (features.argmax(axis=-1), shares.sum(axis=-1))
        if features.ndim == 2
        else (features, shares)
    )
    read = [
        (names[int(index)], float(weight))
        for index, weight in zip(indices, weights, strict=True)
        if index != vectorization.PADDING
    ]
    return read[::-1] if how.reverse else read
