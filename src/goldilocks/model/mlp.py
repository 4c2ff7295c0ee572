"""A stack of dense layers: chapters 1 to 4 of Deep Learning with Python."""

import keras

from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import changes, dense, last, widths


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    units: int | list[int],
    layers: int,
    activation: str,
) -> keras.Model:
    """Build a multilayer perceptron on the flattened input.

    Args:
        facts: Shape of the features and of the predictions.
        regularizer: l1 and l2 act on the hidden kernels, dropout after every hidden layer.
        units: Of each hidden layer, or a list with one number for each.
        layers: Number of hidden layers; not read with a list of units.
        activation: Keras name of the hidden layers' activation.

    Returns:
        An uncompiled model, float32 (batch, *input_shape) -> (batch, outputs).
    """
    inputs = keras.Input(facts.input_shape)
    x = changes(inputs, facts)
    if len(facts.input_shape) > 1:
        x = keras.layers.Flatten()(x)

    x = dense(x, regularizer, widths(units, layers), activation)
    return keras.Model(inputs, last(x, facts, inputs), name="mlp")
