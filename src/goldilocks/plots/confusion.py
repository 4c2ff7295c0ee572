"""The confusion matrix of a classifier, of classes or of labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from goldilocks import formatting
from goldilocks.plots import layout, style

FEW = 12  # up to this many classes, cells have the percentage of the row below the count
NUMBERED = 60  # beyond this many classes, numbers and names would be smaller than can be read
THOUSANDS = EngFormatter(places=0, sep="")  # 12345 is 12k
CELLS = (
    "has it,\npredicted",
    "has it,\nmissed",
    "has it not,\npredicted",
    "has it not,\nnot predicted",
)
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
    axes.set(aspect="equal", xlabel="predicted class", ylabel="true class")
    bar = _draw(axes, counts, fractions, labels, labels, font=font)
    axes.tick_params(axis="x", rotation=90 * upright)
    bar.set_label("fraction of the true class", **style.NOTE)
    return figure


def label_confusion(counts: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draw how often each label (row) was predicted for rows that have it and that have it not.

    The colour is the fraction of these rows.

    Args:
        counts: Rows of the data set, int (labels, 2, 2), by whether they have the label and whether
            it was predicted, as `sklearn.metrics.multilabel_confusion_matrix` returns them.
        labels: Names, at least one, in the order of the rows.
    """
    counts = np.asarray(counts)[:, ::-1, ::-1]  # Those that have it first.
    fractions = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    right, total = int(np.trace(counts.sum(axis=0))), int(counts.sum())
    title = (
        f"Confusion of labels: {right:,} of {total:,} right ({100 * right / max(total, 1):.1f} %)"
    )

    n = len(labels)
    side = min(1200, 60 * n)  # pixels
    figure, body = layout.frame(title, 120 + side, width=900)
    (axes,) = layout.panels(body)
    names = [style.plain(name, 24) for name in labels]
    font = float(np.clip(0.36 * side / n, 6.5, style.TEXT))
    bar = _draw(axes, counts.reshape(n, 4), fractions.reshape(n, 4), names, CELLS, font=font)
    axes.xaxis.tick_top()
    axes.set_xticks(range(4), CELLS, fontsize=style.TEXT)
    axes.axvline(1.5, color="white", linewidth=5)
    bar.set_label("fraction of these rows", **style.NOTE)
    return figure


def _draw(
    axes: Axes,
    counts: np.ndarray,
    fractions: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    font: float,
) -> Colorbar:
    """Draw counts on the colour of their fractions, and return the bar of colours."""
    numbered = len(rows) <= NUMBERED
    grid: dict[str, Any] = {"edgecolors": "#E4E4E4", "linewidth": 0.6 * numbered}
    across, down = np.arange(len(columns)), np.arange(len(rows))
    image = axes.pcolormesh(across, down, fractions, cmap="Blues", vmin=0, vmax=1, **grid)
    axes.set(ylim=(len(rows) - 0.5, -0.5))
    if numbered:
        axes.set_xticks(across, columns, fontsize=font)
        axes.set_yticks(down, rows, fontsize=font)
        axes.tick_params(length=0)
        _write_counts(axes, counts, fractions, font=font)

    bar = axes.figure.colorbar(image, ax=axes, shrink=0.6, anchor=(0, 1), aspect=16)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return bar


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
