"""Variants and the histories of their runs -> the curves of a figure."""

from collections.abc import Sequence

import numpy as np

from goldilocks.evaluation import mean_interval
from goldilocks.plots.interactive import Curve
from goldilocks.report.sections import Section
from goldilocks.report.variants import Histories, Variant, training_name
from goldilocks.tracking.query import StoredRun

MOST_EPOCHS = 1_000_000  # a step beyond this is no epoch


def curves(section: Section, measure: str, histories: Histories) -> list[Curve]:
    """Return the curve of each variant that has one, in the section's order.

    Args:
        section: Has the variants.
        measure: "val_loss", drawn without the penalty of a regularizer, or another.
        histories: Of all runs.
    """
    drawn, training_measure = [], measure.removeprefix("val_")
    for variant in section.variants:
        # Where no training counts, the runs that were stopped are drawn as far as they went.
        runs = variant.trainings.values() or variant.runs
        logged = {training_name(run): _values(run, measure, histories) for run in runs}
        logged = {name: values for name, values in logged.items() if values.size}
        if logged:
            training = [_values(run, training_measure, histories) for run in runs]
            drawn.append(_curve(variant, logged, training, higher=section.higher[measure]))
    return drawn


def _curve(
    variant: Variant,
    logged: dict[str, np.ndarray],
    training: Sequence[np.ndarray],
    *,
    higher: bool,
) -> Curve:
    """Return the means over trainings, for the epochs that all of them have."""
    mean = _mean(list(logged.values()))
    epochs = mean.size

    best = None
    if np.isfinite(mean).any():
        best = mean_interval.best_epoch(mean, higher=higher)
    if len(logged) == 1 and variant.best_epochs and 0 < variant.best_epochs[0] <= epochs:
        best = variant.best_epochs[0]  # of one training, the epoch whose values the table has

    name = variant.name
    if not variant.trainings:
        name += f" ({variant.problems[0]})"
    return Curve(
        name=name,
        mean=mean,
        training=_mean(training),
        trainings=list(logged.values()) if len(logged) > 1 else [],
        best=best,
    )


def _mean(curves: Sequence[np.ndarray]) -> np.ndarray:
    epochs = min(values.size for values in curves)
    return np.mean([values[:epochs] for values in curves], axis=0)


def _values(run: StoredRun, measure: str, histories: Histories) -> np.ndarray:
    """Return one value an epoch, float64 (epochs,), NaN for an epoch that was not logged."""
    logged = histories.get(run.run_id, {})
    without_penalty = measure.replace("loss", "data_loss")
    if measure in ("loss", "val_loss") and without_penalty in logged:
        measure = without_penalty

    points = {step: value for step, value in logged.get(measure, ()) if 1 <= step <= MOST_EPOCHS}
    epochs = range(1, max(points, default=0) + 1)
    return np.array([points.get(epoch, np.nan) for epoch in epochs])
