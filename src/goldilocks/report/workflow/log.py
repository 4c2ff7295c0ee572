"""Logs what a workflow found to its run."""

import dataclasses
import json
import tempfile
from pathlib import Path

from goldilocks.report.workflow.story import FILE, Story, draw, found, in_markdown
from goldilocks.tracking import Tracker
from goldilocks.workflow import advice
from goldilocks.workflow.state import Flow


def collected(flow: Flow, command: str) -> Story:
    """Everything that the page and the description are made of, as JSON has it."""
    dataset = flow.dataset
    return {
        "name": flow.settings.name,
        "command": command,
        "data": f"{dataset.source.replace('_', '-')}: {dataset.location}",
        "digest": dataset.digest,
        "measure": flow.problem.metric,
        "unit": dataset.unit,
        "steps": [dataclasses.asdict(step) for step in flow.steps],
        "seconds": flow.budget.seconds_spent,
        "runs": flow.budget.runs_spent,
        "next": advice.next_moves(flow),
    }


def tell(flow: Flow, tracker: Tracker, command: str) -> None:
    """Log the story to the workflow's run: as its description, as `story.json`, and the frontier as a picture."""
    told = collected(flow, command)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FILE).write_text(json.dumps(told, indent=1))
        (folder / "story.md").write_text(in_markdown(told))
        draw(told, folder)
        tracker.files(folder)
    tracker.describe(in_markdown(told))
    passed = flow.steps[-1].passed
    tracker.tags({"step": flow.steps[-1].name, "passed": str(passed).lower()})
    tracker.metrics(_metrics(told))


def _metrics(told: Story) -> dict[str, float]:
    """The single values of a workflow, so that workflows can be compared in the table of runs."""
    values = {"seconds": float(told["seconds"]), "runs": float(told["runs"])}
    tested = found(told, "final")
    if tested:
        values |= {
            f"test_{tested['measure']}": tested["test"],
            f"val_{tested['measure']}": tested["validation"],
        }
    return values
