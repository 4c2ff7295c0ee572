"""Histograms of a network's weights."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN = 24
DRAWN = 100_000  # values of one variable; a histogram of 60 bars does not change beyond
COLUMNS, WIDTH, HEIGHT, GAP = 4, 262, 150, 18  # cells, and pixels of each
TEXT = 36  # pixels of a cell: its name and its numbers, above the histogram
ZEROS = 0.05  # fraction beyond which the bar of zeros would press all others flat


def weight_histograms(weights: Mapping[str, np.ndarray]) -> Figure:
    """Draw one histogram per variable, with its mean, standard deviation and fraction of zeros.

    All stand on one paper: four times as fast as axes for each.

    Args:
        weights: Float arrays of any shape, by name ("conv2d/kernel"), in the order of the layers.
            Of more than 24, the 24 with the most values are shown; of more than 100,000 values,
            100,000 drawn at random (seed 0).
    """
    arrays = {name: np.asarray(values) for name, values in weights.items()}
    arrays = {name: values for name, values in arrays.items() if values.size}
    if not arrays:
        return layout.message("Weights", "The model has no weights.")
    largest = sorted(arrays, key=lambda name: -arrays[name].size)[:SHOWN]
    shown = {name: values for name, values in arrays.items() if name in set(largest)}

    notes = []
    if len(arrays) > SHOWN:
        notes.append(f"the {SHOWN} largest of {len(arrays)} variables")
    if any(values.size > DRAWN for values in shown.values()):
        notes.append(f"variables of more than {DRAWN:,} values: {DRAWN:,} drawn at random, seed 0")
    rows = -(-len(shown) // COLUMNS)
    step = HEIGHT + 40 + GAP
    total = sum(values.size for values in arrays.values())
    lines = style.lines_of("; ".join(notes))
    figure, body = layout.frame(f"Weights: {total:,} values", rows * step, lines=lines)

    axes = layout.paper(body)
    for index, (name, values) in enumerate(shown.items()):
        row, column = divmod(index, COLUMNS)
        left = style.MARGIN + column * (WIDTH + GAP)
        layout.write(axes, left, row * step, style.plain(name, 28), fontweight="bold")
        _cell(axes, values.reshape(-1), left=left, top=row * step)
    return figure


def _cell(axes: Axes, values: np.ndarray, *, left: float, top: float) -> None:
    """Draw the numbers and the histogram of one variable."""
    if values.size > DRAWN:
        values = values[np.random.default_rng(0).integers(0, values.size, DRAWN)]
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        _write(axes, left, top + 18, "all NaN or infinite", color=style.BROKEN)
        return

    zeros = float(np.mean(finite == 0))
    mean, std = formatting.number(finite.mean(), 2), formatting.number(finite.std(), 2)
    numbers = f"mean {mean}, std {std}, zeros {formatting.percent(zeros)}"
    _write(axes, left, top + 18, numbers, color=style.QUIET)
    if finite.size < values.size:
        broken = f"{formatting.percent(1 - finite.size / values.size)} NaN or infinite"
        _write(axes, left + WIDTH, top + TEXT, broken, color=style.BROKEN, ha="right")
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    if ZEROS < zeros < 1:
        finite = finite[finite != 0]
        _write(axes, left, top + TEXT, "zeros not drawn", color=style.QUIET)

    _histogram(axes, finite, (low, high), left=left, floor=top + TEXT + HEIGHT - 22)


def _histogram(
    axes: Axes, values: np.ndarray, ends: tuple[float, float], *, left: float, floor: float
) -> None:
    """Draw a histogram whose bars stand on `floor`, with the ends of its axis and its zero."""
    low, high = ends
    bars = min(61, 2 * int(np.sqrt(values.size)) + 5)
    counts, _ = np.histogram(values, bins=bars, range=ends)
    heights = (HEIGHT - 26) * counts / counts.max()
    edges = np.linspace(left, left + WIDTH, bars + 1)
    axes.stairs(floor - heights, edges, baseline=floor, fill=True, color=style.TRAIN)
    axes.plot([left, left + WIDTH], [floor, floor], color=style.QUIET, linewidth=0.8)

    _write(axes, left, floor + 6, formatting.number(low, 2))
    _write(axes, left + WIDTH, floor + 6, formatting.number(high, 2), ha="right")
    if low < 0 < high:
        zero = left + WIDTH * (0 - low) / (high - low)
        axes.plot([zero, zero], [floor, floor + 5], color=style.INK, linewidth=1.0)
        _write(axes, zero, floor + 6, "0", ha="center")


def _write(axes: Axes, left: float, top: float, text: str, **font: str) -> None:
    layout.write(axes, left, top, text, fontsize=style.SMALL, **font)
