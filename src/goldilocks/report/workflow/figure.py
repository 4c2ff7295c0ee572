"""The losses of a workflow's model sizes, as a picture."""

import math
from pathlib import Path

from goldilocks.plots import style
from goldilocks.plots.capacity_curve import Size, Winner, capacity_curve
from goldilocks.report.workflow.results import WorkflowReport

FILE = "capacity_curve.png"


def draw(report: WorkflowReport, folder: Path) -> Path | None:
    """Draw losses against model sizes into a folder; None if no sizes were trained."""
    scale, tune = report.results.scale, report.results.tune
    if scale is None:
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
        for size in scale.sizes
    ]
    winner = None
    if tune is not None:
        size = tune.winner_size
        winner = Winner(name=size.name, weights=size.weights, best=size.best_val_loss)
    picture = capacity_curve(
        sizes,
        winner,
        baseline=report.results.baseline.loss,
        ylabel="loss",
        title=f"{report.name}: loss against size",
    )
    style.save(picture, folder / FILE)
    return folder / FILE
