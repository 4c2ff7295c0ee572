"""The state from which a training resumes after its process was killed, in one file.

Keras 3.15's `BackupAndRestore` keeps weights, optimizer and epoch, but not the history, the best
weights and the patience of early stopping.
"""

import json
import os
import signal
import threading
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np

from goldilocks import console
from goldilocks.training.callbacks import Logs, Recorder

LARGEST_SHARE = 0.02  # of the training's time that checkpoints may take


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
        self.seconds = seconds
        self.saved_at, self.cost = time.monotonic(), 0.0
        self._early_stopping_state: dict[str, Any] = {}
        self._is_warned = False

    def on_train_begin(self, logs: Logs = None) -> None:
        """Restore early stopping, which forgets its state when a training begins."""
        if hasattr(signal, "SIGUSR1") and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGUSR1, self._save_soon)
        for name, value in self._early_stopping_state.items():
            setattr(self.early_stopping, name, value)

    def _save_soon(self, number: int, frame: FrameType | None) -> None:
        """Save after this epoch: a scheduler warns with SIGUSR1 before it ends a job."""
        self._is_warned = True

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save, if the last checkpoint is old enough, or a scheduler has warned."""
        age, is_warned = time.monotonic() - self.saved_at, self._is_warned
        self._is_warned = False
        if self.seconds and not is_warned and age < max(self.seconds, self.cost / LARGEST_SHARE):
            return
        began = time.monotonic()
        self.save()
        self.saved_at = time.monotonic()
        self.cost = self.saved_at - began

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
            names = ("best", "best_epoch", "wait")
            state["early_stopping"] = {name: getattr(stopping, name) for name in names}
            arrays += stopping.best_weights or []

        encoded = np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)
        fresh = self.file.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                np.savez(file, encoded, *arrays)
                file.flush()
                # Else a power cut may leave the new name with nothing in it.
                os.fsync(file.fileno())
            fresh.replace(self.file)
        except OSError as error:
            # The training itself is well, and the last checkpoint is still there.
            fresh.unlink(missing_ok=True)
            console.note(
                f"no checkpoint could be written: {error}. Without room for it, an interrupted "
                "training cannot resume."
            )

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
        try:
            state, arrays = _read(self.file, [tuple(variable.shape) for variable in variables])
        except FileNotFoundError:
            return 0
        except Exception as error:  # Damage raises anything, and always means the same.
            reason = str(error) or type(error).__name__
            console.note(
                f"the checkpoint {self.file} cannot be read ({reason}): training starts again"
            )
            return 0

        best_weights = arrays[len(variables) :] or None
        for variable, values in zip(variables, arrays[: len(variables)], strict=True):
            variable.assign(values)
        self.recorder.resume(state["history"], seconds=state["seconds"])
        if self.early_stopping is not None:
            self._early_stopping_state = state["early_stopping"] | {"best_weights": best_weights}

        if state["stopped"]:
            return epochs
        return self.recorder.epochs


def _read(file: Path, shapes: Sequence[tuple[int, ...]]) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return the state and the arrays of a checkpoint, of which the first have these shapes."""
    with zipfile.ZipFile(file) as archive:
        if damaged := archive.testzip():
            raise ValueError(f"{damaged} is damaged")
    with np.load(file, allow_pickle=False) as stored:
        encoded, *arrays = stored.values()
    state = json.loads(encoded.tobytes())
    if [array.shape for array in arrays[: len(shapes)]] != list(shapes):
        raise ValueError("its arrays are those of another model")
    if missing := {"stopped", "history", "seconds"} - state.keys():
        raise ValueError(f"it has no {', '.join(sorted(missing))}")
    return state, arrays


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Return the weights, the states of random layers, and the optimizer's variables."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
