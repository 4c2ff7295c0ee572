"""The dumb predictor: the training targets' class shares or their mean, or, of a series, its last value.

Source: Deep Learning with Python, section 4.5: a model has statistical power when it beats a dumb
    baseline; section
6.3.3: that of the weather is that nothing will change.
"""

import keras
import numpy as np

from goldilocks.model import Facts, Regularizer


def build(facts: Facts, regularizer: Regularizer, /) -> keras.Model:
    """A model without trainable weights that always predicts `facts.prior`, or the last value seen of a series.

    Args:
        facts: Shape of the features and of the predictions, and the constant, or the column, to
            predict.
        regularizer: Has nothing to act on; `checks` refuses every part of it.

    Returns:
        An uncompiled model, float32 (batch, *input_shape) -> (batch, outputs), in the target's
        unit.
    """
    inputs = keras.Input(facts.input_shape)
    if facts.persistence is not None:
        column, mean, std = facts.persistence
        observed = inputs[:, -1, column : column + 1]
        return keras.Model(
            inputs, keras.layers.Rescaling(std, mean, name="unit")(observed), name="baseline"
        )
    constant = keras.layers.Dense(
        facts.outputs,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(np.asarray(facts.prior).tolist()),
        trainable=False,
        name="prior",
    )
    return keras.Model(inputs, constant(keras.layers.Flatten()(inputs)), name="baseline")
