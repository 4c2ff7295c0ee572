"""What a workflow found, in words: lines on the terminal, and the description of its run in Markdown."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from goldilocks.formatting import markdown, number
from goldilocks.plots import style
from goldilocks.plots.capacity_curve import Size, Winner, capacity_curve
from goldilocks.workflow.step import Step

WIDTH = 110  # characters of a line on the terminal
FILE = "story.json"
FRONTIER = "frontier.png"

Story = Mapping[str, Any]


def outcome(told: Story) -> str:
    """What came of it, in one sentence."""
    steps = told["steps"]
    last = steps[-1]
    if not last["passed"]:
        return f"Stopped at step {len(steps)}: {last['decision']}"
    tested = next(step for step in steps if step["name"] == "final")
    return f"{tested['chosen']['tested']['name'].removesuffix(' final')}: {tested['decision']}"


def found(told: Story, name: str) -> Mapping[str, Any]:
    """What a step has chosen; nothing where it was not come to."""
    return next((step["chosen"] for step in told["steps"] if step["name"] == name), {})


def draw(told: Story, folder: Path) -> bool:
    """Draw the frontier into a folder, if the sizes have been tried; whether they have."""
    scale = next((step for step in told["steps"] if step["name"] == "scale"), None)
    if scale is None:
        return False
    rows = scale["table"]
    sizes = [
        Size(
            name=row["candidate"],
            weights=row["weights"],
            train=_number(row["end loss"]),
            validation=_number(row["end val_loss"]),
            best=row["val_loss"],
            verdict=row["verdict"],
        )
        for row in rows
    ]
    tune = next((step for step in told["steps"] if step["name"] == "tune"), None)
    winner = None
    if tune is not None:
        row = tune["table"][0]
        winner = Winner(name=row["candidate"], weights=row["weights"], best=row["val_loss"])
    baseline = next(step for step in told["steps"] if step["name"] == "baseline")["table"][0][
        "val_loss"
    ]
    figure = capacity_curve(
        sizes, winner, baseline=baseline, ylabel="loss", title=f"{told['name']}: loss against size"
    )
    style.save(figure, folder / FRONTIER)
    return True


def in_markdown(told: Story) -> str:
    """The whole story, the outcome first: MLflow folds a description after a few lines."""
    steps = [Step(**step) for step in told["steps"]]
    said = [f"**{outcome(told)}**"]
    if rows := found(told, "tune").get("versus"):
        said.append(table(rows))
    said += [step_markdown(step, number) for number, step in enumerate(steps, 1)]
    said += ["**What to try next**\n\n" + "\n".join(f"- {each}" for each in told["next"])]
    return "\n\n".join([*said, "**Do it again**", f"```\n{told['command']}\n```"])


def step_markdown(step: Step, number: int) -> str:
    """A step in Markdown."""
    said = [
        f"**{number}. {step.title}.** {step.decision}",
        "\n".join(f"- {reason}" for reason in step.reasons),
    ]
    return "\n\n".join([*said, *([table(step.table)] if step.table else [])])


def step_lines(step: Step, number: int) -> str:
    """A step as the terminal shows it."""
    said = [f"\n{number}. {step.title} ({step.seconds:.0f} s)"]
    said += textwrap.wrap(step.decision, WIDTH, initial_indent="   ", subsequent_indent="   ")
    for reason in step.reasons:
        said += textwrap.wrap(reason, WIDTH, initial_indent="   - ", subsequent_indent="     ")
    return "\n".join(said)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table, numbers with four digits, without the runs."""
    return markdown(
        pd.DataFrame(
            [{name: shown(value) for name, value in row.items() if name != "run"} for row in rows]
        )
    )


def shown(value: Any) -> str:
    """A cell of a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
