"""Losses of one kind of model against its size: where underfitting ends and overfitting begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import layout, style


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
        winner: Marked with a star.
        baseline: Loss of the dummy baseline.
        ylabel: What the loss is, with its unit.
        title: Of which data.
    """
    figure, body = layout.frame(title, 560)
    (axes,) = layout.panels(body)
    ordered = sorted(sizes, key=lambda size: size.weights)
    _lines(axes, ordered, winner, baseline)
    axes.set(xlabel="weights", ylabel=ylabel)
    handles = axes.get_lines()
    layout.legend(body, handles, [str(line.get_label()) for line in handles], columns=2)

    weights = [*(size.weights for size in ordered), winner.weights]
    low, high = _logarithmic_ends(weights)
    axes.set(xscale="log", xlim=(low, high))
    losses = [[size.train_loss, size.val_loss, size.best_val_loss] for size in ordered]
    values = np.append(np.array(losses, float), baseline)
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size and positive.max() > 20 * positive.min():
        axes.set_yscale("log")

    border = overfit_from(ordered)
    if border is not None:
        axes.axvline(border, color=style.QUIET, linewidth=1)
        _mark_side(axes, "underfit", border, low)
        _mark_side(axes, "overfit", border, high)
    for size in ordered:
        axes.annotate(
            style.plain(size.name, 30),
            (size.weights, 0),
            (0, 6),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            rotation=90,
            fontsize=style.SMALL,
            color=style.QUIET,
        )
    return figure


def _lines(axes: Axes, sizes: Sequence[ModelSize], winner: ModelSize, baseline: float) -> None:
    """Draw the losses of the sizes, in order, the baseline, and the winner's star."""
    weights = [size.weights for size in sizes]
    curves = {
        "training loss, at the end": [size.train_loss for size in sizes],
        "validation loss, at the end": [size.val_loss for size in sizes],
        "validation loss, at the best epoch": [size.best_val_loss for size in sizes],
    }
    looks: tuple[dict[str, Any], ...] = (
        {"color": style.TRAIN},
        {"color": style.VALIDATION},
        {"color": style.VALIDATION, "linestyle": "--", "alpha": 0.6},
    )
    for (label, losses), look in zip(curves.items(), looks, strict=True):
        axes.plot(weights, np.array(losses, float), marker="o", label=label, **look)

    axes.axhline(baseline, color=style.QUIET, linewidth=1, linestyle=":", label="baseline")
    label = f"the winner, at its best epoch: {style.plain(winner.name, 50)}"
    star: dict[str, Any] = {"color": style.INK, "markersize": 15, "zorder": 5, "linestyle": ""}
    axes.plot([winner.weights], [winner.best_val_loss], marker="*", label=label, **star)


def _mark_side(axes: Axes, verdict: str, border: float, end: float) -> None:
    """Tint one side of the border, and name its verdict."""
    color = VERDICTS[verdict].color
    axes.axvspan(min(border, end), max(border, end), color=color, alpha=0.05)
    alignment, offset = ("right", -6) if end < border else ("left", 6)
    axes.annotate(
        verdict,
        (border, 1),
        (offset, -6),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha=alignment,
        va="top",
        color=color,
        fontsize=style.TITLE,
    )


def _logarithmic_ends(weights: Sequence[int]) -> tuple[float, float]:
    """Return the ends of an axis with room on both sides."""
    least, most = min(weights), max(weights)
    room = max(1.3, (most / least) ** 0.08)
    return least / room, most * room
