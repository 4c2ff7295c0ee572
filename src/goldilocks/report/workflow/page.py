"""The report of a workflow as one HTML file that needs no other."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

from goldilocks import formatting
from goldilocks.evaluation.measures import higher_is_better
from goldilocks.report import compare, html
from goldilocks.report.workflow.log import PICTURE
from goldilocks.report.workflow.results import WorkflowReport, read_report
from goldilocks.report.workflow.text import columns, outcome, shared
from goldilocks.run.rendering import environment
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.store import MlflowStore

ROLE = "workflow"


def write(store: MlflowStore, run: StoredRun, output: Path | None) -> Path:
    """Write the page of a workflow, and log it to the workflow's run.

    Args:
        store: Where the run is.
        run: Of a workflow.
        output: The file; None: `workflow-<id>.html` in the working folder.

    Raises:
        StoreError: If the workflow has not ended, or the store cannot be used.
        OSError: If the file cannot be written.
    """
    text = page(read_report(store, run.run_id), run, store)
    return compare.save(store, run.run_id, text, output or f"workflow-{run.run_id[:8]}.html")


def page(report: WorkflowReport, run: StoredRun, store: MlflowStore) -> str:
    """Return the text of the HTML file."""
    template = environment("goldilocks.report.workflow").get_template("workflow.html.j2")
    step_runs = [dataclasses.replace(run, run_id=step.run_id) for step in report.results.steps]
    return template.render(
        columns=columns,
        shared=shared,
        cell=formatting.cell,
        report=report,
        lead=outcome(report),
        own=query.own_metrics([run]),
        higher_is_better=higher_is_better,
        run_id=run.run_id,
        picture=_picture(report, store, run.run_id),
        **html.frame(store, step_runs),
    )


def _picture(report: WorkflowReport, store: MlflowStore, run_id: str) -> str:
    """Return the logged picture as base64; "" if it has no two sizes."""
    if report.results.scale is None or len(report.results.scale.sizes) < 2:
        return ""
    return base64.b64encode(store.read_artifact(run_id, PICTURE)).decode()
