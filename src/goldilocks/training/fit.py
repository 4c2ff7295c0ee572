"""Model and split -> history: Keras's own training loop, for every model and data set."""

import contextlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from goldilocks.dataset import Dataset
from goldilocks.evaluation import measures
from goldilocks.evaluation.losses import loss_function, training_metrics
from goldilocks.model import Regularizer
from goldilocks.problem import Problem
from goldilocks.protocol import Rows, Split
from goldilocks.training import batches
from goldilocks.training.callbacks import AveragedWeights, Interrupter, Recorder, Validation
from goldilocks.training.checkpoint import Checkpoint
from goldilocks.training.interruption import TrainingInterrupted

# Steps run in one call into TensorFlow while their inputs hold at most this many numbers: about a
# second of work of a small network, so that the progress bar still moves.
NUMBERS_PER_EXECUTION = 2**22


@dataclass(frozen=True, kw_only=True)
class FitSpec:
    """What `fit` trains, and on what.

    Attributes:
        model: Uncompiled, features -> predictions; its weights are changed in place.
        encoder: Raw rows -> features, as `encoding.fit` returns it.
        dataset: The data set that holds the rows.
        split: Training and validation rows. Without validation rows (a final training) nothing is
            monitored, and the model keeps its last weights. Where the optimizer averages weights,
            all of this is of their moving average.
        targets: The targets of every row, as the loss takes them.
        problem: Loss and metrics.
        class_weight: As `encoding.targets.class_weights` makes it.
        regularizer: Augmentation, patience, and whether a penalty is added to the loss.
        optimizer: Maps the number of steps of the whole training to an optimizer.
        seed: Seed of shuffling and augmentation.
    """

    model: keras.Model
    encoder: keras.Model
    dataset: Dataset
    split: Split
    targets: np.ndarray
    problem: Problem
    class_weight: Mapping[str, float] | None
    regularizer: Regularizer
    optimizer: Callable[[int], keras.optimizers.Optimizer]
    seed: int


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """The record of a training, whose model holds the weights of the best epoch.

    Attributes:
        history: For each of Keras's names, `learning_rate` and `seconds`, one value an epoch.
        best_epoch: Epoch of the best monitored value, from 1; the last epoch if nothing was
            monitored.
        monitor: Name of the monitored value; None if nothing was monitored.
        seconds: Seconds of the whole training.
        validation: Validation rows behind the `val_` values, int64 (n,), ascending.
        interrupted: Whether it was asked to end before its last epoch; what it has is of the whole
            epochs, of which there may be none.
    """

    history: Mapping[str, Sequence[float]]
    best_epoch: int
    monitor: str | None
    seconds: float
    validation: Rows
    interrupted: bool = False

    @property
    def best(self) -> dict[str, float]:
        """Every value of the history at the best epoch."""
        return self.of_epoch(self.best_epoch)

    def of_epoch(self, number: int) -> dict[str, float]:
        """Return every value of the history at an epoch, from 1."""
        return {name: values[number - 1] for name, values in self.history.items()}


def fit(
    spec: FitSpec,
    callbacks: Sequence[keras.callbacks.Callback],
    report: Callable[[int, Mapping[str, float]], None],
    checkpoint: Path | None,
    /,
    *,
    epochs: int,
    batch_size: int,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    steps_per_execution: int | str,
    shuffle: bool,
    monitor: str,
    deterministic: bool,
    checkpoint_seconds: float | None,
) -> FitResult:
    """Train a model and leave it with the weights of its best epoch.

    Args:
        spec: Model, rows and problem.
        callbacks: Keras callbacks, called after those of the training itself.
        report: Called after each epoch with its number, from 1, and its values.
        checkpoint: File that keeps the state of the training, and from which an interrupted
            training resumes; None for no file.
        epochs: Number of epochs; fewer if the patience runs out or the loss is not finite.
        batch_size: Rows of a batch.
        steps_per_epoch: Batches of an epoch; None for every training row once.
        validation_steps: Batches of each validation, spread over all validation rows; None for
            every row.
        steps_per_execution: Batches run in one call into TensorFlow, at most; "auto" for as many
            as are small together.
        shuffle: Whether each epoch has the training rows in another order.
        monitor: Name of the history whose best epoch counts.
        deterministic: Whether the same seed gives the same weights, at some cost in speed.
        checkpoint_seconds: Least number of seconds between two checkpoints; None for no
            checkpoint.
    """
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    if not spec.model.trainable_weights:
        epochs = 1  # The baseline: every epoch would be the same.

    steps = steps_per_epoch or math.ceil(len(spec.split.train) / batch_size)
    if isinstance(steps_per_execution, str):
        numbers_per_step = batch_size * math.prod(spec.model.input_shape[1:])
        steps_per_execution = NUMBERS_PER_EXECUTION // numbers_per_step

    # With a penalty or class weights, the loss without them is a metric of its own.
    loss = loss_function(spec.problem)
    metrics = training_metrics(spec.problem, spec.model.output_shape[-1])
    if has_data_loss(spec):
        metrics.append(keras.metrics.MeanMetricWrapper(loss, name="data_loss"))
    spec.model.compile(
        optimizer=spec.optimizer(steps * epochs),
        loss=loss,
        metrics=metrics,
        steps_per_execution=largest_divisor(steps, steps_per_execution),
        # Keras turns XLA off by itself where operations are deterministic, as they are by default.
        # Elsewhere it would give other losses, and compile for seconds what trains in seconds: the
        # first epoch of a small LSTM took 11.5 s in place of 3.1 s on 2 cores.
        jit_compile=False,
    )

    recorder = Recorder(report)
    training_callbacks: list[keras.callbacks.Callback] = [keras.callbacks.TerminateOnNaN()]

    # Validation rows -> early stopping, which also brings back the weights of the best epoch: with
    # no patience it never stops, and still does that. A final training has no validation rows.
    stopping = None
    rows = validation_rows(spec.split.validation, validation_steps, batch_size)
    if len(rows):
        validation = Validation(
            batches.evaluation(spec.dataset, spec.encoder, rows, spec.targets),
            spec.targets[rows],
            spec.dataset.queries(rows),
            spec.problem,
            has_data_loss=has_data_loss(spec),
            interrupters=[some for some in callbacks if isinstance(some, Interrupter)],
        )
        stopping = early_stopping(spec, monitor=monitor, epochs=epochs)
        training_callbacks += [validation, recorder, stopping]
    else:
        training_callbacks.append(recorder)

    # The checkpoint is saved before the caller's callbacks run. If one of them stops the training,
    # the file does not say so, and a resumed training asks that callback again.
    epochs_done = 0
    if checkpoint is not None and checkpoint_seconds is not None:
        backup = Checkpoint(checkpoint, recorder, stopping, seconds=checkpoint_seconds)
        epochs_done = backup.restore(spec.model, epochs=epochs)
        training_callbacks.append(backup)

    # Without validation rows Keras itself ends with the average.
    if spec.model.optimizer.use_ema and stopping is not None:
        training_callbacks.insert(0, AveragedWeights(resumed=epochs_done > 0))

    augment = None
    if spec.regularizer.augments:
        augment = batches.augmentation(spec.regularizer, seed=spec.seed)
    training_batches = batches.training(
        spec.dataset,
        spec.encoder,
        spec.split.train,
        spec.targets,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=spec.seed,
        augment=augment,
        batches_done=epochs_done * steps,
    )

    interrupted = False
    with warnings.catch_warnings(), contextlib.suppress(TrainingInterrupted):
        # `model=baseline` has no trainable weights, on purpose.
        warnings.filterwarnings("ignore", message="The model does not have any trainable weights")
        interrupted = True  # As long as Keras has not come to the end.
        spec.model.fit(
            training_batches,
            epochs=epochs,
            initial_epoch=epochs_done,
            steps_per_epoch=steps,
            class_weight=spec.class_weight and dict(enumerate(spec.class_weight.values())),
            shuffle=False,  # `batches.training` shuffles.
            verbose=0,
            callbacks=[*training_callbacks, *callbacks],
        )
        interrupted = False

    if interrupted and stopping is not None and stopping.best_weights is not None:
        spec.model.set_weights(stopping.best_weights)

    best_epoch, monitored = recorder.epochs, None
    if stopping is not None:
        best_epoch, monitored = stopping.best_epoch + 1, monitor
    return FitResult(
        history=recorder.history,
        best_epoch=best_epoch,
        monitor=monitored,
        seconds=recorder.elapsed,
        validation=rows,
        interrupted=interrupted,
    )


def has_data_loss(spec: FitSpec) -> bool:
    """Return whether the loss of training rows has a penalty or class weights."""
    return spec.regularizer.penalizes or spec.class_weight is not None


def early_stopping(spec: FitSpec, *, monitor: str, epochs: int) -> keras.callbacks.EarlyStopping:
    """Return the callback that knows the best epoch, and ends a training that has none any more.

    Without a patience it lets all `epochs` pass.
    """
    return keras.callbacks.EarlyStopping(
        monitor,
        mode="max" if measures.find(spec.problem, monitor).greater_is_better else "min",
        patience=spec.regularizer.patience or epochs,
        restore_best_weights=True,
    )


def validation_rows(rows: Rows, steps: int | None, batch_size: int) -> np.ndarray:
    """Return as many validation rows as fill the batches, spread evenly over all of them.

    The first rows would not do: a data set may be sorted by class.

    Args:
        rows: All validation rows, int64 (n,).
        steps: Number of batches; None for all rows.
        batch_size: Rows of a batch.
    """
    if steps is None or steps * batch_size >= len(rows):
        return rows
    return rows[np.linspace(0, len(rows) - 1, steps * batch_size).round().astype("int64")]


def largest_divisor(steps: int, most: int) -> int:
    """Return the largest divisor of `steps` up to `most`, at least 1.

    With a number that does not divide `steps`, Keras would run past the end of the epoch.
    """
    candidates = range(1, max(1, min(steps, most)) + 1)
    return max(count for count in candidates if steps % count == 0)
