"""The confusion matrix of a classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from goldilocks import formatting
from goldilocks.plots import layout, style

FEW = 12  # up to this many classes, cells have the percentage of the row below the count
NUMBERED = 60  # beyond this many classes, numbers and names would be smaller than can be read
THOUSANDS = EngFormatter(places=0, sep="")  # 12345 is 12k
DARK = 0.55  # fraction of the row beyond which a cell needs white letters


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw how often each true class (row) was predicted as each class (column).

    The colour is the fraction of the row.

    Args:
        counts: Rows of the data set, int (classes, classes), by true and predicted class.
        classes: Names, at least one, in the order of the rows.

    Raises:
        ValueError: `counts` is not square, or has another number of classes than there are names.
    """
    counts = np.asarray(counts)
    n = len(classes)
    if counts.shape != (n, n):
        raise ValueError(
            f"counts has shape {counts.shape}; expected ({n}, {n}), one row and column per class "
            "name"
        )
    right, total = int(np.trace(counts)), int(counts.sum())
    title = f"Confusion matrix: {right:,} of {total:,} right ({100 * right / max(total, 1):.1f} %)"
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    side = min(900, 240 * np.sqrt(n))  # pixels
    font = float(np.clip(0.36 * side / n, 6.5, style.TEXT))
    labels = [style.plain(name, 24) for name in classes]
    # A letter is about 0.6 em wide, and a point 1.39 pixels.
    name_width = max(map(len, labels)) * font * 0.85 if n <= NUMBERED else 0
    upright = n > FEW or name_width > side / n
    width, height = max(560, 220 + name_width + side), 88 + side + name_width * upright
    figure, body = layout.frame(title, height, width=width)

    (axes,) = layout.panels(body)
    axes.set_anchor("NW")
    grid: dict[str, Any] = {"edgecolors": "#E4E4E4", "linewidth": 0.6 * (n <= NUMBERED)}
    centres = np.arange(n)
    image = axes.pcolormesh(centres, centres, fractions, cmap="Blues", vmin=0, vmax=1, **grid)
    axes.set(aspect="equal", ylim=(n - 0.5, -0.5), xlabel="predicted class", ylabel="true class")
    if n <= NUMBERED:
        axes.set_xticks(centres, labels, fontsize=font, rotation=90 * upright)
        axes.set_yticks(centres, labels, fontsize=font)
        axes.tick_params(length=0)
        _write_counts(axes, counts, fractions, font=font)

    bar = figure.colorbar(image, ax=axes, shrink=0.6, anchor=(0, 1), aspect=16)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.set_label("fraction of the true class", **style.NOTE)
    return figure


def _write_counts(axes: Axes, counts: np.ndarray, fractions: np.ndarray, *, font: float) -> None:
    """Write each count that is not zero into its cell, with few classes its percentage too."""
    few = len(counts) <= FEW
    for row, column in np.argwhere(counts > 0):
        count, fraction = int(counts[row, column]), float(fractions[row, column])
        text = THOUSANDS(count)
        if few:
            text = f"{formatting.number(count)}\n{formatting.percent(fraction)}"
        color = "white" if fraction > DARK else style.INK
        axes.text(column, row, text, ha="center", va="center", fontsize=font + few, color=color)
