"""Stored numbers -> a comparison of runs: a table and a figure."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from goldilocks.plots import overlays, style
from goldilocks.tracking.stored import StoredRun

LABEL = 60  # characters of a curve's name


def compare(runs: Sequence[StoredRun], folder: Path, *, title: str) -> str:
    """Compare runs by their best epochs.

    Args:
        runs: In the order in which they are shown.
        folder: Where `results.csv`, `results.md` and `val_loss.png` go.
        title: Of the figure.

    Returns:
        The table in Markdown.
    """
    table = comparison(runs)
    table.to_csv(folder / "results.csv", index=False)
    said = markdown(table)
    (folder / "results.md").write_text(said + "\n")
    labels = _labels(runs)
    curves = {label: run.val_loss for label, run in zip(labels, runs, strict=True) if run.val_loss}
    if curves:
        best = {
            label: int(run.metrics["best_epoch"])
            for label, run in zip(labels, runs, strict=True)
            if run.val_loss and "best_epoch" in run.metrics
        }
        style.save(overlays.overlay(curves, ylabel="val_loss", title=title, best=best), folder / "val_loss.png")
    return said


def differing(runs: Sequence[StoredRun]) -> list[str]:
    """The parameters in which runs differ, and which are not the same in other words."""
    names = dict.fromkeys(name for run in runs for name in run.params)
    values = {name: tuple(run.params.get(name) for run in runs) for name in names}
    kept: dict[tuple, str] = {}
    for name, column in values.items():  # A group's option stands before its keys, and says what they say.
        if len(set(column)) > 1:
            kept.setdefault(tuple(map(column.index, column)), name)
    return list(kept.values())


def comparison(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """A row a run: what is different about it, its verdict, and its values at the best epoch beside the baseline."""
    names = differing(runs)
    metrics = dict.fromkeys(name for run in runs for name in run.metrics if name.startswith("best_val_"))
    rows = []
    for run in runs:
        row: dict[str, object] = {name: run.params.get(name, "") for name in names} or {"run": run.name}
        row |= {
            "status": run.status,
            "verdict": run.tags.get("verdict", ""),
            "best_epoch": run.metrics.get("best_epoch"),
        }
        row |= {name: run.metrics.get(name) for name in metrics}
        row["beats_baseline"] = run.tags.get("beats_baseline", "")
        rows.append(row)
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown; numbers with four significant digits."""
    if table.empty:
        return "No run was logged."
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    lines += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _labels(runs: Sequence[StoredRun]) -> list[str]:
    """A short name for each run: what is different about it; its place is added where that is not enough."""
    names = differing(runs)
    labels = [", ".join(f"{name}={run.params.get(name, '')}" for name in names)[:LABEL] or run.name for run in runs]
    return [label if labels.count(label) == 1 else f"{label} ({place})" for place, label in enumerate(labels, 1)]
