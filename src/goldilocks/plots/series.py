"""A time series with its splits, and a forecast of it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from goldilocks.plots import layout, style

PART_COLORS = {
    "train": style.TRAIN,
    "inner_validation": style.PALETTE[3],
    "validation": style.VALIDATION,
    "test": style.PALETTE[2],
}
STRETCH = 240  # windows of the close-up: ten days of hours


def parts(
    values: np.ndarray,
    spans: Mapping[str, tuple[int, int]],
    *,
    name: str,
    unit: str,
    title: str,
    sealed: bool,
) -> Figure:
    """Draw a whole series, coloured by the parts of its split, and its first points closer by.

    Args:
        values: float (points,), in `unit`, in the order of time.
        spans: First and last point of each part, by its name in `PART_COLORS`.
        name: What the values are ("T (degC)").
        unit: Their unit, for people; "" where there is none.
        title: What is shown, in words.
        sealed: Whether the test part is only marked, and not drawn.
    """
    figure, (axes, close) = layout.panels(title, 560, rows=2)
    for part, (first, last) in spans.items():
        times = np.arange(first, last + 1)
        if part == "test" and sealed:
            axes.axvspan(first, last, color=style.FAINT, alpha=0.35, label="test: sealed")
        else:
            axes.plot(times, values[times], color=PART_COLORS[part], linewidth=0.7, label=part)
    axes.legend(loc="upper left", frameon=False, ncols=len(spans))

    first, last = spans["train"]
    times = np.arange(first, min(first + STRETCH, last + 1))
    close.plot(times, values[times], color=style.TRAIN, linewidth=1.2)
    axes.set(xlabel="point of time", ylabel=_label(name, unit))
    xlabel = f"point of time (the first {len(times)} of the training part)"
    close.set(xlabel=xlabel, ylabel=_label(name, unit))
    return figure


def forecast(
    true: np.ndarray,
    predicted: np.ndarray,
    baseline: np.ndarray,
    *,
    name: str,
    unit: str,
    title: str,
) -> Figure:
    """Draw predictions over time, beside the true values and the baseline's.

    Args:
        true: float (windows,), in `unit`, in the order of time; the middle stretch of them is
            drawn.
        predicted: float (windows,).
        baseline: What the baseline predicts, float (windows,).
        name: What is predicted.
        unit: Of all three.
        title: What is shown, in words.
    """
    figure, (axes,) = layout.panels(title, 400)
    start = max(0, (len(true) - STRETCH) // 2)
    times = np.arange(start, min(len(true), start + STRETCH))
    axes.plot(times, true[times], color=style.INK, linewidth=1.6)
    axes.plot(times, predicted[times], color=style.VALIDATION, linewidth=1.4)
    axes.plot(times, baseline[times], color=style.PALETTE[2], linewidth=1.0, linestyle="--")
    axes.set(xlabel="window, in the order of time", ylabel=_label(name, unit))
    labels = ["true", "predicted", "baseline"]
    layout.legend(axes, axes.get_lines(), labels, columns=len(labels))
    return figure


def _label(name: str, unit: str) -> str:
    """Return the name of an axis, with the unit if the name does not end in one."""
    if unit and not name.endswith(")"):
        name = f"{name} ({unit})"
    return style.plain(name, 40)
