"""The confusion matrix of a classifier."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHARES = 12  # up to this many classes, cells tell the share of the row besides the count
NUMBERED = 60  # beyond this many classes, numbers and names would be smaller than can be read


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw how often each true class (row) was taken for each class (column); the colour is the share of the row.

    Args:
        counts: Rows of the data set, int (classes, classes), by true and predicted class.
        classes: Names, in the order of the rows.

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
    if n == 0:
        return layout.message("Confusion matrix", "There are no classes.")
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)

    cell = (
        min(150, max(420 / n, 58))
        if n <= SHARES
        else max(900 / n, 21)
        if n <= NUMBERED
        else 900 / n
    )
    size = cell * n
    labels = [style.plain(name, 24) for name in classes]
    font = style.TEXT if n <= SHARES else max(6.5, min(style.SMALL, cell * 0.36))
    letters = max(len(label) for label in labels) if n <= NUMBERED else 4
    wide = (
        letters * font * 0.85
    )  # pixels; a letter is about 0.6 em wide, and a point at 100 dpi is 1.39 pixels
    aside = 60 + wide
    upright = n > SHARES or wide > cell
    below = 50 + (wide if upright else 14)
    top = layout.header_height() + 10
    figure = layout.canvas(top + size + below, width=max(560, aside + size + 110))
    right, total = int(np.trace(counts)), int(counts.sum())
    share = f" ({100 * right / total:.1f} %)" if total else ""
    layout.header(figure, f"Confusion matrix: {right:,} of {total:,} right{share}")

    axes = layout.panel(figure, aside, top, size, size)
    image = axes.imshow(
        shares, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )
    index = "" if n <= NUMBERED else ", by its index"
    middle = layout.header_height() + 10 + size / 2
    layout.write(
        figure, aside + size / 2, top + size + below - 30, f"predicted class{index}", ha="center"
    )
    layout.write(figure, style.MARGIN, middle, f"true class{index}", va="center", rotation=90)
    if n <= NUMBERED:
        _write_names(axes, labels, font=font, upright=upright)
        axes.vlines(np.arange(n - 1) + 0.5, -0.5, n - 0.5, color="#E4E4E4", linewidth=0.6)
        axes.hlines(np.arange(n - 1) + 0.5, -0.5, n - 0.5, color="#E4E4E4", linewidth=0.6)
        _write_counts(axes, counts, shares, font=style.TEXT + 1 if n <= SHARES else font)
    colors = layout.panel(figure, aside + size + 18, top, 14, min(size, 240))
    bar = figure.colorbar(image, cax=colors, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0 %", "50 %", "100 %"])
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.set_label("share of the true class", fontsize=style.SMALL)
    return figure


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray, *, font: float) -> None:
    """Write each count that is not zero into its cell, with few classes its share too."""
    few = len(counts) <= SHARES
    for row, column in np.argwhere(counts > 0):
        count, share = int(counts[row, column]), float(shares[row, column])
        text = (
            formatting.number(count)
            if count < (100_000 if few else 1000)
            else f"{count / 1000:.0f}k"
        )
        if few:
            text = f"{text}\n{formatting.percent(share)}"
        color = "white" if share > 0.55 else style.INK
        axes.text(column, row, text, ha="center", va="center", fontsize=font, color=color)


def _write_names(axes: Axes, labels: Sequence[str], *, font: float, upright: bool) -> None:
    """Name rows and columns; texts are drawn in half the time of ticks."""
    axes.set_xticks([])
    axes.set_yticks([])
    for place, label in enumerate(labels):
        how = {"fontsize": font, "color": style.INK}
        axes.annotate(
            label,
            (0, place),
            (-5, 0),
            axes.get_yaxis_transform(),
            "offset points",
            ha="right",
            va="center",
            **how,
        )
        axes.annotate(
            label,
            (place, 0),
            (0, -5),
            axes.get_xaxis_transform(),
            "offset points",
            ha="center",
            va="top",
            rotation=90 if upright else 0,
            **how,
        )
