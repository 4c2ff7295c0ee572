"""Which words a network has learned to take for each other.

Source: Chollet, Deep Learning with Python (2017), section 6.1.2: the geometry of an embedding is what its task taught.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from goldilocks.analysis.opened import opened

RESERVED = 2  # Indices 0 and 1 are padding and unknown words.
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
    return [words[RESERVED + index] for index in np.argsort(-distances, kind="stable")[:count]]


def nearest(matrix: np.ndarray, words: Sequence[str], asked: Sequence[str], count: int) -> list[Neighbours]:
    """The nearest neighbours of some words, by the cosine of the angle between the vectors.

    Args:
        matrix: float32 (words or more, dimensions).
        words: By their indices, the first two standing for padding and unknown words; these are no neighbours.
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
        found.append(Neighbours(word, [words[RESERVED + index] for index in order], [float(cosines[i]) for i in order]))
    return found
