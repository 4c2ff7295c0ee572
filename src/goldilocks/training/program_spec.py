"""The values that go to a program of many networks, and come back from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from goldilocks.problem import Problem

Arrays = list[Any]  # Variables of all members, each (streams, members of a stream, ...).


@dataclass(frozen=True, kw_only=True)
class ProgramSpec:
    """What a program trains: members that differ in their variables and their rows alone.

    Members that see the same batches are of one stream; all streams have equally many members.

    Attributes:
        model: The JSON of a network, features -> predictions.
        modules: Where the classes of its layers are defined, by name.
        optimizer: As `keras.optimizers.serialize` makes it; the learning rate is a variable.
        problem: The loss, and the metrics of training batches.
        has_data_loss: Whether the loss without penalties and class weights is a metric of its own.
        trainable: Trainable variables, each (streams, members, ...).
        non_trainable: The others, with the states of random layers.
        learning_rates: float32 (streams, members).
        units: As `rescaling_constants` of each model returns them, each (streams, members, ...).
        features: Of all rows, (rows, ...).
        targets: Of all rows, as the loss takes them.
        weights: Of all rows in the training loss, float32 (rows,); None where all weigh 1.
        validation: Rows to predict after each epoch, int32 (streams, batches, batch size), -1 where
            there is none.
        even: Whether all streams have equally many batches.
    """

    model: str
    modules: Sequence[str]
    optimizer: dict[str, Any]
    problem: Problem
    has_data_loss: bool
    trainable: Arrays
    non_trainable: Arrays
    learning_rates: np.ndarray
    units: Arrays
    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None
    validation: np.ndarray
    even: bool


@dataclass(frozen=True)
class Epoch:
    """What an epoch of all members came to.

    Attributes:
        logs: The loss and the metrics of training batches, each float32 (members,).
        penalties: On the weights after the epoch, float32 (members,).
        predictions: Of the validation rows, float32 (members, rows, outputs).
        seconds: Of the whole program.
    """

    logs: dict[str, np.ndarray]
    penalties: np.ndarray
    predictions: np.ndarray
    seconds: float


def rescaling_layers(model: keras.Model) -> list[keras.layers.Rescaling]:
    """Return the layers whose constants are fitted on training rows: folds differ in them."""
    layers: list[keras.layers.Rescaling] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            layers += rescaling_layers(layer)
        elif isinstance(layer, keras.layers.Rescaling):
            layers.append(layer)
    return layers


def rescaling_constants(model: keras.Model) -> Arrays:
    """Return the scale and the offset of each of these layers, float32, one after the other."""
    return [
        np.asarray(constant, "float32")
        for layer in rescaling_layers(model)
        for constant in (layer.scale, layer.offset)
    ]
