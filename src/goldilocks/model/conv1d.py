"""Convolutions along time: chapter 11 of Deep Learning with Python."""

import keras

from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import dropout, last
from goldilocks.model.sequences import convolutions, sequence_input


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    filters: list[int],
    kernel_size: int,
    pool_size: int,
    activation: str,
    output_dim: int,
    vectors: str | None,
    trainable: bool,
) -> keras.Model:
    """Build convolutions with max poolings between them; each filter's maximum over time predicts.

    Args:
        facts: Shape of the features and of the predictions, and the vocabulary of texts.
        regularizer: l1 and l2 act on the kernels of the convolutions, dropout before the last
            layer.
        filters: Of each convolution, from the first.
        kernel_size: Time steps that a convolution spans.
        pool_size: Time steps that a pooling spans.
        activation: Keras name of the convolutions' activation.
        output_dim: Size of each word's vector, for texts.
        vectors: For texts: None: learned from scratch; else the source of pretrained ones, as
            `vectors.load` takes it.
        trainable: For texts: whether training changes the word vectors.

    Returns:
        An uncompiled model: int32 (batch, length) of texts, float32 (batch, time steps, columns) of
        series -> (batch, outputs).

    Raises:
        ModelError: The input is too short for the convolutions, has no order, or the word vectors
            cannot be read.
        SourceUnavailable: The stand-in's vectors cannot be fetched.
    """
    inputs, x = sequence_input(facts, output_dim, vectors, trainable)
    x = convolutions(x, regularizer, filters, kernel_size, pool_size, activation)
    x = dropout(keras.layers.GlobalMaxPooling1D()(x), regularizer)
    return keras.Model(inputs, last(x, facts, inputs), name="conv1d")
