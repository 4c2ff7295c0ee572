"""Limits of a y axis that show what matters: neither an exploded loss nor a far baseline squashes the curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from goldilocks import formatting
from goldilocks.plots import style

EXPLODED = 8  # times the usual level: beyond this a linear axis would press the other epochs flat
DECADES = 4  # a logarithmic axis shows this many above the usual level, and no more


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Range of a y axis before padding.

    Attributes:
        low: Lowest value shown.
        high: Highest value shown.
        log: Whether the axis is logarithmic.
        cut: Whether some finite values lie outside and are cut off.
        reach: How far outside a baseline may lie and still be shown, in value or, if `log`, in
            decades.
    """

    low: float
    high: float
    log: bool
    cut: bool
    reach: float


def scale_of(curves: Sequence[np.ndarray]) -> Scale | None:
    """Choose the range for `curves` (each float64, (epochs,)); None where no value is finite.

    The usual level of a curve is the smaller of its first value and its median, so that neither a
    bad start nor a bad end passes for usual. Values that stay within 0 to 1 are shares or small
    losses and always get a linear axis.
    """
    finite = [kept for curve in curves if (kept := curve[np.isfinite(curve)]).size]
    if not finite:
        return None
    values = np.concatenate(finite)
    least, most = float(values.min()), float(values.max())
    low, high, log = least, most, False
    if least < 0:
        q1, q3 = (float(q) for q in np.percentile(values, [25, 75]))
        if high - low > EXPLODED * (q3 - q1) > 0:
            low, high = max(low, q1 - 5 * (q3 - q1)), min(high, q3 + 5 * (q3 - q1))
    else:
        usual = float(np.median([min(curve[0], np.median(curve)) for curve in finite]))
        log = high > 1 and high > EXPLODED * usual > 0
        if log:
            low = max(float(values[values > 0].min()), usual / 1000)
            high = min(high, usual * 10.0**DECADES)
    span = np.log10(high / low) if log else high - low
    single = max(curve.size for curve in curves) == 1
    reach = max(span, abs(high)) if single and not log else span
    return Scale(low=low, high=high, log=log, cut=low > least or high < most, reach=float(reach))


def shared_scale(
    bold: Mapping[str, np.ndarray], faint: Mapping[str, np.ndarray]
) -> tuple[Scale | None, bool]:
    """Choose the range for the curves of many runs, and say whether anything is cut off.

    A few runs that exploded are cut off rather than press all others flat; so are outliers under a
    moving average.

    Args:
        bold: The curves as drawn bold, by name, each float64 (epochs,).
        faint: The curves as logged; the same object where nothing was smoothed.
    """
    finite = {
        name: kept for name, curve in faint.items() if (kept := curve[np.isfinite(curve)]).size
    }
    usual = float(np.median([curve.max() for curve in finite.values()])) if finite else 0.0
    calm = [name for name, curve in finite.items() if usual <= 0 or curve.max() <= EXPLODED * usual]
    shown = [bold[name] for name in calm]
    if bold is not faint:
        shown += [np.clip(finite[name], *np.percentile(finite[name], [2, 98])) for name in calm]
    fitted = scale_of(shown)
    return fitted, len(calm) < len(finite) or bool(fitted and fitted.cut)


def set_limits(axes: Axes, scale: Scale, baseline: float | None) -> str:
    """Set scale, limits and ticks of the y axis.

    Returns:
        Where `baseline` lies: "inside" (the limits include it), "above" or "below"; "inside" if
        there is none.
    """
    low, high, place = scale.low, scale.high, "inside"
    if scale.log:
        low, high = np.log10(low), np.log10(high)
        baseline = (
            baseline if baseline is None else float(np.log10(baseline)) if baseline > 0 else -np.inf
        )
    # A dead network's loss moves in the seventh digit: less than 2 % of the value is not worth the
    # whole axis.
    least = 0.3 if scale.log else 0.02 * max(abs(low), abs(high)) or 1.0
    reach = max(scale.reach, least)
    if baseline is not None and low - reach <= baseline <= high + reach:
        low, high = min(low, baseline), max(high, baseline)
    elif baseline is not None:
        place = "above" if baseline > high else "below"
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    pad = 0.06 * (high - low)
    low, high = low - pad, high + pad
    if scale.log:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(10**low, 10**high)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high - low > 2 else (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formatting.number(value)))
    return place


def set_epochs(axes: Axes, epochs: int, first: int = 1) -> None:
    """Set limits and whole-numbered ticks of an x axis that counts epochs from `first` to `epochs`."""
    pad = 0.5 if epochs - first < 5 else 0.02 * (epochs - first)
    axes.set_xlim(first - pad, epochs + pad)
    ticks = MaxNLocator(9, integer=True).tick_values(first, epochs)
    axes.set_xticks(
        range(first, epochs + 1)
        if epochs - first < 10
        else [tick for tick in ticks if first <= tick <= epochs]
    )
    axes.set_xlabel("epoch", fontsize=style.TEXT)
    axes.grid(axis="y", color="#E8E8E8", linewidth=0.8)
    axes.set_axisbelow(True)
