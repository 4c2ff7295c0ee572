"""Facts -> `keras.Model`; one module per option of the config group `model`.

A model maps the features that `dataset.encoding` makes, float32 (batch, *input_shape), to predictions, float32
(batch, outputs). It is not compiled: `training.fit` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # The check of a config reads the tables below, and must not pay for importing numpy.
    import numpy as np

# The kinds of data set (`dataset.KINDS`) that each option takes.
ACCEPTS: Mapping[str, frozenset[str]] = {
    "convnet": frozenset({"image"}),
    "mlp": frozenset({"image", "table"}),
    "baseline": frozenset({"image", "table"}),
}

# The parts of a regularizer that change what a training image looks like: they need images.
AUGMENTATION = ("flip", "rotation", "translation", "shear", "zoom")

# The parts of a regularizer that each option honours; the others are refused by name.
HONOURS: Mapping[str, frozenset[str]] = {
    "convnet": frozenset({"l1", "l2", "dropout", "patience", *AUGMENTATION}),
    "mlp": frozenset({"l1", "l2", "dropout", "patience", *AUGMENTATION}),
    "baseline": frozenset(),
}


class ModelError(ValueError):
    """The model cannot be built for these inputs; the message says why and how to fix it."""


@dataclass(frozen=True)
class Facts:
    """What a model needs to know and only the data can tell.

    Attributes:
        input_shape: Shape of one row of features, without the batch: (height, width, channels) or (columns,).
        outputs: Number of units of the last layer.
        last_activation: Keras name of the last layer's activation ("linear" for none).
        prior: The best constant prediction from the training targets, float32 (outputs,): class shares, or the mean.
        spread: Standard deviation of the training targets of a regression, float32 (outputs,); None otherwise.
    """

    input_shape: tuple[int, ...]
    outputs: int
    last_activation: str
    prior: np.ndarray
    spread: np.ndarray | None


@dataclass(frozen=True)
class Regularizer:
    """The config group `regularizer` as data; `conf/regularizer/none.yaml` explains each part."""

    l1: float
    l2: float
    dropout: float
    flip: bool
    rotation: float
    translation: float
    shear: float
    zoom: float
    patience: int | None

    @property
    def penalizes(self) -> bool:
        """Whether a penalty on the weights is added to the loss."""
        return self.l1 > 0 or self.l2 > 0

    @property
    def augments(self) -> bool:
        """Whether training images are changed at random."""
        return any(getattr(self, part) for part in AUGMENTATION)
