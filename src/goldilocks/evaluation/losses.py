"""The loss of a problem, as a training minimizes it and as scores report it."""

from collections.abc import Callable

import keras
import numpy as np

from goldilocks.problem import Problem

# Targets and predictions, each (rows, outputs) or integer classes (rows,), -> a loss of each row.
Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def loss_function(problem: Problem) -> Loss:
    """Return the loss of each row, float32 (rows,).

    Where the problem has a scale, the loss is of targets and predictions divided by it. Then it has
    no unit: gradients, and what a penalty on the weights weighs beside it, are the same whether a
    price is in dollars or in millions.
    """
    loss: Loss = keras.losses.get(problem.loss)
    if not problem.scale:
        return loss
    scale = np.asarray(problem.scale, np.float32)

    def standardized(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return loss(y_true / scale, y_pred / scale)

    return standardized
