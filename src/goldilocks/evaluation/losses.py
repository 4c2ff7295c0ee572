"""The loss of a problem, as a training minimizes it and as scores report it, in Keras's terms."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from goldilocks.evaluation import measures
from goldilocks.evaluation.row_values import TINY
from goldilocks.problem import Problem

# Targets and predictions, each (rows, outputs) or integer classes (rows,), -> a loss of each row.
Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def loss_function(problem: Problem) -> Loss:
    """Return the loss of each row, float32 (rows,).

    Where the problem has a scale, the loss is of targets and predictions divided by it. Then it has
    no unit: gradients, and what a penalty on the weights weighs beside it, are the same whether a
    price is in dollars or in millions. Of logarithms the scale is one, too; a prediction of 0 or
    less, which other models than networks may make, counts as the smallest float32 number.
    """
    loss: Loss = keras.losses.get(problem.loss)
    if not problem.scale and not problem.log_target:
        return loss
    scale = np.asarray(problem.scale or 1, np.float32)

    def encoded(values: keras.KerasTensor) -> keras.KerasTensor:
        if problem.log_target:
            values = ops.log(ops.maximum(values, TINY))
        return values / scale

    def standardized(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return loss(encoded(y_true), encoded(y_pred))

    return standardized


def training_metrics(problem: Problem, outputs: int) -> list[keras.metrics.Metric]:
    """Return Keras's metrics of training batches; those of validation rows are `scores.scores`.

    Args:
        problem: The metrics.
        outputs: Of the model.
    """
    metrics: list[keras.metrics.Metric] = []
    for name in problem.metrics:
        class_name = measures.find(problem, name).keras.get(problem.type)
        # Keras's root is of the mean over all outputs, scikit-learn's score the mean of the roots.
        if class_name is None or (name == "root_mean_squared_error" and outputs > 1):
            continue
        if problem.type == "multiclass" and problem.loss != "sparse_categorical_crossentropy":
            class_name = class_name.removeprefix("Sparse")
        metrics.append(keras.metrics.get({"class_name": class_name, "config": {"name": name}}))
    return metrics
