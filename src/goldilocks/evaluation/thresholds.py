"""Predicted probabilities -> the threshold of each class or label above which it is predicted."""

from __future__ import annotations

import dataclasses

import numpy as np

from goldilocks.evaluation import measures, row_values
from goldilocks.problem import COST, Problem

PARTS = 5  # of the rows, each decided by the threshold of the others
GOALS = ("f1_score", "balanced_accuracy")


def goal(problem: Problem) -> str:
    """Return what thresholds are chosen for: the cost, the primary metric, or F1.

    F1 stands for a metric that does not depend on thresholds; for precision and recall, of which
    one end is the best; and for accuracy, for which one half is.
    """
    if problem.cost:
        return COST
    return problem.metric if problem.metric in GOALS else GOALS[0]


def choose(problem: Problem, y: np.ndarray, predictions: np.ndarray) -> Problem:
    """Return the problem with the thresholds that are best on some rows.

    Args:
        problem: Says what they are chosen for.
        y: 0 and 1, (rows,) or (rows, labels), as `Dataset.y`.
        predictions: Probabilities, float32 (rows, outputs).
    """
    pairs = zip(y.reshape(len(y), -1).T, predictions.T, strict=True)
    thresholds = tuple(_best(problem, truth > 0.5, column) for truth, column in pairs)
    return dataclasses.replace(problem, thresholds=thresholds)


def decided_apart(problem: Problem, y: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return what is predicted of each row by thresholds that were chosen without it.

    Args:
        problem: As of `choose`.
        y: As of `choose`.
        predictions: As of `choose`.

    Returns:
        0 and 1, int64 of the shape of `y`.
    """
    part = np.arange(len(y)) % PARTS
    decided = np.zeros(y.shape, np.int64)
    for number in range(PARTS):
        rows, others = part == number, part != number
        chosen = choose(problem, y[others], predictions[others])
        decided[rows] = row_values.decided(chosen, predictions[rows])
    return decided


def score(problem: Problem, y: np.ndarray, decided: np.ndarray) -> float:
    """Return what thresholds are chosen for, of decisions.

    Args:
        problem: As of `choose`.
        y: As of `choose`.
        decided: 0 and 1, of the shape of `y`.
    """
    columns = decided.reshape(len(decided), -1)
    bare = dataclasses.replace(problem, thresholds=())
    return measures.get(goal(problem)).score(bare, y.reshape(columns.shape), columns)


def compare(problem: Problem, y: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Return what chosen thresholds reach on rows that they were not chosen on, and one half.

    Args:
        problem: As of `choose`.
        y: As of `choose`.
        predictions: As of `choose`.

    Returns:
        Both scores by the names of the metrics that a run logs.
    """
    apart = decided_apart(problem, y, predictions)
    half = row_values.decided(dataclasses.replace(problem, thresholds=()), predictions)
    name = goal(problem)
    return {
        f"threshold/{name}": score(problem, y, apart),
        f"threshold/{name}_at_0.5": score(problem, y, half),
    }


def _best(problem: Problem, truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the best threshold of one output; one half where all rows are of one kind.

    It lies between two of the probabilities, with as few digits as fit there.

    Args:
        problem: As of `choose`.
        truth: bool (rows,).
        probabilities: float32 (rows,).
    """
    order = np.argsort(-probabilities, kind="stable")
    falling = probabilities[order].astype(np.float64)
    rows, positives = len(truth), int(truth.sum())
    if not 0 < positives < rows:
        return 0.5

    # What the first rows in this order come to, if they are predicted to be so and no others; rows
    # of the same probability go together.
    cuts = np.r_[0, np.flatnonzero(np.diff(falling)) + 1, rows]
    right = np.r_[0, np.cumsum(truth[order])][cuts]
    wrong_yes, wrong_no = cuts - right, positives - right
    if problem.cost:
        gains = -(problem.cost[0] * wrong_yes + problem.cost[1] * wrong_no)
    elif goal(problem) == "balanced_accuracy":
        gains = right / positives - wrong_yes / (rows - positives)
    else:
        gains = right / (2 * right + wrong_yes + wrong_no)

    first_no = cuts[np.argmax(gains)]
    above, below = np.r_[1.0, falling, 0.0][[first_no, first_no + 1]]
    middle = float(above + below) / 2
    rounded = [round(middle, digits) for digits in range(1, 17)]
    return next((value for value in rounded if below < value < above), middle)
