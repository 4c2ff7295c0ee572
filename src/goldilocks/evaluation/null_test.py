"""Do predictions say anything of their targets? A test of several models' gains over the baseline.

A model owes nothing to the targets of rows that neither trained it nor chose its epoch. Where
inputs say nothing of targets, those could stand in any other order beside its predictions, so the
gains of other orders are what chance makes (Good, Permutation, Parametric and Bootstrap Tests of
Hypotheses, 2005). The best of several models and metrics is compared with the best of the same ones
in each other order (max-T: Westfall and Young, Resampling-Based Multiple Testing, 1993).
`benchmarks/gate.py` shows that noise has uniform p-values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import targets_of
from goldilocks.errors import ProblemError
from goldilocks.evaluation import measures
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.evaluation.clusters import row_clusters
from goldilocks.evaluation.null_errors import (
    ROUNDING,
    GainOf,
    gain_of,
    jackknifed,
    permutations,
    sampled,
)
from goldilocks.problem import Problem

SCALING = 100  # permutations that tell mean and deviation of each gain
RANKING = 1999  # at most, that its rank is told among: p is 0.0005 at least
BEYOND = 20  # exceeded so often, a gain is chance: no more are drawn (Besag and Clifford, 1991)
# Two rows that are in each other's training rows say the same thing twice of what is not there: the
# gain of all folds together has up to twice the variance of one whose folds are independent.
OF_FOLDS = math.sqrt(2)
FEWEST = 7  # rows or groups: fewer have fewer orders than `RANKING`
STRETCHES = (8, 32)  # of time, at least and at most
IN_A_STRETCH = 4  # times the length of a window, or of a stretch of a table


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better than the baseline a model is.

    Attributes:
        model: Its number.
        metric: What it is scored by.
        mean: In the unit of the metric; negative where the baseline is better.
        errors: The same in standard errors under the null.
        p: The chance that the best of all models and metrics comes so many errors above, where
            inputs say nothing of targets, 0 to 1.
    """

    model: int
    metric: str
    mean: float
    errors: float = -math.inf
    p: float = 1.0


def gains(
    problem: Problem,
    dataset: Dataset,
    rows: np.ndarray,
    predictions: Sequence[np.ndarray],
    metrics: Sequence[str],
    *,
    folds: bool,
) -> list[Gain]:
    """Return the gain of each model by each metric, the clearest first.

    Args:
        problem: The loss and the metrics.
        dataset: The targets, and which rows belong together.
        rows: Rows that neither trained the models nor chose their epochs, int64 (n,), ascending.
        predictions: Of each model, float32 (n, outputs).
        metrics: "loss", or names of metrics.
        folds: Whether each row was predicted by a training with the others.

    Returns:
        None of rows or groups that are too few to tell, and of a metric that has no value of them.
    """
    clusters = row_clusters(dataset, rows)
    if clusters is None:
        clusters = np.arange(len(rows))
    clusters = np.unique(clusters, return_inverse=True)[1]
    in_order = dataset.is_ordered
    if clusters.max(initial=0) + 1 < (STRETCHES[0] if in_order else FEWEST):
        return []

    if not in_order:
        sample = sampled(clusters)
        rows, clusters = rows[sample], clusters[sample]
        predictions = [of_model[sample] for of_model in predictions]
    truth, queries = targets_of(problem, dataset, rows), dataset.queries(rows)
    untested: list[Gain] = []
    functions: list[GainOf] = []
    # Single rows that change places leave the baseline's score as it is.
    keeps_baseline = len(np.unique(clusters)) == len(rows) and not in_order
    for metric in metrics:
        baseline = baseline_predictions(problem, dataset, rows, metric)
        measure = measures.find(problem, metric)
        for model, of_model in enumerate(predictions):
            mean = gain_of(measure, problem, of_model, baseline, queries)(truth)
            if math.isfinite(mean):
                untested.append(Gain(model=model, metric=metric, mean=mean))
                other = None if keeps_baseline else baseline
                functions.append(gain_of(measure, problem, of_model, other, queries))
    if not untested:
        return []

    if in_order:
        errors, p = _by_stretches(functions, truth, clusters)
    else:
        errors, p = _by_permutation(functions, truth, clusters, OF_FOLDS if folds else 1.0)
    tested = [
        replace(gain, errors=float(error), p=float(chance))
        for gain, error, chance in zip(untested, errors, p, strict=True)
    ]
    return sorted(tested, key=lambda gain: (gain.p, -gain.errors))


def _by_permutation(
    functions: Sequence[GainOf],
    truth: np.ndarray,
    clusters: np.ndarray,
    spread: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return gains in standard errors of permuted ones, and their p-values, float64 (gains,).

    Args:
        functions: Targets -> each gain.
        truth: The targets.
        clusters: Equal for rows that change places together.
        spread: How much more the gains vary than those of other orders.
    """
    orders, means = permutations(clusters), np.array([function(truth) for function in functions])

    def permuted() -> np.ndarray:
        """Return all gains of one other order; what has no value of it may have been any."""
        targets = truth[next(orders)]
        values = [_value(function, targets) for function in functions]
        return np.nan_to_num(values, nan=np.inf, posinf=np.inf)

    scaling = np.ma.masked_invalid([permuted() for _ in range(SCALING)])
    centre, error = scaling.mean(axis=0).filled(np.nan), scaling.std(axis=0).filled(0)
    # What no order moves, as predictions that are all equal, says nothing.
    error = np.where(error > ROUNDING * np.abs(means), error, np.nan)
    errors = np.nan_to_num((means - centre) / (spread * error), nan=-np.inf)
    drawn, beyond = 0, np.zeros(len(means))
    while drawn < RANKING and beyond[errors.argmax()] < BEYOND:
        largest = np.nanmax(np.append((permuted() - centre) / error, -np.inf))
        beyond += largest >= errors - ROUNDING
        drawn += 1
    return errors, (1 + beyond) / (1 + drawn)


def _value(function: GainOf, targets: np.ndarray) -> float:
    """Return a gain; NaN where a person's own metric does not know what to say of the targets."""
    try:
        return function(targets)
    except ProblemError:
        return math.nan


def _by_stretches(
    functions: Sequence[GainOf], truth: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return gains in standard errors over stretches of time, and their p-values.

    Rows in an order of time cannot change places. Student's t of the jackknife over long stretches
    (Kunsch, "The jackknife and the bootstrap for general stationary observations", Annals of
    Statistics 17, 1989); each of the gains has its share of the level (Bonferroni).

    Args:
        functions: Targets -> each gain.
        truth: The targets.
        clusters: Of rows that are near in time, ascending, (rows,).
    """
    stretches = int(np.clip((clusters.max() + 1) // IN_A_STRETCH, *STRETCHES))
    error = np.array([jackknifed(function, truth, clusters, stretches) for function in functions])
    means = np.array([function(truth) for function in functions])
    errors = np.divide(means, error, out=np.full(len(means), -np.inf), where=error > 0)
    return errors, np.minimum(1, len(means) * special.stdtr(stretches - 1, -errors))
