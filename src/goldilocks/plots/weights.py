"""Histograms of a network's weights."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN = 24
DRAWN = 100_000  # values of one variable; a histogram of 60 bars does not change beyond
COLUMNS, WIDE, TALL, GAP = 4, 262, 150, 18  # cells, and pixels of each


def weight_histograms(weights: Mapping[str, np.ndarray]) -> Figure:
    """Draw one small histogram per variable, with its mean, standard deviation and share of zeros.

    Args:
        weights: Float arrays of any shape, by name ("conv2d/kernel"), in the order of the layers.
            Of more than 24, the 24 with the most values are shown; of more than 100,000 values,
            100,000 drawn at random (seed 0).
    """
    title = "Weights"
    sized = {name: array for name, values in weights.items() if (array := np.asarray(values)).size}
    if not sized:
        return layout.message(title, "The model has no weights.")
    largest = set(sorted(sized, key=lambda name: -sized[name].size)[:SHOWN])
    shown = {name: array for name, array in sized.items() if name in largest}
    notes = []
    if len(sized) > SHOWN:
        notes.append(f"the {SHOWN} largest of {len(sized)} variables")
    if any(array.size > DRAWN for array in shown.values()):
        notes.append(f"variables of more than {DRAWN:,} values: {DRAWN:,} drawn at random, seed 0")
    lines = style.lines_of("; ".join(notes))
    rows = -(-len(shown) // COLUMNS)
    height = rows * (TALL + 40 + GAP)
    figure = layout.canvas(layout.header_height(lines) + height)
    top = layout.header(
        figure, f"{title}: {sum(array.size for array in sized.values()):,} values", reason=lines
    )
    axes = layout.panel(figure, style.MARGIN, top, style.WIDTH - 2 * style.MARGIN, height)
    for position, (name, array) in enumerate(shown.items()):
        column, row = position % COLUMNS, position // COLUMNS
        _cell(axes, name, array, left=column * (WIDE + GAP), top=row * (TALL + 40 + GAP))
    axes.set(xlim=(0, style.WIDTH - 2 * style.MARGIN), ylim=(height, 0))
    axes.axis("off")
    return figure


def _cell(axes: Axes, name: str, array: np.ndarray, *, left: float, top: float) -> None:
    """Draw one histogram into its place, in pixels; one pair of axes for all is four times as fast as one for each."""
    flat = array.reshape(-1)
    if flat.size > DRAWN:
        flat = flat[np.random.default_rng(0).integers(0, flat.size, DRAWN)]
    finite = flat[np.isfinite(flat)].astype(np.float64)
    small = {"fontsize": style.SMALL, "va": "top"}
    axes.text(left, top, style.plain(name, 28), fontsize=style.TEXT, fontweight="bold", va="top")
    if not finite.size:
        axes.text(left, top + 18, "all NaN or infinite", color=style.BROKEN, **small)
        return
    zeros = float(np.mean(finite == 0))
    said = f"mean {finite.mean():.2g}, std {finite.std():.2g}, zeros {formatting.percent(zeros)}"
    axes.text(left, top + 18, said, color=style.QUIET, **small)
    if finite.size < flat.size:
        bad = f"{formatting.percent(1 - finite.size / flat.size)} NaN or infinite"
        axes.text(left + WIDE, top + 36, bad, color=style.BROKEN, ha="right", **small)
    low, high = float(finite.min()), float(finite.max())
    around = (low, high) if high > low else (low - 0.5, high + 0.5)
    drawn = finite
    if 0.05 < zeros < 1:  # pruned weights: their bar would press all others flat
        drawn = finite[finite != 0]
        axes.text(left, top + 36, "zeros not drawn", color=style.QUIET, **small)
    bars = min(61, 2 * int(np.sqrt(drawn.size)) + 5)
    counts, _ = np.histogram(drawn, bins=bars, range=around)
    floor = top + 36 + TALL - 22
    edges = np.linspace(left, left + WIDE, bars + 1)
    axes.stairs(
        floor - (TALL - 26) * counts / counts.max(),
        edges,
        baseline=floor,
        fill=True,
        color=style.TRAIN,
    )
    axes.plot([left, left + WIDE], [floor, floor], color=style.QUIET, linewidth=0.8)
    if around[0] < 0 < around[1]:
        zero = left + WIDE * (0 - around[0]) / (around[1] - around[0])
        axes.plot([zero, zero], [floor, floor + 5], color=style.INK, linewidth=1.0)
        axes.text(zero, floor + 6, "0", ha="center", fontsize=style.SMALL, va="top")
    for at, value, ha in ((left, around[0], "left"), (left + WIDE, around[1], "right")):
        axes.text(at, floor + 6, f"{value:.2g}", ha=ha, **small)
