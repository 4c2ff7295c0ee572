"""Why networks are trained by `fit` and not as one program, in words."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Callable

import keras
import numpy as np
import psutil

from goldilocks.training.fit import FitResult, FitSpec
from goldilocks.training.streams import Streams

BATCHES = 2  # that are timed
SECONDS_WORTH = 10.0  # of a program; timing `fit` takes one or more, most of it for its tracing
GIB = 2**30

# Copies of the features: in this process before and after they are joined, and in the other one.
FEATURES = 3
# Of the weights, in this process: in the networks, and joined. In the other one: now, an epoch ago,
# at the best epoch and after a batch; two averages of an optimizer, before and after a batch.
WEIGHTS = 10


def obstacle(spec: FitSpec, steps_per_epoch: int | None) -> str:
    """Return why a network cannot be part of a program; "" if it can."""
    optimizer, layers = spec.optimizer(1), spec.model.to_json()
    if not spec.model.trainable_weights:
        return "there is nothing to train"
    if steps_per_epoch is not None:
        return "trainer.steps_per_epoch ends epochs in the midst of the rows"
    if spec.regularizer.augments:
        return "augmentation is a part of TensorFlow's reading of images"
    if '"class_name": "BatchNormalization"' in layers:
        return "batch normalization would count the rows that fill up a last batch"
    if re.search(r'"activity_regularizer": {|"class_name": "ActivityRegularization"', layers):
        return "activity regularizers would count the rows that fill up a last batch"
    if not isinstance(optimizer.get_config()["learning_rate"], float):
        return "the learning rate has a schedule"
    if optimizer.use_ema:
        return "the optimizer averages its weights"
    if _learns_words(spec.model) and not _is_linear(optimizer):
        return (
            "TensorFlow squares the gradient of a word at each place where it stands, JAX the sum"
        )
    return ""


def convolves(model: keras.Model) -> bool:
    """Whether a network has convolutions, which are slow in a loop of XLA's on a CPU."""
    return re.search(r'"class_name": "\w*Conv\w*"', model.to_json()) is not None


def _learns_words(model: keras.Model) -> bool:
    """Whether word vectors are trained."""
    return any(
        isinstance(layer, keras.layers.Embedding) and layer.trainable_weights
        for layer in model.layers
    )


def _is_linear(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether the steps of two gradients are those of their sum."""
    return isinstance(optimizer, keras.optimizers.SGD) and optimizer.clipnorm is None


def too_large(streams: Streams) -> str:
    """Return by how much a program does not fit into memory; "" if it does."""
    model = streams.flat[0].spec.model
    rows = {member.rows: len(member.all_rows) for member in streams.flat}
    features = sum(rows.values()) * math.prod(model.input_shape[1:])
    weights = len(streams.flat) * model.count_params()
    needed = 4 * (FEATURES * features + WEIGHTS * weights)
    available = psutil.virtual_memory().available
    if needed < available:
        return ""
    return (
        f"as one program they would take about {needed / GIB:.1f} GiB, and "
        f"{available / GIB:.1f} GiB of memory are available"
    )


def faster_by_fit(
    streams: Streams, seconds: float, fit: Callable[..., FitResult], *, epochs: int
) -> str:
    """Return how much faster `fit` trains all networks one by one; "" if it does not.

    Args:
        streams: The networks of a program; a copy of one is trained.
        seconds: That the program takes.
        fit: `training.fit.fit` with its keys filled in.
        epochs: How many there are at most.
    """
    if seconds < SECONDS_WORTH:
        return ""
    networks = streams.flat
    start, epoch = _fit_seconds(networks[0].spec, fit, streams.batch_size)
    by_fit = (start + epoch * epochs) * len(networks)
    if by_fit >= seconds:
        return ""
    return (
        f"as one program they would take about {seconds:,.0f} s, and by fit {by_fit:,.0f} s "
        f"({BATCHES} batches of each were timed)"
    )


def _fit_seconds(
    spec: FitSpec, fit: Callable[..., FitResult], batch_size: int
) -> tuple[float, float]:
    """Return about how many seconds `fit` takes to start, and for an epoch."""
    times: list[float] = []

    def note(batch: int, logs: object) -> None:
        times.append(time.perf_counter())

    rows = spec.split.train
    few = rows[: BATCHES * batch_size]
    copy = dataclasses.replace(
        spec,
        model=keras.models.clone_model(spec.model),
        split=dataclasses.replace(spec.split, train=few),
    )
    watch = keras.callbacks.LambdaCallback(on_train_batch_begin=note, on_train_batch_end=note)
    epochs = fit(copy, [watch], lambda *_: None, None, epochs=3).history["seconds"]

    # The first epoch also traces. One call into TensorFlow has the batches of an epoch, or one.
    of_calls = np.diff(times)[::2].reshape(len(epochs), -1)
    batch = of_calls.sum(axis=1).min() / math.ceil(len(few) / batch_size)
    further = math.ceil((len(rows) - len(few)) / batch_size)
    return max(epochs) - min(epochs), min(epochs) + batch * further
