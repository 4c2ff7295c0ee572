"""Several trainings of one configuration -> one result: mean curve, values with intervals, verdict.

Source: Deep Learning with Python, 1st edition, sections 3.6.4 and 4.2.1: k-fold validation, and its
mean curve.
"""

import json
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import goldilocks.backend  # noqa: F401  First: it is quiet.
from goldilocks.encoding.targets import targets_of
from goldilocks.evaluation import classes, mean_interval, measures
from goldilocks.evaluation.clusters import STRETCHES, row_clusters
from goldilocks.evaluation.mean_interval import Spread
from goldilocks.plots import overlays, style
from goldilocks.run import description, figures, summary
from goldilocks.run.context import RunContext, TrainingSpec
from goldilocks.run.outcome import NULL_ERROR, Outcome, curves
from goldilocks.run.outcome import conclude as conclude_training
from goldilocks.tracking import Tracker
from goldilocks.training.fit import FitResult

EPOCHS_TO_SMOOTH = 40  # a mean curve of so many epochs is drawn smoothed as well


def conclude(
    context: RunContext, spec: TrainingSpec, outcomes: Sequence[Outcome], tracker: Tracker
) -> Outcome:
    """Log several finished trainings as one run.

    Args:
        context: What the trainings share.
        spec: The run above the trainings' runs.
        outcomes: The outcome of each training, in order.
        tracker: Tracker of that run.

    Returns:
        Their mean, at the epoch at which the mean of the monitored value is best: one epoch for
        all of them, since a best epoch picked for each would flatter them.
    """
    outcome = _mean(context, spec, outcomes)
    history, best_epoch = outcome.result.history, outcome.result.best_epoch
    for epoch in range(1, len(history["loss"]) + 1):
        tracker.epoch(epoch, {name: values[epoch - 1] for name, values in history.items()})

    # Each training's values at the common best epoch, and its own best epoch.
    rows = []
    for training in outcomes:
        values = {
            name: values[best_epoch - 1]
            for name, values in training.result.history.items()
            if name.startswith("val_")
        }
        own_epoch = {"own best epoch": training.result.best_epoch}
        rows.append({"training": training.spec.part} | values | own_epoch)
    parts = pd.DataFrame(rows)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts.to_csv(folder / "trainings.csv", index=False)
        _draw(outcome, outcomes, folder / "plots")
        description.log(outcome, tracker, folder, parts)
    return outcome


def _mean(context: RunContext, spec: TrainingSpec, outcomes: Sequence[Outcome]) -> Outcome:
    # Histories -> the mean curve and its best epoch.
    monitor = spec.settings.monitor
    higher = measures.find(context.problem, monitor).greater_is_better
    histories = [outcome.result.history for outcome in outcomes]
    history = mean_interval.mean_history(histories)
    result = FitResult(
        history=history,
        best_epoch=mean_interval.best_epoch(history[monitor], higher=higher),
        monitor=monitor,
        seconds=sum(outcome.result.seconds for outcome in outcomes),
        validation=np.unique(np.concatenate([outcome.result.validation for outcome in outcomes])),
    )

    # Errors under the null, each of its own rows -> those of all rows.
    rows = [len(outcome.result.validation) for outcome in outcomes]
    share = float(np.mean(rows)) / len(result.validation)
    errors = {
        name: math.sqrt(share * np.mean([training.metrics[name] ** 2 for training in outcomes]))
        for name in outcomes[0].metrics
        if name.startswith(NULL_ERROR) and all(name in training.metrics for training in outcomes)
    }

    # Values at that epoch -> intervals.
    overlap = _overlap(outcomes)
    metrics = {
        "trainings": len(outcomes),
        "folds_overlap": overlap,
        "parameters": outcomes[0].metrics["parameters"],
        **errors,
    }
    means = {}
    for name in history:
        if name.startswith("val_"):
            values = [training[name][result.best_epoch - 1] for training in histories]
            spread = mean_interval.spread(values, overlap=overlap)
            spread = mean_interval.bounded(spread, values, name)
            if overlap:
                spread = _over_rows(context, name, outcomes, spread)
            means[name.removeprefix("val_")] = spread.mean
            metrics[f"best_{name}"] = spread.mean
            if math.isfinite(spread.deviation):
                metrics[f"best_{name}_std"] = spread.deviation
                metrics[f"best_{name}_low"] = spread.low
                metrics[f"best_{name}_high"] = spread.high
            if spread.few_rows is not None:
                metrics[f"best_{name}_few_rows"] = spread.few_rows

    baseline = {
        name: float(np.mean([outcome.baseline[name] for outcome in outcomes]))
        for name in outcomes[0].baseline
    }
    counts = classes.total([outcome.counts for outcome in outcomes])
    tags = _mean_thresholds(outcomes, metrics)
    trainings = [
        curves(context, outcome.result, outcome.baseline, outcome.metrics) for outcome in outcomes
    ]
    return conclude_training(
        context, spec, result, means, baseline, metrics, tags, counts, trainings
    )


def _over_rows(
    context: RunContext, name: str, outcomes: Sequence[Outcome], spread: Spread
) -> Spread:
    """Return the spread of a value of folds with its interval over all of their rows."""
    predicted = [outcome.predicted for outcome in outcomes if outcome.predicted is not None]
    if not all(np.isfinite(values).all() for _, values in predicted):
        return spread
    rows = np.concatenate([rows for rows, _ in predicted])
    clusters = row_clusters(context.dataset, rows, most=STRETCHES)
    if clusters is None and len(np.unique(rows)) < len(rows):  # Of several shufflings.
        clusters = rows
    problem = context.problem
    folds = [(targets_of(problem, context.dataset, of_fold), made) for of_fold, made in predicted]
    measure = measures.find(problem, name.replace("data_loss", "loss")).name
    return mean_interval.over_rows(problem, measure, folds, clusters, spread)


def _mean_thresholds(outcomes: Sequence[Outcome], metrics: dict[str, float]) -> dict[str, str]:
    """Add what the trainings' own thresholds reach to `metrics`, and return the mean thresholds.

    Returns:
        The tags; none where no thresholds were chosen.
    """
    chosen = [outcome for outcome in outcomes if summary.THRESHOLDS in outcome.tags]
    if not chosen:
        return {}
    for name in chosen[0].metrics:
        if name.startswith("threshold/"):
            metrics[name] = float(np.mean([outcome.metrics[name] for outcome in chosen]))
    values = [json.loads(outcome.tags[summary.THRESHOLDS]) for outcome in chosen]
    means = [float(f"{value:.4g}") for value in np.mean(values, axis=0)]
    return {
        summary.THRESHOLDS: json.dumps(means),
        summary.GOAL: chosen[0].tags[summary.GOAL],
    }


def _overlap(outcomes: Sequence[Outcome]) -> float:
    """Return the mean ratio of validation to training rows of folds; 0 where all have one split.

    The interval allows for it: folds share training rows, so that their values vary less than those
    of independent samples.
    """
    validation = {outcome.result.validation.tobytes() for outcome in outcomes}
    if len(validation) == 1:
        return 0.0
    ratios = [
        len(outcome.result.validation) / len(outcome.spec.split.train) for outcome in outcomes
    ]
    return float(np.mean(ratios))


def _draw(outcome: Outcome, outcomes: Sequence[Outcome], folder: Path) -> None:
    """Draw the mean curve, smoothed where it is long, and the curve of each training."""
    name, history = outcome.spec.settings.name, outcome.result.history
    loss = "val_data_loss" if "val_data_loss" in history else "val_loss"
    title = f"{name}: mean of {len(outcomes)} trainings"
    drawn = {
        "learning_curves": figures.learning_curves(outcome, title),
        "trainings": overlays.overlay(
            {training.spec.part: training.result.history[loss] for training in outcomes},
            ylabel=loss,
            title=f"{name}: each training",
            best={},
        ),
    }
    unit = outcome.context.dataset.unit
    if len(history["loss"]) >= EPOCHS_TO_SMOOTH:
        metric = f"val_{outcome.context.problem.metric}"
        ylabel = f"{metric} ({unit})" if unit else metric
        drawn["smoothed"] = overlays.smoothed(history[metric], ylabel=ylabel, title=title)
    for file, figure in drawn.items():
        style.save(figure, folder / f"{file}.png")
