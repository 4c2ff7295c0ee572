"""Losses of a workflow's model sizes: where underfitting ends and overfitting begins."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import layout, style
from goldilocks.report.workflow.results import ModelSize, WorkflowReport

FILE = "capacity_curve.png"
DASHED = {"linestyle": "--", "alpha": 0.6}


def draw(report: WorkflowReport, folder: Path) -> Path | None:
    """Draw losses against model sizes into a folder; None if no sizes were trained."""
    scale, tune = report.results.scale, report.results.tune
    if scale is None:
        return None

    winner = None
    if tune is not None:
        winner = tune.winner_size
    picture = capacity_curve(
        scale.sizes,
        winner,
        baseline=report.results.baseline.loss,
        title=f"{report.name}: loss against size",
    )
    return style.save(picture, folder / FILE)


def overfit_from(sizes: Sequence[ModelSize]) -> float | None:
    """Return where overfitting begins, in weights; None if no size overfits, or all do.

    It is the geometric mean of the first size that overfits and of the largest below it.
    """
    ordered = sorted(sizes, key=lambda size: size.weights)
    verdicts = [size.verdict for size in ordered]
    if "overfit" not in verdicts or verdicts[0] == "overfit":
        return None
    first = verdicts.index("overfit")
    return float(np.sqrt(ordered[first - 1].weights * ordered[first].weights))


def capacity_curve(
    sizes: Sequence[ModelSize], winner: ModelSize | None, *, baseline: float, title: str
) -> Figure:
    """Draw training and validation loss against the number of weights.

    Args:
        sizes: At least one, in any order.
        winner: The model that was chosen in the end, marked with a star; None if there is none.
        baseline: Loss of the dummy baseline.
        title: Of which data.
    """
    figure, body = layout.frame(title, 560)
    (axes,) = layout.panels(body)
    table = pd.DataFrame(list(sizes)).sort_values("weights")
    weights = table["weights"]
    losses = table[["train_loss", "val_loss", "best_val_loss"]].astype(float)
    train, validation = {"color": style.TRAIN}, {"color": style.VALIDATION}
    curves: dict[str, dict[str, Any]] = {
        "training loss, at the end": train,
        "validation loss, at the end": validation,
        "validation loss, at the best epoch": validation | DASHED,
    }
    for name, (label, look) in zip(losses, curves.items(), strict=True):
        axes.plot(weights, losses[name], marker="o", label=label, **look)

    axes.axhline(baseline, color=style.QUIET, linewidth=1, linestyle=":", label="baseline")
    if winner is not None:
        label = f"the winner, at its best epoch: {style.plain(winner.name, 50)}"
        star: dict[str, Any] = {"color": style.INK, "markersize": 15, "zorder": 5, "label": label}
        axes.plot([winner.weights], [winner.best_val_loss], "*", **star)
    handles = axes.get_lines()
    layout.legend(body, handles, [str(line.get_label()) for line in handles], columns=2)

    axes.margins(x=0.08)
    axes.set(xlabel="weights", ylabel="loss", xscale="log")
    values = np.append(losses.to_numpy(), baseline)
    positive = values[values > 0]
    if positive.size and positive.max() > 20 * positive.min():
        axes.set_yscale("log")

    border = overfit_from(sizes)
    if border is not None:
        low, high = axes.get_xlim()
        font: dict[str, Any] = {"fontsize": style.TITLE, "va": "top"}
        sides = {"underfit  ": (low, "right"), "  overfit": (high, "left")}
        for verdict, (end, alignment) in sides.items():
            color = VERDICTS[verdict.strip()].color
            axes.axvspan(*sorted((border, end)), color=color, alpha=0.05)
            place = axes.get_xaxis_transform()
            axes.text(border, 0.98, verdict, color=color, ha=alignment, transform=place, **font)
        axes.axvline(border, color=style.QUIET, linewidth=1)
        axes.set_xlim(low, high)
    small: dict[str, Any] = {"fontsize": style.SMALL, "color": style.QUIET, "ha": "center"}
    for size in sizes:
        name, place = style.plain(size.name, 30), axes.get_xaxis_transform()
        axes.text(size.weights, 0.01, name, rotation=90, transform=place, **small)
    return figure
