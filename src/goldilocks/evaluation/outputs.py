"""Predictions of several numbers -> the scores of each, beside their mean."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from goldilocks.evaluation.scores import scores
from goldilocks.problem import Problem

Row = dict[str, str | float]


def scores_of_each(
    problem: Problem,
    names: Sequence[str],
    truth: np.ndarray,
    predictions: np.ndarray,
    baseline: np.ndarray,
) -> list[Row]:
    """Return the scores of each output, and those of the baseline, by the names of scores.

    Args:
        problem: The loss, which divides each output by its own deviation, and the metrics.
        names: Of the outputs; of none nothing is returned.
        truth: float32 (rows, outputs).
        predictions: float32 (rows, outputs).
        baseline: Predictions of the baseline, float32 (rows, outputs).

    Returns:
        For each its name as "output", its loss and metrics, and as "baseline_loss" and so on those
        of the baseline.
    """
    rows: list[Row] = []
    for index, name in enumerate(names):
        one = slice(index, index + 1)
        of_one = replace(problem, scale=problem.scale[one])
        of_baseline = scores(of_one, truth[:, one], baseline[:, one])
        rows.append(
            {"output": name}
            | scores(of_one, truth[:, one], predictions[:, one])
            | {f"baseline_{score}": value for score, value in of_baseline.items()}
        )
    return rows
