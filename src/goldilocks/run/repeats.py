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

from goldilocks import console, diagnosis, formatting
from goldilocks.config.settings import Settings
from goldilocks.diagnosis import Verdict
from goldilocks.evaluation import mean_interval, scores
from goldilocks.evaluation.mean_interval import Spread
from goldilocks.plots import curves, overlays, style
from goldilocks.problem import higher_is_better
from goldilocks.protocol import notes_of_all
from goldilocks.run import outcome as summary
from goldilocks.run.outcome import Outcome
from goldilocks.tracking import Tracker

EPOCHS_TO_SMOOTH = 40  # a mean curve of so many epochs is drawn smoothed as well


@dataclass(frozen=True)
class Average:
    """What several trainings came to together.

    Attributes:
        settings: What was asked for.
        outcomes: Of each training, in order.
        history: The mean of their values in each epoch that all of them have, by Keras's names.
        best_epoch: 1-based epoch at which the mean of the monitored value is best: one epoch for
            all of them, since a best epoch picked for each would flatter them.
        best: Every `val_` value at that epoch, over the trainings.
        baseline: Mean scores of the dumb predictor, by Keras's names.
        verdict: What the mean curve says; None of a baseline.
    """

    settings: Settings
    outcomes: Sequence[Outcome]
    history: Mapping[str, Sequence[float]]
    best_epoch: int
    best: Mapping[str, Spread]
    baseline: Mapping[str, float]
    verdict: Verdict | None

    @property
    def parts(self) -> list[str]:
        """What each training is called: its fold, its seed, or both."""
        return [outcome.part for outcome in self.outcomes]


def conclude(settings: Settings, outcomes: Sequence[Outcome], tracker: Tracker) -> float:
    """Log several finished trainings as one run, and say what they came to.

    Args:
        settings: What was asked for.
        outcomes: Of each training, in order.
        tracker: Of the run that the trainings' runs are children of.

    Returns:
        The mean monitored value at its best epoch.
    """
    average = _averaged(settings, outcomes)
    for epoch in range(1, len(average.history["loss"]) + 1):
        tracker.epoch(epoch, {name: values[epoch - 1] for name, values in average.history.items()})
    said = _description(average)
    with tempfile.TemporaryDirectory() as folder:
        _write(average, said, Path(folder))
        tracker.files(Path(folder))
    tracker.dataset(outcomes[0].dataset, context="train and validation")
    tracker.metrics(_metrics(average))
    verdict = {"verdict": average.verdict.name} if average.verdict else {}
    tracker.tags(verdict | {"beats_baseline": str(_beats(average)).lower()})
    tracker.describe(said)
    console.result(_lines(average, tracker.where, tracker.ui_command))
    return average.best[settings.tree["trainer"]["monitor"]].mean


def _averaged(settings: Settings, outcomes: Sequence[Outcome]) -> Average:
    monitor, problem = settings.tree["trainer"]["monitor"], outcomes[0].problem
    histories = [outcome.result.history for outcome in outcomes]
    history = mean_interval.mean_history(histories)
    epoch = mean_interval.best_epoch(
        history, monitor, mode="max" if higher_is_better(monitor) else "min"
    )
    judged = [outcome.result.validation for outcome in outcomes]
    validated = np.unique(np.concatenate(judged))
    # Folds share training rows, so that their values vary less than those of independent samples
    # would.
    several = len({rows.tobytes() for rows in judged}) > 1
    shares = [
        len(rows) / len(outcome.split.train) for rows, outcome in zip(judged, outcomes, strict=True)
    ]
    overlap = float(np.mean(shares)) if several else 0.0
    best = {
        name: _bounded(
            name,
            mean_interval.spread(
                [values[name][epoch - 1] for values in histories], overlap=overlap
            ),
        )
        for name in history
        if name.startswith("val_")
    }
    baseline = {
        name: float(np.mean([each.baseline[name] for each in outcomes]))
        for name in outcomes[0].baseline
    }
    verdict = None
    if settings.role != "baseline":
        verdict = diagnosis.judge(
            history,
            metric=problem.metric,
            baseline=baseline,
            rows=len(validated),
            **settings.tree["diagnosis"],
        )
    return Average(settings, outcomes, history, epoch, best, baseline, verdict)


def _bounded(name: str, spread: Spread) -> Spread:
    """The interval without what no loss, error or share can be: below 0, and for shares above 1."""
    most = 1.0 if higher_is_better(name) else math.inf
    least = 0.0 if spread.mean >= 0 else -math.inf  # The Poisson loss may be negative.
    return replace(spread, low=max(spread.low, least), high=min(spread.high, most))


def _beats(average: Average) -> bool:
    means = {name.removeprefix("val_"): spread.mean for name, spread in average.best.items()}
    return scores.beats(average.outcomes[0].problem, means, average.baseline)


def _metrics(average: Average) -> dict[str, float]:
    values: dict[str, float] = {
        "best_epoch": average.best_epoch,
        "trainings": len(average.outcomes),
    }
    for name, spread in average.best.items():
        values |= {f"best_{name}": spread.mean, f"best_{name}_std": spread.deviation}
        values |= {f"best_{name}_low": spread.low, f"best_{name}_high": spread.high}
    values |= {f"baseline/val_{name}": value for name, value in average.baseline.items()}
    values |= {
        "beats_baseline": float(_beats(average)),
        "parameters": average.outcomes[0].parameters,
    }
    values |= {"train_seconds": sum(outcome.result.seconds for outcome in average.outcomes)}
    values |= {"epochs": len(average.history["loss"])}
    evidence = average.verdict.evidence if average.verdict else {}
    values |= {f"verdict/{name}": float(value) for name, value in evidence.items()}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _description(average: Average) -> str:
    settings, first, verdict = average.settings, average.outcomes[0], average.verdict
    said = (
        []
        if verdict is None
        else [f"**{verdict.name}.** {verdict.reason}", f"**Next.** {verdict.next_move}"]
    )
    said.append(
        f"The mean of {len(average.outcomes)} trainings at epoch {average.best_epoch}, where the "
        "mean "
        f"`{settings.tree['trainer']['monitor']}` is best; the standard deviation and the 95 % "
        "interval are over the "
        "trainings."
    )
    said += [formatting.markdown(_values(average)), formatting.markdown(_parts(average))]
    said += ["**Do it again**", f"```\n{settings.command}\n```"]
    said += ["**One look at the test set, when you have chosen**"]
    said += [f"```\n{summary.final_command(settings, average.best_epoch)}\n```"]
    said.append(
        f"**Data.** {summary.facts(first.dataset, first.problem, first.split)} (the first training)"
    )
    notes = (*first.dataset.notes, *notes_of_all([each.split for each in average.outcomes]))
    return "\n\n".join([*said, *(f"- {note}" for note in notes)])


def _values(average: Average) -> pd.DataFrame:
    """A row for each validation value: its mean, deviation, interval and the baseline's."""
    rows = []
    for name, spread in average.best.items():
        rows.append(
            {
                "": name,
                "mean": spread.mean,
                "deviation": spread.deviation,
                "95 % interval": f"{formatting.number(spread.low)} to {formatting.number(spread.high)}",
                "baseline": average.baseline.get(name.removeprefix("val_")),
            }
        )
    return pd.DataFrame(rows)


def _parts(average: Average) -> pd.DataFrame:
    """A row for each training: its values at the common best epoch, and its own best epoch."""
    rows = []
    for outcome in average.outcomes:
        history, at = outcome.result.history, average.best_epoch - 1
        values = {name: history[name][at] for name in average.best}
        rows.append(
            {"training": outcome.part, **values, "own best epoch": outcome.result.best_epoch}
        )
    return pd.DataFrame(rows)


def _lines(average: Average, where: str, see: str) -> str:
    verdict, shown = average.verdict, []
    said = (
        []
        if verdict is None
        else [f"verdict   {verdict.name}: {verdict.reason}", f"next      {verdict.next_move}"]
    )
    for name, spread in average.best.items():
        dumb = average.baseline.get(name.removeprefix("val_"))
        interval = (
            f"95 % interval {formatting.number(spread.low)} to {formatting.number(spread.high)}"
        )
        beside = f", baseline {formatting.number(dumb)}" if dumb is not None else ""
        shown.append(f"{name} {formatting.number(spread.mean)} ({interval}{beside})")
    said.append(
        f"mean      of {len(average.outcomes)} trainings at epoch {average.best_epoch}: "
        f"{', '.join(shown)}"
    )
    said.append(f"final     {summary.final_command(average.settings, average.best_epoch)}")
    return "\n".join([*said, f"logged    {where}", *([f"see it    {see}"] if see else [])])


def _write(average: Average, said: str, folder: Path) -> None:
    """The mean curve as a table and as figures, and what the trainings came to."""
    name, outcomes, verdict = average.settings.name, average.outcomes, average.verdict
    problem = outcomes[0].problem
    metric, unit = f"val_{problem.metric}", outcomes[0].dataset.unit
    (folder / "summary.md").write_text(f"## {name}\n\n{said}\n")
    epochs = pd.RangeIndex(1, len(average.history["loss"]) + 1, name="epoch")
    pd.DataFrame(average.history, index=epochs).to_csv(folder / "history.csv")
    _parts(average).to_csv(folder / "trainings.csv", index=False)
    title = f"{name}: mean of {len(outcomes)} trainings"
    figures = {
        "learning_curves": curves.learning_curves(
            average.history,
            metric=problem.metric,
            best_epoch=average.best_epoch,
            verdict=verdict.name if verdict else None,
            reason=verdict.reason if verdict else None,
            baseline=average.baseline,
            title=title,
        ),
        "trainings": overlays.overlay(
            {outcome.part: outcome.result.history["val_loss"] for outcome in outcomes},
            ylabel="val_loss",
            title=f"{name}: each training",
            best=None,
        ),
    }
    if len(epochs) >= EPOCHS_TO_SMOOTH:
        ylabel = f"{metric} ({unit})" if unit else metric
        figures["smoothed"] = overlays.smoothed(
            {"mean": average.history[metric]}, ylabel=ylabel, title=title
        )
    for file, figure in figures.items():
        style.save(figure, folder / "plots" / f"{file}.png")
