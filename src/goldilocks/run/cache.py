"""Results of finished runs of the same configuration, data and code."""

from __future__ import annotations

import math
from collections.abc import Mapping

from goldilocks.config.settings import Settings
from goldilocks.formatting import number
from goldilocks.run import test_ledger
from goldilocks.tracking.query import StoredRun


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
        best = metrics_below(stored.metrics, "best_val_")
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


def metrics_below(metrics: Mapping[str, float], prefix: str) -> dict[str, float]:
    """Return the metrics whose names have a prefix, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in metrics.items()
        if name.startswith(prefix)
    }
