"""Predictions of a regression against the truth, and the worst rows of a table."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from goldilocks import formatting
from goldilocks.plots import layout, style

DOTS = 3_000  # more rows than this hide each other and are counted in hexagons
SHOWN_ROWS, SHOWN_COLUMNS = 15, 8


def predicted_against_true(
    true: np.ndarray, predicted: np.ndarray, *, unit: str, name: str
) -> Figure:
    """Draw predicted against true values with the line where both are equal, and the histogram of the residuals.

    Args:
        true: Targets, float (rows,), in `unit`.
        predicted: Predictions, float (rows,), in `unit`.
        unit: Unit of both, for people ("k$"); "" where there is none.
        name: What is predicted ("median house price").

    Raises:
        ValueError: The two differ in their number of rows.
    """
    true, predicted = (
        np.ravel(np.asarray(true, np.float64)),
        np.ravel(np.asarray(predicted, np.float64)),
    )
    if true.shape != predicted.shape:
        raise ValueError(
            f"true has {true.size} rows and predicted {predicted.size}; expected as many"
        )
    finite = np.isfinite(true) & np.isfinite(predicted)
    lost = int(true.size - finite.sum())
    true, predicted = true[finite], predicted[finite]
    title = f"{name}: predicted against true"
    if not true.size:
        return layout.message(title, "There is no finite prediction to draw.")
    said = [f"{true.size:,} rows"] + (
        [f"{lost:,} more are NaN or infinite and not drawn"] if lost else []
    )
    measure = style.plain(f"{name} ({unit})" if unit else name, 50)

    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    if true.size > DOTS:  # a few far rows would press all others into one cell
        low, high = (
            float(edge) for edge in np.percentile(np.concatenate([true, predicted]), [0.1, 99.9])
        )
        far = int(
            ((np.minimum(true, predicted) < low) | (np.maximum(true, predicted) > high)).sum()
        )
        said += [f"{far:,} lie outside the left panel"] if far else []
    pad = 0.04 * (high - low) or 0.5
    limits = (low - pad, high + pad)
    figure = layout.canvas(560)
    top = layout.header(figure, title, reason=["; ".join(said)])
    axes = layout.panel(figure, 84, top + 4, 400, 400)
    if true.size > DOTS:
        cells = axes.hexbin(
            true,
            predicted,
            gridsize=50,
            bins="log",
            mincnt=1,
            cmap="viridis",
            extent=(*limits, *limits),
        )
        place = layout.panel(figure, 500, top + 4, 12, 400)
        bar = figure.colorbar(
            cells, cax=place, format=FuncFormatter(lambda count, _: formatting.number(count))
        )
        bar.ax.minorticks_off()
        bar.set_label("rows per cell (log scale)", fontsize=style.SMALL)
    else:
        axes.plot(
            true, predicted, "o", color=style.TRAIN, markersize=5, alpha=0.45, markeredgewidth=0
        )
    axes.plot(limits, limits, color=style.INK, linewidth=1.0, linestyle="--")
    axes.text(0.97, 0.04, "- - -  predicted = true", transform=axes.transAxes, ha="right", va="bottom",
              fontsize=style.SMALL, color=style.QUIET)  # fmt: skip
    axes.set(xlim=limits, ylim=limits, xlabel=f"true {measure}", ylabel=f"predicted {measure}")

    residual = predicted - true
    bounds = (
        np.percentile(residual, [0.5, 99.5])
        if residual.size > 200
        else (residual.min(), residual.max())
    )
    reach = float(np.max(np.abs(bounds))) or 1.0
    right = layout.panel(figure, 680, top + 4, 430, 400)
    right.hist(
        residual,
        bins=min(41, 2 * int(np.sqrt(residual.size)) + 1),
        range=(-reach, reach),
        color=style.TRAIN,
    )
    right.axvline(0, color=style.INK, linewidth=1.0, linestyle="--")
    right.yaxis.set_major_formatter(FuncFormatter(lambda count, _: formatting.number(count)))
    outside = int((np.abs(residual) > reach).sum())
    right.set(
        xlabel=style.plain(f"predicted - true ({unit})" if unit else "predicted - true"),
        ylabel="rows",
    )
    right.set_title(
        f"{outside:,} rows lie outside this panel" if outside else "",
        loc="right",
        fontsize=style.SMALL,
    )
    return figure


def worst_rows(
    frame: pd.DataFrame,
    true: Sequence[object] | np.ndarray,
    predicted: Sequence[object] | np.ndarray,
    *,
    title: str,
    unit: str = "",
) -> Figure:
    """Draw rows of a table with what is true and what was predicted, as a table to read.

    Args:
        frame: The rows, worst first; the first 15 rows and 8 columns are shown. The index names the
            row.
        true: What is true of each row: numbers or class names, (rows,).
        predicted: What was said of each row: numbers or class names, (rows,).
        title: Which rows these are, in words.
        unit: Unit of true and predicted, for people.
    """
    if not len(frame):
        return layout.message(title, "There are no mistakes among these rows.")
    rows = min(len(frame), SHOWN_ROWS)
    suffix = f" ({unit})" if unit else ""
    columns: dict[str, list[object]] = {"row": list(frame.index[:rows])}
    columns |= {f"true{suffix}": list(true[:rows]), f"predicted{suffix}": list(predicted[:rows])}
    columns |= {str(name): list(frame[name].iloc[:rows]) for name in frame.columns[:SHOWN_COLUMNS]}
    cells = {style.plain(name, 16): _column(column) for name, column in columns.items()}
    hidden = max(0, frame.shape[1] - SHOWN_COLUMNS)
    notes = [f"{hidden} more columns are not shown"] if hidden else []
    figure = layout.canvas(layout.header_height(notes) + 24 * (rows + 1) + 30)
    top = layout.header(figure, title, reason=notes) + 6
    letters = {
        name: 2 + max(len(text) for text in [name, *column]) for name, column in cells.items()
    }
    step = min(9.5, (style.WIDTH - 2 * style.MARGIN) / sum(letters.values()))
    left = float(style.MARGIN)
    for position, (name, column) in enumerate(cells.items()):
        numeric = _numeric(list(columns.values())[position])
        ha, at = ("right", left + step * (letters[name] - 2)) if numeric else ("left", left)
        how = {"ha": ha, "fontsize": min(style.TEXT, step * 1.15)}
        layout.write(figure, at, top, name, fontweight="bold", **how)
        for row, text in enumerate(column):
            said = {"color": style.VALIDATION} if position == 2 else {}
            layout.write(figure, at, top + 24 * (row + 1), text, **how, **said)
        left += step * letters[name]
    return figure


def _numeric(column: Sequence[object]) -> bool:
    """Say whether a column holds numbers only."""
    return all(
        isinstance(value, int | float | np.number) and not isinstance(value, bool)
        for value in column
    )


def _column(column: Sequence[object]) -> list[str]:
    """Give a column's texts: numbers with as many decimals as the largest needs for four digits, others cut."""
    if not _numeric(column) or all(isinstance(value, int | np.integer) for value in column):
        return [style.plain(str(value), 20) for value in column]
    numbers = np.asarray(column, np.float64)
    largest = float(np.max(np.abs(numbers), initial=0.0, where=np.isfinite(numbers)))
    if largest >= 1e9 or 0 < largest < 1e-3:
        return [f"{value:.3g}" for value in numbers]
    decimals = max(0, 3 - math.floor(math.log10(largest))) if largest else 0
    return [f"{value:,.{decimals}f}" for value in numbers]
