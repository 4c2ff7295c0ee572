"""A time series with its splits, and what was predicted of it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from goldilocks.plots import layout, style

PART_COLORS = {"train": style.TRAIN, "validation": style.VALIDATION, "test": style.PALETTE[2]}
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
    """Draw a whole series, coloured by what its parts are for, and its first points closer by.

    Args:
        values: float (points,), in `unit`, in the order of time.
        spans: First and last point of each part, by the names "train", "validation" and "test".
        name: What the values are ("T (degC)").
        unit: Their unit, for people; "" where there is none.
        title: What is shown, in words.
        sealed: Whether the test part is only marked, and not drawn.
    """
    figure = layout.canvas(layout.header_height() + 560)
    top = layout.header(figure, title)
    label = _label(name, unit)
    axes = layout.panel(figure, 84, top + 8, style.WIDTH - 120, 230)
    for part, (first, last) in spans.items():
        if part == "test" and sealed:
            axes.axvspan(first, last, color=style.FAINT, alpha=0.35, linewidth=0)
            axes.annotate("test: sealed", ((first + last) / 2, 0.5), xycoords=("data", "axes fraction"), ha="center",
                          fontsize=style.SMALL, color=style.QUIET)  # fmt: skip
        else:
            places = np.arange(first, last + 1)
            axes.plot(
                places, values[first : last + 1], color=PART_COLORS[part], linewidth=0.7, label=part
            )
    axes.set(xlabel="point of time", ylabel=label)
    axes.legend(loc="upper left", frameon=False, ncols=2, fontsize=style.SMALL)
    close = layout.panel(figure, 84, top + 300, style.WIDTH - 120, 200)
    start, last = spans["train"][0], min(spans["train"][0] + STRETCH, spans["train"][1] + 1)
    close.plot(np.arange(start, last), values[start:last], color=style.TRAIN, linewidth=1.2)
    close.set(xlabel=f"point of time (the first {last - start} of the training part)", ylabel=label)
    return figure


def forecast(
    true: np.ndarray, predicted: np.ndarray, naive: np.ndarray, *, name: str, unit: str, title: str
) -> Figure:
    """Draw what was predicted over time, beside what came and what persistence would have said.

    Args:
        true: float (windows,), in `unit`, in the order of time; the middle stretch of them is
            drawn.
        predicted: float (windows,).
        naive: The last observed value of each window, float (windows,).
        name: What is predicted.
        unit: Of all three.
        title: What is shown, in words.
    """
    start = max(0, (len(true) - STRETCH) // 2)
    places = np.arange(start, min(len(true), start + STRETCH))
    figure = layout.canvas(layout.header_height() + 400)
    top = layout.header(figure, title)
    axes = layout.panel(figure, 84, top + 8, style.WIDTH - 120, 300)
    axes.plot(places, true[places], color=style.INK, linewidth=1.6, label="what came")
    axes.plot(places, predicted[places], color=style.VALIDATION, linewidth=1.4, label="predicted")
    axes.plot(
        places,
        naive[places],
        color=style.PALETTE[2],
        linewidth=1.0,
        linestyle="--",
        label="no change",
    )
    axes.set(xlabel="window, in the order of time", ylabel=_label(name, unit))
    lines = axes.get_lines()
    layout.legend(figure, lines, [str(line.get_label()) for line in lines], columns=3, beside=None)
    return figure


def _label(name: str, unit: str) -> str:
    """The name of an axis, with the unit where the name does not end in one."""
    return style.plain(f"{name} ({unit})" if unit and not name.endswith(")") else name, 40)
