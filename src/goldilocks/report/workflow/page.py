"""The story of a workflow -> one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from goldilocks.report.compare import without_password
from goldilocks.report.html import asset, style_sheet
from goldilocks.report.workflow.story import FILE, FRONTIER, Story, draw, found, outcome, shown
from goldilocks.tracking import Store
from goldilocks.tracking.query import StoredRun

ROLE = "workflow"
ARTIFACTS = "report"  # the folder among the artifacts of the workflow's run


def write(store: Store, run: StoredRun, output: Path | None) -> Path:
    """Write the page of a workflow, and log it to the workflow's run.

    Args:
        store: Where the run is.
        run: Of a workflow.
        output: The file; None: `workflow-<id>.html` in the working folder.

    Raises:
        StoreError: The workflow has not come to its end, or the store cannot be used.
        OSError: The file cannot be written.
    """
    with tempfile.TemporaryDirectory() as name:
        told = json.loads(store.download_artifact(run.run_id, FILE, Path(name)).read_text())
        text = page(told, run, store)
        file = output or Path(f"workflow-{run.run_id[:8]}.html")
        file.write_text(text, encoding="utf-8")
        (Path(name) / "log").mkdir()
        (Path(name) / "log" / "report.html").write_text(text, encoding="utf-8")
        store.log_artifacts(run.run_id, Path(name) / "log", ARTIFACTS)
    return file


def page(told: Story, run: StoredRun, store: Store) -> str:
    """The HTML file."""
    environment = Environment(
        loader=PackageLoader("goldilocks.report.workflow", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("story.html.j2").render(
        title=told["name"],
        lead=outcome(told),
        about=f"{told['data']}. {told['runs']} trainings in {told['seconds'] / 60:.1f} minutes.",
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        run_id=run.run_id,
        comparison=_table(found(told, "tune").get("versus", ())),
        frontier=_frontier(told),
        steps=[_step(step, run, store) for step in told["steps"]],
        next=told["next"],
        command=told["command"],
        ui_command="" if store.uri.startswith("http") else without_password(store.ui_command),
        style=style_sheet(),
        script=asset("page.js"),
    )


def _step(step: Mapping[str, Any], run: StoredRun, store: Store) -> dict[str, Any]:
    own = replace(run, run_id=step["run_id"])
    return {
        **step,
        "rows": _table(step["table"]),
        "trials": _table(step["chosen"].get("trials", ())),
        "took": f"{step['seconds']:.0f} seconds",
        "page": without_password(store.page_url(own)) if step["run_id"] else "",
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Head and body of a table; None without rows."""
    if not rows:
        return None
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "run"]
    body = [[_cell(name, row.get(name)) for name in names] for row in rows]
    return {"head": names, "body": body}


def _cell(name: str, value: Any) -> dict[str, str]:
    """Text and class of a cell."""
    if name == "verdict" and value:
        return {"text": value, "kind": f"verdict {value}", "sort": ""}
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    sort = str(value) if number else ""
    return {
        "text": shown(value),
        "kind": "number" if number else "name" if name == "candidate" else "",
        "sort": sort,
    }


def _frontier(told: Story) -> str:
    """The picture as base64; "" where no sizes were tried."""
    with tempfile.TemporaryDirectory() as name:
        if not draw(told, Path(name)):
            return ""
        return base64.b64encode((Path(name) / FRONTIER).read_bytes()).decode()
