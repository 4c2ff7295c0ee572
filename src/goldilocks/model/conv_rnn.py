"""Convolutions along time under a recurrent layer: chapter 11 of Deep Learning with Python."""

import keras

from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import last
from goldilocks.model.sequences import convolutions, recurrent, sequence_input


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    filters: list[int],
    kernel_size: int,
    pool_size: int,
    activation: str,
    cell: str,
    units: int,
    output_dim: int,
    vectors: str | None,
    trainable: bool,
) -> keras.Model:
    """Build convolutions that shorten a sequence, and a recurrent layer (tanh) that reads it.

    Args:
        facts: Shape of the features and of the predictions, and the vocabulary of texts.
        regularizer: l1 and l2 act on the kernels of the convolutions and of the recurrent layer,
            dropout on the input of the recurrent layer, recurrent dropout on its state.
        filters: Of each convolution, from the first; a max pooling stands between two of them.
        kernel_size: Time steps that a convolution spans.
        pool_size: Time steps that a pooling spans.
        activation: Keras name of the convolutions' activation.
        cell: "simple", "lstm" or "gru".
        units: Of the recurrent layer.
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
    x = recurrent(x, regularizer, cell=cell, units=units, activation="tanh")
    return keras.Model(inputs, last(x, facts, inputs), name="conv_rnn")
