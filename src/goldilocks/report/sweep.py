"""Stored numbers -> a comparison of runs: a table and a figure."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from goldilocks.formatting import markdown
from goldilocks.plots import overlays, style
from goldilocks.tracking.query import StoredRun

LABEL = 60  # characters of a curve's name


def compare(runs: Sequence[StoredRun], folder: Path, *, title: str) -> str:
    """Compare runs by their best epochs; runs on other data, or with another loss, stand in a table of their own.

    Args:
        runs: In the order in which they are shown.
        folder: Where `results.md`, and for each table a `results.csv` and a `val_loss.png`, go; of
            several tables each has a number in its files' names.
        title: Of the figures.

    Returns:
        The tables in Markdown.
    """
    groups: dict[tuple[str, ...], list[StoredRun]] = {}
    for run in runs:
        groups.setdefault(_comparable(run), []).append(run)
    said = []
    for number, (what, group) in enumerate(groups.items(), 1):
        several = len(groups) > 1
        heading = [f"**{', '.join(filter(None, what[:3]))}**"] if several else []
        said += [*heading, _compared(group, folder, f"_{number}" * several, title)]
    text = "\n\n".join(said) or "No run was logged."
    (folder / "results.md").write_text(text + "\n")
    return text


def _comparable(run: StoredRun) -> tuple[str, ...]:
    """What must be equal for losses to be compared: data set, its source, loss, and the data itself."""
    return (
        run.params.get("dataset", ""),
        run.tags.get("dataset.source", ""),
        run.params.get("problem.loss", ""),
        run.tags.get("dataset.digest", ""),
    )


def _compared(runs: Sequence[StoredRun], folder: Path, suffix: str, title: str) -> str:
    """The table of comparable runs in Markdown; its files are written."""
    table, labels = comparison(runs), _labels(runs)
    table.to_csv(folder / f"results{suffix}.csv", index=False)
    drawn = {label: run for label, run in zip(labels, runs, strict=True) if run.val_loss}
    if drawn:
        best = {
            label: int(run.metrics["best_epoch"])
            for label, run in drawn.items()
            if "best_epoch" in run.metrics
        }
        curves = {label: run.val_loss for label, run in drawn.items()}
        style.save(
            overlays.overlay(curves, ylabel="val_loss", title=title, best=best),
            folder / f"val_loss{suffix}.png",
        )
    return markdown(table)


def differing(runs: Sequence[StoredRun]) -> list[str]:
    """The parameters in which runs differ, and which are not the same in other words."""
    names = dict.fromkeys(name for run in runs for name in run.params)
    values = {name: tuple(run.params.get(name) for run in runs) for name in names}
    kept: dict[tuple, str] = {}
    for (
        name,
        column,
    ) in values.items():  # A group's option stands before its keys, and says what they say.
        if len(set(column)) > 1:
            kept.setdefault(tuple(map(column.index, column)), name)
    return list(kept.values())


def comparison(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """A row a run: what is different about it, its verdict, and its values at the best epoch beside the baseline."""
    names = differing(runs)
    metrics = dict.fromkeys(
        name for run in runs for name in run.metrics if name.startswith("best_val_")
    )
    rows = []
    for run in runs:
        row: dict[str, object] = {name: run.params.get(name, "") for name in names} or {
            "run": run.name
        }
        row |= {
            "status": run.status,
            "verdict": run.tags.get("verdict", ""),
            "best_epoch": run.metrics.get("best_epoch"),
        }
        row |= {name: run.metrics.get(name) for name in metrics}
        row["beats_baseline"] = run.tags.get("beats_baseline", "")
        rows.append(row)
    return pd.DataFrame(rows)


def _labels(runs: Sequence[StoredRun]) -> list[str]:
    """A short name for each run: what is different about it; its place is added where that is not enough."""
    names = differing(runs)
    labels = [
        ", ".join(f"{name}={run.params.get(name, '')}" for name in names)[:LABEL] or run.name
        for run in runs
    ]
    return [
        label if labels.count(label) == 1 else f"{label} ({place})"
        for place, label in enumerate(labels, 1)
    ]
