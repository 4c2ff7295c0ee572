"""Ends a training that somebody else, who sees other trainings as well, gives no chance."""

from collections.abc import Callable

import keras


class Pruner(keras.callbacks.Callback):
    """Stops the training where it is said to be hopeless, and remembers that it did."""

    def __init__(self, hopeless: Callable[[int, float], bool], *, monitor: str):
        """Ask `hopeless(epoch, value)` after each epoch, from 1, with the value of `monitor`."""
        super().__init__()
        self.hopeless = hopeless
        self.monitor = monitor
        self.pruned = False

    def on_epoch_end(self, epoch, logs=None):
        """Ask whether to go on; nothing is asked where nothing is monitored."""
        value = (logs or {}).get(self.monitor)
        if value is not None and self.hopeless(epoch + 1, float(value)):
            self.pruned = True
            self.model.stop_training = True
