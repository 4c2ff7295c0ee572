"""Dense layers in a stack: chapters 1 to 4 of Deep Learning with Python."""

import keras

from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import dropout, hidden, last


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    units: int | list[int],
    layers: int,
    activation: str,
) -> keras.Model:
    """A multilayer perceptron, its input flattened.

    Args:
        facts: Shape of the features and of the predictions.
        regularizer: l1 and l2 act on the hidden kernels, dropout after every hidden layer.
        units: Of each of the hidden layers, or a list with one number for each.
        layers: Number of hidden layers; a list of units says it by itself.
        activation: Keras name of the hidden layers' activation.

    Returns:
        An uncompiled model, float32 (batch, *input_shape) -> (batch, outputs).
    """
    widths = units if isinstance(units, list) else [units] * layers
    inputs = keras.Input(facts.input_shape)
    x = keras.layers.Flatten()(inputs) if len(facts.input_shape) > 1 else inputs
    for width in widths:
        x = dropout(hidden(x, width, activation, regularizer), regularizer)
    return keras.Model(inputs, last(x, facts), name="mlp")
