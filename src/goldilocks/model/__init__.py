"""Facts -> `keras.Model`; one module per option of the config group `model`.

A model maps the features that `encoding` makes, float32 (batch, *input_shape), to
predictions, float32 (batch, outputs). It is not compiled: `training.fit` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldilocks.config.regularizer import Regularizer
from goldilocks.encoding.differencing import Difference

if TYPE_CHECKING:  # What a model is told is known before Keras is imported.
    import keras
    import numpy as np

__all__ = ["Facts", "Regularizer"]


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
        last_value: Of series: for each output the column of the features that is its target, and
            the mean and standard deviation that it was standardized by, in the target's unit, each
            (outputs,); None otherwise.
        difference: Of series: what the network predicts the change from; None where it predicts
            values.
        logarithms: Mean and standard deviation of the targets' logarithms, each float32 (outputs,),
            where the network learns these; None otherwise.
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
    last_value: tuple[np.ndarray, ...] | None = None
    difference: Difference | None = None
    logarithms: tuple[np.ndarray, np.ndarray] | None = None
    initial_model: keras.Model | None = None
