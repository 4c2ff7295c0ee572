"""Keras layers whose penalty and dropout are weights, so that members of a program differ in them.

Convolutions are slices and a product of matrices: of many networks at once, JAX on a CPU is slow
at any other. `tests/test_verdict.py` holds them beside Keras's own.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

register = keras.saving.register_keras_serializable(package="verdict")


class Penalized:
    """A layer with a penalty of `l2` on its kernels."""

    def build(self, shape: Any) -> None:
        """Build the layer, and the weight that holds the penalty."""
        super().build(shape)  # type: ignore[misc]
        self.l2 = self.add_weight(name="l2", shape=(), initializer="zeros", trainable=False)

    def penalize(self) -> None:
        """Add the penalty to the loss."""
        kernels = [each for each in self.trainable_variables if each.path.endswith("kernel")]
        self.add_loss(self.l2 * sum(ops.sum(ops.square(kernel)) for kernel in kernels))


@register
class PenalizedDense(Penalized, keras.layers.Dense):
    """A dense layer."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return the activations."""
        self.penalize()
        return super().call(inputs, training=training)


class Recurrent(Penalized):
    """A recurrent layer with a penalty."""

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ):
        """Return the last output."""
        self.penalize()
        return super().call(sequences, initial_state, mask=mask, training=bool(training))  # type: ignore[misc]


@register
class PenalizedGRU(Recurrent, keras.layers.GRU):
    """A GRU."""


@register
class PenalizedLSTM(Recurrent, keras.layers.LSTM):
    """An LSTM."""


@register
class PenalizedSimpleRNN(Recurrent, keras.layers.SimpleRNN):
    """A simple recurrent layer."""


@register
class PenalizedConv(PenalizedDense):
    """A convolution of kernel size 3 that keeps the size, over one axis or two, with relu.

    The kernel is that of a dense layer of all pixels of a patch: (3, 3, in, out) of `Conv2D`,
    reshaped to (9 in, out).
    """

    def build(self, shape: Any) -> None:
        """Build the kernel for patches."""
        super().build((*shape[:-1], 3 ** (len(shape) - 2) * shape[-1]))
        self.input_spec = None

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return the activations, (rows, ..., units)."""
        patches = inputs
        for axis in range(len(inputs.shape) - 2, 0, -1):
            size, width = inputs.shape[axis], [[0, 0] for _ in inputs.shape]
            width[axis] = [1, 1]
            padded = ops.pad(patches, width)
            slices = [(slice(None),) * axis + (slice(at, at + size),) for at in range(3)]
            patches = ops.concatenate([padded[at] for at in slices], axis=-1)
        return super().call(patches, training=training)

    def compute_output_shape(self, shape: Any) -> tuple[int, ...]:
        """Return the shape of the activations."""
        return (*shape[:-1], self.units)


@register
class Pool(keras.layers.Layer):
    """Maximum of pairs, over one axis or two; the last of an odd number is left out."""

    def call(self, inputs: Any) -> Any:
        """Return the maxima, (rows, half of each size, channels)."""
        for axis in range(1, len(inputs.shape) - 1):
            half = inputs.shape[axis] // 2
            first = (slice(None),) * axis
            even = inputs[(*first, slice(0, 2 * half, 2))]
            odd = inputs[(*first, slice(1, 2 * half, 2))]
            inputs = ops.maximum(even, odd)
        return inputs


class Random(keras.layers.Layer):
    """A layer that draws random numbers, from a state of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seed_generator = keras.random.SeedGenerator(0)


@register
class Dropout(Random):
    """Dropout at a rate that is a weight."""

    def build(self, shape: Any) -> None:
        """Add the weight that holds the rate."""
        self.rate = self.add_weight(name="rate", shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, in training without some of them."""
        if not training:
            return inputs
        drawn = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator)
        keep = 1.0 - self.rate
        return ops.where(drawn < keep, inputs / keep, 0.0)


@register
class Shift(Random):
    """Augmentation of pictures and series: moves all of a batch by up to a pixel each way."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, in training moved."""
        if not training:
            return inputs
        axes = tuple(range(1, len(inputs.shape) - 1))
        moves = keras.random.randint((len(axes),), -1, 2, seed=self.seed_generator)
        for number, axis in enumerate(axes):
            inputs = ops.roll(inputs, moves[number], axis=axis)
        return inputs


@register
class Noise(Random):
    """Augmentation of numbers: adds normal noise of deviation 0.2."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, in training with noise."""
        if not training:
            return inputs
        return inputs + 0.2 * keras.random.normal(ops.shape(inputs), seed=self.seed_generator)
