"""Recurrent layers: chapters 9 and 10 of Deep Learning with Python."""

import keras

from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import last, widths
from goldilocks.model.sequences import recurrent, sequence_input


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    cell: str,
    units: int | list[int],
    layers: int,
    activation: str | list[str],
    bidirectional: bool,
    reversed: bool,
    output_dim: int,
    vectors: str | None,
    trainable: bool,
) -> keras.Model:
    """Build a stack of recurrent layers; the last state of the last one predicts.

    Args:
        facts: Shape of the features and of the predictions, and the vocabulary of texts.
        regularizer: l1 and l2 act on the kernels of the recurrent layers, dropout on the input of
            each of them, recurrent dropout on their states.
        cell: "simple", "lstm" or "gru".
        units: Of each recurrent layer, or a list with one number for each.
        layers: Number of recurrent layers, at least 1; not read with a list of units.
        activation: Keras name of the recurrent layers' activation, or a list with one for each.
        bidirectional: Whether each layer reads both ways.
        reversed: Whether time runs backwards.
        output_dim: Size of each word's vector, for texts.
        vectors: For texts: None: learned from scratch; else the source of pretrained ones, as
            `vectors.load` takes it.
        trainable: For texts: whether training changes the word vectors.

    Returns:
        An uncompiled model: int32 (batch, length) of texts, float32 (batch, time steps, columns) of
        series -> (batch, outputs).

    Raises:
        ModelError: The features have no order, or the word vectors cannot be read.
        SourceUnavailable: The stand-in's vectors cannot be fetched.
    """
    sizes, activations = widths(units, layers), activation
    if isinstance(activations, str):
        activations = [activations] * len(sizes)

    inputs, x = sequence_input(facts, output_dim, vectors, trainable)
    if reversed:
        x = keras.ops.flip(x, axis=1)
    for number, (width, name) in enumerate(zip(sizes, activations, strict=True), 1):
        x = recurrent(
            x,
            regularizer,
            cell=cell,
            units=width,
            activation=name,
            bidirectional=bidirectional,
            return_sequences=number < len(sizes),
        )
    return keras.Model(inputs, last(x, facts, inputs), name="rnn")
