"""The losses of a workflow's model sizes, as a picture."""

from pathlib import Path

from goldilocks.plots import style
from goldilocks.plots.capacity_curve import capacity_curve
from goldilocks.report.workflow.results import WorkflowReport

FILE = "capacity_curve.png"


def draw(report: WorkflowReport, folder: Path) -> Path | None:
    """Draw losses against model sizes into a folder; None if no sizes were trained."""
    scale, tune = report.results.scale, report.results.tune
    if scale is None or tune is None:
        return None

    picture = capacity_curve(
        scale.sizes,
        tune.winner_size,
        baseline=report.results.baseline.loss,
        ylabel="loss",
        title=f"{report.name}: loss against size",
    )
    style.save(picture, folder / FILE)
    return folder / FILE
