"""Histograms of a network's weights."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN = 24
DRAWN = 100_000  # values of one variable; a histogram of 60 bars does not change beyond
COLUMNS, HEIGHT = 4, 214  # panels of a row, and pixels of it


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
    height = rows * HEIGHT
    title = f"Weights: {total:,} values"
    figure, panels = layout.panels(title, height, rows=rows, columns=COLUMNS, lines=notes)
    figure.set_layout_engine(None)  # Half of the time, were it to look for the best margins.
    margin = style.MARGIN / style.WIDTH
    edges = margin, 30 / height, 1 - margin, 1 - 54 / height
    panels[0].figure.subplots_adjust(*edges, wspace=0.08, hspace=0.7)

    for axes, name in zip(panels, filter(largest.__contains__, arrays), strict=False):
        title = style.plain(name, 28)
        axes.set_title(title, loc="left", fontsize=style.TEXT, fontweight="bold", pad=30)
        _histogram(axes, arrays[name])
    for axes in panels[len(largest) :]:
        axes.set_axis_off()
    return figure


def _histogram(axes: Axes, values: np.ndarray) -> None:
    """Draw the numbers and the histogram of one variable."""
    if values.size > DRAWN:
        values = np.random.default_rng(0).choice(values, DRAWN)
    finite = values[np.isfinite(values)].astype(np.float64)
    notes = []
    if finite.size:
        mean, std = formatting.number(finite.mean(), 2), formatting.number(finite.std(), 2)
        zeros = formatting.percent(float(np.mean(finite == 0)))
        notes.append(f"mean {mean}, std {std}, zeros {zeros}")
    if finite.size < values.size:
        broken = formatting.percent(1 - finite.size / values.size)
        notes.append(f"{broken} NaN or infinite")
    above = {"xytext": (0, 28), "textcoords": "offset points", "va": "top"}
    axes.annotate("\n".join(notes), (0, 1), xycoords="axes fraction", **above, **style.NOTE)

    bars = min(61, 2 * int(np.sqrt(finite.size)) + 5)
    axes.hist(finite, bins=bars, histtype="stepfilled")
    axes.set(yticks=[])
    axes.margins(x=0)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: formatting.number(tick)))
    axes.spines["left"].set_visible(False)
    if not finite.size:
        axes.set_axis_off()
