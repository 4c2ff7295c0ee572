"""The pattern that a filter of a convolution looks for.

Source: Chollet, Deep Learning with Python (2017), section 5.4.2, "Visualizing convnet filters". The
    book climbs the mean of the filter's map. There, a filter that is silent on grey has no
    gradient, and one that is active on all of it asks for nothing but another shade. So here it is
    the mean of what rises above the map's own average, before the activation function.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from goldilocks.backend import tf
from goldilocks.interpret.layer_graph import before_activation, unnest

NOISE, GREY = 20.0, 128.0  # pixels: the noise at the start is this strong, upon this grey
# Added to a root mean square. The book has 1e-5, but of pixels from 0 to 255 that are rescaled to 0
# to 1 the gradients themselves are smaller than that.
STILL = 1e-12
CONTRAST, CENTRE = 0.1, 0.5  # of a finished pattern: standard deviation and mean, where 1 is white


class Patterns(NamedTuple):
    """Images that excite some filters.

    Attributes:
        images: uint8 (filters, size, size, channels), 0 to 255.
        losses: What rises above the average of each filter's map, before each step and after the
            last, float32 (steps + 1, filters).
    """

    images: np.ndarray
    losses: np.ndarray


def patterns(
    model: keras.Model,
    layer: str,
    filters: Sequence[int],
    *,
    size: int,
    steps: int,
) -> Patterns:
    """Climb from grey noise to images that excite one filter each.

    Each step adds the gradient of that mean, divided by its root mean square.

    Args:
        model: Pixels from 0 to 255, (batch, height, width, channels) -> anything, of any nesting.
        layer: Name of the layer.
        filters: Which of its channels.
        size: Height and width of the patterns, in pixels; need not be what the model takes.
        steps: How often, by one pixel each time.

    Raises:
        AnalysisError: There is no such layer.
    """
    graph = unnest(model)
    sums = before_activation(graph, graph.convolution(layer))
    below = keras.Model(graph.model.input, sums, name=model.name)
    inputs = keras.Input((size, size, model.inputs[0].shape[-1]))
    resized = unnest(below, [inputs] if isinstance(below.input, list) else inputs).model
    noise = np.random.default_rng(0).uniform(size=(1, size, size, inputs.shape[-1]))
    start = (noise * NOISE + GREY).astype("float32")

    @tf.function(reduce_retracing=True)
    def climb(images: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            maps = resized(images, training=False)
            above = keras.ops.relu(maps - keras.ops.mean(maps, axis=(1, 2), keepdims=True))
            excited = keras.ops.sum(keras.ops.mean(above, axis=(1, 2)) * chosen, axis=1)
        gradient = tape.gradient(excited, images)
        squares = keras.ops.mean(keras.ops.square(gradient), axis=(1, 2, 3), keepdims=True)
        return images + gradient / (keras.ops.sqrt(squares) + STILL), excited

    chosen = keras.ops.one_hot(list(filters), resized.output.shape[-1], dtype="float32")
    images = keras.ops.convert_to_tensor(np.repeat(start, len(filters), axis=0))
    climbed, losses = images, []
    for _ in range(steps + 1):
        images = climbed
        climbed, excited = climb(images, chosen)
        losses.append(keras.ops.convert_to_numpy(excited))
    visible = [_visible(image) for image in keras.ops.convert_to_numpy(images)]
    return Patterns(np.stack(visible), np.stack(losses))


def _visible(image: np.ndarray) -> np.ndarray:
    """Return an image of any range as pixels, uint8: grey on average, with a set contrast."""
    scaled = (image - image.mean()) / (image.std() + STILL) * CONTRAST + CENTRE
    return (np.clip(scaled, 0, 1) * 255).astype("uint8")
