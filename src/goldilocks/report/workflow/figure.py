"""The losses of a workflow's model sizes, as a picture."""

import math
from pathlib import Path

from goldilocks.plots import style
from goldilocks.plots.capacity_curve import Size, Winner, capacity_curve
from goldilocks.report.workflow.content import WorkflowReport

FILE = "model_sizes.png"


def draw(report: WorkflowReport, folder: Path) -> Path | None:
    """Draw losses against model sizes into a folder; None if no sizes were trained."""
    if not report.sizes or report.baseline_loss is None:
        return None

    sizes = [
        Size(
            name=size.name,
            weights=size.weights,
            train=math.nan if size.train_loss is None else size.train_loss,
            validation=math.nan if size.val_loss is None else size.val_loss,
            best=size.best_val_loss,
            verdict=size.verdict,
        )
        for size in report.sizes
    ]
    winner = None
    if report.winner is not None:
        winner = Winner(
            name=report.winner.name,
            weights=report.winner.weights,
            best=report.winner.best_val_loss,
        )
    picture = capacity_curve(
        sizes,
        winner,
        baseline=report.baseline_loss,
        ylabel="loss",
        title=f"{report.name}: loss against size",
    )
    style.save(picture, folder / FILE)
    return folder / FILE
