"""Texts -> numbers: a Keras model whose vocabulary comes from training rows, and the way back from indices to words.

Source: Deep Learning with Python, 1st edition, section 6.1, "Working with text data".
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from goldilocks.dataset import Vectorization

PADDING, UNKNOWN = 0, 1  # the first two indices of Keras's TextVectorization in a sequence
BAGS = ("multi_hot", "count", "tf_idf")  # encodings without order, by Keras's names for them


@keras.saving.register_keras_serializable(package="goldilocks")
class Hashing(keras.layers.Layer):
    """Texts -> which hash buckets their tokens fall into: string (batch,) -> float32 (batch, buckets), 0 or 1.

    The hash is FarmHash64, so it is the same in every process, which Python's own `hash` is not. Buckets are shared:
    the fewer there are, the more words are told apart no longer (Weinberger et al. 2009).
    """

    def __init__(self, buckets: int, token: str, **how):
        """`buckets` of them; `token` is "word" or "character"."""
        super().__init__(trainable=False, **how)
        self.buckets, self.token = buckets, token

    def call(self, texts):
        """The buckets of each text."""
        hashed = tf.strings.to_hash_bucket_fast(_tokens(texts, self.token), self.buckets)
        rows = tf.cast(hashed.value_rowids(), "int64")
        shape = (tf.cast(tf.shape(texts)[0], "int64"), self.buckets)
        seen = tf.scatter_nd(tf.stack([rows, hashed.values], -1), tf.ones_like(rows, "float32"), shape)
        return tf.minimum(seen, 1.0)

    def compute_output_spec(self, texts):
        """float32 (batch, buckets)."""
        return keras.KerasTensor((texts.shape[0], self.buckets), "float32")

    def get_config(self):
        """What `__init__` takes."""
        return super().get_config() | {"buckets": self.buckets, "token": self.token}


def encoder(texts: np.ndarray, how: Vectorization, *, in_order: bool) -> keras.Model:
    """The encoder of texts.

    Args:
        texts: Training rows, str objects (rows,); the vocabulary is their most frequent tokens.
        how: Says the encoding; of "auto", `in_order` decides.
        in_order: Whether the model reads sequences of indices.

    Returns:
        string (batch,) -> "sequence": int32 (batch, length), 0 where padded, 1 for unknown tokens; "one_hot": float32
        (batch, length, words); "multi_hot", "count", "tf_idf", "hashing": float32 (batch, words).
    """
    encoding = ("sequence" if in_order else "multi_hot") if how.encoding == "auto" else how.encoding
    inputs = keras.Input((), dtype="string", name="text")
    if encoding == "hashing":
        return keras.Model(inputs, Hashing(how.words, how.token, name="hashing")(inputs), name="encoder")
    layer = keras.layers.TextVectorization(
        max_tokens=how.words,
        standardize="lower_and_strip_punctuation" if how.token == "word" else "lower",
        split="whitespace" if how.token == "word" else "character",
        output_mode=encoding if encoding in BAGS else "int",
        pad_to_max_tokens=encoding in BAGS,
        name="vocabulary",
    )
    layer.adapt(tf.constant(texts.tolist()), batch_size=1024)
    numbers = layer(inputs)
    numbers = keras.ops.cast(numbers, "float32") if encoding in BAGS else _fitted(numbers, how)
    if encoding == "one_hot":
        numbers = keras.ops.one_hot(numbers, how.words, dtype="float32")
    return keras.Model(inputs, numbers, name="encoder")


def vocabulary(encoder: keras.Model) -> tuple[str, ...]:
    """The tokens by their indices, "" (padding) and "[UNK]" first; empty of an encoder that makes no sequences."""
    layers = [layer for layer in encoder.layers if isinstance(layer, keras.layers.TextVectorization)]
    if not layers or "int" not in str(encoder.output.dtype):
        return ()
    return tuple(map(str, layers[0].get_vocabulary()))


def decoded(sequence: np.ndarray | Sequence[int], words: Sequence[str]) -> str:
    """The text of a sequence of indices, without the padding, by the vocabulary of its encoder."""
    return " ".join(words[index] for index in sequence if index != PADDING)


def _fitted(indices, how: Vectorization):
    """Indices padded behind to any common length -> int32 (batch, how.length), cut, turned and padded as asked."""
    ops = keras.ops
    indices = ops.pad(ops.cast(indices, "int32"), [[0, 0], [0, 1]])  # One column at least, if all texts are empty.
    count = ops.sum(ops.cast(indices != PADDING, "int32"), axis=1, keepdims=True)
    kept = ops.minimum(count, how.length)
    place = ops.reshape(ops.arange(how.length, dtype="int32"), (1, how.length))
    place = place - (how.length - kept) if how.pad == "before" else place + 0 * kept  # among those that are kept
    source = place + (count - kept) if how.truncate == "before" else place
    source = count - 1 - source if how.reverse else source
    taken = ops.take_along_axis(indices, ops.minimum(ops.maximum(source, 0), count), axis=1)
    return ops.where(ops.logical_and(place >= 0, place < kept), taken, PADDING)


def _tokens(texts, token: str) -> tf.RaggedTensor:
    """The tokens of texts as Keras's TextVectorization cuts them."""
    lower = tf.strings.lower(texts)
    if token == "character":
        return tf.strings.unicode_split(lower, "UTF-8")
    return tf.strings.split(tf.strings.regex_replace(lower, r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']", ""))
