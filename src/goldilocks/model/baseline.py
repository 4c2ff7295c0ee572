"""The dumb predictor: whatever comes in, the training targets' class shares or their mean comes out.

Source: Deep Learning with Python, section 4.5: a model has statistical power when it beats a dumb baseline.
"""

import keras
import numpy as np

from goldilocks.model import Facts, Regularizer


def build(facts: Facts, regularizer: Regularizer, /) -> keras.Model:
    """A model without trainable weights that always predicts `facts.prior`.

    Args:
        facts: Shape of the features and of the predictions, and the constant to predict.
        regularizer: Has nothing to act on; `checks` refuses every part of it.

    Returns:
        An uncompiled model, float32 (batch, *input_shape) -> (batch, outputs).
    """
    inputs = keras.Input(facts.input_shape)
    constant = keras.layers.Dense(
        facts.outputs,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(np.asarray(facts.prior).tolist()),
        trainable=False,
        name="prior",
    )
    return keras.Model(inputs, constant(keras.layers.Flatten()(inputs)), name="baseline")
