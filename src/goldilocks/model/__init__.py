"""Facts -> `keras.Model`; one module per option of the config group `model`.

A model maps the features that `encoding` makes, float32 (batch, *input_shape), to
predictions, float32 (batch, outputs). It is not compiled: `training.fit` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

# The check of a config reads the tables below, and must not pay for importing numpy.
if TYPE_CHECKING:
    import keras
    import numpy as np

# The kinds of data set (`dataset.KINDS`) that each option takes.
ACCEPTS: Mapping[str, frozenset[str]] = {
    "convnet": frozenset({"image"}),
    "pretrained": frozenset({"image"}),
    "mlp": frozenset({"image", "table", "text", "series"}),
    "embedding": frozenset({"text"}),
    "rnn": frozenset({"text", "series"}),
    "conv1d": frozenset({"text", "series"}),
    "conv_rnn": frozenset({"text", "series"}),
    "baseline": frozenset({"image", "table", "text", "series"}),
}

# The options that read a text in its order, word by word; the others are told which words occur.
READS_IN_ORDER = frozenset({"embedding", "rnn", "conv1d", "conv_rnn"})

# The parts of a regularizer that change what a training image looks like: they need images.
AUGMENTATION = ("flip", "rotation", "translation", "shear", "zoom")

# The parts of a regularizer that each option honours; the others are refused by name.
HONOURS: Mapping[str, frozenset[str]] = {
    "convnet": frozenset({"l1", "l2", "dropout", "patience", *AUGMENTATION}),
    "pretrained": frozenset({"l1", "l2", "dropout", "patience", *AUGMENTATION}),
    "mlp": frozenset({"l1", "l2", "dropout", "patience", *AUGMENTATION}),
    "embedding": frozenset({"l1", "l2", "dropout", "patience"}),
    "rnn": frozenset({"l1", "l2", "dropout", "recurrent_dropout", "patience"}),
    "conv1d": frozenset({"l1", "l2", "dropout", "patience"}),
    "conv_rnn": frozenset({"l1", "l2", "dropout", "recurrent_dropout", "patience"}),
    "baseline": frozenset(),
}


@dataclass(frozen=True)
class Facts:
    """What a model needs to know of the data.

    Attributes:
        input_shape: Shape of one row of features, without the batch: (height, width, channels),
            (columns,), (length,) of word indices, or (time steps, columns).
        outputs: Number of units of the last layer.
        last_activation: Keras name of the last layer's activation ("linear" for none).
        prior: The best constant prediction from the training targets, float32 (outputs,): class
            frequencies, or the mean.
        spread: Standard deviation of the training targets of a regression, float32 (outputs,); None
            otherwise.
        max_tokens: Size of the vocabulary if features are word indices (0 for padding, 1 for an
            unknown word); 0 if they are numbers.
        vocabulary: The words by their indices, at most `max_tokens` of them.
        persistence: Of series: the column of the features that is the target, and the mean and
            standard deviation that it was standardized by, in the target's unit; None otherwise.
        initial_model: The logged model that `model.init_from` names, raw rows -> predictions; None
            without one.
    """

    input_shape: tuple[int, ...]
    outputs: int
    last_activation: str
    prior: np.ndarray
    spread: np.ndarray | None
    max_tokens: int = 0
    vocabulary: tuple[str, ...] = ()
    persistence: tuple[int, float, float] | None = None
    initial_model: keras.Model | None = None


@dataclass(frozen=True)
class Regularizer:
    """The config group `regularizer` as data; `conf/regularizer/none.yaml` explains each part."""

    l1: float
    l2: float
    dropout: float
    recurrent_dropout: float
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
