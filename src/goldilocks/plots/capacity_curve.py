"""Losses of one kind of model against its size: where underfitting ends and overfitting begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import layout, style

CURVES: dict[str, dict[str, Any]] = {
    "train_loss": {"label": "training loss, at the end", "color": style.TRAIN},
    "val_loss": {"label": "validation loss, at the end", "color": style.VALIDATION},
    "best_val_loss": {
        "label": "validation loss, at the best epoch",
        "color": style.VALIDATION,
        "linestyle": "--",
        "alpha": 0.6,
    },
}


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """A model of one size.

    Attributes:
        name: What sets it apart.
        weights: How many it has.
        train_loss: Where the training ended; None if it diverged.
        val_loss: Where the training ended; None if it diverged.
        best_val_loss: At the best epoch.
        verdict: Of its learning curve.
    """

    name: str
    weights: int
    train_loss: float | None
    val_loss: float | None
    best_val_loss: float
    verdict: str


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
    sizes: Sequence[ModelSize], winner: ModelSize, *, baseline: float, ylabel: str, title: str
) -> Figure:
    """Draw training and validation loss against the number of weights.

    Args:
        sizes: At least one, in any order.
        winner: The model that was chosen in the end, marked with a star.
        baseline: Loss of the dummy baseline.
        ylabel: What the loss is, with its unit.
        title: Of which data.
    """
    figure, (axes,) = layout.panels(title, 560)
    ordered = sorted(sizes, key=lambda size: size.weights)
    table = pd.DataFrame(ordered).set_index("weights")[[*CURVES]].astype(float)
    for name, look in CURVES.items():
        axes.plot(table[name], marker="o", **look)
    axes.axhline(baseline, color=style.QUIET, linewidth=1, linestyle=":", label="baseline")
    label = f"the winner, at its best epoch: {style.plain(winner.name, 50)}"
    star: dict[str, Any] = {"color": style.INK, "markersize": 15, "zorder": 5, "label": label}
    axes.plot(winner.weights, winner.best_val_loss, "*", **star)
    layout.legend(axes, *axes.get_legend_handles_labels(), columns=2)

    axes.margins(x=0.08)
    axes.set(xlabel="weights", ylabel=ylabel, xscale="log")
    losses = np.append(table, baseline)
    positive = losses[losses > 0]
    if positive.size and positive.max() > 20 * positive.min():
        axes.set_yscale("log")

    blended = axes.get_xaxis_transform()
    border = overfit_from(sizes)
    if border is not None:
        low, high = axes.get_xlim()
        for verdict, left, right, side in (
            ("underfit", low, border, "right"),
            ("overfit", border, high, "left"),
        ):
            color = VERDICTS[verdict].color
            axes.axvspan(left, right, color=color, alpha=0.05)
            font: dict[str, Any] = {"color": color, "fontsize": style.TITLE, "ha": side}
            axes.text(border, 0.03, f"  {verdict}  ", transform=blended, **font)
        axes.axvline(border, color=style.QUIET, linewidth=1)
        axes.set_xlim(low, high)
    # Beside the points of the validation curve, above where the next size is better.
    for size in sizes:
        if size.val_loss is not None:
            look: dict[str, Any] = {"textcoords": "offset points", "ha": "center", **style.NOTE}
            text, point = style.plain(size.name, 30), (size.weights, size.val_loss)
            axes.annotate(text, point, xytext=(0, 9), **look)
    return figure
