"""Learning curves of one run: loss and metric, train and validation, per epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from goldilocks import formatting
from goldilocks.plots import layout, scale, style

# Words, prefix in a history, and colour of the two halves of a split.
PARTS = (("train", "", style.TRAIN), ("validation", "val_", style.VALIDATION))
MARKED = 40  # up to this many epochs, each has a marker


def learning_curves(
    history: Mapping[str, Sequence[float]],
    *,
    metrics: Sequence[str],
    best_epoch: int | None,
    verdict: str | None,
    reason: str | None,
    baseline: Mapping[str, float],
    title: str,
) -> Figure:
    """Draw one run's loss and metrics per epoch, side by side.

    If the history has `data_loss`, that is the main line, and the loss as it is minimized, with its
    penalty and class weights, is thin and dashed.

    Args:
        history: Values per epoch, by Keras's names; the curves may differ in length and hold NaN or
            infinity.
        metrics: Names of the metrics of the panels beside the loss; one that the history lacks is
            left out.
        best_epoch: Epoch to mark, counted from 1, or None.
        verdict: Name of the verdict, shown as a badge behind the title, or None.
        reason: One or two sentences under the title, or None.
        baseline: What the dummy baseline reaches, by name ("loss", or a metric's name), in the
            unit of each.
        title: What was trained, in words.
    """
    drawn = [name for name in metrics if name in history or f"val_{name}" in history]
    names = dict.fromkeys(["loss", *drawn])
    lines = style.lines_of(reason)
    figure, panels = layout.panels(title, 450, columns=len(names), lines=lines, verdict=verdict)

    entries: dict[str, Line2D] = {}
    for axes, name in zip(panels, names, strict=True):
        entries |= _curve_panel(axes, history, name, best_epoch, baseline.get(name))
    layout.legend(panels[0], list(entries.values()), list(entries), columns=len(entries) or 1)
    return figure


def _curve_panel(
    axes: Axes,
    history: Mapping[str, Sequence[float]],
    name: str,
    best_epoch: int | None,
    baseline: float | None,
) -> dict[str, Line2D]:
    """Draw one panel of `learning_curves`, and return its legend: words -> line."""
    lines: dict[str, Line2D] = {}
    for words, prefix, color in PARTS:
        curve, data = f"{prefix}{name}", f"{prefix}data_{name}"
        if data in history:
            total = _line(axes, history[curve], color=color, linewidth=1, linestyle="--")
            lines[f"{words}, as minimized"] = total
            curve = data
        if curve in history:
            marker = "o" if len(history[curve]) <= MARKED else "none"
            lines[words] = _line(axes, history[curve], color=color, linewidth=1.8, marker=marker)
    values = [np.asarray(line.get_ydata()) for line in lines.values()]
    scale.set_epochs(axes, max((curve.size for curve in values), default=1))
    axes.set_ylabel(name)

    notes = _broken(axes, values)
    heading = name
    if best_epoch and lines:
        words, line = list(lines.items())[-1]
        best = values[-1][best_epoch - 1]
        axes.plot(best_epoch, best, "o", color=line.get_color(), mec=style.INK, markersize=9)
        mark = axes.axvline(best_epoch, color=style.QUIET, linewidth=1, zorder=1)
        lines[f"best epoch: {best_epoch}"] = mark
        heading = f"{name}: {words} {formatting.number(best)} at best epoch {best_epoch}"
    axes.set_title(heading, loc="left", fontsize=style.TEXT + 1, pad=10)

    limits = scale.scale_of(values, baseline)
    if limits is None:
        notes.append("no finite value" if values else "no epoch was finished")
        axes.set_yticks([])
    else:
        scale.set_limits(axes, limits)
        if limits.cut:
            notes.append("some values lie\noutside the axis")
        if baseline is not None and np.isfinite(baseline):
            lines["baseline"] = _baseline(axes, baseline)
    font: dict[str, Any] = {"color": style.BROKEN, "fontsize": style.SMALL}
    font |= {"ha": "right", "va": "top", "bbox": {"color": "white", "alpha": 0.8, "pad": 2}}
    axes.text(0.99, 0.9, "\n".join(notes), transform=axes.transAxes, **font)
    return lines


def _line(axes: Axes, curve: Sequence[float], **look: Any) -> Line2D:
    """Draw a curve over its epochs, counted from 1."""
    epochs = range(1, len(curve) + 1)
    return axes.plot(epochs, np.asarray(curve, np.float64), markersize=4, **look)[0]


def _baseline(axes: Axes, value: float) -> Line2D:
    """Draw the baseline with its value in the right margin; one far outside has its value alone."""
    text, align, height = f"baseline\n{formatting.number(value)}", "center", value
    low, high = axes.get_ylim()
    if value > high:
        height, text, align = high, f"↑ far above:\n{text}", "top"
    elif value < low:
        height, text, align = low, f"{text}\n↓ far below", "bottom"
    axes.text(1.02, height, text, va=align, transform=axes.get_yaxis_transform(), **style.NOTE)
    return axes.axhline(value, color=style.QUIET, linewidth=1.2, linestyle=":", zorder=1)


def _broken(axes: Axes, values: Sequence[np.ndarray]) -> list[str]:
    """Cross the epochs with a value that is NaN or infinite, and return a note of them."""
    broken = [1 + np.flatnonzero(~np.isfinite(curve)) for curve in values]
    epochs = sorted(set().union(*broken))
    if not epochs:
        return []
    for epoch in epochs:
        axes.plot(epoch, 0.97, "x", color=style.BROKEN, transform=axes.get_xaxis_transform())
    return [f"NaN or infinite\nfirst in epoch {epochs[0]}"]
