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

    def __init__(self, max_tokens: int, token: str, counts: str | None = None, **how):
        """Buckets are 2 to `max_tokens` - 1, as words' indices are; `token` is "word" or "character".

        With `counts` "multi_hot" or "count" it gives float32 (batch, max_tokens) instead: whether or how
        often each occurs.
        """
        super().__init__(**how)
        self.max_tokens, self.token, self.counts = max_tokens, token, counts

    def call(self, texts):
        """The buckets of each text."""
        buckets = (
            tf.strings.to_hash_bucket_fast(_tokens(texts, self.token), self.max_tokens - 2) + 2
        )
        if self.counts is None:
            return buckets.to_tensor()
        size = {"minlength": self.max_tokens, "maxlength": self.max_tokens, "dtype": tf.float32}
        return tf.math.bincount(buckets, axis=-1, binary_output=self.counts == "multi_hot", **size)

    def compute_output_spec(self, texts):
        """int64 (batch, any), or float32 (batch, max_tokens)."""
        if self.counts is None:
            return keras.KerasTensor((texts.shape[0], None), "int64")
        return keras.KerasTensor((texts.shape[0], self.max_tokens), "float32")

    @classmethod
    def from_config(cls, config):
        """Return the layer of a saved model; those of earlier versions call `max_tokens` `words`."""
        return cls(**{"max_tokens" if key == "words" else key: config[key] for key in config})

    def get_config(self):
        """What `__init__` takes."""
        return super().get_config() | {
            "max_tokens": self.max_tokens,
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
        string (batch,) -> "sequence": int32 (batch, maxlen), 0 where padded, 1 for unknown tokens;
        "one_hot": float32 (batch, maxlen, max_tokens); "multi_hot", "count": float32 (batch, max_tokens).
    """
    encoding = ("sequence" if in_order else "multi_hot") if how.encoding == "auto" else how.encoding
    inputs = keras.Input((), dtype="string", name="text")
    if how.hashing:
        indices = Hashing(
            how.max_tokens, how.token, encoding if encoding in BAGS else None, name="hashing"
        )(inputs)
        if encoding in BAGS:
            return keras.Model(inputs, indices, name="encoder")
    else:
        layer = keras.layers.TextVectorization(
            max_tokens=how.max_tokens,
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
        numbers = keras.ops.one_hot(numbers, how.max_tokens, dtype="float32")
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
    """Indices padded behind to any common length -> int32 (batch, how.maxlen), cut, turned and padded as asked."""
    ops = keras.ops
    indices = ops.pad(
        ops.cast(indices, "int32"), [[0, 0], [0, 1]]
    )  # One column at least, if all texts are empty.
    count = ops.sum(ops.cast(indices != PADDING, "int32"), axis=1, keepdims=True)
    kept = ops.minimum(count, how.maxlen)
    place = ops.reshape(ops.arange(how.maxlen, dtype="int32"), (1, how.maxlen))
    # Differences only: Keras 3.15.1 takes the second of two summands for a bias where the batch is
    # as long as the rows.
    place = place - (
        (how.maxlen - kept) if how.padding == "pre" else 0 * kept
    )  # among those that are kept
    source = place - (kept - count) if how.truncating == "pre" else place
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
