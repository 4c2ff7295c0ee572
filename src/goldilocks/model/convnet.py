"""Convolutions and poolings under a dense layer: chapters 5 and 6 of Deep Learning with Python."""

import keras

from goldilocks.errors import ModelError
from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import dropout, hidden, last, penalty

KERNEL_SIZE, POOL_SIZE = 3, 2  # pixels


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    filters: list[int],
    layers: int | str,
    units: int,
    activation: str,
) -> keras.Model:
    """Build a convnet of blocks, each a 3x3 convolution (valid) and a 2x2 max pooling.

    The last pooling is left out if it would leave a single pixel, as in chapter 5: 28x28 ends in
    3x3.

    Args:
        facts: Shape of the images and of the predictions.
        regularizer: l1 and l2 act on the kernels below the last layer, dropout before the dense
            layer.
        filters: Of each block, from the first.
        layers: Number of blocks, or "auto": as many of `filters` as the image has room for.
        units: Of the dense layer above the blocks.
        activation: Keras name of the activation of the convolutions and of the dense layer.

    Returns:
        An uncompiled model, float32 (batch, height, width, channels) -> (batch, outputs).

    Raises:
        ModelError: More blocks than `filters`, or than the image has room for.
    """
    height, width, _ = facts.input_shape
    most = _most_blocks(min(height, width), len(filters))
    blocks = most if isinstance(layers, str) else layers
    if not 0 < blocks <= most:
        raise ModelError(
            f"model.layers is {layers} with model.filters={filters}; an image of {height}x{width} "
            f"pixels has room for {most} of them. Use model.layers=auto, list more filters, or "
            "larger images (dataset.image_size)."
        )

    inputs = x = keras.Input(facts.input_shape)
    for count in filters[:blocks]:
        convolution = keras.layers.Conv2D(
            count, KERNEL_SIZE, activation=activation, kernel_regularizer=penalty(regularizer)
        )
        x = convolution(x)
        if min(x.shape[1:3]) >= 2 * POOL_SIZE:
            x = keras.layers.MaxPooling2D(POOL_SIZE)(x)

    x = dropout(keras.layers.Flatten()(x), regularizer)
    x = hidden(x, units, activation, regularizer)
    return keras.Model(inputs, last(x, facts, inputs), name="convnet")


def _most_blocks(side: int, limit: int) -> int:
    """Return how many blocks an image of this side has room for, at most `limit`."""
    for block in range(limit):
        side -= KERNEL_SIZE - 1
        if side < 1:
            return block
        if side >= 2 * POOL_SIZE:
            side //= POOL_SIZE
    return limit
