"""Results of finished runs of the same configuration, data and code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from goldilocks.config.settings import Settings
from goldilocks.formatting import number
from goldilocks.run import test_ledger
from goldilocks.run.context import RunContext, TrainingSpec
from goldilocks.tracking.query import StoredRun

if TYPE_CHECKING:
    from goldilocks.run.outcome import Outcome

PER_EPOCH = ("learning_rate", "seconds")  # metrics of each epoch that have no best value


def value(settings: Settings, stored: StoredRun) -> float:
    """Return the number that a sweep compares, of a finished run: see `Outcome.value`."""
    monitor = settings.tree["trainer"]["monitor"]
    if not settings.tree["final"]:
        return stored.metrics.get(f"best_{monitor}", math.nan)  # A diverged one has logged none.
    name = f"test_{monitor.removeprefix('val_')}"
    return stored.metrics.get(name, stored.metrics.get("test_loss", math.nan))


def lines(stored: StoredRun, ui_command: str) -> str:
    """Return the last lines on the terminal of a run that was reused.

    Args:
        stored: The finished run.
        ui_command: The command that shows the store.
    """
    parts = [
        f"reused    run {stored.run_id} has trained this configuration, data and code; "
        "force=true trains again"
    ]
    if "verdict.reason" in stored.tags:
        parts.append(f"verdict   {stored.tags['verdict']}: {stored.tags['verdict.reason']}")
        parts.append(f"next      {stored.tags['verdict.next']}")
    elif "verdict" in stored.tags:  # A run of version 0.1: its sentence stands in no field.
        parts.append(f"verdict   {stored.tags['verdict']}")

    parts.append(_scores(stored))
    if warning := test_ledger.warning(test_ledger.evaluations(stored.metrics)):
        parts.append(f"warning   {warning}")
    return "\n".join([*parts, f"see it    {ui_command}"])


def _scores(stored: StoredRun) -> str:
    tests = test_ledger.results(stored)
    if not tests:
        best = _below(stored.metrics, "best_val_")
        values = ", ".join(f"val_{name} {number(value)}" for name, value in best.items())
        return f"best      epoch {stored.metrics['best_epoch']:.0f}: {values}"

    scores = []
    for name, score in tests.items():
        text = f"{name} {number(score)}"
        if f"{name}_low" in stored.metrics:
            low, high = stored.metrics[f"{name}_low"], stored.metrics[f"{name}_high"]
            text += f" (95 % interval {number(low)} to {number(high)})"
        scores.append(text)
    return f"test      {', '.join(scores)}"


def outcome(context: RunContext, spec: TrainingSpec, stored: StoredRun) -> Outcome:
    """Return the outcome of a finished fold or repeat, for the mean over all of them.

    Args:
        context: What the trainings share.
        spec: The fold or repeat.
        stored: Its run.

    Raises:
        StoreError: If the store cannot be read.
    """
    # What is light to import must not import Keras, which these two do.
    from goldilocks.run.outcome import Outcome
    from goldilocks.training import fit

    metrics, trainer = stored.metrics, spec.settings.tree["trainer"]
    names = [name for name in metrics if f"best_{name}" in metrics or name in PER_EPOCH]
    curves = context.store.histories([stored.run_id], names)[stored.run_id]
    result = fit.FitResult(
        history={name: [value for _, value in points] for name, points in curves.items()},
        best_epoch=int(metrics["best_epoch"]),
        monitor=trainer["monitor"],
        seconds=metrics["train_seconds"],
        validation=fit.validation_rows(
            spec.split.validation, trainer["validation_steps"], trainer["batch_size"]
        ),
    )
    return Outcome(
        settings=spec.settings,
        part=spec.part,
        dataset=context.dataset,
        problem=context.problem,
        split=spec.split,
        result=result,
        baseline=_below(metrics, "baseline/val_"),
        beats_baseline=bool(metrics["beats_baseline"]),
        verdict=None,  # The verdict of the mean curve counts.
        test=None,
        intervals={},
        evaluation=None,
        parameters=int(metrics["parameters"]),
        coverage=metrics.get("word_vectors_coverage"),
        weights=stored.tags["weights"],
    )


def _below(metrics: Mapping[str, float], prefix: str) -> dict[str, float]:
    """Return the metrics whose names have a prefix, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in metrics.items()
        if name.startswith(prefix)
    }
