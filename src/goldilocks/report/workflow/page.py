"""The report of a workflow as one HTML file that needs no other."""

from __future__ import annotations

import base64
import dataclasses
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from goldilocks import formatting
from goldilocks.console import without_passwords
from goldilocks.evaluation.measures import higher_is_better
from goldilocks.report import compare, html
from goldilocks.report.rendering import environment
from goldilocks.report.workflow.log import PICTURE
from goldilocks.report.workflow.results import WorkflowReport, read_report
from goldilocks.report.workflow.text import columns, outcome
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
    file = output or Path(f"workflow-{run.run_id[:8]}.html")
    file.write_text(text, encoding="utf-8")
    compare.log(store, run.run_id, text)
    return file


def page(report: WorkflowReport, run: StoredRun, store: MlflowStore) -> str:
    """Return the text of the HTML file."""
    template = environment("goldilocks.report.workflow").get_template("workflow.html.j2")
    step_runs = [dataclasses.replace(run, run_id=step.run_id) for step in report.results.steps]

    # A link to a server works by itself; that to a database needs a command.
    ui_command = "" if store.uri.startswith("http") else without_passwords(store.ui_command)
    return template.render(
        columns=columns,
        cell=formatting.cell,
        report=report,
        lead=outcome(report),
        own=query.own_metrics([run]),
        higher_is_better=higher_is_better,
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        run_id=run.run_id,
        picture=_picture(report, store, run.run_id),
        links=[without_passwords(store.page_url(step_run)) for step_run in step_runs],
        ui_command=ui_command,
        style=html.style_sheet(),
        script=html.asset("page.js"),
    )


def _picture(report: WorkflowReport, store: MlflowStore, run_id: str) -> str:
    """Return the logged picture as base64; "" if no sizes were trained."""
    if report.results.scale is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        file = store.download_artifact(run_id, PICTURE, Path(folder))
        return base64.b64encode(file.read_bytes()).decode()
