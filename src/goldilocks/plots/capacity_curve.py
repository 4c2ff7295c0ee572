"""Losses of one kind of model against its size: where underfitting ends and overfitting begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import layout, style

DASHED = {"linestyle": "--", "alpha": 0.6}


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
    label = f"the winner, at its best epoch: {style.plain(winner.name, 50)}"
    star: dict[str, Any] = {"color": style.INK, "markersize": 15, "zorder": 5, "label": label}
    axes.plot([winner.weights], [winner.best_val_loss], "*", **star)
    handles = axes.get_lines()
    layout.legend(body, handles, [str(line.get_label()) for line in handles], columns=2)

    axes.margins(x=0.08)
    axes.set(xlabel="weights", ylabel=ylabel, xscale="log")
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
            blended = axes.get_xaxis_transform()
            axes.text(border, 0.98, verdict, color=color, ha=alignment, transform=blended, **font)
        axes.axvline(border, color=style.QUIET, linewidth=1)
        axes.set_xlim(low, high)
    small: dict[str, Any] = {"fontsize": style.SMALL, "color": style.QUIET, "ha": "center"}
    for size in sizes:
        name, blended = style.plain(size.name, 30), axes.get_xaxis_transform()
        axes.text(size.weights, 0.01, name, rotation=90, transform=blended, **small)
    return figure
