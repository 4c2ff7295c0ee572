"""Limits of an axis that no exploded loss and no far baseline presses flat."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from goldilocks import formatting

EXPLODED = 8  # times the usual level: beyond this a linear axis would press the other epochs flat
DECADES = 4  # a logarithmic axis shows this many above the usual level, and no more


class Scale(NamedTuple):
    """Range of a y axis, with some room.

    Attributes:
        low: Its lower end; of a logarithmic axis the logarithm.
        high: Its upper end, likewise.
        log: Whether the axis is logarithmic.
        cut: Whether some finite values lie outside and are cut off.
    """

    low: float
    high: float
    log: bool
    cut: bool


def scale_of(curves: Sequence[np.ndarray], baseline: float | None = None) -> Scale | None:
    """Choose the range for `curves` (each float64, (epochs,)); None if no value is finite.

    Of many curves a few that exploded are cut off; otherwise they would press all others flat. The
    usual level of a curve is the smaller of its first value and its median, so that neither a bad
    start nor a bad end passes for usual. Values that stay within 0 to 1 are fractions or small
    losses and always get a linear axis. The baseline is on the axis if it lies no farther outside
    than the range is wide.
    """
    finite = [curve[np.isfinite(curve)] for curve in curves if np.isfinite(curve).any()]
    if not finite:
        return None

    typical = float(np.median([curve.max() for curve in finite]))
    calm = [curve for curve in finite if typical <= 0 or curve.max() <= EXPLODED * typical]
    values = np.concatenate(calm)
    usual = float(np.median([min(curve[0], np.median(curve)) for curve in calm]))
    low, high = float(values.min()), float(values.max())
    log = low >= 0 and high > 1 and high > EXPLODED * usual > 0
    if log:
        low = max(float(values[values > 0].min()), usual / 1000)
        high = min(high, usual * 10.0**DECADES)
    every = np.concatenate(finite)
    cut = bool(every.min() < low or every.max() > high)

    # A dead network's loss moves in the seventh digit: less than 2 % of the value is not worth the
    # whole axis.
    least = 0.02 * max(abs(low), abs(high)) or 1.0
    marks = [low, high, low if baseline is None else baseline]
    if log:
        marks, least = np.log10(np.maximum(marks, 1e-300)).tolist(), 0.3
    low, high, far = marks
    reach = max(high - low, least)
    if low - reach <= far <= high + reach:
        low, high = min(low, far), max(high, far)
    middle, half = (low + high) / 2, max(0.56 * (high - low), least / 2)
    return Scale(middle - half, middle + half, log=log, cut=cut)


def set_limits(axes: Axes, scale: Scale) -> None:
    """Set scale, limits and ticks of the y axis; its label says if it is logarithmic."""
    low, high = scale.low, scale.high
    if scale.log:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylabel(f"{axes.get_ylabel()} (log scale)")
        steps = (1.0, 2.0, 5.0) if high - low <= 2 else (1.0,)
        axes.yaxis.set_major_locator(LogLocator(subs=steps))
        axes.yaxis.set_minor_formatter(NullFormatter())
        low, high = 10**low, 10**high
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formatting.number(value)))


def set_epochs(axes: Axes, epochs: int, first: int = 1) -> None:
    """Set limits and whole-numbered ticks of an x axis that counts epochs from `first`."""
    axes.set_xlim(first - 0.5, epochs + max(0.5, 0.02 * (epochs - first)))
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch")
    axes.grid(axis="y", color="#E8E8E8", linewidth=0.8)
    axes.set_axisbelow(True)
