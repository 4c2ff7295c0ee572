"""Predictions of a regression against the truth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from goldilocks.plots import layout, style

DOTS = 3_000  # more rows than this hide each other and are counted in hexagons
COUNTS = "{x:,.0f}"


def predicted_against_true(
    true: np.ndarray, predicted: np.ndarray, *, unit: str, name: str
) -> Figure:
    """Draw predicted against true values, and the histogram of the residuals.

    Args:
        true: Targets, float (rows,), in `unit`.
        predicted: Predictions, float (rows,), in `unit`.
        unit: Unit of both, for people ("k$"); "" where there is none.
        name: What is predicted ("median house price").
    """
    title = f"{name}: predicted against true"
    both = np.array([true, predicted], np.float64)
    finite = both[:, np.isfinite(both).all(axis=0)]
    if not finite.size:
        return layout.message(title, "There is no finite prediction to draw.")

    true, predicted = finite
    notes = [f"{true.size:,} rows"]
    broken = both.shape[1] - true.size
    if broken:
        notes.append(f"{broken:,} more are NaN or infinite and not drawn")
    # A few far rows among many would press all others into one cell.
    cut = 0.1 * (true.size > DOTS)
    low, high = np.percentile(finite, [cut, 100 - cut])
    far = int(((finite < low) | (finite > high)).any(axis=0).sum())
    if far:
        notes.append(f"{far:,} lie outside the left panel")

    figure, (left, right) = layout.panels(title, 512, columns=2, lines=["; ".join(notes)])
    padding = 0.04 * (high - low) or 0.5
    _scatter(left, true, predicted, (low - padding, high + padding))
    suffix = f" ({unit})" if unit else ""
    measure = style.plain(f"{name}{suffix}", 50)
    left.set(xlabel=f"true {measure}", ylabel=f"predicted {measure}")
    _residuals(right, predicted - true)
    right.set(xlabel=style.plain(f"predicted - true{suffix}"))
    return figure


def _scatter(
    axes: Axes, true: np.ndarray, predicted: np.ndarray, limits: tuple[float, float]
) -> None:
    """Draw a dot per row, of many rows their number per cell, and the line where both are equal."""
    if true.size > DOTS:
        extent = (*limits, *limits)
        cells = axes.hexbin(true, predicted, gridsize=50, bins="log", mincnt=1, extent=extent)
        bar = axes.figure.colorbar(cells, ax=axes, format=COUNTS, aspect=33)
        bar.ax.minorticks_off()
        bar.set_label("rows per cell (log scale)", **style.NOTE)
    else:
        axes.plot(true, predicted, ".", color=style.TRAIN, markersize=9, alpha=0.45, mew=0)

    axes.plot(limits, limits, "--", color=style.INK, linewidth=1, label="predicted = true")
    axes.legend(loc="lower right", frameon=False)
    axes.set(xlim=limits, ylim=limits, box_aspect=1)


def _residuals(axes: Axes, residuals: np.ndarray) -> None:
    """Draw the histogram of the residuals; of many, 99 % of them."""
    cut = 0.5 * (residuals.size > 200)
    reach = float(np.abs(np.percentile(residuals, [cut, 100 - cut])).max()) or 1.0
    bars = min(41, 2 * int(np.sqrt(residuals.size)) + 1)
    axes.hist(residuals, bins=bars, range=(-reach, reach), color=style.TRAIN)

    axes.axvline(0, color=style.INK, linewidth=1, linestyle="--")
    axes.yaxis.set_major_formatter(COUNTS)
    axes.set(ylabel="rows")
    outside = int((np.abs(residuals) > reach).sum())
    if outside:
        note = f"{outside:,} rows lie outside this panel"
        axes.set_title(note, loc="right", **style.NOTE)
