"""Trained candidates as rows of the tables of a workflow."""

import math
from collections.abc import Sequence
from typing import Any

from goldilocks.workflow.runner import Trained


def row(trained: Trained, measures: Sequence[str], name: str = "") -> dict[str, Any]:
    """A trained candidate: size, values at the best epoch, losses at the end, verdict, run."""
    values = {
        f"val_{measure}": trained.best(measure) for measure in dict.fromkeys([*measures, "loss"])
    }
    ends = {"end loss": _finite(trained.end("train")), "end val_loss": _finite(trained.end("val"))}
    found = {
        "candidate": name or trained.candidate.name,
        "weights": trained.parameters,
        "best epoch": f"{trained.best_epoch} of {trained.epochs}",
    }
    return found | values | ends | {"verdict": trained.verdict, "run": trained.run.run_id}


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
