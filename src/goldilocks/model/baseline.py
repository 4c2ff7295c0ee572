"""The dummy baseline: class frequencies, the mean of the targets, or the last value of a series.

Source: Deep Learning with Python, section 4.5: a model has statistical power when it beats a dumb
    baseline; section 6.3.3: that of the weather is that nothing will change.
"""

import keras

from goldilocks.model import Facts, Regularizer


def build(facts: Facts, regularizer: Regularizer, /) -> keras.Model:
    """Build a model without trainable weights that predicts a constant, or the last value seen.

    Args:
        facts: Shape of the features and of the predictions, and the constant, or the column, to
            predict.
        regularizer: Has no effect; `checks` refuses every part of it.

    Returns:
        An uncompiled model, float32 (batch, *input_shape) -> (batch, outputs), in the target's
        unit.
    """
    inputs = keras.Input(facts.input_shape)
    if facts.last_value is not None:
        columns, means, stds = facts.last_value
        last_values = keras.ops.take(inputs[:, -1], columns.tolist(), axis=-1)
        unit = keras.layers.Rescaling(stds.tolist(), means.tolist(), name="unit")
        predictions = unit(last_values)
        return keras.Model(inputs, predictions, name="baseline")

    constant = keras.layers.Dense(
        facts.outputs,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(facts.prior.tolist()),
        trainable=False,
        name="prior",
    )
    return keras.Model(inputs, constant(keras.layers.Flatten()(inputs)), name="baseline")
