"""Callbacks that record and show the values of each epoch. They know no tracker."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from goldilocks import console
from goldilocks.evaluation.scores import scores
from goldilocks.formatting import cut, number
from goldilocks.problem import Problem
from goldilocks.training.batches import Batches
from goldilocks.training.interruption import Interruption, TrainingInterrupted

SHORTEST_NAME = 7  # of a metric, where a terminal is narrow
USUAL = "0.1234"  # is as long as most values
BAR_AND_TIME = 14  # columns that are left for the bar and the remaining time

Logs = dict[str, float] | None  # what Keras passes to a callback


class Interrupter(keras.callbacks.Callback):
    """End a training after the batch in which it was asked to end.

    Args:
        interruption: Says whether it was.
    """

    def __init__(self, interruption: Interruption):
        super().__init__()
        self.interruption = interruption

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Raise TrainingInterrupted if the training was asked to end."""
        if self.interruption.number:
            raise TrainingInterrupted

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """As after a batch of training."""
        self.on_train_batch_end(batch)


class Validation(keras.callbacks.Callback):
    """Score the validation rows after each epoch; must come before all who read these scores.

    Keras's own validation means its metrics over batches, and knows few of ours.

    Args:
        batches: Of features and targets, in the order of `truth`.
        truth: The targets, (rows, ...) as `encode_targets` makes them.
        queries: As `Dataset.queries` returns them.
        problem: The loss and the metrics.
        has_data_loss: Whether the loss of training rows has penalties or class weights; the loss
            without them is then `val_data_loss`, and that with the penalties `val_loss`.
        interrupters: Called while the rows are predicted.
    """

    def __init__(
        self,
        batches: Batches,
        truth: np.ndarray,
        queries: np.ndarray | None,
        problem: Problem,
        *,
        has_data_loss: bool,
        interrupters: Sequence[Interrupter],
    ):
        super().__init__()
        self.batches, self.truth, self.queries = batches, truth, queries
        self.problem, self.has_data_loss = problem, has_data_loss
        self.interrupters = list(interrupters)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Add the values of the validation rows to those of the epoch."""
        assert logs is not None
        predictions = self.model.predict(self.batches, verbose=0, callbacks=self.interrupters)
        penalties = float(sum(self.model.losses)) if self.has_data_loss else None
        logs.update(
            validation_values(self.problem, self.truth, predictions, self.queries, penalties)
        )


def validation_values(
    problem: Problem,
    truth: np.ndarray,
    predictions: np.ndarray,
    queries: np.ndarray | None,
    penalties: float | None,
) -> dict[str, float]:
    """Return the `val_` values of an epoch.

    Args:
        problem: The loss and the metrics.
        truth: As of `Validation`.
        predictions: float32 (rows, outputs).
        queries: As of `Validation`.
        penalties: Of the weights; None where the loss of training rows is that of the data.
    """
    values = scores(problem, truth, predictions, queries)
    if penalties is not None:
        values["data_loss"] = values["loss"]
        values["loss"] += penalties
    return {f"val_{name}": value for name, value in values.items()}


class AveragedWeights(keras.callbacks.SwapEMAWeights):
    """Have the moving average of the weights in the model from an epoch's end to the next's begin.

    It comes before all who read the model at the end of an epoch.

    Args:
        resumed: Whether the training goes on from the end of an epoch.
    """

    def __init__(self, *, resumed: bool):
        super().__init__(swap_on_epoch=True)
        self._ema_weights_in_model = resumed


class Recorder(keras.callbacks.Callback):
    """Record the history, with learning rate and seconds, and report every epoch.

    Args:
        report: Called after each epoch with its number, from 1, and its values.

    Attributes:
        history: For each name, one value an epoch.
        epochs: Number of epochs done.
    """

    def __init__(self, report: Callable[[int, Mapping[str, float]], None]):
        super().__init__()
        self.report = report
        self.history: dict[str, list[float]] = {}
        self.epochs = 0
        self._seconds_before = 0.0  # of the training that this one resumes

    def resume(self, history: Mapping[str, Sequence[float]], *, seconds: float) -> None:
        """Continue the history of a training that was interrupted after so many seconds."""
        self.history = {name: list(values) for name, values in history.items()}
        self.epochs, self._seconds_before = len(self.history["loss"]), seconds

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, without those between an interruption and the resumption."""
        return self._seconds_before + time.perf_counter() - self._began

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Start the epoch's clock."""
        self._epoch_began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Record the epoch's values, with the learning rate of its last step and its seconds."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        values["learning_rate"] = float(f"{rate:.7g}")  # 0.001, not float32's 0.0010000000474974513
        values["seconds"] = time.perf_counter() - self._epoch_began
        for name, value in values.items():
            self.history.setdefault(name, []).append(value)

        self.epochs = epoch + 1
        self.report(self.epochs, values)


def _texts(values: Mapping[str, str], room: int | None = None) -> str:
    """Return names with their values, the names cut until all has room, if that is limited."""
    text = "  ".join(f"{name} {value}" for name, value in values.items())
    if room is None or len(text) <= room:
        return text
    values = {name.replace("data_loss", "loss"): value for name, value in values.items()}
    for length in range(max(map(len, values), default=0), SHORTEST_NAME - 1, -1):
        text = "  ".join(f"{cut(name, length)} {value}" for name, value in values.items())
        if len(text) <= room:
            break
    return text


class ProgressBar(keras.callbacks.Callback):
    """Show a line for each epoch, and on a terminal below them a bar for the whole training.

    Where a terminal is too narrow for a line, the metric of the training rows is left out, then
    names are cut.

    Args:
        metric: Name of the metric to show beside the losses.
    """

    def __init__(self, *, metric: str):
        super().__init__()
        self.metric = metric
        self.console = Console(file=sys.stderr, force_jupyter=False)
        self.progress: Progress | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Draw the empty bar."""
        if not console.draws_progress():
            return
        self.progress = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(bar_width=None, table_column=Column(min_width=4, max_width=24)),
            TextColumn("{task.fields[values]}"),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
            console=self.console,
            transient=True,
        )
        self.bar = self.progress.add_task("", total=self.params["epochs"], values="starting")
        self.progress.start()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Move the bar within the epoch."""
        if self.progress is not None:
            steps = self.params.get("steps") or 1
            self.progress.update(self.bar, completed=self.epoch + (batch + 1) / steps)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the number of the epoch, and start its clock."""
        self.epoch, self.began = epoch, time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Show the epoch's values."""
        logs = logs or {}
        # The loss without penalties, where there is one, is that which the verdict reads.
        loss = "data_loss" if "val_data_loss" in logs else "loss"
        names = [loss, f"val_{loss}", self.metric, f"val_{self.metric}"]
        values = {name: number(logs[name]) for name in names if name in logs}
        head, total = f"epoch {epoch + 1}/{self.params['epochs']}  ", str(self.params["epochs"])
        seconds = f"  {time.perf_counter() - self.began:.1f} s"
        line = head + _texts(values) + seconds

        if self.progress is not None:
            few = {name: text for name, text in values.items() if name != self.metric}
            width = self.console.width
            # The same in each epoch, whatever its values are.
            usual = f"epoch {total}/{total}  {_texts(dict.fromkeys(values, USUAL))}  {USUAL} s"
            if max(len(usual), len(line)) > width:
                line = head + _texts(few, width - len(head + seconds)) + seconds
            room = width - len("epoch / ") - 2 * len(total) - BAR_AND_TIME
            self.progress.update(self.bar, completed=epoch + 1, values=_texts(few, room))
        console.note(line)  # Above the bar: it has taken over standard error.

    def close(self) -> None:
        """Give the terminal back, also after an interrupt."""
        if self.progress is not None:
            self.progress.stop()
