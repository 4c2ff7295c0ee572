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
    height = -(-len(largest) // COLUMNS) * HEIGHT
    figure, body = layout.frame(f"Weights: {total:,} values", height, lines=notes)

    figure.set_layout_engine(None)  # Half of the time, were it to look for the best margins.
    margin = style.MARGIN / style.WIDTH
    body.subplots_adjust(margin, 30 / height, 1 - margin, 1 - 54 / height, wspace=0.08, hspace=0.7)
    panels = iter(layout.panels(body, height // HEIGHT, COLUMNS))
    for name, values in arrays.items():
        if name in largest:
            axes = next(panels)
            title = style.plain(name, 28)
            axes.set_title(title, loc="left", fontsize=style.TEXT, fontweight="bold", pad=30)
            _histogram(axes, values)
    for axes in panels:
        axes.set_axis_off()
    return figure


def _histogram(axes: Axes, values: np.ndarray) -> None:
    """Draw the numbers and the histogram of one variable."""
    if values.size > DRAWN:
        values = np.random.default_rng(0).choice(values, DRAWN)
    finite = values[np.isfinite(values)].astype(np.float64)
    broken = 1 - finite.size / values.size
    notes = []
    if finite.size:
        zeros = float(np.mean(finite == 0))
        mean, std = formatting.number(finite.mean(), 2), formatting.number(finite.std(), 2)
        notes.append(f"mean {mean}, std {std}, zeros {formatting.percent(zeros)}")
        if ZEROS < zeros < 1:
            finite = finite[finite != 0]
            notes.append("zeros not drawn")
    if broken:
        notes.append(f"{formatting.percent(broken)} NaN or infinite")
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
