"""The state from which a training resumes after its process was killed, in one file.

Keras 3.15's `BackupAndRestore` keeps weights, optimizer and epoch, but not the history, the best
weights and the patience of early stopping.
"""

import contextlib
import json
import os
import signal
import threading
import time
import zipfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np

from goldilocks import console
from goldilocks.training.callbacks import Logs, Recorder

LARGEST_SHARE = 0.02  # of the training's time that checkpoints may take
OF_STOPPING = ("best", "best_epoch", "wait")  # what early stopping knows besides the best weights


class Schedule:
    """When a checkpoint is due.

    Args:
        seconds: Least number of seconds between two checkpoints; 0 for one after every epoch.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._saved_at, self._cost = time.monotonic(), 0.0
        self._is_warned = False

    def listen(self) -> None:
        """From now on, have a checkpoint after the epoch in which SIGUSR1 comes.

        A scheduler warns with it before it ends a job.
        """

        def warn(number: int, frame: FrameType | None) -> None:
            self._is_warned = True

        if hasattr(signal, "SIGUSR1") and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGUSR1, warn)

    def is_due(self) -> bool:
        """Return whether the last checkpoint is old enough, or a scheduler has warned."""
        age = time.monotonic() - self._saved_at
        is_old = age >= max(self.seconds, self._cost / LARGEST_SHARE)
        return self._is_warned or is_old or not self.seconds

    @contextlib.contextmanager
    def saving(self) -> Generator[None]:
        """Measure what a checkpoint costs, which is written within."""
        self._is_warned = False
        began = time.monotonic()
        yield
        self._saved_at = time.monotonic()
        self._cost = self._saved_at - began


class Checkpoint(keras.callbacks.Callback):
    """Save the state of a training after an epoch; must follow all callbacks with a state.

    Args:
        file: The file to write; its folder exists.
        recorder: Callback that holds the history.
        early_stopping: Callback that holds the best weights; None if nothing is monitored.
        seconds: Least number of seconds between two checkpoints; 0 to save after every epoch.
    """

    def __init__(
        self,
        file: Path,
        recorder: Recorder,
        early_stopping: keras.callbacks.EarlyStopping | None,
        *,
        seconds: float,
    ):
        super().__init__()
        self.file, self.recorder, self.early_stopping = file, recorder, early_stopping
        self.schedule = Schedule(seconds)
        self._early_stopping_state: dict[str, Any] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        """Restore early stopping, which forgets its state when a training begins."""
        self.schedule.listen()
        for name, value in self._early_stopping_state.items():
            setattr(self.early_stopping, name, value)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save, if a checkpoint is due."""
        if self.schedule.is_due():
            with self.schedule.saving():
                self.save()

    def save(self) -> None:
        """Write the state; the last checkpoint stays until the new one is complete."""
        state: dict[str, Any] = {
            "stopped": self.model.stop_training,
            "history": self.recorder.history,
            "seconds": self.recorder.elapsed,
        }
        arrays = [variable.numpy() for variable in _variables(self.model)]
        stopping = self.early_stopping
        if stopping is not None:
            state["early_stopping"] = {name: getattr(stopping, name) for name in OF_STOPPING}
            arrays += stopping.best_weights or []
        write(self.file, state, arrays)

    def restore(self, model: keras.Model, *, epochs: int) -> int:
        """Put the state back into a compiled model and the callbacks.

        Args:
            model: The model, built as it was when the training began.
            epochs: Number of epochs of the whole training.

        Returns:
            Number of epochs that are done: 0 without a checkpoint, all if the training had
            stopped early.
        """
        variables = _variables(model)
        shapes = [tuple(variable.shape) for variable in variables]

        def check(state: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> None:
            if [array.shape for array in arrays[: len(shapes)]] != shapes:
                raise ValueError("its arrays are those of another model")
            if missing := {"stopped", "history", "seconds"} - state.keys():
                raise ValueError(f"it has no {', '.join(sorted(missing))}")

        stored = read(self.file, check)
        if stored is None:
            return 0
        state, arrays = stored

        best_weights = arrays[len(variables) :] or None
        for variable, values in zip(variables, arrays[: len(variables)], strict=True):
            variable.assign(values)
        self.recorder.resume(state["history"], seconds=state["seconds"])
        if self.early_stopping is not None:
            self._early_stopping_state = state["early_stopping"] | {"best_weights": best_weights}

        if state["stopped"]:
            return epochs
        return self.recorder.epochs


def write(file: Path, state: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> bool:
    """Write a checkpoint, and return whether there was room for it; else the last one stays.

    Args:
        file: To write; its folder exists.
        state: What JSON can hold.
        arrays: Of numbers.
    """
    encoded = np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)
    fresh = file.with_suffix(".new")
    try:
        with fresh.open("wb") as opened:
            np.savez(opened, encoded, *arrays)
            opened.flush()
            # Else a power cut may leave the new name with nothing in it.
            os.fsync(opened.fileno())
        fresh.replace(file)
    except OSError as error:
        # The training itself is well, and the last checkpoint is still there.
        fresh.unlink(missing_ok=True)
        console.note(
            f"no checkpoint could be written: {error}. Without room for it, an interrupted "
            "training cannot resume."
        )
        return False
    return True


def read(
    file: Path, check: Callable[[Mapping[str, Any], Sequence[np.ndarray]], None]
) -> tuple[dict[str, Any], list[np.ndarray]] | None:
    """Return the state and the arrays of a checkpoint; None where it is damaged or not there.

    Args:
        file: As `write` wrote it.
        check: Raises an error where they are not those of what would resume.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} is damaged")
        with np.load(file, allow_pickle=False) as stored:
            encoded, *arrays = stored.values()
        state = json.loads(encoded.tobytes())
        check(state, arrays)
    except FileNotFoundError:
        return None
    except Exception as error:  # Damage raises anything, and always means the same.
        reason = str(error) or type(error).__name__
        console.note(f"the checkpoint {file} cannot be read ({reason}): training starts again")
        return None
    return state, arrays


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Return the weights, the states of random layers, and the optimizer's variables."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
