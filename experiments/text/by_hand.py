"""One-hot words, one-hot characters and the hashing trick in NumPy, beside this project's layers.

Run: python experiments/text/by_hand.py

Source: Deep Learning with Python, 1st edition, section 6.1.1 (notebook 8).
"""

import numpy as np
import tensorflow as tf

from goldilocks.dataset import Vectorization
from goldilocks.encoding import vectorization

SAMPLES = ["The cat sat on the mat.", "The dog ate my homework."]
MAXLEN = 10  # words of a text that are kept
CHARACTERS = 50  # of a text that are kept
BUCKETS = 1000  # of the hashing trick


def words(text: str) -> list[str]:
    """Return the words of a text: lower case, without full stops."""
    return text.lower().replace(".", "").split()


def one_hot_words(texts: list[str]) -> tuple[dict[str, int], np.ndarray]:
    """Return an index for each word, from 1, and float64 (texts, MAXLEN, words + 1)."""
    index: dict[str, int] = {}
    for text in texts:
        for word in words(text):
            index.setdefault(word, len(index) + 1)

    encoded = np.zeros((len(texts), MAXLEN, len(index) + 1))
    for number, text in enumerate(texts):
        for position, word in enumerate(words(text)[:MAXLEN]):
            encoded[number, position, index[word]] = 1.0
    return index, encoded


def one_hot_characters(texts: list[str]) -> tuple[dict[str, int], np.ndarray]:
    """Return an index for each character, from 1, and float64 (texts, CHARACTERS, indices + 1)."""
    index: dict[str, int] = {}
    for text in texts:
        for character in text.lower():
            index.setdefault(character, len(index) + 1)

    encoded = np.zeros((len(texts), CHARACTERS, len(index) + 1))
    for number, text in enumerate(texts):
        for position, character in enumerate(text.lower()[:CHARACTERS]):
            encoded[number, position, index[character]] = 1.0
    return index, encoded


def hashed(texts: list[str]) -> np.ndarray:
    """Return each word's bucket, one-hot: float64 (texts, MAXLEN, BUCKETS).

    The bucket is a hash of the word, so no index is kept. Python's own `hash` differs from process
    to process; FNV-1a (Fowler, Noll and Vo) does not.
    """
    encoded = np.zeros((len(texts), MAXLEN, BUCKETS))
    for number, text in enumerate(texts):
        for position, word in enumerate(words(text)[:MAXLEN]):
            encoded[number, position, fnv1a(word) % BUCKETS] = 1.0
    return encoded


def fnv1a(word: str) -> int:
    """Return the 64-bit FNV-1a hash of a word."""
    value = 0xCBF29CE484222325
    for byte in word.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def by_layer(
    texts: list[str],
    *,
    max_tokens: int,
    token: str = "word",
    maxlen: int = MAXLEN,
    hashing: bool = False,
) -> np.ndarray:
    """Return what this project's layer makes of texts: float32 (texts, tokens, indices)."""
    how = Vectorization(
        encoding="one_hot",
        hashing=hashing,
        token=token,
        max_tokens=max_tokens,
        maxlen=maxlen,
        truncating="post",
        padding="post",
        reverse=False,
    )
    encoder = vectorization.encoder(np.array(texts, object), how, in_order=True, digest=str(how))
    return np.asarray(encoder(tf.constant(texts)))


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Return whether two one-hot encodings mark the same tokens as equal.

    They may number them differently: layers give 0 to padding, and begin with the most frequent.
    """
    marked = [array.reshape(-1, array.shape[-1]) for array in (left, right)]
    used = [rows[:, 1:].any(axis=1) for rows in marked]
    first, second = (rows[used[0]].argmax(axis=1) for rows in marked)
    alike = (first[:, None] == first) == (second[:, None] == second)
    return bool((used[0] == (marked[1].argmax(axis=1) > 0)).all() and alike.all())


def main() -> None:
    """Print each encoding, and whether the layer makes the same."""
    index, encoded = one_hot_words(SAMPLES)
    layer = by_layer(SAMPLES, max_tokens=len(index) + 2)
    print(f"one-hot words: {encoded.shape}, {index}")
    print(f"  dataset.encoding=one_hot: {layer.shape}, the same tokens: {same(encoded, layer)}")

    index, encoded = one_hot_characters(SAMPLES)
    layer = by_layer(SAMPLES, token="character", max_tokens=len(index) + 2, maxlen=CHARACTERS)
    print(f"one-hot characters: {encoded.shape}, {len(index)} characters")
    print(f"  dataset.token=character: {layer.shape}, the same tokens: {same(encoded, layer)}")

    encoded = hashed(SAMPLES)
    layer = by_layer(SAMPLES, hashing=True, max_tokens=BUCKETS)
    print(f"hashed words: {encoded.shape}, {int(encoded.any(axis=(0, 1)).sum())} buckets used")
    print(f"  dataset.hashing=true: {layer.shape}, the same tokens: {same(encoded, layer)}")


if __name__ == "__main__":
    main()
