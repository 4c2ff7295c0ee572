"""Curves of many runs over each other, as logged or smoothed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from goldilocks import formatting
from goldilocks.plots import layout, scale, style

NAMED = 10  # of too many curves, this many are named and coloured
STROKES = [(color, dash) for dash in ("-", "--") for color in style.PALETTE[:6]]  # 12 that differ
SMOOTHING = 0.9  # weight of the point before in a moving average
SKIPPED = 10  # epochs left out at the start of one
COLUMNS = 2  # of the legend


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
    values = _by_epoch(curves)
    dots: dict[str, tuple[int, float]] = {}
    labels = {}
    for name, curve in values.items():
        label = f"{style.plain(str(name), 44)}: no finite value"
        if curve.notna().any():
            epoch = best.get(str(name), 0)
            if not np.isfinite(curve.get(epoch, np.nan)):
                epoch = int(curve.idxmin())
            dots[str(name)] = epoch, float(curve[epoch])
            label = (
                f"{style.plain(str(name), 44)}: {formatting.number(curve[epoch])}, epoch {epoch}"
            )
        labels[str(name)] = label

    ranked = sorted(labels, key=lambda name: dots.get(name, (0, np.inf))[1])
    if len(ranked) > len(STROKES):
        ranked = ranked[:NAMED]
    named = {name: labels[name] for name in ranked}
    figure, lines = _draw(values, named, values.to_numpy(), ylabel=ylabel, title=title)
    for name in dots.keys() & named.keys():
        color = lines[name].get_color()
        figure.axes[0].plot(*dots[name], "o", markersize=7, color=color, mec="white", zorder=4)
    return figure


def smoothed(curves: Mapping[str, Sequence[float]], *, ylabel: str, title: str) -> Figure:
    """Draw the moving average of each curve bold over the faint curve, without the first epochs.

    As drawn for the Boston data in *Deep Learning with Python*, 1st edition, listing 3.31: the
    first 10 epochs are of another scale and left out, then each point is 0.9 of the point before
    and 0.1 of the value.

    Args:
        curves: Values per epoch, more than 10, by name; they may hold NaN or infinity, which the
            average passes over.
        ylabel: What the values are ("val_mae (k$)").
        title: What is shown, in words.
    """
    values = _by_epoch(curves).iloc[SKIPPED:]
    averages = values.ewm(alpha=1 - SMOOTHING, adjust=False, ignore_na=True).mean()
    labels = {name: f"{style.plain(name, 60)}, moving average {SMOOTHING:g}" for name in curves}
    title = f"{title}, first {SKIPPED} epochs left out"

    # Without its far values, so that noise does not press the averages flat.
    calm = values.clip(values.quantile(0.02), values.quantile(0.98), axis="columns")
    shown = np.hstack([averages, calm])
    figure, lines = _draw(averages, labels, shown, ylabel=ylabel, title=title)
    for name, line in lines.items():
        figure.axes[0].plot(values[name], color=line.get_color(), linewidth=0.8, alpha=0.3)
    return figure


def _by_epoch(curves: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Return a column for each curve, by epochs counted from 1; NaN where nothing is finite."""
    columns = {name: pd.Series(curve, dtype=np.float64) for name, curve in curves.items()}
    values = pd.DataFrame(columns)
    values.index += 1
    return values.where(np.isfinite(values))


def _draw(
    values: pd.DataFrame,
    labels: Mapping[str, str],
    shown: np.ndarray,
    *,
    ylabel: str,
    title: str,
) -> tuple[Figure, dict[str, Line2D]]:
    """Draw the curves with a label in colour and the others grey; the legend follows `labels`.

    The columns of `shown`, float (epochs, n), set the limits of the axis.
    """
    others = [str(name) for name in values if name not in labels]
    entries = len(labels) + bool(others)
    figure, body = layout.frame(title, 470 + layout.LEGEND_ROW * -(-entries // COLUMNS))
    (axes,) = layout.panels(body)

    lines: dict[str, Line2D] = {}
    strokes = iter(STROKES)
    for name in map(str, values):
        (lines[name],) = axes.plot(values[name], color=style.FAINT, linewidth=0.8)
        if name in labels:
            color, dash = next(strokes)
            lines[name].set(color=color, linestyle=dash, linewidth=1.8, zorder=3)
        if values[name].count() == 1:
            lines[name].set_marker(".")

    scale.set_epochs(axes, values.index[-1], values.index[0])
    axes.set_ylabel(style.plain(ylabel))
    limits = scale.scale_of(list(shown.T))
    if limits is not None:
        scale.set_limits(axes, limits)
        if limits.cut:
            axes.set_title("some values lie outside the axis", loc="right", **style.NOTE)

    handles, texts = [lines[name] for name in labels], list(labels.values())
    if others:
        handles.append(lines[others[0]])
        texts.append(f"{len(others)} other runs")
    layout.legend(body, handles, texts, columns=COLUMNS)
    return figure, lines
