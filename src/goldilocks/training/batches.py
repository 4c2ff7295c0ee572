"""Rows -> batches of features and targets, as `tf.data`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder as encoding
from goldilocks.encoding import schema
from goldilocks.model import Regularizer
from goldilocks.protocol import Rows

Batches = tf.data.Dataset[Any]  # of features and targets, or of positions among rows

ROWS_TO_EVALUATE = 128  # of a batch that is only predicted: its size changes nothing but speed


def training(
    dataset: Dataset,
    encoder: keras.Model,
    rows: Rows,
    targets: np.ndarray,
    *,
    batch_size: int,
    shuffle: bool,
    seed: int,
    augment: keras.Model | None,
    batches_done: int,
) -> Batches:
    """Return endless batches: one epoch of all rows after another.

    Args:
        dataset: The data set that holds the rows.
        encoder: Raw rows -> features, as `encoding.fit` returns it.
        rows: Training rows, int64 (n,).
        targets: Targets of every row of the data set, as the loss takes them.
        batch_size: Rows of a batch; the last one of an epoch may be smaller.
        shuffle: Whether each epoch has another order; else it is that of `rows`.
        seed: Seed of the shuffling; the order in epoch e depends on `seed` and e alone.
        augment: Network that changes images at random (`augmentation`), or None.
        batches_done: Number of batches to skip, of a training that resumes.

    Returns:
        Pairs of features, float32 (batch, *input_shape), and targets, (batch, ...).
    """

    def batched(epoch: tf.Tensor):
        order = epoch_order(len(rows), epoch, shuffle=shuffle, seed=seed)
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    if augment is not None:
        _skip_views(augment, batches_done)
    order = tf.data.Dataset.counter().flat_map(batched).skip(batches_done)
    return _load(dataset, encoder, rows, order, targets, augment)


def epoch_order(
    rows: tf.Tensor | int, epoch: tf.Tensor | int, *, shuffle: bool, seed: tf.Tensor | int
) -> tf.Tensor:
    """Return the positions of training rows in the order of an epoch (from 0), int64 (rows,)."""
    order = tf.range(rows, dtype=tf.int64)
    if not shuffle:
        return order
    shuffle_rows = tf.random.experimental.stateless_shuffle  # pyright: ignore
    return shuffle_rows(order, seed=[seed, tf.cast(epoch, tf.int32)])


@tf.function(reduce_retracing=True)
def epoch_orders(rows: tf.Tensor, epoch: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Return the shuffled `epoch_order` of each seed, int64 (seeds, rows): 240 as fast as ten."""

    def of_seed(seed: tf.Tensor) -> tf.Tensor:
        return epoch_order(rows, epoch, shuffle=True, seed=seed)

    return tf.map_fn(of_seed, seeds, fn_output_signature=tf.int64)


def evaluation(dataset: Dataset, encoder: keras.Model, rows: Rows, targets: np.ndarray) -> Batches:
    """Return the rows once, in their order, not augmented; arguments as of `training`."""
    if not encoding.is_held(dataset, encoder):
        order = tf.data.Dataset.range(len(rows)).batch(ROWS_TO_EVALUATE)
        return _load(dataset, encoder, rows, order, targets, None)

    # Slices need no traced function, which takes longer than to read the rows of a small table.
    features, dtype = encoding.features(dataset, encoder, rows), encoder.output.dtype
    pairs = tf.data.Dataset.from_tensor_slices((features, targets[rows])).batch(ROWS_TO_EVALUATE)
    if features.dtype != dtype:
        pairs = pairs.map(lambda x, y: (tf.cast(x, dtype), y), num_parallel_calls=tf.data.AUTOTUNE)
    return pairs


def augmentation(regularizer: Regularizer, *, seed: int) -> keras.Model:
    """Return a network that flips, turns, shifts, shears and zooms images (0 to 255) at random.

    Pixels that a change leaves empty are filled with the nearest one.
    """
    # Layers of the same seed would draw the same numbers: every turn to the left would also be a
    # shift to the left.
    seeds = (np.random.SeedSequence(seed).generate_state(5) % 2**31).tolist()
    fill, layers = {"fill_mode": "nearest"}, []
    if regularizer.flip:
        layers.append(keras.layers.RandomFlip("horizontal", seed=seeds[0]))
    if regularizer.rotation:
        layers.append(
            keras.layers.RandomRotation(regularizer.rotation / 360, seed=seeds[1], **fill)
        )
    if regularizer.translation:
        both = regularizer.translation, regularizer.translation
        layers.append(keras.layers.RandomTranslation(*both, seed=seeds[2], **fill))
    if regularizer.shear:
        layers.append(
            keras.layers.RandomShear(regularizer.shear, regularizer.shear, seed=seeds[3], **fill)
        )
    if regularizer.zoom:
        layers.append(keras.layers.RandomZoom(regularizer.zoom, seed=seeds[4], **fill))
    return keras.Sequential(layers, name="augmentation")


def _skip_views(augment: keras.Model, batches_done: int) -> None:
    """Set the random states to those after so many batches, without an image of these.

    A layer draws as often for each batch, whatever is in it, and its state counts that.
    """
    image = tf.zeros((1, 8, 8, 3))
    for layer in augment.layers:
        state = layer.generator.state
        start = state.numpy()
        layer(image, training=True)
        state.assign(start + batches_done * (state.numpy() - start))


def _load(
    dataset: Dataset,
    encoder: keras.Model,
    rows: Rows,
    order: Batches,
    targets: np.ndarray,
    augment: keras.Model | None,
) -> Batches:
    """Map batches of positions among `rows` to batches of features and targets."""
    labels = tf.constant(targets[rows])
    read = _reader(dataset, encoder, rows)

    def load(positions: tf.Tensor):
        return read(positions), tf.gather(labels, positions)

    def encode(x: tf.Tensor, y: tf.Tensor):
        """Augment and encode raw rows."""
        if augment is not None:
            x = tf.cast(augment(tf.cast(x, tf.float32), training=True), tf.float32)
        return encoder(x), y

    loaded = order.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    if not encoding.is_held(dataset, encoder):
        loaded = loaded.map(encode, num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.prefetch(tf.data.AUTOTUNE)


def _reader(dataset: Dataset, encoder: keras.Model, rows: Rows) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return what reads raw images or windows, or features that are held in memory.

    It maps positions among the rows, int64 (batch,), to these.
    """
    if encoding.is_held(dataset, encoder):
        features = tf.constant(encoding.features(dataset, encoder, rows))
        return lambda positions: tf.cast(tf.gather(features, positions), encoder.output.dtype)
    if dataset.kind == "series":
        values, offsets = tf.constant(dataset.x.values), tf.constant(dataset.x.offsets)
        first_points = tf.constant(dataset.x.starts[rows][:, np.newaxis])
        return lambda positions: tf.gather(values, tf.gather(first_points, positions) + offsets)

    def read(positions: tf.Tensor):
        """Read images from their files, or from an array, whose memory map processes share."""
        pixels = tf.numpy_function(
            lambda index: encoding.pixels(dataset, rows[index]),
            [positions],
            "uint8",
            stateful=False,
        )
        return tf.ensure_shape(pixels, (None, *schema.image_shape(dataset)))

    return read
