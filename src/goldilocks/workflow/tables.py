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
    losses: dict[str, Cell] = {
        "val_loss": size.best_val_loss,
        "end loss": size.train_loss,
        "end val_loss": size.val_loss,
    }
    if has_own_loss(trained):
        losses = dict.fromkeys(losses)
    return {
        "candidate": size.name,
        "weights": size.weights,
        "best epoch": f"{trained.best_epoch} of {trained.epochs}",
        **values,
        **losses,
        "verdict": size.verdict,
        "run": trained.run.run_id,
    }


def has_own_loss(trained: Trained) -> bool:
    """Whether the loss of a candidate is of logarithms, which step 5 has chosen for it alone."""
    return "problem.log_target=true" in trained.candidate.overrides


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


def worse(low: float, high: float) -> str:
    """Return in words how much worse something is; "" where it is not known.

    >>> worse(0.25, 0.5), worse(-0.5, -0.25), worse(-0.2, 0.85)
    ('0.25 to 0.5 worse', '0.25 to 0.5 better', '0.2 better to 0.85 worse')

    Args:
        low: The lower end of an interval; below 0 it is better.
        high: The upper end.
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    near, far = sorted((abs(low), abs(high)))
    if low >= 0:
        return f"{number(near, 3)} to {number(far, 3)} worse"
    if high <= 0:
        return f"{number(near, 3)} to {number(far, 3)} better"
    return f"{number(-low, 3)} better to {number(high, 3)} worse"


def finite(value: float | None) -> float | None:
    """Return a number, or None if it is not finite: JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None
