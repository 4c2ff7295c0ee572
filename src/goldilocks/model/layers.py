"""The layers that every model shares: penalized hidden layers, dropout, and the last layer."""

import keras

from goldilocks.model import Facts, Regularizer


def penalty(regularizer: Regularizer) -> keras.regularizers.Regularizer | None:
    """The penalty on a hidden layer's kernel; None without one."""
    return (
        keras.regularizers.L1L2(regularizer.l1, regularizer.l2) if regularizer.penalizes else None
    )


def hidden(x, units: int, activation: str, regularizer: Regularizer):
    """A dense hidden layer: float32 (batch, units)."""
    return keras.layers.Dense(
        units, activation=activation, kernel_regularizer=penalty(regularizer)
    )(x)


def dropout(x, regularizer: Regularizer):
    """Dropout where the regularizer asks for it, else `x` itself."""
    return keras.layers.Dropout(regularizer.dropout)(x) if regularizer.dropout else x


def last(x, facts: Facts):
    """The predictions, float32 (batch, outputs).

    Those of a regression start at the mean of the training targets, and move in their standard
    deviations: else an optimizer with small steps would not reach prices of 200,000 within many
    epochs.
    """
    x = keras.layers.Dense(facts.outputs, activation=facts.last_activation, name="predictions")(x)
    if facts.spread is None:
        return x
    return keras.layers.Rescaling(facts.spread.tolist(), facts.prior.tolist(), name="unit")(x)
