"""What happens at the end of each epoch: values are recorded, and shown. Callbacks know no tracker."""

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from goldilocks import console


class Recorder(keras.callbacks.Callback):
    """Keeps the history, with learning rate and seconds, and reports every epoch."""

    def __init__(self, report: Callable[[int, Mapping[str, float]], None]):
        """Report to `report(epoch, values)`, epochs from 1."""
        super().__init__()
        self.report = report
        self.history: dict[str, list[float]] = {}
        self.epochs = 0
        self.seconds = self.before = 0.0

    def resume(self, history: Mapping[str, Sequence[float]], *, seconds: float) -> None:
        """Take up the history of a training that was interrupted after so many seconds."""
        self.history = {name: list(values) for name, values in history.items()}
        self.epochs, self.before = len(self.history["loss"]), seconds

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, without those between an interruption and going on."""
        return self.before + time.perf_counter() - self.began

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.began = time.perf_counter()

    def on_epoch_begin(self, epoch, logs=None):
        """Start the epoch's clock."""
        self.epoch_began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Record the epoch's values, with the learning rate of its last step and its seconds."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        values["learning_rate"] = float(
            f"{rate:.7g}"
        )  # 0.001 as it was given, not 0.0010000000474974513
        values["seconds"] = time.perf_counter() - self.epoch_began
        for name, value in values.items():
            self.history.setdefault(name, []).append(value)
        self.epochs = epoch + 1
        self.report(self.epochs, values)

    def on_train_end(self, logs=None):
        """Stop the clock."""
        self.seconds = self.elapsed


class ProgressBar(keras.callbacks.Callback):
    """One bar for the whole training on a terminal, a line an epoch elsewhere."""

    def __init__(self, *, metric: str):
        """Show the losses and `metric` of each epoch."""
        super().__init__()
        self.metric = metric
        self.progress: Progress | None = None
        self.console = Console(file=sys.stderr)
        self.values = ""

    def on_train_begin(self, logs=None):
        """Draw the empty bar."""
        self.epochs = self.params["epochs"]
        if self.console.is_terminal:
            self.progress = Progress(
                TextColumn("epoch"),
                MofNCompleteColumn(),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[values]}"),
                TimeRemainingColumn(compact=True),
                console=self.console,
            )
            self.bar = self.progress.add_task("", total=self.epochs, values="starting")
            self.progress.start()

    def on_train_batch_end(self, batch, logs=None):
        """Move the bar within the epoch."""
        if self.progress is not None:
            steps = self.params.get("steps") or 1
            self.progress.update(self.bar, completed=self.epoch + (batch + 1) / steps)

    def on_epoch_begin(self, epoch, logs=None):
        """Remember which epoch the bar stands in."""
        self.epoch, self.began = epoch, time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Show the epoch's values."""
        logs = logs or {}
        names = ("loss", "val_loss", self.metric, f"val_{self.metric}")
        values = "  ".join(f"{name} {_short(logs[name])}" for name in names if name in logs)
        if self.progress is not None:
            self.progress.update(self.bar, completed=epoch + 1, values=values)
        else:
            seconds = time.perf_counter() - self.began
            console.note(f"epoch {epoch + 1}/{self.epochs}  {values}  {seconds:.1f} s")

    def on_train_end(self, logs=None):
        """Leave the bar where it stands."""
        self.close()

    def close(self):
        """Give the terminal back, also after an interrupt."""
        if self.progress is not None:
            self.progress.stop()


def _short(value: float) -> str:
    return f"{value:.4f}" if not math.isfinite(value) or abs(value) < 100 else f"{value:.4g}"
