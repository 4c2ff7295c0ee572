"""Everything that a training needs to go on after its process was killed, in one file that is never half-written.

Keras 3.15's `BackupAndRestore` keeps weights, optimizer and epoch, but not the history, the best
weights and the patience of early stopping, nor random state (field notes, P4).
"""

import json
import os
import random
import time
import zipfile
from pathlib import Path

import keras
import numpy as np

from goldilocks import console
from goldilocks.training.callbacks import Recorder

LARGEST_SHARE = 0.02  # of the training's time that checkpoints may take


class Checkpoint(keras.callbacks.Callback):
    """Saves the state of a training at the end of an epoch, and puts it back; stands behind all others that have one.

    Args:
        file: Where; its folder is there.
        recorder: Has the history.
        keeper: Has the best weights; None where nothing is monitored.
        seconds: Between two checkpoints, at least; 0: every epoch.
    """

    def __init__(
        self,
        file: Path,
        recorder: Recorder,
        keeper: keras.callbacks.EarlyStopping | None,
        *,
        seconds: float,
    ):
        super().__init__()
        self.file, self.recorder, self.keeper, self.seconds = file, recorder, keeper, seconds
        self.saved, self.cost = time.monotonic(), 0.0
        self._kept = {}

    def on_train_begin(self, logs=None):
        """Give early stopping back what it knew: it forgets it when a training begins."""
        for name, value in self._kept.items():
            setattr(self.keeper, name, value)

    def on_epoch_end(self, epoch, logs=None):
        """Save, where the last time is long enough ago."""
        since = time.monotonic() - self.saved
        if self.seconds == 0 or since >= max(self.seconds, self.cost / LARGEST_SHARE):
            began = time.monotonic()
            self.save()
            self.saved = time.monotonic()
            self.cost = self.saved - began

    def save(self) -> None:
        """Write the state; until it is whole, the last one stays."""
        keeper, model = self.keeper, self.model
        arrays = {
            f"model.{place}": variable.numpy() for place, variable in enumerate(_variables(model))
        }
        kind, numbers, *rest = np.random.get_state()
        state = {
            "stopped": model.stop_training,
            "history": self.recorder.history,
            "seconds": self.recorder.elapsed,
            "epochs": self.recorder.epochs,
            "python": random.getstate(),
            "numpy": [kind, *rest],
            "keeper": {},
        }
        if keeper is not None:
            state["keeper"] = {
                "best": keeper.best,
                "best_epoch": keeper.best_epoch,
                "wait": keeper.wait,
            }
            arrays |= {
                f"best.{place}": weight for place, weight in enumerate(keeper.best_weights or [])
            }
        fresh = self.file.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                np.savez(
                    file,
                    numpy=numbers,
                    state=np.frombuffer(json.dumps(state).encode(), dtype=np.uint8),
                    **arrays,
                )
                file.flush()
                os.fsync(
                    file.fileno()
                )  # Else a power cut may leave the new name with nothing in it.
            fresh.replace(self.file)
        except (
            OSError
        ) as error:  # The training itself is well, and the last checkpoint is still there.
            fresh.unlink(missing_ok=True)
            console.note(
                f"no checkpoint could be written: {error}. Make room, or it cannot go on if it is "
                "interrupted."
            )

    def restore(self, model: keras.Model, *, epochs: int) -> int:
        """Put the state back into a compiled model and the callbacks.

        Args:
            model: As it was built when the training began.
            epochs: Of the whole training.

        Returns:
            How many of them are done: 0 where there is no checkpoint, all where patience had run
            out.
        """
        try:
            with np.load(self.file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except FileNotFoundError:
            return 0
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            console.note(
                f"the checkpoint {self.file} cannot be read ({error}): training begins anew"
            )
            return 0
        state = json.loads(arrays["state"].tobytes())
        for place, variable in enumerate(_variables(model)):
            variable.assign(arrays[f"model.{place}"])
        self.recorder.resume(state["history"], seconds=state["seconds"])
        if self.keeper is not None:
            best = [name for name in arrays if name.startswith("best.")]
            weights = [arrays[f"best.{place}"] for place in range(len(best))]
            self._kept = state["keeper"] | {"best_weights": weights or None}
        kind, *rest = state["numpy"]
        np.random.set_state((kind, arrays["numpy"], *rest))
        version, numbers, gauss = state["python"]
        random.setstate((version, tuple(numbers), gauss))
        return epochs if state["stopped"] else state["epochs"]


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Weights, the states of random layers, and what the optimizer remembers."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
