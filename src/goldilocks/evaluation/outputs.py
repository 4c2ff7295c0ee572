"""Predictions of several numbers or labels -> the scores of each, beside their mean."""

from dataclasses import replace

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.evaluation import measures
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.evaluation.scores import scores
from goldilocks.problem import Problem

Row = dict[str, str | float]


def scores_of_each(
    problem: Problem, dataset: Dataset, rows: np.ndarray, predictions: np.ndarray
) -> list[Row]:
    """Return the scores of each of several numbers or labels, and those of the baseline.

    Args:
        problem: The loss, which divides each output by its own deviation, and the metrics.
        dataset: The targets, and the names of the outputs or labels; of one number, or of classes,
            nothing is returned.
        rows: The predicted rows, int64 (n,).
        predictions: float32 (n, outputs).

    Returns:
        For each its name as "output", its loss and metrics, and as "baseline_loss" and so on those
        of the baseline.
    """
    outputs = list(dataset.outputs)
    if problem.type == "multilabel":
        outputs = dataset.classes
    if not outputs:
        return []
    truth, names = dataset.y[rows], ("loss", *problem.metrics)
    baselines = {name: baseline_predictions(problem, dataset, rows, name) for name in names}

    of_each: list[Row] = []
    for index, output in enumerate(outputs):
        one = slice(index, index + 1)
        of_one = replace(problem, scale=problem.scale[one], thresholds=problem.thresholds[one])
        row: Row = {"output": output, **scores(of_one, truth[:, one], predictions[:, one])}
        for name, baseline in baselines.items():
            score = measures.find(problem, name).score(of_one, truth[:, one], baseline[:, one])
            row[f"baseline_{name}"] = score
        of_each.append(row)
    return of_each
