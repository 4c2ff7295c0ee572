"""The prediction that a model must beat: the best constant, or a naive forecast of a series.

The constant is that of the scored rows themselves, by the measure itself: no constant can beat it.
"""

import math
from collections.abc import Mapping

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import count_outputs, targets_of
from goldilocks.evaluation import measures
from goldilocks.problem import Problem


def baseline_predictions(
    problem: Problem,
    dataset: Dataset,
    rows: np.ndarray,
    name: str,
    *,
    fitted_on: np.ndarray | None = None,
) -> np.ndarray:
    """Return the baseline's predictions of rows, float32 (n, outputs).

    Args:
        problem: The problem type and the loss.
        dataset: The targets, and of a series its naive forecasts.
        rows: The rows to predict, int64 (n,).
        name: "loss", or the name of a metric.
        fitted_on: The rows that the best of all is best on, int64; None for those to predict.
    """
    return _best(problem, dataset, rows, name, rows if fitted_on is None else fitted_on)[0]


def baseline_scores(problem: Problem, dataset: Dataset, rows: np.ndarray) -> dict[str, float]:
    """Return the baseline's loss and metrics on rows, each of the baseline by that measure."""
    names = ("loss", *problem.metrics)
    return {name: _best(problem, dataset, rows, name, rows)[1] for name in names}


def _best(
    problem: Problem, dataset: Dataset, rows: np.ndarray, name: str, fitted_on: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the predictions of what is best on some rows, and its score on these."""
    measure, outputs = measures.find(problem, name), count_outputs(problem, dataset)
    truth, queries = targets_of(problem, dataset, fitted_on), dataset.queries(fitted_on)
    constant = measure.best_constant(problem, truth, outputs)
    best = np.tile(constant, (len(rows), 1))
    best_score = measure.of(problem, truth, np.tile(constant, (len(fitted_on), 1)), queries)

    for forecast in dataset.naive.values():
        score = measure.of(problem, truth, forecast[fitted_on], queries)
        if measure.is_better(score, best_score):
            best, best_score = forecast[rows], score
    return best, best_score


def deciding_metric(problem: Problem, baseline: Mapping[str, float]) -> str:
    """Return what tells whether a model beats the baseline: the primary metric, or else "loss".

    The loss decides where the baseline has the best score that can be: whoever always says yes
    misses nothing, and has a recall of 1.

    Args:
        problem: Says the primary metric.
        baseline: The baseline's scores, of the loss and the metrics.
    """
    best = measures.find(problem, problem.metric).best
    return "loss" if baseline[problem.metric] == best else problem.metric


def beats(problem: Problem, scores: Mapping[str, float], baseline: Mapping[str, float]) -> bool:
    """Return whether a model is better than the baseline by `deciding_metric`, noise left aside."""
    name = deciding_metric(problem, baseline)
    # A mean of trainings that all score as the baseline does differs from it in its last digit.
    if math.isclose(scores[name], baseline[name]):
        return False
    return measures.find(problem, name).is_better(scores[name], baseline[name])
