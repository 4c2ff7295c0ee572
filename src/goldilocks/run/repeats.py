"""Several trainings of one configuration -> one result: mean curve, values with intervals, verdict.

Source: Deep Learning with Python, 1st edition, sections 3.6.4 and 4.2.1: k-fold validation, and its
mean curve.
"""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import goldilocks.backend  # noqa: F401  First: it is quiet.
from goldilocks import console, diagnosis
from goldilocks.config.settings import Settings
from goldilocks.diagnosis import Verdict
from goldilocks.evaluation import mean_interval
from goldilocks.evaluation.baseline import beats
from goldilocks.evaluation.mean_interval import Spread
from goldilocks.formatting import markdown, number
from goldilocks.plots import curves, overlays, style
from goldilocks.problem import higher_is_better
from goldilocks.protocol import notes_of_all
from goldilocks.run import description
from goldilocks.run.outcome import Outcome, verdict_metrics, verdict_tags
from goldilocks.tracking import Tracker

EPOCHS_TO_SMOOTH = 40  # a mean curve of so many epochs is drawn smoothed as well


@dataclass(frozen=True)
class Average:
    """Several trainings together.

    Attributes:
        settings: The settings of the run.
        outcomes: The outcome of each training, in order.
        history: The mean of their values in each epoch that all of them have, by Keras's names.
        best_epoch: 1-based epoch at which the mean of the monitored value is best: one epoch for
            all of them, since a best epoch picked for each would flatter them.
        best: Every `val_` value at that epoch, over the trainings.
        overlap: Ratio of validation to training rows of a fold, by which the interval allows for
            folds that share training rows; 0 where all trainings have the same split.
        baseline: Mean scores of the dummy baseline, by Keras's names.
        verdict: What the mean curve says; None of a baseline.
    """

    settings: Settings
    outcomes: Sequence[Outcome]
    history: Mapping[str, Sequence[float]]
    best_epoch: int
    best: Mapping[str, Spread]
    overlap: float
    baseline: Mapping[str, float]
    verdict: Verdict | None

    @property
    def beats_baseline(self) -> bool:
        """Return whether the mean of the primary metric is better than the baseline's."""
        means = {name.removeprefix("val_"): spread.mean for name, spread in self.best.items()}
        return beats(self.outcomes[0].problem, means, self.baseline)

    @property
    def metrics(self) -> dict[str, float]:
        """Return the single values that are logged, without those that are not finite."""
        values: dict[str, float] = {
            "best_epoch": self.best_epoch,
            "trainings": len(self.outcomes),
            "folds_overlap": self.overlap,
        }
        for name, spread in self.best.items():
            values[f"best_{name}"] = spread.mean
            values[f"best_{name}_std"] = spread.deviation
            values[f"best_{name}_low"] = spread.low
            values[f"best_{name}_high"] = spread.high
        for name, value in self.baseline.items():
            values[f"baseline/val_{name}"] = value

        values["beats_baseline"] = float(self.beats_baseline)
        values["parameters"] = self.outcomes[0].parameters
        values["train_seconds"] = sum(outcome.result.seconds for outcome in self.outcomes)
        values["epochs"] = len(self.history["loss"])
        values |= verdict_metrics(self.verdict)
        return {name: value for name, value in values.items() if np.isfinite(value)}


def conclude(settings: Settings, outcomes: Sequence[Outcome], tracker: Tracker) -> float:
    """Log several finished trainings as one run, and print their result.

    Args:
        settings: The settings of the run.
        outcomes: The outcome of each training, in order.
        tracker: Tracker of the run above the trainings' runs.

    Returns:
        The mean monitored value at its best epoch.
    """
    average = _average(settings, outcomes)
    for epoch in range(1, len(average.history["loss"]) + 1):
        tracker.epoch(epoch, {name: values[epoch - 1] for name, values in average.history.items()})

    with tempfile.TemporaryDirectory() as folder:
        _write(average, Path(folder))
        tracker.files(Path(folder))
    tracker.dataset(outcomes[0].dataset, context="train and validation")
    tracker.metrics(average.metrics)
    beats_baseline = {"beats_baseline": str(average.beats_baseline).lower()}
    tracker.tags(verdict_tags(average.verdict) | beats_baseline)
    tracker.describe(_description(average))

    console.result(_lines(average, tracker.where, tracker.ui_command))
    return average.best[settings.tree["trainer"]["monitor"]].mean


def _average(settings: Settings, outcomes: Sequence[Outcome]) -> Average:
    # Histories -> the mean curve and its best epoch.
    monitor, problem = settings.tree["trainer"]["monitor"], outcomes[0].problem
    histories = [outcome.result.history for outcome in outcomes]
    history = mean_interval.mean_history(histories)
    epoch = mean_interval.best_epoch(history, monitor)

    # Values at that epoch -> intervals.
    overlap = _overlap(outcomes)
    best = {}
    for name in history:
        if name.startswith("val_"):
            values = [training[name][epoch - 1] for training in histories]
            best[name] = _bounded(name, mean_interval.spread(values, overlap=overlap))

    # The mean curve -> verdict.
    baseline = {
        name: float(np.mean([outcome.baseline[name] for outcome in outcomes]))
        for name in outcomes[0].baseline
    }
    verdict = None
    if settings.role != "baseline":
        rows = np.unique(np.concatenate([outcome.result.validation for outcome in outcomes]))
        verdict = diagnosis.judge(
            history,
            metric=problem.metric,
            baseline=baseline,
            rows=len(rows),
            **settings.tree["diagnosis"],
        )
    return Average(settings, outcomes, history, epoch, best, overlap, baseline, verdict)


def _overlap(outcomes: Sequence[Outcome]) -> float:
    """Return the mean ratio of validation to training rows of folds; 0 where all have one split.

    Folds share training rows, so that their values vary less than those of independent samples.
    """
    validation = {outcome.result.validation.tobytes() for outcome in outcomes}
    if len(validation) == 1:
        return 0.0
    ratios = [len(outcome.result.validation) / len(outcome.split.train) for outcome in outcomes]
    return float(np.mean(ratios))


def _bounded(name: str, spread: Spread) -> Spread:
    """Cut off the part of an interval that no loss, error or share can have: below 0, above 1."""
    most = 1.0 if higher_is_better(name) else math.inf
    least = 0.0 if spread.mean >= 0 else -math.inf  # The Poisson loss may be negative.
    return replace(spread, low=max(spread.low, least), high=min(spread.high, most))


def _description(average: Average) -> str:
    """Return the run in Markdown, for its MLflow page."""
    settings, first = average.settings, average.outcomes[0]
    paragraphs = description.verdict_paragraphs(average.verdict)
    paragraphs.append(
        f"The mean of {len(average.outcomes)} trainings at epoch {average.best_epoch}, where the "
        f"mean `{settings.tree['trainer']['monitor']}` is best; the standard deviation and the "
        "95 % interval are over the trainings."
    )
    paragraphs += [markdown(_values(average)), markdown(_parts(average))]
    paragraphs += description.command_paragraphs(settings)
    paragraphs += description.final_paragraphs(settings, average.best_epoch)
    facts = description.facts(first.dataset, first.problem, first.split)
    paragraphs.append(f"**Data.** {facts} (the first training)")

    shared = notes_of_all([outcome.split for outcome in average.outcomes])
    return "\n\n".join([*paragraphs, *description.bullets((*first.dataset.notes, *shared))])


def _values(average: Average) -> pd.DataFrame:
    """Return a row for each validation value: its mean, deviation, interval and baseline."""
    rows = []
    for name, spread in average.best.items():
        rows.append(
            {
                "": name,
                "mean": spread.mean,
                "deviation": spread.deviation,
                "95 % interval": _between(spread),
                "baseline": average.baseline.get(name.removeprefix("val_")),
            }
        )
    return pd.DataFrame(rows)


def _between(spread: Spread) -> str:
    return f"{number(spread.low)} to {number(spread.high)}"


def _parts(average: Average) -> pd.DataFrame:
    """Return a row for each training: values at the common best epoch, own best epoch."""
    rows = []
    for outcome in average.outcomes:
        history, index = outcome.result.history, average.best_epoch - 1
        values = {name: history[name][index] for name in average.best}
        own_epoch = {"own best epoch": outcome.result.best_epoch}
        rows.append({"training": outcome.part} | values | own_epoch)
    return pd.DataFrame(rows)


def _lines(average: Average, where: str, ui_command: str) -> str:
    """Return the last lines of the run on the terminal."""
    scores = []
    for name, spread in average.best.items():
        details = f"95 % interval {_between(spread)}"
        baseline = average.baseline.get(name.removeprefix("val_"))
        if baseline is not None:
            details += f", baseline {number(baseline)}"
        scores.append(f"{name} {number(spread.mean)} ({details})")

    trainings = f"of {len(average.outcomes)} trainings at epoch {average.best_epoch}"
    return "\n".join(
        [
            *description.verdict_lines(average.verdict),
            f"mean      {trainings}: {', '.join(scores)}",
            f"final     {description.final_command(average.settings, average.best_epoch)}",
            *description.where_lines(where, ui_command),
        ]
    )


def _write(average: Average, folder: Path) -> None:
    """Write the description, the mean curve as a table, what the trainings came to, and figures."""
    name = average.settings.name
    (folder / "summary.md").write_text(f"## {name}\n\n{_description(average)}\n")
    epochs = pd.RangeIndex(1, len(average.history["loss"]) + 1, name="epoch")
    pd.DataFrame(average.history, index=epochs).to_csv(folder / "history.csv")
    _parts(average).to_csv(folder / "trainings.csv", index=False)

    problem, unit = average.outcomes[0].problem, average.outcomes[0].dataset.unit
    title = f"{name}: mean of {len(average.outcomes)} trainings"
    figures = {
        "learning_curves": curves.learning_curves(
            average.history,
            metric=problem.metric,
            best_epoch=average.best_epoch,
            verdict=average.verdict.name if average.verdict else None,
            reason=average.verdict.reason if average.verdict else None,
            baseline=average.baseline,
            title=title,
        ),
        "trainings": overlays.overlay(
            {outcome.part: outcome.result.history["val_loss"] for outcome in average.outcomes},
            ylabel="val_loss",
            title=f"{name}: each training",
            best={},
        ),
    }
    if len(epochs) >= EPOCHS_TO_SMOOTH:
        metric = f"val_{problem.metric}"
        ylabel = f"{metric} ({unit})" if unit else metric
        mean = {"mean": average.history[metric]}
        figures["smoothed"] = overlays.smoothed(mean, ylabel=ylabel, title=title)
    for file, figure in figures.items():
        style.save(figure, folder / "plots" / f"{file}.png")
