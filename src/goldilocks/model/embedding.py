"""Word vectors under dense layers: chapter 8 of Deep Learning with Python."""

import keras

from goldilocks.errors import ModelError
from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import dense, dropout, last, widths
from goldilocks.model.sequences import sequence_input


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    output_dim: int,
    vectors: str | None,
    trainable: bool,
    units: int | list[int],
    layers: int,
    activation: str,
) -> keras.Model:
    """Build dense layers on the concatenated vectors of a text's words.

    Args:
        facts: Shape of the texts and of the predictions, and the vocabulary.
        regularizer: l1 and l2 act on the hidden kernels; dropout after every hidden layer, or,
            without one, on the word vectors that enter the last layer.
        output_dim: Size of each word's vector.
        vectors: None: learned from scratch; else the source of pretrained ones, as `vectors.load`
            takes it.
        trainable: Whether training changes the word vectors.
        units: Of each hidden layer, or a list with one number for each.
        layers: Number of hidden layers; not read with a list of units.
        activation: Keras name of the hidden layers' activation.

    Returns:
        An uncompiled model, int32 (batch, length) -> (batch, outputs).

    Raises:
        ModelError: The features are no word indices, or the word vectors cannot be read.
        SourceUnavailable: The stand-in's vectors cannot be fetched.
    """
    if not facts.max_tokens:
        raise ModelError(
            f"The features are numbers {facts.input_shape}; model=embedding expects word indices. "
            "Use dataset.encoding=sequence, or model=rnn or model=conv1d for texts in one_hot."
        )

    inputs, x = sequence_input(facts, output_dim, vectors, trainable)
    x = keras.layers.Flatten()(x)
    sizes = widths(units, layers)
    x = dense(x, regularizer, sizes, activation)
    if not sizes:
        x = dropout(x, regularizer)
    return keras.Model(inputs, last(x, facts, inputs), name="embedding")
