"""Texts -> numbers: a Keras model whose vocabulary comes from training rows.

Source: Deep Learning with Python, 1st edition, section 6.1, "Working with text data".
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from goldilocks.dataset import Vectorization
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError

PADDING, UNKNOWN = 0, 1  # The first two indices of Keras's TextVectorization in a sequence.
BAGS = ("multi_hot", "count")  # Encodings without order, by Keras's names for them.


@keras.saving.register_keras_serializable(package="goldilocks")
class Hashing(keras.layers.Layer):
    """Texts -> the hash bucket of each token.

    The hash is FarmHash64, so it is the same in every process, which Python's own `hash` is not. No
    vocabulary is kept, and words share buckets: the fewer there are, the more words share one
    (Weinberger et al. 2009). A saved model that has this layer is loaded after `import
    goldilocks.encoding.vectorization`.

    Args:
        max_tokens: Buckets are 2 to `max_tokens` - 1, as words' indices are.
        token: "word" or "character".
        **how: As of every Keras layer.

    Returns:
        string (batch,) -> int64 (batch, tokens of the longest), 0 where padded.
    """

    def __init__(self, max_tokens: int, token: str, **how: object):
        super().__init__(**how)
        self.max_tokens, self.token = max_tokens, token

    def call(self, texts: tf.Tensor) -> tf.Tensor:
        """Return the buckets of each text."""
        buckets = tf.strings.to_hash_bucket_fast(tokens(texts, self.token), self.max_tokens - 2)
        return (buckets + 2).to_tensor()

    def compute_output_spec(self, texts: keras.KerasTensor) -> keras.KerasTensor:
        """Return int64 (batch, any)."""
        return keras.KerasTensor((texts.shape[0], None), "int64")

    def get_config(self) -> dict[str, Any]:
        """Return what `__init__` takes."""
        return super().get_config() | {"max_tokens": self.max_tokens, "token": self.token}


def encoder(texts: np.ndarray, how: Vectorization, *, in_order: bool, digest: str) -> keras.Model:
    """Return the encoder of texts.

    Args:
        texts: Training rows, str objects (rows,); the vocabulary is their most frequent tokens.
        how: Says the encoding; of "auto", `in_order` decides.
        digest: Of the texts: their vocabulary is kept in the cache, for the next training on them.
        in_order: Whether the model reads sequences of indices.

    Returns:
        string (batch,) -> "sequence": int32 (batch, maxlen), 0 where padded, 1 for unknown tokens;
        "one_hot": float32 (batch, maxlen, max_tokens); "multi_hot", "count": float32 (batch,
        max_tokens).

    Raises:
        DataError: No text has a token.
    """
    encoding, token, max_tokens = how["encoding"], how["token"], how["max_tokens"]
    if encoding == "auto":
        encoding = "sequence" if in_order else "multi_hot"
    bag = encoding if encoding in BAGS else None

    inputs = keras.Input((), dtype="string", name="text")
    if how["hashing"]:
        numbers = Hashing(max_tokens, token, name="hashing")(inputs)
        if bag:
            counting = keras.layers.CategoryEncoding(max_tokens, "count", name="bag")
            numbers = counting(numbers, count_weights=ops.cast(numbers != PADDING, "float32"))
        if bag == "multi_hot":
            numbers = ops.minimum(numbers, 1)
    else:
        standardize, split = "lower_and_strip_punctuation", "whitespace"
        if token == "character":
            standardize, split = "lower", "character"
        layer = keras.layers.TextVectorization(
            max_tokens=max_tokens,
            standardize=standardize,
            split=split,
            output_mode=bag or "int",
            pad_to_max_tokens=bag is not None,
            name="vocabulary",
        )

        def adapt() -> dict[str, Any]:
            layer.adapt(tf.constant(texts.tolist()), batch_size=1024)
            return {"tokens": layer.get_vocabulary(include_special_tokens=False)}

        key = {"vocabulary": digest, "token": token, "max_tokens": max_tokens, "bag": bag}
        tokens = cache.remembered(key | {"keras": keras.__version__}, adapt)["tokens"]
        if not tokens:
            raise DataError(
                f"None of the {len(texts)} training texts has a {token}; expected texts of "
                "letters or other signs, of which dataset.token=word leaves out punctuation."
            )
        layer.set_vocabulary(tokens)
        numbers = layer(inputs)

    if bag:
        return keras.Model(inputs, ops.cast(numbers, "float32"), name="encoder")

    numbers = _cut_and_padded(numbers, how)
    if encoding == "one_hot":
        numbers = ops.one_hot(numbers, max_tokens, dtype="float32")
    return keras.Model(inputs, numbers, name="encoder")


def is_sequence(encoder: keras.Model) -> bool:
    """Return whether an encoder of texts makes indices to look up, not numbers to compute with."""
    return "int" in str(encoder.output.dtype)


def vocabulary(encoder: keras.Model) -> tuple[str, ...]:
    """Return the tokens by their indices, "" (padding) and "[UNK]" first.

    It is empty where the encoder makes no sequences, and where it hashes, since buckets have no
    names.
    """
    if not is_sequence(encoder):
        return ()
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.TextVectorization):
            return tuple(map(str, layer.get_vocabulary()))
    return ()


def _cut_and_padded(indices: keras.KerasTensor, how: Vectorization) -> keras.KerasTensor:
    """Cut, reverse and pad indices as asked.

    Args:
        indices: Padded at the end to any common length, integer (batch, tokens).
        how: Says how.

    Returns:
        int32 (batch, `maxlen`).
    """
    # One column at least, if all texts are empty.
    indices = ops.pad(ops.cast(indices, "int32"), [[0, 0], [0, 1]])
    count = ops.sum(ops.cast(indices != PADDING, "int32"), axis=1, keepdims=True)
    maxlen = how["maxlen"]
    used = ops.minimum(count, maxlen)

    # Where each token of the output stands among those that are used. Differences only: Keras
    # 3.15.1 takes the second of two summands for a bias where the batch is as long as the rows.
    padding = maxlen - used if how["padding"] == "pre" else 0 * used
    position = ops.reshape(ops.arange(maxlen, dtype="int32"), (1, maxlen)) - padding

    # Where it stands in the text.
    source = position
    if how["truncating"] == "pre":
        source = position - (used - count)
    if how["reverse"]:
        source = count - 1 - source

    tokens = ops.take_along_axis(indices, ops.minimum(ops.maximum(source, 0), count), axis=1)
    return ops.where(ops.logical_and(position >= 0, position < used), tokens, PADDING)


def tokens(texts: tf.Tensor | Sequence[str], token: str) -> tf.RaggedTensor:
    """Return the tokens of texts as Keras's TextVectorization cuts them."""
    lower = tf.strings.lower(texts)
    if token == "character":
        return tf.strings.unicode_split(lower, "UTF-8")
    punctuation = r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']"
    return tf.strings.split(tf.strings.regex_replace(lower, punctuation, ""))
