"""Names and words of scores on test rows, and of how often these rows were evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldilocks.tracking.query import StoredRun

# What a store logs beside a score on the test rows. Stores of version 0.1 have the older names.
EVALUATIONS = "test_evaluations"
EVALUATIONS_BEFORE = "test_looks"
NO_SCORES = (
    "_low",
    "_high",
    "_few_rows",
    "_evaluations",
    "_evaluations_elsewhere",
    "_looks",
    "_looks_elsewhere",
)


def warning(evaluations: float | None) -> str:
    """Return the warning of a repeated test evaluation; "" of the first one."""
    if evaluations is None or evaluations <= 1:
        return ""
    return f"test evaluation {evaluations:.0f} on these rows: optimistic"


def evaluations(metrics: Mapping[str, float]) -> float | None:
    """Return how many configurations had been evaluated on a run's test rows; None if none was."""
    return metrics.get(EVALUATIONS, metrics.get(EVALUATIONS_BEFORE))


def is_score(name: str) -> bool:
    """Tell whether a metric is a score on test rows."""
    return name.startswith("test_") and not name.endswith(NO_SCORES)


def results(run: StoredRun) -> dict[str, float]:
    """Return the scores on test rows that a run logged, by names such as "test_mae"."""
    return {name: value for name, value in run.metrics.items() if is_score(name)}
