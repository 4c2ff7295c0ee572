"""Predictions of a regression against the truth, and the worst rows of a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

from goldilocks import formatting
from goldilocks.plots import layout, style

DOTS = 3_000  # more rows than this hide each other and are counted in hexagons
SHOWN_ROWS, SHOWN_COLUMNS = 15, 8
ROW = 24  # pixels
COUNTS = FuncFormatter(lambda count, _: formatting.number(count))


def predicted_against_true(
    true: np.ndarray, predicted: np.ndarray, *, unit: str, name: str
) -> Figure:
    """Draw predicted against true values, and the histogram of the residuals.

    Args:
        true: Targets, float (rows,), in `unit`.
        predicted: Predictions, float (rows,), in `unit`.
        unit: Unit of both, for people ("k$"); "" where there is none.
        name: What is predicted ("median house price").

    Raises:
        ValueError: The two differ in their number of rows.
    """
    true = np.ravel(np.asarray(true, np.float64))
    predicted = np.ravel(np.asarray(predicted, np.float64))
    if true.shape != predicted.shape:
        raise ValueError(
            f"true has {true.size} rows and predicted {predicted.size}; expected as many"
        )
    title = f"{name}: predicted against true"
    finite = np.isfinite(true) & np.isfinite(predicted)
    if not finite.any():
        return layout.message(title, "There is no finite prediction to draw.")

    broken = int(true.size - finite.sum())
    true, predicted = true[finite], predicted[finite]
    notes = [f"{true.size:,} rows"]
    if broken:
        notes.append(f"{broken:,} more are NaN or infinite and not drawn")
    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    if true.size > DOTS:  # A few far rows would press all others into one cell.
        both = np.concatenate([true, predicted])
        low, high = (float(edge) for edge in np.percentile(both, [0.1, 99.9]))
        far = int(
            ((np.minimum(true, predicted) < low) | (np.maximum(true, predicted) > high)).sum()
        )
        if far:
            notes.append(f"{far:,} lie outside the left panel")

    figure, body = layout.frame(title, 512, lines=["; ".join(notes)])
    left, right = layout.panels(body, columns=2)
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
        counting: dict[str, Any] = {"gridsize": 50, "bins": "log", "mincnt": 1, "cmap": "viridis"}
        cells = axes.hexbin(true, predicted, extent=extent, **counting)
        bar = axes.figure.colorbar(cells, ax=axes, format=COUNTS, aspect=33)
        bar.ax.minorticks_off()
        bar.set_label("rows per cell (log scale)", fontsize=style.SMALL)
    else:
        dots: dict[str, Any] = {
            "color": style.TRAIN,
            "markersize": 5,
            "alpha": 0.45,
            "markeredgewidth": 0,
        }
        axes.plot(true, predicted, "o", **dots)

    axes.plot(limits, limits, color=style.INK, linewidth=1.0, linestyle="--")
    font: dict[str, Any] = {
        "fontsize": style.SMALL,
        "color": style.QUIET,
        "ha": "right",
        "va": "bottom",
    }
    axes.text(0.97, 0.04, "- - -  predicted = true", transform=axes.transAxes, **font)
    axes.set(xlim=limits, ylim=limits, box_aspect=1)


def _residuals(axes: Axes, residuals: np.ndarray) -> None:
    """Draw the histogram of the residuals; of many, 99 % of them."""
    bounds = residuals.min(), residuals.max()
    if residuals.size > 200:
        bounds = np.percentile(residuals, [0.5, 99.5])
    reach = float(np.max(np.abs(bounds))) or 1.0
    bars = min(41, 2 * int(np.sqrt(residuals.size)) + 1)
    axes.hist(residuals, bins=bars, range=(-reach, reach), color=style.TRAIN)

    axes.axvline(0, color=style.INK, linewidth=1.0, linestyle="--")
    axes.yaxis.set_major_formatter(COUNTS)
    axes.set(ylabel="rows")
    outside = int((np.abs(residuals) > reach).sum())
    if outside:
        note = f"{outside:,} rows lie outside this panel"
        axes.set_title(note, loc="right", fontsize=style.SMALL)


def worst_rows(
    frame: pd.DataFrame,
    true: Sequence[object] | np.ndarray,
    predicted: Sequence[object] | np.ndarray,
    *,
    title: str,
    unit: str = "",
) -> Figure:
    """Draw rows of a table with their true and predicted targets, as a table to read.

    Args:
        frame: The rows, worst first; the first 15 rows and 8 columns are shown. The index names the
            row.
        true: The true target of each row: numbers or class names, (rows,).
        predicted: The predicted target of each row: numbers or class names, (rows,).
        title: Which rows these are, in words.
        unit: Unit of true and predicted, for people.
    """
    if not len(frame):
        return layout.message(title, "There are no mistakes among these rows.")
    rows = min(len(frame), SHOWN_ROWS)
    suffix = f" ({unit})" if unit else ""
    columns = {
        "row": pd.Series(frame.index[:rows]),
        f"true{suffix}": pd.Series(true[:rows]),
        f"predicted{suffix}": pd.Series(predicted[:rows]),
    }
    columns |= {str(name): frame[name].iloc[:rows] for name in frame.columns[:SHOWN_COLUMNS]}

    notes = []
    if frame.shape[1] > SHOWN_COLUMNS:
        notes.append(f"{frame.shape[1] - SHOWN_COLUMNS} more columns are not shown")
    figure, body = layout.frame(title, ROW * (rows + 1) + 30, lines=notes)
    axes = layout.paper(body)

    cells = {name: [style.plain(name, 16), *_texts(column)] for name, column in columns.items()}
    letters = {name: 2 + max(map(len, texts)) for name, texts in cells.items()}
    step = min(9.5, (style.WIDTH - 2 * style.MARGIN) / sum(letters.values()))  # pixels a letter
    left = float(style.MARGIN)
    for name, texts in cells.items():
        at, font = left, dict[str, Any](fontsize=min(style.TEXT, step * 1.15))
        if is_numeric_dtype(columns[name]) and not is_bool_dtype(columns[name]):
            at, font["ha"] = left + step * (letters[name] - 2), "right"
        layout.write(axes, at, 6, texts[0], fontweight="bold", **font)
        if name == f"predicted{suffix}":
            font["color"] = style.VALIDATION
        for row, text in enumerate(texts[1:], 1):
            layout.write(axes, at, 6 + ROW * row, text, **font)
        left += step * letters[name]
    return figure


def _texts(column: pd.Series) -> list[str]:
    if is_float_dtype(column):
        return [formatting.number(value) for value in column]
    return [style.plain(str(value), 20) for value in column]
