"""Predicted probabilities -> how well they tell classes apart, and whether they hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn import metrics

from goldilocks.evaluation import row_values
from goldilocks.problem import Problem

BINS = 10  # of equally many rows


@dataclass(frozen=True)
class Curve:
    """How one class or label is told from the rest, at every threshold.

    Attributes:
        name: Of the class or label.
        share: Of the rows that are of it, 0 to 1.
        precisions: Recall and precision, float (2, n).
        average_precision: The area below them.
        rates: False and true positive rate, float (2, m).
        auc: The area below them.
    """

    name: str
    share: float
    precisions: np.ndarray
    average_precision: float
    rates: np.ndarray
    auc: float


def curves(
    problem: Problem,
    classes: Sequence[str],
    y: np.ndarray,
    predictions: np.ndarray,
    *,
    most: int,
) -> list[Curve]:
    """Return the curve of each class or label against the rest, the rarest first.

    Two classes have one curve, of the second.

    Args:
        problem: Says the problem type.
        classes: Names of the classes or labels.
        y: (rows, ...) as `Dataset.y`.
        predictions: Probabilities, float (rows, outputs).
        most: Number of curves, at most; those of the rarest.
    """
    has = row_values.indicators(problem, y, predictions.shape[1])
    shares, names = has.mean(axis=0), classes[-predictions.shape[1] :]
    rarest_first: list[Curve] = []
    for index in np.argsort(shares, kind="stable").tolist():
        if not 0 < shares[index] < 1 or len(rarest_first) == most:
            continue
        column = has[:, index], predictions[:, index]
        precision, recall, _ = metrics.precision_recall_curve(*column)
        rates = np.array(metrics.roc_curve(*column)[:2])
        rarest_first.append(
            Curve(
                name=names[int(index)],
                share=float(shares[index]),
                precisions=np.array([recall, precision]),
                average_precision=float(metrics.average_precision_score(*column)),
                rates=rates,
                auc=float(metrics.auc(*rates)),
            )
        )
    return rarest_first


@dataclass(frozen=True)
class Calibration:
    """How often what is predicted with some probability is so.

    Attributes:
        predicted: The mean probability of each bin, float (bins,), rising.
        observed: The share of its rows that are so, float (bins,).
        rows: Its number of rows, int (bins,).
        error: The expected calibration error: the mean distance of the two, over rows.
        by_chance: What that error would be on so many rows if each probability held.
    """

    predicted: np.ndarray
    observed: np.ndarray
    rows: np.ndarray
    error: float
    by_chance: float


def calibration(problem: Problem, y: np.ndarray, predictions: np.ndarray) -> Calibration:
    """Return whether probabilities hold, in bins of equally many rows.

    Bins of equally many rows say as much where a class is rare as where it is not (Nguyen and
    O'Connor, "Posterior calibration and exploratory analysis for NLP models", EMNLP 2015). Source
    of the error: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
    Bayesian binning", AAAI 2015. Of several classes, the probability is that of the predicted one,
    as in Guo et al., "On calibration of modern neural networks", ICML 2017.

    Args:
        problem: Says the problem type.
        y: (rows, ...) as `Dataset.y`.
        predictions: Probabilities, float (rows, outputs).
    """
    truth, probability = y, predictions.astype(np.float64)
    if problem.type == "multiclass":
        truth, probability = predictions.argmax(axis=1) == y, probability.max(axis=1)
    order = np.argsort(probability, axis=None, kind="stable")
    bins = np.array_split(order, min(BINS, len(order)))

    def means(values: np.ndarray) -> np.ndarray:
        return np.array([values.ravel()[rows].mean() for rows in bins])

    predicted, observed = means(probability), means(truth)
    rows = np.array([len(part) for part in bins])
    # The mean distance of a normal variable from its mean is sqrt(2 / pi) deviations.
    deviation = np.sqrt(means(probability * (1 - probability)) / rows)
    return Calibration(
        predicted=predicted,
        observed=observed,
        rows=rows,
        error=float(np.average(np.abs(predicted - observed), weights=rows)),
        by_chance=float(np.average(np.sqrt(2 / np.pi) * deviation, weights=rows)),
    )
