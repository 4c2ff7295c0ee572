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
    metric: str,
    best_epoch: int | None,
    verdict: str | None,
    reason: str | None,
    baseline: Mapping[str, float],
    title: str,
) -> Figure:
    """Draw one run's loss and metric per epoch, side by side.

    If the history has `data_loss`, that is the main line, and the total loss with its penalty is
    thin and dashed.

    Args:
        history: Values per epoch, by Keras's names; the curves may differ in length and hold NaN or
            infinity.
        metric: Name of the metric of the right panel; if the history lacks it, the loss takes the
            whole width.
        best_epoch: Epoch to mark, counted from 1, or None.
        verdict: Name of the verdict, shown as a badge behind the title, or None.
        reason: One or two sentences under the title, or None.
        baseline: What the dummy baseline reaches, by name ("loss", or the metric's name), in the
            metric's unit.
        title: What was trained, in words.
    """
    names = ["loss"]
    if metric != "loss" and (metric in history or f"val_{metric}" in history):
        names.append(metric)
    figure, body = layout.frame(title, 450, lines=style.lines_of(reason), verdict=verdict)

    entries: dict[str, Line2D] = {}
    for axes, name in zip(layout.panels(body, columns=len(names)), names, strict=True):
        entries |= _curve_panel(axes, history, name, best_epoch, baseline.get(name))
    layout.legend(body, list(entries.values()), list(entries), columns=max(1, len(entries)))
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
    penalized: dict[str, Line2D] = {}
    for words, prefix, color in PARTS:
        curve, data = f"{prefix}{name}", f"{prefix}data_{name}"
        if data in history:
            total = _line(axes, history[curve], color=color, linewidth=1.0, linestyle="--")
            penalized[f"{words}, with penalty"] = total
            curve = data
        if curve in history:
            lines[words] = _line(axes, history[curve], color=color, linewidth=1.8)
            if len(history[curve]) <= MARKED:
                lines[words].set_marker("o")
    entries = lines | penalized
    values = [np.asarray(line.get_ydata()) for line in entries.values()]

    scale.set_epochs(axes, max((curve.size for curve in values), default=1))
    axes.set_ylabel(name, fontsize=style.TEXT)
    limits = scale.scale_of(values)
    if limits is not None and baseline is not None and values[0].size == 1:
        limits = scale.scale_of([*values, np.array([baseline])])  # One epoch spans no range.
    if limits is None:
        text = "no epoch was finished"
        if values:
            text = "no finite value"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=style.QUIET)
        axes.set_yticks([])
    else:
        scale.set_limits(axes, limits, baseline)
        if baseline is not None and np.isfinite(baseline):
            entries |= _baseline(axes, baseline)

    heading = name
    if best_epoch and lines:
        words, line = list(lines.items())[-1]
        best = float(np.asarray(line.get_ydata())[best_epoch - 1])
        mark = axes.axvline(best_epoch, color=style.QUIET, linewidth=1.0, zorder=1)
        axes.plot([best_epoch], [best], "o", color=line.get_color(), mec=style.INK, markersize=9)
        entries[f"best epoch: {best_epoch}"] = mark
        heading = f"{name}: {words} {formatting.number(best)} at best epoch {best_epoch}"

    axes.set_title(heading, loc="left", fontsize=style.TEXT + 1, color=style.INK, pad=10)
    _mark_broken(axes, values, cut=limits is not None and limits.cut)
    return entries


def _line(axes: Axes, curve: Sequence[float], **look: Any) -> Line2D:
    """Draw a curve over its epochs, counted from 1."""
    epochs = range(1, len(curve) + 1)
    return axes.plot(epochs, np.asarray(curve, np.float64), markersize=4, **look)[0]


def _baseline(axes: Axes, value: float) -> dict[str, Line2D]:
    """Draw the baseline with its value in the right margin; one far outside has its value alone."""
    text = f"baseline\n{formatting.number(value)}"
    height = float((axes.transScale + axes.transLimits).transform((1, value))[1])
    lines, align = {}, "center"
    if height > 1:
        height, text, align = 1, f"↑ far above:\n{text}", "top"
    elif height < 0:
        height, text, align = 0, f"{text}\n↓ far below", "bottom"
    else:
        look: dict[str, Any] = {"linewidth": 1.2, "linestyle": ":", "zorder": 1}
        lines["baseline"] = axes.axhline(value, color=style.QUIET, **look)

    axes.text(
        1.02, height, text, va=align, color=style.QUIET, size=style.SMALL, transform=axes.transAxes
    )
    return lines


def _mark_broken(axes: Axes, values: Sequence[np.ndarray], *, cut: bool) -> None:
    """Cross the epochs with a value that is NaN or infinite; say so, and if the axis is cut."""
    notes = []
    broken = [1 + np.flatnonzero(~np.isfinite(curve)) for curve in values]
    epochs = sorted(set().union(*broken))
    if epochs:
        notes.append(f"NaN or infinite\nfirst in epoch {epochs[0]}")
        heights = [0.97] * len(epochs)
        axes.plot(epochs, heights, "x", color=style.BROKEN, transform=axes.get_xaxis_transform())
    if cut:
        notes.append("some values lie\noutside the axis")
    if notes:
        note = axes.text(0.99, 0.9, "\n".join(notes), color=style.BROKEN, fontsize=style.SMALL)
        note.set(ha="right", va="top", transform=axes.transAxes)
        note.set_bbox({"color": "white", "alpha": 0.8, "pad": 2})
