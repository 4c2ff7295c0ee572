"""Curves of many runs over each other, as logged or smoothed."""

from collections.abc import Mapping, Sequence
from typing import Any

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
AT_RIGHT = 6  # more curves than this have their legend at the right


def overlay(
    curves: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    title: str,
    best: Mapping[str, int] | None,
) -> Figure:
    """Draw one curve per run, with a dot at its best epoch; the legend names the best first.

    Up to 12 curves are told apart by colour and dash; of more, the best 10 are coloured and the
    others grey.

    Args:
        curves: Values per epoch, by the run's name; they may differ in length and hold NaN or
            infinity.
        ylabel: What the values are ("val_loss"); lower is better.
        title: What is compared, in words.
        best: Epoch to dot, counted from 1, by the run's name; None for each curve's minimum.
    """
    values = {name: np.asarray(curve, dtype=np.float64) for name, curve in curves.items()}
    dots = {name: _best(curve, (best or {}).get(name)) for name, curve in values.items()}

    ranked = sorted(values, key=lambda name: _rank(values[name], dots[name]))
    named = ranked
    if len(ranked) > len(STROKES):
        named = ranked[:NAMED]
    strokes = dict(zip([name for name in values if name in set(named)], STROKES, strict=False))
    labels = {}
    for name in named:
        epoch, text = dots[name], "no finite value"
        if epoch is not None:
            text = f"{formatting.number(values[name][epoch - 1])}, epoch {epoch}"
        labels[name] = f"{style.plain(name, 44)}: {text}"
    return _draw(values, values, strokes, labels, dots, ylabel=ylabel, title=title, first=1)


def smoothed(curves: Mapping[str, Sequence[float]], *, ylabel: str, title: str) -> Figure:
    """Draw the moving average of each curve bold over the faint curve, without the first epochs.

    As drawn for the Boston data in *Deep Learning with Python*, 1st edition, listing 3.31: the
    first 10 epochs are of another scale and left out (unless a curve has no more), then each point
    is 0.9 of the point before and 0.1 of the value.

    Args:
        curves: Values per epoch, by name; they may hold NaN or infinity, which the average passes
            over.
        ylabel: What the values are ("val_mae (k$)").
        title: What is shown, in words.
    """
    values = {name: np.asarray(curve, dtype=np.float64) for name, curve in curves.items()}
    skip = 0
    if all(curve.size > SKIPPED for curve in values.values()):
        skip = SKIPPED
        title = f"{title}, first {skip} epochs left out"

    raw = {name: curve[skip:] for name, curve in values.items()}
    averages = {name: _moving_average(curve) for name, curve in raw.items()}
    strokes = dict(zip(values, STROKES, strict=False))
    labels = {name: f"{style.plain(name, 60)}, moving average {SMOOTHING:g}" for name in strokes}
    return _draw(averages, raw, strokes, labels, {}, ylabel=ylabel, title=title, first=skip + 1)


def _best(curve: np.ndarray, epoch: int | None) -> int | None:
    """Return the epoch to dot, counted from 1; None if no value of the curve is finite."""
    if epoch is not None and 1 <= epoch <= curve.size and np.isfinite(curve[epoch - 1]):
        return epoch
    finite = np.where(np.isfinite(curve), curve, np.nan)
    if np.isnan(finite).all():
        return None
    return int(np.nanargmin(finite)) + 1


def _rank(curve: np.ndarray, epoch: int | None) -> float:
    """Return what curves are sorted by: smallest is best, infinity if nothing is finite."""
    return np.inf if epoch is None else float(curve[epoch - 1])


def _moving_average(curve: np.ndarray) -> np.ndarray:
    """Return the exponential moving average; it does not move where a value is not finite."""
    finite = pd.Series(np.where(np.isfinite(curve), curve, np.nan))
    return finite.ewm(alpha=1 - SMOOTHING, adjust=False, ignore_na=True).mean().to_numpy()


def _draw(
    bold: Mapping[str, np.ndarray],
    faint: Mapping[str, np.ndarray],
    strokes: Mapping[str, tuple[str, str]],
    labels: Mapping[str, str],
    dots: Mapping[str, int | None],
    *,
    ylabel: str,
    title: str,
    first: int,
) -> Figure:
    """Draw the curves with a stroke bold and the others grey; the legend follows `labels`."""
    if not bold:
        return layout.message(title, "There is no run to compare.")
    others = [name for name in bold if name not in strokes]
    longest = max(map(len, labels.values()))
    count = len(labels) + bool(others)
    at_right = count > AT_RIGHT
    columns, height = 1, 470
    if not at_right:
        columns = _legend_columns(longest)
        height += 21 * -(-count // columns)
    figure, body = layout.frame(title, height)
    (axes,) = layout.panels(body)

    handles: dict[str, Line2D] = {}
    for name, curve in bold.items():
        epochs = np.arange(first, first + curve.size)
        if name not in strokes:
            grey: dict[str, Any] = {"color": style.FAINT, "linewidth": 0.8, "zorder": 2}
            (handles[name],) = axes.plot(epochs, curve, **grey)
            continue

        color, dash = strokes[name]
        if bold is not faint:
            axes.plot(epochs, faint[name], color=color, linewidth=0.8, alpha=0.3)
        look: dict[str, Any] = {"color": color, "linestyle": dash, "linewidth": 1.8, "zorder": 3}
        (handles[name],) = axes.plot(epochs, curve, **look)
        if curve.size == 1:
            handles[name].set_marker(".")
        if epoch := dots.get(name):
            dot: dict[str, Any] = {
                "color": color,
                "markersize": 7,
                "markeredgecolor": "white",
                "zorder": 4,
            }
            axes.plot([epoch], [curve[epoch - 1]], "o", **dot)

    limits, cut = scale.shared_scale(bold, faint)
    last = first - 1 + max(curve.size for curve in bold.values())
    scale.set_epochs(axes, max(first, last), first)
    if limits is not None:
        scale.set_limits(axes, limits, None)
    axes.set_ylabel(scale.label(style.plain(ylabel), limits))
    if cut:
        note = "some values lie outside the axis"
        axes.set_title(note, loc="right", fontsize=style.SMALL, color=style.QUIET)

    shown, texts = [handles[name] for name in labels], list(labels.values())
    if others:
        shown.append(handles[others[0]])
        texts.append(f"{len(others)} other runs")
    layout.legend(body, shown, texts, columns=columns, at_right=at_right)
    return figure


def _legend_columns(letters: int) -> int:
    """Return how many columns of labels of so many letters fit below a panel."""
    if letters > 70:
        return 1
    if letters > 44:
        return 2
    return 3
