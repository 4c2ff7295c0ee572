"""Curves of many runs over each other, as logged or smoothed."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from goldilocks import formatting
from goldilocks.plots import layout, scale, style

NAMED = 10  # of too many curves, this many are named and coloured
STROKES = [(color, dash) for dash in ("-", "--") for color in style.PALETTE[:6]]  # 12 that differ
BESIDE = 6  # more curves than this have their legend at the right


def overlay(
    curves: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    title: str,
    best: Mapping[str, int] | None,
    mode: str = "min",
) -> Figure:
    """Draw one curve per run over its epochs, each with a dot at its best epoch; the legend names the best first.

    Up to 12 curves are told apart by colour and dash; of more, the best 10 are coloured and the
    others grey.

    Args:
        curves: Values per epoch, by the run's name; they may differ in length and hold NaN or
            infinity.
        ylabel: What the values are ("val_loss").
        title: What is compared, in words.
        best: Epoch to dot, counted from 1, by the run's name; None for each curve's own best.
        mode: "min" if lower values are better, "max" if higher ones are, as in Keras.

    Raises:
        ValueError: `mode` is neither.
    """
    if mode not in ("min", "max"):
        raise ValueError(f"mode is {mode!r}; expected 'min' or 'max'")
    values = {name: np.asarray(curve, dtype=np.float64) for name, curve in curves.items()}
    dots = {name: _best(curve, (best or {}).get(name), mode) for name, curve in values.items()}
    ranked = sorted(values, key=lambda name: _rank(values[name], dots[name], mode))
    named = ranked if len(ranked) <= len(STROKES) else ranked[:NAMED]
    strokes = dict(zip([name for name in values if name in set(named)], STROKES, strict=False))
    labels = {}
    for name in named:
        epoch = dots[name]
        said = (
            f"{formatting.number(values[name][epoch - 1])}, epoch {epoch}"
            if epoch
            else "no finite value"
        )
        labels[name] = f"{style.plain(name, 44)}: {said}"
    return _draw(values, values, strokes, labels, dots, ylabel=ylabel, title=title, first=1)


def smoothed(
    curves: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    title: str,
    factor: float = 0.9,
    skip: int = 10,
) -> Figure:
    """Draw the exponential moving average of each curve bold over the faint curve, without the first epochs.

    As drawn for the Boston data in *Deep Learning with Python*, 1st edition, listing 3.31: the
    first 10 epochs are of another scale and left out, then each point is `factor` of the point
    before and the rest of the value.

    Args:
        curves: Values per epoch, by name; they may hold NaN or infinity, which the average passes
            over.
        ylabel: What the values are ("val_mae (k$)").
        title: What is shown, in words.
        factor: Share of the point before, 0 to 1.
        skip: Epochs left out at the start; none if a curve has no more epochs than that.
    """
    values = {name: np.asarray(curve, dtype=np.float64) for name, curve in curves.items()}
    skip = skip if all(curve.size > skip for curve in values.values()) else 0
    raw = {name: curve[skip:] for name, curve in values.items()}
    averaged = {name: _average(curve, factor) for name, curve in raw.items()}
    strokes = dict(zip(values, STROKES, strict=False))
    labels = {name: f"{style.plain(name, 60)}, moving average {factor:g}" for name in strokes}
    left_out = f", first {skip} epochs left out" if skip else ""
    return _draw(
        averaged,
        raw,
        strokes,
        labels,
        {},
        ylabel=ylabel,
        title=f"{title}{left_out}",
        first=skip + 1,
    )


def _best(curve: np.ndarray, epoch: int | None, mode: str) -> int | None:
    """Give the epoch to dot, counted from 1; None if no value of the curve is finite."""
    if epoch is not None and 1 <= epoch <= curve.size and np.isfinite(curve[epoch - 1]):
        return epoch
    if not np.isfinite(curve).any():
        return None
    return (
        int(np.nanargmin(np.where(np.isfinite(curve), curve if mode == "min" else -curve, np.nan)))
        + 1
    )


def _rank(curve: np.ndarray, epoch: int | None, mode: str) -> float:
    """Give what curves are sorted by: smallest is best, infinity where nothing is finite."""
    return np.inf if epoch is None else float(curve[epoch - 1]) * (1 if mode == "min" else -1)


def _average(curve: np.ndarray, factor: float) -> np.ndarray:
    """Give the exponential moving average; where a value is not finite, the point before stays."""
    points, last = np.full(curve.size, np.nan), np.nan
    for row, value in enumerate(curve):
        if np.isfinite(value):
            last = value if np.isnan(last) else last * factor + value * (1 - factor)
        points[row] = last
    return points


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
    """Draw the curves that have a stroke bold and the others grey, with the legend in the order of `labels`."""
    if not bold:
        return layout.message(title, "There is no run to compare.")
    others = [name for name in bold if name not in strokes]
    count = len(labels) + bool(others)
    longest = max(len(label) for label in labels.values())
    beside = count > BESIDE
    aside = 62 + 7.2 * longest if beside else 0
    columns = 1 if beside or longest > 70 else 2 if longest > 44 else 3
    rows = 0 if beside else -(-count // columns)
    figure = layout.canvas(layout.header_height() + 470 + 21 * rows)
    top = layout.header(figure, title)
    axes = layout.panel(figure, 84, top + 6, style.WIDTH - 114 - aside, 400)
    handles: dict[str, Line2D] = {}
    for name, curve in bold.items():
        epochs = range(first, first + curve.size)
        color, dash = strokes.get(name, (style.FAINT, "-"))
        if name in strokes and bold is not faint:
            axes.plot(epochs, faint[name], color=color, linewidth=0.8, alpha=0.3)
        how = (
            {"linewidth": 1.8, "zorder": 3} if name in strokes else {"linewidth": 0.8, "zorder": 2}
        )
        marker = "." if curve.size == 1 else ""
        (handles[name],) = axes.plot(
            epochs, curve, color=color, linestyle=dash, marker=marker, **how
        )
        if name in strokes and (epoch := dots.get(name)):
            axes.plot(
                [epoch],
                [curve[epoch - 1]],
                "o",
                color=color,
                markersize=7,
                markeredgecolor="white",
                zorder=4,
            )
    shown = [handles[name] for name in labels] + [handles[name] for name in others[:1]]
    words = [*labels.values(), *([f"{len(others)} other runs"] if others else [])]
    fitted, cut = scale.shared_scale(bold, faint)
    scale.set_epochs(
        axes, max(first, first - 1 + max(curve.size for curve in bold.values())), first
    )
    if fitted:
        scale.set_limits(axes, fitted, None)
    axes.set_ylabel(
        f"{style.plain(ylabel)} (log scale)" if fitted and fitted.log else style.plain(ylabel)
    )
    if cut:
        axes.set_title(
            "some values lie outside the axis", loc="right", fontsize=style.SMALL, color=style.QUIET
        )
    layout.legend(
        figure, shown, words, columns=columns, beside=(style.WIDTH - aside, top) if beside else None
    )
    return figure
