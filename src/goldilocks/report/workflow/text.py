"""The report of a workflow in words: lines on the terminal, and Markdown for its run."""

import shutil
import textwrap
from collections.abc import Sequence

import pandas as pd

from goldilocks.formatting import markdown
from goldilocks.report.workflow.results import Cell, Row, StepReport, WorkflowReport
from goldilocks.run.rendering import environment

WIDTH = 110  # characters of a line on the terminal, at most


def outcome(report: WorkflowReport) -> str:
    """Return what came of a workflow, in one sentence."""
    steps, tune, final = report.results.steps, report.results.tune, report.results.final
    if tune is None or final is None or not final.report.passed:
        return f"Stopped at step {len(steps)}: {steps[-1].decision}"
    return f"{tune.winner.name}: {final.report.decision}"


def in_markdown(report: WorkflowReport) -> str:
    """Return the whole report, the outcome first: MLflow folds a description after a few lines."""
    return _rendered("report.md.j2", report=report, outcome=outcome(report))


def step_markdown(step: StepReport, number: int) -> str:
    """Return a step in Markdown."""
    return _rendered("step.md.j2", step=step, number=number)


def step_lines(step: StepReport, number: int) -> str:
    """Return a step as the terminal shows it."""
    width = min(WIDTH, shutil.get_terminal_size().columns)
    lines = [f"\n{number}. {step.title} ({step.seconds:.0f} s)"]
    lines += textwrap.wrap(step.decision, width, initial_indent="   ", subsequent_indent="   ")
    for reason in step.reasons:
        sentence, *commands = reason.split("\n")
        lines += textwrap.wrap(sentence, width, initial_indent="   - ", subsequent_indent="     ")
        lines += [f"     {command}" for command in commands]  # Pasted whole.
    return "\n".join(lines)


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table, without the runs."""
    names = columns(rows)
    return markdown(pd.DataFrame(rows, columns=names, dtype=object))


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the names of all cells but the runs."""
    return list(dict.fromkeys(name for row in rows for name in row if name != "run"))


def shared(rows: Sequence[Row]) -> dict[str, Cell]:
    """Return the cells that are the same in all of several rows, by name."""
    first = rows[0] if len(rows) > 1 else {}
    return {
        name: value
        for name, value in first.items()
        if name != "run" and value is not None and all(row.get(name) == value for row in rows)
    }


def _rendered(template: str, **values: WorkflowReport | StepReport | str | int) -> str:
    pages = environment("goldilocks.report.workflow")
    return pages.get_template(template).render(table=table, **values).rstrip()
