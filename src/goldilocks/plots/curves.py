"""Learning curves of one run: loss and metric, train and validation, per epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from goldilocks import formatting
from goldilocks.plots import layout, scale, style


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
    """Draw one run's loss and metric per epoch, beside each other.

    Where the history has `data_loss`, that is the main line, and the total loss with its penalty is
    thin and dashed.

    Args:
        history: Values per epoch, by Keras's names; the curves may differ in length and hold NaN or
            infinity.
        metric: Name of the metric of the right panel; if the history lacks it, the loss takes the
            whole width.
        best_epoch: Epoch to mark, counted from 1, or None.
        verdict: Key of `diagnosis.verdicts.VERDICTS`, shown as a badge behind the title, or None.
        reason: One or two sentences under the title, or None.
        baseline: What the dumb predictor reaches, by name ("loss", or the metric's name), in the
            metric's unit.
        title: What was trained, in words.
    """
    panels = ["loss"]
    if metric != "loss" and (metric in history or f"val_{metric}" in history):
        panels.append(metric)
    lines = style.lines_of(reason)
    top = layout.header_height(lines)
    figure = layout.canvas(top + 450)
    layout.header(figure, title, verdict=verdict, reason=lines)
    width = style.WIDTH / len(panels) - 175
    entries: dict[str, Line2D] = {}
    for position, name in enumerate(panels):
        axes = layout.panel(
            figure, 84 + position * (style.WIDTH / len(panels) - 8), top + 30, width, 320
        )
        entries |= _curve_panel(axes, history, name, best_epoch, baseline.get(name))
    layout.legend(figure, list(entries.values()), list(entries), columns=max(1, len(entries)))
    return figure


def _curve_panel(
    axes: Axes,
    history: Mapping[str, Sequence[float]],
    name: str,
    best_epoch: int | None,
    baseline: float | None,
) -> dict[str, Line2D]:
    """Draw one panel of `learning_curves` and give its legend: words -> line."""
    entries: dict[str, Line2D] = {}
    penalized: dict[str, Line2D] = {}
    kept, heading, curves = "", name, []
    for words, prefix, color in (
        ("train", "", style.TRAIN),
        ("validation", "val_", style.VALIDATION),
    ):
        data, total = f"{prefix}data_{name}", f"{prefix}{name}"
        if data in history and total in history:
            penalized[f"{words}, with penalty"] = _line(
                axes, history[total], color=color, linewidth=1.0, linestyle="--"
            )
            curves.append(history[total])
        if data in history or total in history:
            kept, curve = words, history[data if data in history else total]
            entries[words] = _line(
                axes, curve, color=color, linewidth=1.8, marker="o" if len(curve) <= 40 else ""
            )
            curves.append(curve)
    entries |= penalized
    values = [np.asarray(curve, dtype=np.float64) for curve in curves]
    fitted = scale.scale_of(values)
    scale.set_epochs(axes, max(1, max((len(curve) for curve in values), default=1)))
    if fitted is None:
        words = (
            "no finite value" if any(len(curve) for curve in values) else "no epoch was finished"
        )
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", color=style.QUIET)
        axes.set_yticks([])
    else:
        place = scale.set_limits(axes, fitted, baseline)
        if baseline is not None and np.isfinite(baseline):
            entries |= _baseline(axes, baseline, place)
    if best_epoch is not None and kept and 1 <= best_epoch <= len(values[-1]):
        best = float(values[-1][best_epoch - 1])
        entries[f"best epoch: {best_epoch}"] = axes.axvline(
            best_epoch, color=style.QUIET, linewidth=1.0, zorder=1
        )
        axes.plot(
            [best_epoch],
            [best],
            "o",
            color=entries[kept].get_color(),
            markeredgecolor=style.INK,
            markersize=9,
        )
        heading = f"{name}: {kept} {formatting.number(best)} at best epoch {best_epoch}"
    axes.set_title(heading, loc="left", fontsize=style.TEXT + 1, color=style.INK, pad=10)
    axes.set_ylabel(f"{name} (log scale)" if fitted and fitted.log else name, fontsize=style.TEXT)
    _mark_lost(axes, values, cut=bool(fitted and fitted.cut))
    return entries


def _line(axes: Axes, curve: Sequence[float], *, first: int = 1, **how: Any) -> Line2D:
    """Draw a curve over its epochs, counted from `first`."""
    return axes.plot(
        range(first, first + len(curve)), np.asarray(curve, np.float64), **{"markersize": 4, **how}
    )[0]


def _baseline(axes: Axes, value: float, place: str) -> dict[str, Line2D]:
    """Draw the baseline with its value in the right margin; if it lies far outside, only say so there."""
    text = f"baseline\n{formatting.number(value)}"
    how = {"color": style.QUIET, "fontsize": style.SMALL}
    if place == "inside":
        line = axes.axhline(value, color=style.QUIET, linewidth=1.2, linestyle=":", zorder=1)
        axes.text(1.02, value, text, transform=axes.get_yaxis_transform(), va="center", **how)
        return {"baseline": line}
    if place == "above":
        axes.text(1.02, 1, f"↑ far above:\n{text}", transform=axes.transAxes, va="top", **how)
    else:
        axes.text(1.02, 0, f"{text}\n↓ far below", transform=axes.transAxes, va="bottom", **how)
    return {}


def _mark_lost(axes: Axes, values: Sequence[np.ndarray], *, cut: bool) -> None:
    """Cross the epochs whose value is NaN or infinite, and say so; say too if values lie outside the axis."""
    said = ["some values lie\noutside the axis"] if cut else []
    lost = sorted({int(row) + 1 for curve in values for row in np.flatnonzero(~np.isfinite(curve))})
    if lost:
        epochs = f"{len(lost)} epochs,\nfirst in {lost[0]}" if len(lost) > 1 else f"epoch {lost[0]}"
        said.insert(0, f"NaN or infinite\nin {epochs}")
        axes.plot(
            lost,
            [0.97] * len(lost),
            "x",
            color=style.BROKEN,
            transform=axes.get_xaxis_transform(),
        )
    if said:
        axes.text(
            0.99, 0.9, "\n".join(said), transform=axes.transAxes, ha="right", va="top", fontsize=style.SMALL,
            color=style.BROKEN, bbox={"color": "white", "alpha": 0.8, "pad": 2},
        )  # fmt: skip
