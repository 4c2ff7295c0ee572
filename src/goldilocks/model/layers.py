"""The layers that every model shares: penalized hidden layers, dropout, and the last layer."""

import keras

from goldilocks.model import Facts, Regularizer

LARGEST = 80.0  # logarithm of a prediction: float32 numbers end at e ** 88
EXPONENTIAL = "exponential"  # name of the layer that makes predictions of logarithms


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


def changes(inputs: keras.KerasTensor, facts: Facts) -> keras.KerasTensor:
    """Return windows as their targets' changes to the last value, (batch, time steps, columns).

    They are the inputs where a network predicts values, not changes.
    """
    difference = facts.difference
    if difference is None:
        return inputs
    last_values = keras.layers.Rescaling(difference.moving.tolist())(inputs[:, -1:])
    return keras.layers.Rescaling(difference.scales.tolist(), name="changes")(inputs - last_values)


def last(x: keras.KerasTensor, facts: Facts, inputs: keras.KerasTensor) -> keras.KerasTensor:
    """Add the layer that predicts: float32 (batch, outputs).

    The predictions of a regression start at the mean of the training targets, and move in their
    standard deviations. Otherwise an optimizer with small steps would need many epochs to reach
    prices of 200,000. Changes start at their mean, and are added to the values they count from;
    logarithms start at their mean, and the last layer turns them into the unit of the targets.

    Args:
        x: What the layer before it makes.
        facts: Number and unit of the predictions.
        inputs: Features of the model, where changes are predicted: float32 (batch, time steps,
            columns).
    """
    x = keras.layers.Dense(facts.outputs, activation=facts.last_activation, name="predictions")(x)
    if facts.spread is None:
        return x
    if facts.logarithms is not None:
        mean, deviation = facts.logarithms
        x = keras.layers.Rescaling(deviation.tolist(), mean.tolist(), name="unit")(x)
        x = keras.ops.clip(x, -LARGEST, LARGEST)
        return keras.layers.Activation("exponential", name=EXPONENTIAL)(x)

    difference = facts.difference
    if difference is None:
        return keras.layers.Rescaling(facts.spread.tolist(), facts.prior.tolist(), name="unit")(x)

    spread, mean = difference.change_spread.tolist(), difference.change.tolist()
    change = keras.layers.Rescaling(spread, mean, name="unit")(x)
    places = difference.steps * inputs.shape[-1] + difference.columns
    values = keras.ops.take(keras.layers.Flatten()(inputs), places.tolist(), axis=-1)
    scale, offset = difference.spreads.tolist(), difference.means.tolist()
    unit = keras.layers.Rescaling(scale, offset, name=f"difference_{difference.period}")
    return change + unit(values)
