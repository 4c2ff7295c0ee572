"""Limits of an axis that no exploded loss and no far baseline presses flat."""

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
    """Choose the range for `curves` (each float64, (epochs,)); None if no value is finite.

    The usual level of a curve is the smaller of its first value and its median, so that neither a
    bad start nor a bad end passes for usual. Values that stay within 0 to 1 are fractions or small
    losses and always get a linear axis.
    """
    finite = [curve for curve in map(_finite, curves) if curve.size]
    if not finite:
        return None

    values = np.concatenate(finite)
    least, most = float(values.min()), float(values.max())
    low, high, log = least, most, False
    if least < 0:
        low, high = _without_outliers(values)
    else:
        usual = float(np.median([min(curve[0], np.median(curve)) for curve in finite]))
        log = high > 1 and high > EXPLODED * usual > 0
        if log:
            low = max(float(values[values > 0].min()), usual / 1000)
            high = min(high, usual * 10.0**DECADES)

    reach = np.log10(high / low) if log else high - low
    single = max(curve.size for curve in curves) == 1
    if single and not log:
        reach = max(reach, abs(high))
    return Scale(low=low, high=high, log=log, cut=low > least or high < most, reach=float(reach))


def _finite(curve: np.ndarray) -> np.ndarray:
    return curve[np.isfinite(curve)]


def _without_outliers(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of the values, or of five quartile ranges around them if they explode."""
    low, high = float(values.min()), float(values.max())
    q1, q3 = (float(quartile) for quartile in np.percentile(values, [25, 75]))
    if high - low > EXPLODED * (q3 - q1) > 0:
        low, high = max(low, q1 - 5 * (q3 - q1)), min(high, q3 + 5 * (q3 - q1))
    return low, high


def shared_scale(
    bold: Mapping[str, np.ndarray], faint: Mapping[str, np.ndarray]
) -> tuple[Scale | None, bool]:
    """Choose the range for the curves of many runs, and tell whether anything is cut off.

    A few runs that exploded are cut off; otherwise they would press all others flat. So are
    outliers under a moving average.

    Args:
        bold: The curves as drawn bold, by name, each float64 (epochs,).
        faint: The curves as logged; the same object if nothing was smoothed.
    """
    finite = {name: _finite(curve) for name, curve in faint.items()}
    finite = {name: curve for name, curve in finite.items() if curve.size}
    if not finite:
        return None, False

    usual = float(np.median([curve.max() for curve in finite.values()]))
    calm = [name for name, curve in finite.items() if usual <= 0 or curve.max() <= EXPLODED * usual]
    shown = [bold[name] for name in calm]
    if bold is not faint:
        shown += [np.clip(finite[name], *np.percentile(finite[name], [2, 98])) for name in calm]

    limits = scale_of(shown)
    return limits, len(calm) < len(finite) or (limits is not None and limits.cut)


def set_limits(axes: Axes, scale: Scale, baseline: float | None) -> str:
    """Set scale, limits and ticks of the y axis.

    Returns:
        Where `baseline` lies: "inside" (the limits include it), "above" or "below"; "inside" if
        there is none.
    """
    low, high = scale.low, scale.high
    # A dead network's loss moves in the seventh digit: less than 2 % of the value is not worth the
    # whole axis.
    least = 0.02 * max(abs(low), abs(high)) or 1.0
    if scale.log:
        low, high, least = np.log10(low), np.log10(high), 0.3
        if baseline is not None:
            with np.errstate(divide="ignore"):
                baseline = float(np.log10(max(baseline, 0.0)))

    reach = max(scale.reach, least)
    position = "inside"
    if baseline is not None:
        if baseline > high + reach:
            position = "above"
        elif not baseline >= low - reach:
            position = "below"
        else:
            low, high = min(low, baseline), max(high, baseline)

    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    padding = 0.06 * (high - low)
    _set_ticks(axes, low - padding, high + padding, log=scale.log)
    return position


def _set_ticks(axes: Axes, low: float, high: float, *, log: bool) -> None:
    """Set the y axis from `low` to `high`; of a logarithmic axis these are logarithms."""
    if log:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(10**low, 10**high)
        steps = (1.0, 2.0, 5.0) if high - low <= 2 else (1.0,)
        axes.yaxis.set_major_locator(LogLocator(subs=steps))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formatting.number(value)))


def label(name: str, limits: Scale | None) -> str:
    """Return the label of an axis, which says if it is logarithmic."""
    if limits is not None and limits.log:
        return f"{name} (log scale)"
    return name


def set_epochs(axes: Axes, epochs: int, first: int = 1) -> None:
    """Set limits and whole-numbered ticks of an x axis that counts epochs from `first`."""
    span = epochs - first
    padding = 0.5 if span < 5 else 0.02 * span
    axes.set_xlim(first - padding, epochs + padding)
    ticks = range(first, epochs + 1)
    if span >= 10:
        steps = MaxNLocator(9, integer=True).tick_values(first, epochs)
        ticks = [step for step in steps if first <= step <= epochs]
    axes.set_xticks(ticks)
    axes.set_xlabel("epoch", fontsize=style.TEXT)
    axes.grid(axis="y", color="#E8E8E8", linewidth=0.8)
    axes.set_axisbelow(True)
