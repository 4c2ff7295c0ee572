"""Convolutions and poolings under a dense layer: chapters 5 and 6 of Deep Learning with Python."""

import keras

from goldilocks.errors import ModelError
from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import dropout, hidden, last, penalty

KERNEL, POOL = 3, 2  # pixels


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
    """A convnet of blocks, each a 3x3 convolution (valid) and a 2x2 max pooling.

    The last pooling is left out where it would leave a single pixel, as chapter 5 does: 28x28 ends
    in 3x3.

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
    room = _room(min(height, width), len(filters))
    blocks = room if isinstance(layers, str) else layers
    if not 0 < blocks <= room:
        raise ModelError(
            f"model.layers is {layers} with model.filters={filters}; an image of {height}x{width} "
            "pixels has room for "
            f"{room} of them. Use model.layers=auto, list more filters, or larger images "
            "(dataset.image_size)."
        )
    inputs = keras.Input(facts.input_shape)
    x = inputs
    for count in filters[:blocks]:
        x = keras.layers.Conv2D(
            count, KERNEL, activation=activation, kernel_regularizer=penalty(regularizer)
        )(x)
        if min(x.shape[1:3]) >= 2 * POOL:
            x = keras.layers.MaxPooling2D(POOL)(x)
    x = dropout(keras.layers.Flatten()(x), regularizer)
    return keras.Model(
        inputs, last(hidden(x, units, activation, regularizer), facts), name="convnet"
    )


def _room(side: int, blocks: int) -> int:
    """How many blocks an image of this side has room for, of at most so many."""
    for block in range(blocks):
        side -= KERNEL - 1
        if side < 1:
            return block
        side = side // POOL if side >= 2 * POOL else side
    return blocks
