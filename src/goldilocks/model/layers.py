"""The layers that every model shares: penalized hidden layers, dropout, and the last layer."""

import keras

from goldilocks.model import Facts, Regularizer


def penalty(regularizer: Regularizer) -> keras.regularizers.Regularizer | None:
    """The penalty on a hidden layer's kernel; None without one."""
    return keras.regularizers.L1L2(regularizer.l1, regularizer.l2) if regularizer.penalizes else None


def hidden(x, units: int, activation: str, regularizer: Regularizer):
    """A dense hidden layer: float32 (batch, units)."""
    return keras.layers.Dense(units, activation=activation, kernel_regularizer=penalty(regularizer))(x)


def dropout(x, regularizer: Regularizer):
    """Dropout where the regularizer asks for it, else `x` itself."""
    return keras.layers.Dropout(regularizer.dropout)(x) if regularizer.dropout else x


def last(x, facts: Facts):
    """The predictions, float32 (batch, outputs)."""
    return keras.layers.Dense(facts.outputs, activation=facts.last_activation, name="predictions")(x)
