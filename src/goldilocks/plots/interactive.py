"""Curves of many runs as one figure for a browser: it zooms, and its legend hides and shows.

The numbers alone are made here; `report/templates/page.js` draws them with uPlot.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goldilocks.plots import scale, style

MANY = 30  # of more curves than this only the best and the worst are drawn at first
BEST, WORST = 10, 5
POINTS = 500  # of a curve at most; no screen shows more
POINTS_IN_ALL = 150_000  # of a figure: 0.8 megabytes
DASHES = ([], [8, 4], [2, 3], [8, 3, 2, 3])  # pixels drawn and left out
# 24 strokes that differ; no black: pages may be
STROKES = [(color, dash) for dash in DASHES for color in style.PALETTE[:6]]
NAME = 60  # characters of a name in the legend


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The curve of a variant.

    Attributes:
        name: What sets the variant apart.
        mean: Of the validation rows, one value an epoch, float64 (epochs,); NaN where there is
            none.
        training: The same of the training rows; empty where it was not logged.
        trainings: What `mean` is the mean of; empty if it is one training.
        best: The best epoch, counted from 1; None if no value is finite.
    """

    name: str
    mean: np.ndarray
    training: np.ndarray
    trainings: Sequence[np.ndarray]
    best: int | None


def overlay(curves: Sequence[Curve], *, ylabel: str) -> dict[str, Any]:
    """Return the figure as `page.js` takes it, of values that JSON can hold.

    Of more than 30 curves the best 10 and the worst 5 are shown at first.

    Args:
        curves: The best first.
        ylabel: What the values are.
    """
    epochs = max(max(curve.mean.size, curve.training.size) for curve in curves)
    lines = sum(2 + len(curve.trainings) for curve in curves)
    step = -(-epochs // max(20, min(POINTS, POINTS_IN_ALL // lines)))
    drawn = [values for curve in curves for values in curve.trainings or [curve.mean]]
    drawn += [curve.training for curve in curves if curve.training.size]
    return {
        "ylabel": ylabel,
        "epochs": epochs,
        "step": step,
        "limits": _limits(scale.scale_of(drawn)),
        "curves": [
            _curve(curve, STROKES[rank % len(STROKES)], step)
            | {"hidden": len(curves) > MANY and BEST <= rank < len(curves) - WORST}
            for rank, curve in enumerate(curves)
        ],
    }


def _limits(limits: scale.Scale | None) -> dict[str, Any]:
    """Return the range of the y axis in its unit; {} where no value is finite."""
    if limits is None:
        return {}
    low, high = limits.low, limits.high
    if limits.log:
        low, high = 10**low, 10**high
    return {"low": low, "high": high, "log": limits.log, "cut": limits.cut}


def _curve(curve: Curve, stroke: tuple[str, Sequence[int]], step: int) -> dict[str, Any]:
    """Return the lines of a variant, and the dot at its best epoch."""
    color, dash = stroke
    best = None
    if curve.best:
        best = [curve.best, float(curve.mean[curve.best - 1])]
    return {
        "name": style.shortened(curve.name, NAME),
        "color": color,
        "dash": dash,
        "best": best,
        "mean": _values(curve.mean, step),
        "training": _values(curve.training, step),
        "trainings": [_values(values, step) for values in curve.trainings],
    }


def _values(values: np.ndarray, step: int) -> str:
    """Return every so many values of a curve in base64; a screen needs four bytes a value."""
    finite = np.where(np.isfinite(values), values, np.nan)[::step].astype("<f4")
    return base64.b64encode(finite.tobytes()).decode()
