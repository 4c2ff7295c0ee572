"""The report of a workflow as one HTML file that needs no other."""

from __future__ import annotations

import base64
import dataclasses
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from goldilocks.problem import higher_is_better
from goldilocks.report.compare import without_password
from goldilocks.report.html import asset, style_sheet
from goldilocks.report.workflow import figure
from goldilocks.report.workflow.results import (
    FILE,
    Cell,
    Row,
    StepReport,
    TuneResult,
    WorkflowReport,
    read_report,
)
from goldilocks.report.workflow.text import outcome, shown
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.store import MlflowStore

ROLE = "workflow"
ARTIFACTS = "report"  # the folder among the artifacts of the workflow's run


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
    with tempfile.TemporaryDirectory() as name:
        report = read_report(store.download_artifact(run.run_id, FILE, Path(name)))
        text = page(report, run, store)
        file = output or Path(f"workflow-{run.run_id[:8]}.html")
        file.write_text(text, encoding="utf-8")

        log = Path(name) / "log"
        log.mkdir()
        (log / "report.html").write_text(text, encoding="utf-8")
        store.log_artifacts(run.run_id, log, ARTIFACTS)
    return file


def page(report: WorkflowReport, run: StoredRun, store: MlflowStore) -> str:
    """Return the text of the HTML file."""
    environment = Environment(
        loader=PackageLoader("goldilocks.report.workflow", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("workflow.html.j2")

    # A link to a server works by itself; that to a database needs a command.
    ui_command = "" if store.uri.startswith("http") else without_password(store.ui_command)
    return template.render(
        **_tuning(report.results.tune),
        title=report.name,
        lead=outcome(report),
        about=f"{report.data}. {report.runs} trainings in {report.seconds / 60:.1f} minutes.",
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        run_id=run.run_id,
        picture=_picture(report),
        steps=[_step(step, run, store) for step in report.results.steps],
        next_steps=report.next_steps,
        command=report.command,
        ui_command=ui_command,
        style=style_sheet(),
        script=asset("page.js"),
    )


def _tuning(tune: TuneResult | None) -> dict[str, Any]:
    """Return the winner beside what it had to beat, and the trials."""
    if tune is None:
        return {"comparison": None, "better": "", "trials": None}

    metric = next(name for name in tune.comparison[0] if name.startswith("val_"))
    direction = "Higher" if higher_is_better(metric) else "Lower"
    return {
        "comparison": _table(tune.comparison),
        "better": f"{direction} {metric} is better.",
        "trials": _table(tune.trials),
    }


def _step(step: StepReport, run: StoredRun, store: MlflowStore) -> dict[str, Any]:
    step_run = dataclasses.replace(run, run_id=step.run_id)
    return {
        "name": step.name,
        "title": step.title,
        "passed": step.passed,
        "decision": step.decision,
        "reasons": step.reasons,
        "rows": _table(step.table),
        "seconds": f"{step.seconds:.0f} s",
        "link": without_password(store.page_url(step_run)),
    }


def _table(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return the head and the body of a table; None without rows."""
    if not rows:
        return None
    columns = list(dict.fromkeys(name for row in rows for name in row if name != "run"))
    body = [[_cell(name, row.get(name)) for name in columns] for row in rows]
    return {"head": columns, "body": body}


def _cell(column: str, value: Cell) -> dict[str, str]:
    """Return the text, the class and the sort key of a cell."""
    text = shown(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"text": text, "kind": "number", "sort": str(value)}
    if column == "verdict" and text:
        return {"text": text, "kind": f"verdict {text}", "sort": ""}
    if column == "candidate":
        return {"text": text, "kind": "name", "sort": ""}
    return {"text": text, "kind": "", "sort": ""}


def _picture(report: WorkflowReport) -> str:
    """Return the picture as base64; "" if no sizes were trained."""
    with tempfile.TemporaryDirectory() as name:
        file = figure.draw(report, Path(name))
        if file is None:
            return ""
        return base64.b64encode(file.read_bytes()).decode()
