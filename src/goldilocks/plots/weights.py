"""Histograms of a network's weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN = 24
DRAWN = 100_000  # values of one variable; a histogram of 60 bars does not change beyond
COLUMNS, HEIGHT = 4, 214  # panels of a row, and pixels of it
ZEROS = 0.05  # fraction beyond which the bar of zeros would press all others flat


def weight_histograms(weights: Mapping[str, np.ndarray]) -> Figure:
    """Draw one histogram per variable, with its mean, standard deviation and fraction of zeros.

    Args:
        weights: Float arrays of any shape, by name ("conv2d/kernel"), in the order of the layers.
            Of more than 24, the 24 with the most values are shown; of more than 100,000 values,
            100,000 drawn at random (seed 0).
    """
    arrays = {name: np.ravel(values) for name, values in weights.items() if np.size(values)}
    if not arrays:
        return layout.message("Weights", "The model has no weights.")
    largest = sorted(arrays, key=lambda name: -arrays[name].size)[:SHOWN]

    notes = []
    if len(arrays) > SHOWN:
        notes.append(f"the {SHOWN} largest of {len(arrays)} variables")
    if arrays[largest[0]].size > DRAWN:
        notes.append(f"variables of more than {DRAWN:,} values: {DRAWN:,} drawn at random, seed 0")
    total = sum(values.size for values in arrays.values())
    rows = -(-len(largest) // COLUMNS)
    lines = style.lines_of("; ".join(notes))
    figure, body = layout.frame(f"Weights: {total:,} values", rows * HEIGHT, lines=lines)

    figure.set_layout_engine(None)  # Half of the time, were it to look for the best margins.
    margin, height = style.MARGIN / style.WIDTH, rows * HEIGHT
    body.subplots_adjust(margin, 30 / height, 1 - margin, 1 - 54 / height, wspace=0.08, hspace=0.7)
    panels = layout.panels(body, rows, COLUMNS)
    for axes in panels:
        axes.set_axis_off()
    for axes, name in zip(panels, [name for name in arrays if name in set(largest)], strict=False):
        title = style.plain(name, 28)
        axes.set_title(title, loc="left", fontsize=style.TEXT, fontweight="bold", pad=30)
        _histogram(axes, arrays[name])
    return figure


def _histogram(axes: Axes, values: np.ndarray) -> None:
    """Draw the numbers and the histogram of one variable."""
    if values.size > DRAWN:
        values = values[np.random.default_rng(0).integers(0, values.size, DRAWN)]
    finite = values[np.isfinite(values)].astype(np.float64)
    above: dict[str, Any] = {"transform": axes.transAxes, "fontsize": style.SMALL, "va": "bottom"}
    if not finite.size:
        axes.text(0, 1.02, "all NaN or infinite", color=style.BROKEN, **above)
        return

    axes.set_axis_on()
    zeros = float(np.mean(finite == 0))
    mean, std = formatting.number(finite.mean(), 2), formatting.number(finite.std(), 2)
    numbers = f"mean {mean}, std {std}, zeros {formatting.percent(zeros)}\n"
    if finite.size < values.size:
        broken = f"{formatting.percent(1 - finite.size / values.size)} NaN or infinite"
        axes.text(1, 1.02, broken, color=style.BROKEN, ha="right", **above)
    if ZEROS < zeros < 1:
        finite = finite[finite != 0]
        numbers += "zeros not drawn"
    axes.text(0, 1.02, numbers, color=style.QUIET, **above)

    bars = min(61, 2 * int(np.sqrt(finite.size)) + 5)
    _, edges, _ = axes.hist(finite, bins=bars, histtype="stepfilled", color=style.TRAIN)
    low, high = edges[0], edges[-1]
    ticks = np.unique(np.clip([low, 0, high], low, high))
    axes.set_xticks(ticks, [formatting.number(tick, 2) for tick in ticks])
    axes.get_xticklabels()[0].set_horizontalalignment("left")
    axes.get_xticklabels()[-1].set_horizontalalignment("right")
    axes.set(xlim=(low, high), yticks=[])
    axes.spines["left"].set_visible(False)
