"""Stops a training that a search, which sees other trainings as well, finds unpromising."""

from collections.abc import Callable

import keras

from goldilocks.training.callbacks import Logs


class Pruner(keras.callbacks.Callback):
    """Stop training when the search says that the trial is unpromising.

    Args:
        should_prune: Called after each epoch with its number, from 1, and the monitored value.
        monitor: Name of the monitored value.

    Attributes:
        pruned: Whether the training was stopped.
    """

    def __init__(self, should_prune: Callable[[int, float], bool], *, monitor: str):
        super().__init__()
        self.should_prune = should_prune
        self.monitor = monitor
        self.pruned = False

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Ask whether to go on, if the epoch has the monitored value."""
        value = (logs or {}).get(self.monitor)
        if value is not None and self.should_prune(epoch + 1, float(value)):
            self.pruned = True
            self.model.stop_training = True
