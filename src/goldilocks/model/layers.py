"""The layers that every model shares: penalized hidden layers, dropout, and the last layer."""

import keras

from goldilocks.model import Facts, Regularizer


def penalty(regularizer: Regularizer) -> keras.regularizers.Regularizer | None:
    """Return the penalty on a hidden layer's kernel; None without one."""
    if not regularizer.penalizes:
        return None
    return keras.regularizers.L1L2(regularizer.l1, regularizer.l2)


def dense(
    x: keras.KerasTensor, regularizer: Regularizer, sizes: list[int], activation: str
) -> keras.KerasTensor:
    """Add dense hidden layers, each with dropout: float32 (batch, the last of the sizes)."""
    for width in sizes:
        x = dropout(hidden(x, width, activation, regularizer), regularizer)
    return x


def widths(units: int | list[int], layers: int) -> list[int]:
    """Return the units of each layer; a list of units also says how many layers there are."""
    if isinstance(units, list):
        return units
    return [units] * layers


def hidden(
    x: keras.KerasTensor, units: int, activation: str, regularizer: Regularizer
) -> keras.KerasTensor:
    """Add a dense hidden layer: float32 (batch, units)."""
    layer = keras.layers.Dense(
        units, activation=activation, kernel_regularizer=penalty(regularizer)
    )
    return layer(x)


def dropout(x: keras.KerasTensor, regularizer: Regularizer) -> keras.KerasTensor:
    """Add dropout if the regularizer asks for it."""
    if not regularizer.dropout:
        return x
    return keras.layers.Dropout(regularizer.dropout)(x)


def last(x: keras.KerasTensor, facts: Facts) -> keras.KerasTensor:
    """Add the layer that predicts: float32 (batch, outputs).

    The predictions of a regression start at the mean of the training targets, and move in their
    standard deviations. Otherwise an optimizer with small steps would need many epochs to reach
    prices of 200,000.
    """
    x = keras.layers.Dense(facts.outputs, activation=facts.last_activation, name="predictions")(x)
    if facts.spread is None:
        return x
    return keras.layers.Rescaling(facts.spread.tolist(), facts.prior.tolist(), name="unit")(x)
