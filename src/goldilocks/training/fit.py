"""Model and split -> history: Keras's own training loop. The only loop there is, for every model and data set."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from goldilocks.dataset import Dataset
from goldilocks.model import Regularizer
from goldilocks.problem import Problem, higher_is_better
from goldilocks.protocol import Split
from goldilocks.training import batches
from goldilocks.training.callbacks import Recorder
from goldilocks.training.checkpoint import Checkpoint

# Steps run in one call into TensorFlow while their inputs hold at most this many numbers: about a
# second of work of a small network, so that the progress bar still moves.
NUMBERS_PER_EXECUTION = 2**22


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is trained, and on what.

    Attributes:
        model: Uncompiled, features -> predictions; its weights are changed in place.
        encoder: Of `encoding.fit`: raw rows -> features.
        dataset: Where the rows are.
        split: Training and validation rows; without validation rows (a final training) nothing is
            monitored, and the model is left with its last weights, or with their moving average
            where the optimizer keeps one.
        targets: Of every row, as the loss takes them.
        prior: The best constant prediction, float32 (outputs,), from the training targets.
        problem: Loss and metrics.
        regularizer: Augmentation, patience, and whether there is a penalty to tell apart from the
            loss.
        optimizer: Number of steps of the whole run -> optimizer.
        seed: Of shuffling and augmentation.
    """

    model: keras.Model
    encoder: keras.Model
    dataset: Dataset
    split: Split
    targets: np.ndarray
    prior: np.ndarray
    problem: Problem
    regularizer: Regularizer
    optimizer: Callable[[int], keras.optimizers.Optimizer]
    seed: int


@dataclass(frozen=True)
class Result:
    """What a training left behind; the model holds the weights of the best epoch.

    Attributes:
        history: One value an epoch for each of Keras's names, with `learning_rate` and `seconds`.
        best_epoch: 1-based epoch of the best monitored value; the last epoch where nothing was
            monitored.
        monitor: The monitored name; None where nothing was.
        seconds: Of the whole training.
        validation: The validation rows that the `val_` values are of, int64, ascending.
    """

    history: Mapping[str, Sequence[float]]
    best_epoch: int
    monitor: str | None
    seconds: float
    validation: np.ndarray

    @property
    def best(self) -> dict[str, float]:
        """Every value at the best epoch."""
        return {name: values[self.best_epoch - 1] for name, values in self.history.items()}


def fit(
    job: Job,
    watchers: Sequence[keras.callbacks.Callback],
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
) -> Result:
    """Train a model and leave it with the weights of its best epoch.

    Args:
        job: Model, rows and problem.
        watchers: Callbacks that show progress.
        report: Called once an epoch with its number, from 1, and its values.
        checkpoint: File from which an interrupted training goes on, and in which it keeps its
            state; None: no file.
        epochs: At most so many; fewer where the patience runs out or the loss is no longer a
            number.
        batch_size: Rows of a batch.
        steps_per_epoch: Batches of an epoch; None: every training row once.
        validation_steps: Batches of each validation, spread over all validation rows; None: every
            one of them.
        steps_per_execution: Batches run in one call into TensorFlow, at most; "auto": as many as
            are small together.
        shuffle: Whether training rows come in an order of its own each epoch.
        monitor: A name of the history; its best epoch is the one that counts.
        deterministic: The same seed gives the same weights, at some cost in speed.
        checkpoint_seconds: Between two savings of that state, at least; None: it is not saved.
    """
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    if not job.model.trainable_weights:
        epochs = 1  # The baseline: every epoch would be the same.
    rows = job.split.train
    steps = steps_per_epoch or math.ceil(len(rows) / batch_size)
    numbers = batch_size * math.prod(job.model.input_shape[1:])
    most = (
        NUMBERS_PER_EXECUTION // numbers
        if isinstance(steps_per_execution, str)
        else steps_per_execution
    )
    rows_judged, validation = validated(job.split.validation, validation_steps, batch_size), None
    if len(rows_judged):
        validation = batches.evaluation(
            job.dataset, job.encoder, rows_judged, job.targets, batch_size=batches.ROWS_TO_EVALUATE
        )
    loss = keras.losses.get(job.problem.loss)
    apart = (
        [keras.metrics.MeanMetricWrapper(loss, name="data_loss")]
        if job.regularizer.penalizes
        else []
    )
    job.model.compile(
        optimizer=job.optimizer(steps * epochs),
        loss=loss,
        metrics=[*job.problem.metrics, *apart],
        steps_per_execution=_steps_at_once(steps, most),
        jit_compile=False,
    )
    recorder = Recorder(report)
    keeper = keras.callbacks.EarlyStopping(
        monitor,
        mode="max" if higher_is_better(monitor) else "min",
        patience=job.regularizer.patience or epochs,
        restore_best_weights=True,
    )
    watch = [keeper] if validation is not None else []
    done = 0
    if checkpoint is not None and checkpoint_seconds is not None:
        judge = keeper if validation is not None else None
        saver = Checkpoint(checkpoint, recorder, judge, seconds=checkpoint_seconds)
        done = saver.restore(job.model, epochs=epochs)
        watch.append(
            saver
        )  # Before watchers: what one of them stops is asked about again by who goes on.
    augment = (
        batches.augmentation(job.regularizer, seed=job.seed) if job.regularizer.augments else None
    )
    training = batches.training(
        job.dataset,
        job.encoder,
        rows,
        job.targets,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=job.seed,
        augment=augment,
        batches_done=done * steps,
    )
    with warnings.catch_warnings():
        # `model=baseline` has no trainable weights, on purpose.
        warnings.filterwarnings("ignore", message="The model does not have any trainable weights")
        job.model.fit(
            training,
            validation_data=validation,
            epochs=epochs,
            initial_epoch=done,
            steps_per_epoch=steps,
            shuffle=False,  # `batches.training` has done that.
            verbose=0,
            callbacks=[keras.callbacks.TerminateOnNaN(), recorder, *watch, *watchers],
        )
    judged = validation is not None
    best = keeper.best_epoch + 1 if judged else recorder.epochs
    return Result(
        recorder.history, best, monitor if judged else None, recorder.seconds, rows_judged
    )


def validated(rows: np.ndarray, steps: int | None, batch_size: int) -> np.ndarray:
    """The validation rows of so many batches, spread evenly over all: rows may stand class by class."""
    most = len(rows) if steps is None else min(len(rows), steps * batch_size)
    return rows[np.linspace(0, len(rows) - 1, most).round().astype("int64")] if most else rows


def _steps_at_once(steps: int, most: int) -> int:
    """The largest divisor of the steps of an epoch up to `most`, at least 1; Keras would run past the epoch's end."""
    return max(count for count in range(1, max(1, min(steps, most)) + 1) if steps % count == 0)
