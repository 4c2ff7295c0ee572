"""Logs the report of a workflow to its run."""

import tempfile
from pathlib import Path

from goldilocks.report.workflow import figure
from goldilocks.report.workflow.results import WorkflowReport, write_report
from goldilocks.report.workflow.text import in_markdown
from goldilocks.tracking import Tracker


def log(report: WorkflowReport, tracker: Tracker) -> None:
    """Log a report as the run's description, as JSON, as Markdown, and its picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_report(report, folder)
        (folder / "report.md").write_text(in_markdown(report))
        figure.draw(report, folder)
        tracker.files(folder)

    last = report.results.steps[-1]
    tracker.describe(in_markdown(report))
    tracker.tags({"step": last.name, "passed": str(last.passed).lower()})
    tracker.metrics(_metrics(report))


def _metrics(report: WorkflowReport) -> dict[str, float]:
    """Return single values, so that workflows can be compared in the table of runs."""
    values = {"seconds": report.seconds, "runs": float(report.runs)}
    if (score := report.results.score) is None:
        return values
    test = {f"test_{score.metric}": score.test, f"val_{score.metric}": score.validation}
    return values | test
