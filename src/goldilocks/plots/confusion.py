"""The confusion matrix of a classifier, of classes or of labels."""

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
    """
    n = len(classes)
    side = min(900, 240 * np.sqrt(n))  # pixels
    labels = [style.plain(name, 24) for name in classes]
    # A letter is about 0.6 em wide, and a point 1.39 pixels.
    name_width = max(map(len, labels)) * _font(side, n) * 0.85 if n <= NUMBERED else 0
    upright = n > FEW or name_width > side / n
    size = max(560, 220 + name_width + side), 88 + side + name_width * upright
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    title = _title("Confusion matrix", int(np.trace(counts)), int(counts.sum()))

    figure, axes = _draw(title, size, side, counts, fractions, labels, labels, "the true class")
    axes.set(aspect="equal", xlabel="predicted class", ylabel="true class")
    axes.tick_params(axis="x", rotation=90 * upright)
    return figure


def label_confusion(counts: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draw how often each label (row) was predicted for rows that have it and that have it not.

    The colour is the fraction of these rows.

    Args:
        counts: Rows of the data set, int (labels, 2, 2), by whether they have the label and whether
            it was predicted, as `sklearn.metrics.multilabel_confusion_matrix` returns them.
        labels: Names, at least one, in the order of the rows.
    """
    counts, n = counts[:, ::-1, ::-1], len(labels)  # Those that have it first.
    fractions = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    title = _title("Confusion of labels", int(np.trace(counts.sum(axis=0))), int(counts.sum()))
    names = [style.plain(name, 24) for name in labels]
    counts, fractions = counts.reshape(n, 4), fractions.reshape(n, 4)
    side = min(1200, 60 * n)  # pixels

    size = 900, 120 + side
    figure, axes = _draw(title, size, side, counts, fractions, names, CELLS, "these rows")
    axes.xaxis.tick_top()
    axes.set_xticks(range(4), CELLS, fontsize=style.TEXT)
    axes.axvline(1.5, color="white", linewidth=5)
    return figure


def _title(what: str, right: int, total: int) -> str:
    return f"{what}: {right:,} of {total:,} right ({100 * right / max(total, 1):.1f} %)"


def _font(side: float, rows: int) -> float:
    """Return the size of letters, in points, for so many rows in so many pixels."""
    return float(np.clip(0.36 * side / rows, 6.5, style.TEXT))


def _draw(
    title: str,
    size: tuple[float, float],
    side: float,
    counts: np.ndarray,
    fractions: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    whole: str,
) -> tuple[Figure, Axes]:
    """Draw counts on the colour of their fractions, beside the bar of colours.

    Args:
        title: In bold on top.
        size: Width and height of the body, in pixels.
        side: Height of the cells, in pixels.
        counts: int (rows, columns).
        fractions: float (rows, columns).
        rows: Names.
        columns: Names.
        whole: What the fractions are of.
    """
    figure, (axes,) = layout.panels(title, size[1], width=size[0])
    numbered, font = len(rows) <= NUMBERED, _font(side, len(rows))
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
    bar.set_label(f"fraction of {whole}", **style.NOTE)
    return figure, axes


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
