"""Trained candidates as rows of tables, and differences of candidates in words."""

import math
from collections.abc import Sequence

from goldilocks.formatting import number
from goldilocks.plots.capacity_curve import ModelSize
from goldilocks.report.workflow.results import Cell, TrainedRuns
from goldilocks.workflow.candidate import Trained


def row(trained: Trained, metrics: Sequence[str]) -> dict[str, Cell]:
    """Return the size, best values, last losses, verdict and run of a trained candidate."""
    size = model_size(trained)
    values = {f"val_{name}": finite(trained.best(name)) for name in metrics}
    return {
        "candidate": size.name,
        "weights": size.weights,
        "best epoch": f"{trained.best_epoch} of {trained.epochs}",
        **values,
        "val_loss": size.best_val_loss,
        "end loss": size.train_loss,
        "end val_loss": size.val_loss,
        "verdict": size.verdict,
        "run": trained.run.run_id,
    }


def model_size(trained: Trained) -> ModelSize:
    """Return what a report shows of the size of a trained candidate."""
    return ModelSize(
        name=trained.candidate.name,
        weights=trained.parameters,
        train_loss=finite(trained.last("")),
        val_loss=finite(trained.last("val_")),
        best_val_loss=trained.best("loss"),
        verdict=trained.verdict,
    )


def runs_of(trained: Sequence[Trained]) -> TrainedRuns:
    """Return what a later step, or a later process, reads the trainings of a candidate from."""
    run_ids = tuple(training.run.run_id for training in trained)
    candidate = trained[0].candidate
    return TrainedRuns(name=candidate.name, overrides=candidate.overrides, run_ids=run_ids)


def interval(low: float, high: float) -> str:
    """Return an interval as people read it."""
    return f"{number(low, 3)} to {number(high, 3)}"


def finite(value: float | None) -> float | None:
    """Return a number, or None if it is not finite: JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None
