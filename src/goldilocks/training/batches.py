"""Rows -> batches of features and targets, as `tf.data`."""

import keras
import numpy as np
import tensorflow as tf

from goldilocks.dataset import Dataset, images
from goldilocks.dataset.readers.windows import Windows
from goldilocks.encoding import encoder as encoding
from goldilocks.model import Regularizer

ROWS_TO_EVALUATE = 128  # of a batch that is only predicted: its size changes nothing but speed


def training(
    dataset: Dataset,
    encoder: keras.Model,
    rows: np.ndarray,
    targets: np.ndarray,
    *,
    batch_size: int,
    shuffle: bool,
    seed: int,
    augment: keras.Model | None,
    batches_done: int,
) -> tf.data.Dataset:
    """Batches without end: the rows of one epoch after those of another.

    Args:
        dataset: Where the rows are.
        encoder: Of `encoding.fit`.
        rows: Training rows, int64.
        targets: Of every row of the data set, as the loss takes them.
        batch_size: Rows of a batch; the last of an epoch may be smaller.
        shuffle: Whether each epoch has an order of its own; else it is that of `rows`.
        seed: Of the shuffling; the order in epoch e depends on `seed` and e alone.
        augment: Changes images at random (`augmentation`), or None.
        batches_done: Of a training that goes on; the next one comes first.

    Returns:
        Pairs of features, float32 (batch, *input_shape), and targets, (batch, ...).
    """

    def epoch(number):
        order = tf.range(len(rows), dtype=tf.int64)
        if shuffle:
            order = tf.random.experimental.stateless_shuffle(  # pyright: ignore[reportAttributeAccessIssue]
                order, seed=[seed, tf.cast(number, tf.int32)]
            )
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    order = tf.data.Dataset.counter().flat_map(epoch)
    if augment is None:
        return _loaded(dataset, encoder, rows, order.skip(batches_done), targets, None)
    # What is drawn for a batch depends on all that was drawn before it: that is drawn again.
    return _loaded(dataset, encoder, rows, order, targets, augment).skip(batches_done)


def evaluation(
    dataset: Dataset,
    encoder: keras.Model,
    rows: np.ndarray,
    targets: np.ndarray,
    *,
    batch_size: int,
) -> tf.data.Dataset:
    """The rows in their own order, once, not augmented; arguments and values as of `training`."""
    order = tf.data.Dataset.range(len(rows)).batch(batch_size)
    return _loaded(dataset, encoder, rows, order, targets, None)


def augmentation(regularizer: Regularizer, *, seed: int) -> keras.Model:
    """Random flips, rotations, shifts, shears and zooms of images, 0 to 255, with the nearest pixel filled in."""
    part = regularizer
    wanted = (
        (part.flip, lambda **how: keras.layers.RandomFlip("horizontal", seed=how["seed"])),
        (part.rotation, lambda **how: keras.layers.RandomRotation(part.rotation / 360, **how)),
        (
            part.translation,
            lambda **how: keras.layers.RandomTranslation(part.translation, part.translation, **how),
        ),
        (part.shear, lambda **how: keras.layers.RandomShear(part.shear, part.shear, **how)),
        (part.zoom, lambda **how: keras.layers.RandomZoom(part.zoom, **how)),
    )
    # Layers of the same seed would draw the same numbers: every turn to the left would also be a
    # shift to the left.
    seeds = np.random.SeedSequence(seed).generate_state(len(wanted)) % 2**31
    layers = [
        make(seed=int(own), fill_mode="nearest")
        for own, (amount, make) in zip(seeds, wanted, strict=True)
        if amount
    ]
    return keras.Sequential(layers, name="augmentation")


def _loaded(
    dataset: Dataset,
    encoder: keras.Model,
    rows: np.ndarray,
    order: tf.data.Dataset,
    targets: np.ndarray,
    augment: keras.Model | None,
) -> tf.data.Dataset:
    """Batches of places among `rows` -> batches of features and targets."""
    answers = tf.constant(targets[rows])
    if encoding.is_held(dataset, encoder):
        held = tf.constant(encoding.features(dataset, encoder, rows))
        dtype = encoder.output.dtype

        def take(places):
            return tf.cast(tf.gather(held, places), dtype), tf.gather(answers, places)

        return order.map(take, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    numbers, read = tf.constant(rows), _reader(dataset)

    def load(places):
        return read(tf.gather(numbers, places)), tf.gather(answers, places)

    def encode(x, labels):
        if augment is not None:
            x = tf.cast(augment(tf.cast(x, tf.float32), training=True), tf.float32)
        return encoder(x), labels

    loaded = order.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.map(encode, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _reader(dataset: Dataset):
    """Row numbers -> raw images or windows."""
    if dataset.kind == "series":
        return _windowing(dataset.x)
    return _decoding(dataset.x, dataset.image_size) if dataset.image_size else _reading(dataset.x)


def _windowing(windows: Windows):
    """Row numbers -> windows, cut out of the series."""
    values, offsets = tf.constant(windows.values), tf.constant(windows.offsets)
    return lambda rows: tf.gather(values, rows[:, tf.newaxis] + offsets)


def _reading(x: np.ndarray):
    """Row numbers -> images, read from (memory-mapped) arrays whose pages all workers of a sweep share."""

    def read(rows):
        images = tf.numpy_function(
            lambda index: np.asarray(x[index]), [rows], tf.uint8, stateful=False
        )
        images.set_shape((None, *x.shape[1:]))
        return images

    return read


def _decoding(x: np.ndarray, size: tuple[int, int]):
    """Row numbers -> images, decoded from their files."""
    paths, signature = tf.constant(x), tf.TensorSpec((*size, 3), tf.uint8)

    def decode(rows):
        return tf.map_fn(
            lambda path: images.decode(path, size),
            tf.gather(paths, rows),
            fn_output_signature=signature,
        )

    return decode
