"""Logs the report of a workflow to its run."""

import dataclasses
import json
import tempfile
from pathlib import Path

from goldilocks.plots import style
from goldilocks.plots.capacity_curve import capacity_curve
from goldilocks.report.workflow.results import FILE, WorkflowReport
from goldilocks.report.workflow.text import in_markdown
from goldilocks.tracking import Tracker

PICTURE = "capacity_curve.png"


def log(report: WorkflowReport, tracker: Tracker) -> None:
    """Log a report as the run's description, as JSON, as Markdown, and its picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FILE).write_text(json.dumps(dataclasses.asdict(report), indent=1))
        (folder / "report.md").write_text(in_markdown(report))
        scale, tune = report.results.scale, report.results.tune
        if scale is not None and tune is not None:
            picture = capacity_curve(
                scale.sizes,
                tune.winner_size,
                baseline=report.results.baseline.loss,
                ylabel="loss",
                title=f"{report.name}: loss against size",
            )
            style.save(picture, folder / PICTURE)
        tracker.files(folder)

    last = report.results.steps[-1]
    tracker.describe(in_markdown(report))
    tracker.tags({"step": last.name, "passed": str(last.passed).lower()})

    # So that workflows can be compared in the table of runs.
    tracker.metrics({"seconds": report.seconds, "runs": report.runs})
    if (score := report.results.score) is not None:
        tracker.metrics(
            {f"test_{score.metric}": score.test, f"val_{score.metric}": score.validation}
        )
