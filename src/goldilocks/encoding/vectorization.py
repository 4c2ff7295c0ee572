"""Texts -> numbers: a Keras model whose vocabulary comes from training rows, and the way back from indices to words.

Source: Deep Learning with Python, 1st edition, section 6.1, "Working with text data".
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from goldilocks.dataset import Vectorization

PADDING, UNKNOWN = 0, 1  # the first two indices of Keras's TextVectorization in a sequence
BAGS = ("multi_hot", "count")  # encodings without order, by Keras's names for them


@keras.saving.register_keras_serializable(package="goldilocks")
class Hashing(keras.layers.Layer):
    """Texts -> the hash bucket of each token: string (batch,) -> int64 (batch, tokens of the longest), 0 where padded.

    The hash is FarmHash64, so it is the same in every process, which Python's own `hash` is not. No
    vocabulary is kept, and words share buckets: the fewer there are, the more are told apart no
    longer (Weinberger et al. 2009). A saved model that has this layer is loaded after `import
    goldilocks.encoding.vectorization`.
    """

    def __init__(self, words: int, token: str, counts: str | None = None, **how):
        """Buckets are 2 to `words` - 1, as words' indices are; `token` is "word" or "character".

        With `counts` "multi_hot" or "count" it gives float32 (batch, words) instead: whether or how
        often each occurs.
        """
        super().__init__(**how)
        self.words, self.token, self.counts = words, token, counts

    def call(self, texts):
        """The buckets of each text."""
        buckets = tf.strings.to_hash_bucket_fast(_tokens(texts, self.token), self.words - 2) + 2
        if self.counts is None:
            return buckets.to_tensor()
        size = {"minlength": self.words, "maxlength": self.words, "dtype": tf.float32}
        return tf.math.bincount(buckets, axis=-1, binary_output=self.counts == "multi_hot", **size)

    def compute_output_spec(self, texts):
        """int64 (batch, any), or float32 (batch, words)."""
        if self.counts is None:
            return keras.KerasTensor((texts.shape[0], None), "int64")
        return keras.KerasTensor((texts.shape[0], self.words), "float32")

    def get_config(self):
        """What `__init__` takes."""
        return super().get_config() | {
            "words": self.words,
            "token": self.token,
            "counts": self.counts,
        }


def encoder(texts: np.ndarray, how: Vectorization, *, in_order: bool) -> keras.Model:
    """The encoder of texts.

    Args:
        texts: Training rows, str objects (rows,); the vocabulary is their most frequent tokens.
        how: Says the encoding; of "auto", `in_order` decides.
        in_order: Whether the model reads sequences of indices.

    Returns:
        string (batch,) -> "sequence": int32 (batch, length), 0 where padded, 1 for unknown tokens;
        "one_hot": float32 (batch, length, words); "multi_hot", "count": float32 (batch, words).
    """
    encoding = ("sequence" if in_order else "multi_hot") if how.encoding == "auto" else how.encoding
    inputs = keras.Input((), dtype="string", name="text")
    if how.hashing:
        indices = Hashing(
            how.words, how.token, encoding if encoding in BAGS else None, name="hashing"
        )(inputs)
        if encoding in BAGS:
            return keras.Model(inputs, indices, name="encoder")
    else:
        layer = keras.layers.TextVectorization(
            max_tokens=how.words,
            standardize="lower_and_strip_punctuation" if how.token == "word" else "lower",
            split="whitespace" if how.token == "word" else "character",
            output_mode=encoding if encoding in BAGS else "int",
            pad_to_max_tokens=encoding in BAGS,
            name="vocabulary",
        )
        layer.adapt(tf.constant(texts.tolist()), batch_size=1024)
        indices = layer(inputs)
        if encoding in BAGS:
            return keras.Model(inputs, keras.ops.cast(indices, "float32"), name="encoder")
    numbers = _fitted(indices, how)
    if encoding == "one_hot":
        numbers = keras.ops.one_hot(numbers, how.words, dtype="float32")
    return keras.Model(inputs, numbers, name="encoder")


def is_sequence(encoder: keras.Model) -> bool:
    """Whether an encoder of texts makes indices to be looked up, and not numbers to compute with."""
    return "int" in str(encoder.output.dtype)


def vocabulary(encoder: keras.Model) -> tuple[str, ...]:
    """The tokens by their indices, "" (padding) and "[UNK]" first; empty of an encoder that makes no sequences.

    Empty as well of one that hashes: its buckets have no names.
    """
    layers = [
        layer for layer in encoder.layers if isinstance(layer, keras.layers.TextVectorization)
    ]
    if not layers or not is_sequence(encoder):
        return ()
    return tuple(map(str, layers[0].get_vocabulary()))


def decoded(sequence: np.ndarray | Sequence[int], words: Sequence[str]) -> str:
    """The text of a sequence of indices, without the padding, by the vocabulary of its encoder."""
    return " ".join(words[index] for index in sequence if index != PADDING)


def _fitted(indices, how: Vectorization):
    """Indices padded behind to any common length -> int32 (batch, how.length), cut, turned and padded as asked."""
    ops = keras.ops
    indices = ops.pad(
        ops.cast(indices, "int32"), [[0, 0], [0, 1]]
    )  # One column at least, if all texts are empty.
    count = ops.sum(ops.cast(indices != PADDING, "int32"), axis=1, keepdims=True)
    kept = ops.minimum(count, how.length)
    place = ops.reshape(ops.arange(how.length, dtype="int32"), (1, how.length))
    # Differences only: Keras 3.15.1 takes the second of two summands for a bias where the batch is
    # as long as the rows.
    place = place - (
        (how.length - kept) if how.pad == "before" else 0 * kept
    )  # among those that are kept
    source = place - (kept - count) if how.truncate == "before" else place
    source = count - 1 - source if how.reverse else source
    taken = ops.take_along_axis(indices, ops.minimum(ops.maximum(source, 0), count), axis=1)
    return ops.where(ops.logical_and(place >= 0, place < kept), taken, PADDING)


def _tokens(texts, token: str) -> tf.RaggedTensor:
    """The tokens of texts as Keras's TextVectorization cuts them."""
    lower = tf.strings.lower(texts)
    if token == "character":
        return tf.strings.unicode_split(lower, "UTF-8")
    return tf.strings.split(
        tf.strings.regex_replace(lower, r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']", "")
    )
