"""Curves of many runs over each other, as logged or smoothed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from goldilocks import formatting
from goldilocks.plots import layout, scale, style

NAMED = 10  # of too many curves, this many are named and coloured
STROKES = [(color, dash) for dash in ("-", "--") for color in style.PALETTE[:6]]  # 12 that differ
SMOOTHING = 0.9  # weight of the point before in a moving average
SKIPPED = 10  # epochs left out at the start of one
COLUMNS = 2  # of the legend
# Of so many curves, the worst may lie outside the axis, if that would be so many times as long.
FEWEST, PRESSED = 3, 2


def overlay(
    curves: Mapping[str, Sequence[float]], *, ylabel: str, title: str, best: Mapping[str, int]
) -> Figure:
    """Draw one curve per run, with a dot at its best epoch; the legend names the best first.

    Up to 12 curves are told apart by colour and dash; of more, the best 10 are coloured and the
    others grey.

    Args:
        curves: At least one; values per epoch, by the run's name. They may differ in length and
            hold NaN or infinity.
        ylabel: What the values are ("val_loss"); lower is better.
        title: What is compared, in words.
        best: Epoch to dot, counted from 1, by the run's name; where there is none, or its value is
            not finite, it is the curve's minimum.
    """
    values = pd.DataFrame({name: _by_epoch(curve) for name, curve in curves.items()})
    dots: dict[str, tuple[int, float]] = {}
    labels = {}
    for name in curves:
        curve, text = values[name], "no finite value"
        if curve.notna().any():
            epoch = best.get(name, 0)
            if not np.isfinite(curve.get(epoch, np.nan)):
                epoch = int(curve.idxmin())
            dots[name] = epoch, float(curve[epoch])
            text = f"{formatting.number(curve[epoch])}, epoch {epoch}"
        labels[name] = f"{style.plain(name, 44)}: {text}"

    worst_last = ranked = sorted(labels, key=lambda name: dots.get(name, (0, np.inf))[1])
    if len(ranked) > len(STROKES):
        ranked = ranked[:NAMED]
    others = [name for name in curves if name not in ranked]
    entries = len(ranked) + bool(others)
    figure, (axes,) = layout.panels(title, 470 + layout.LEGEND_ROW * -(-entries // COLUMNS))

    grey = list[Line2D]()
    for name in others:
        marker = "." if values[name].count() == 1 else "none"
        grey += axes.plot(values[name], marker=marker, color=style.FAINT, linewidth=0.8)
    lines = list[Line2D]()
    for name, (color, dash) in zip(ranked, STROKES, strict=False):
        lines += axes.plot(values[name], dash, color=color, linewidth=1.8)
        if name in dots:
            axes.plot(*dots[name], "o", markersize=7, color=color, mec="white", zorder=4)
    _set_axes(axes, values.index, _in_view(values, worst_last), ylabel)
    if values.max(axis=None) > axes.get_ylim()[1]:
        axes.set_title("some values lie outside the axis", loc="right", **style.NOTE)

    texts = [*(labels[name] for name in ranked), f"{len(others)} other runs"]
    layout.legend(axes, lines + grey[:1], texts[:entries], columns=COLUMNS)
    return figure


def smoothed(curve: Sequence[float], *, ylabel: str, title: str) -> Figure:
    """Draw the moving average of a mean curve bold over the faint curve, without its beginning.

    As drawn for the Boston data in *Deep Learning with Python*, 1st edition, listing 3.31: the
    first 10 epochs are of another scale and left out, then each point is 0.9 of the point before
    and 0.1 of the value.

    Args:
        curve: Values per epoch, more than 10; they may be NaN or infinite, which the average passes
            over.
        ylabel: What the values are ("val_mae (k$)").
        title: What is shown, in words.
    """
    values = _by_epoch(curve).iloc[SKIPPED:]
    average = values.ewm(alpha=1 - SMOOTHING, adjust=False, ignore_na=True).mean()
    figure, (axes,) = layout.panels(f"{title}, first {SKIPPED} epochs left out", 490)
    axes.plot(values, color=style.PALETTE[0], linewidth=0.8, alpha=0.3)
    bold = axes.plot(average, color=style.PALETTE[0], linewidth=1.8)

    # Without its far values, so that noise does not press the average flat.
    calm = values.clip(values.quantile(0.02), values.quantile(0.98))
    _set_axes(axes, values.index, [average.to_numpy(), calm.to_numpy()], ylabel)
    layout.legend(axes, bold, [f"mean, moving average {SMOOTHING:g}"], columns=COLUMNS)
    return figure


def _in_view(values: pd.DataFrame, worst_last: Sequence[str]) -> list[np.ndarray]:
    """Return the curves that the axis is made for: without the worst, if it presses others flat."""
    every = list(values[list(worst_last)].to_numpy().T)
    whole, rest = scale.scale_of(every), scale.scale_of(every[:-1])
    if whole is None or rest is None or len(every) < FEWEST:
        return every
    is_pressed = whole.log != rest.log or whole.high - whole.low > PRESSED * (rest.high - rest.low)
    return every[:-1] if is_pressed else every


def _by_epoch(curve: Sequence[float]) -> pd.Series:
    """Return values by epochs counted from 1; NaN where one is not finite."""
    values = pd.Series(curve, range(1, len(curve) + 1), np.float64)
    return values.where(np.isfinite(values))


def _set_axes(axes: Axes, epochs: pd.Index, shown: Sequence[np.ndarray], ylabel: str) -> None:
    """Label the axes, and set their limits for the epochs and for the values that are shown."""
    scale.set_epochs(axes, epochs[-1], epochs[0])
    axes.set_ylabel(style.plain(ylabel))
    limits = scale.scale_of(shown)
    if limits is not None:
        scale.set_limits(axes, limits)
        if limits.cut:
            axes.set_title("some values lie outside the axis", loc="right", **style.NOTE)
