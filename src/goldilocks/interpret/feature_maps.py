"""The feature maps that the layers of a convnet make of one image.

Source: Chollet, Deep Learning with Python (2017), section 5.4.1, "Visualizing intermediate
    activations".
"""

import keras
import numpy as np

from goldilocks.interpret.layer_graph import CONVOLUTIONS, unnest

LAYERS = (
    *CONVOLUTIONS,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.Activation,
    keras.layers.ReLU,
)
SPREAD, MIDDLE = 64, 128  # of a drawn channel's pixels: standard deviation and mean
DEAD = 1e-5  # added to the standard deviation: a dead channel has none


def feature_maps(model: keras.Model, image: np.ndarray) -> dict[str, np.ndarray]:
    """Return the feature maps of an image, layer by layer.

    Args:
        model: Of any nesting.
        image: (height, width, channels), as the model takes it.

    Returns:
        float32 (height, width, channels) by the name of the layer: every convolution, pooling and
        activation of the convolutional part, in order; empty for a network without any.
    """
    graph = unnest(model)
    outputs = {
        name: call.output
        for name, call in graph.calls.items()
        if isinstance(call.layer, LAYERS) and len(call.output.shape) == 4
    }
    if not outputs:
        return {}

    maps = keras.Model(graph.model.input, outputs)(image[np.newaxis], training=False)
    return {name: keras.ops.convert_to_numpy(maps[name])[0] for name in outputs}


def normalized(maps: np.ndarray) -> np.ndarray:
    """Return feature maps (height, width, channels) as pixels, uint8: each channel has mean 128."""
    mean, spread = maps.mean(axis=(0, 1)), maps.std(axis=(0, 1))
    return np.clip((maps - mean) / (spread + DEAD) * SPREAD + MIDDLE, 0, 255).astype("uint8")


def silent(maps: np.ndarray) -> np.ndarray:
    """Return which channels of (height, width, channels) are zero everywhere, bool (channels,)."""
    return (maps == 0).all(axis=(0, 1))
