"""Curves of many runs as one figure for a browser: it zooms, and its legend hides and shows."""

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from goldilocks.plots import scale, style

MANY = 30  # of more curves than this only the best and the worst are drawn at first
BEST, WORST = 10, 5
POINTS = 500  # of a curve at most; no screen shows more
POINTS_IN_ALL = 250_000  # of a figure: 1.3 megabytes
DASHES = ("solid", "dash", "dot", "dashdot")
# 24 strokes that differ; no black: pages may be
STROKES = [(color, dash) for dash in DASHES for color in style.PALETTE[:6]]
WHOLE = 12  # epochs that each have a number on the axis
NAME = 48  # characters of a name in the legend


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The curve of a variant.

    Attributes:
        name: The variant's.
        mean: One value an epoch, float64 (epochs,); NaN where there is none.
        trainings: What it is the mean of, by their names; empty if it is one training.
        best: The best epoch, counted from 1; None if no value is finite.
    """

    name: str
    mean: np.ndarray
    trainings: dict[str, np.ndarray]
    best: int | None


def overlay(curves: list[Curve], *, ylabel: str) -> dict[str, Any]:
    """Return the figure as plotly's JSON has it: `data` and `layout`.

    Each curve has a dot at its best epoch; the trainings that it is the mean of are faint behind
    it. Of more than 30 curves the best 10 and the worst 5 are shown, the others when they are
    clicked in the legend.

    Args:
        curves: The best first.
        ylabel: What the values are.
    """
    lines = sum(1 + len(curve.trainings) for curve in curves)
    most = max(20, min(POINTS, POINTS_IN_ALL // lines))
    traces = []
    for rank, curve in enumerate(curves):
        common: dict[str, Any] = {"type": "scatter", "legendgroup": str(rank), "visible": True}
        if len(curves) > MANY and BEST <= rank < len(curves) - WORST:
            common["visible"] = "legendonly"
        traces += [common | trace for trace in _traces(curve, STROKES[rank % len(STROKES)], most)]
    return {"data": traces, "layout": _layout(curves, ylabel)}


def _traces(curve: Curve, stroke: tuple[str, str], most: int) -> list[dict[str, Any]]:
    """Return the faint lines of the trainings, the line of their mean, and its best epoch's dot."""
    color, dash = stroke
    name = html.escape(style.shortened(curve.name, NAME))
    hover = f"%{{y:.4~g}} in epoch %{{x}}<extra>{name}</extra>"
    traces = []
    for training, values in curve.trainings.items():
        faint = {
            "name": html.escape(training),
            "mode": "lines",
            "opacity": 0.3,
            "line": {"color": color, "width": 1},
            "showlegend": False,
            "hoverinfo": "skip",
        }
        traces.append(faint | _points(values, most))

    line = {
        "name": name,
        "mode": "lines+markers" if curve.mean.size == 1 else "lines",
        "line": {"color": color, "width": 2, "dash": dash},
        "hovertemplate": hover,
    }
    traces.append(line | _points(curve.mean, most))
    if curve.best:
        dot = {
            "name": name,
            "mode": "markers",
            "marker": {"color": color, "size": 9, "line": {"color": "white", "width": 1.5}},
            "showlegend": False,
            "hovertemplate": f"best: {hover}",
            "x": [curve.best],
            "y": [float(curve.mean[curve.best - 1])],
        }
        traces.append(dot)
    return traces


def _points(values: np.ndarray, most: int) -> dict[str, Any]:
    """Return a curve's coordinates, thinned to `most` points; a screen needs four bytes a value."""
    step = -(-values.size // most)
    finite = np.where(np.isfinite(values), values, np.nan)[::step].astype("<f4")
    return {
        "x0": 1,
        "dx": step,
        "y": {"dtype": "f4", "bdata": base64.b64encode(finite.tobytes()).decode()},
    }


def _layout(curves: Sequence[Curve], ylabel: str) -> dict[str, Any]:
    """Return the axes, the legend, and the buttons that change the scale."""
    template = resources.files("goldilocks.plots") / "plotly_layout.json"
    layout = json.loads(template.read_text(encoding="utf-8"))
    if max(curve.mean.size for curve in curves) <= WHOLE:
        layout["xaxis"]["dtick"] = 1  # Otherwise plotly would number half epochs.
    layout["yaxis"]["title"] = {"text": html.escape(ylabel)}

    drawn = [values for curve in curves for values in curve.trainings.values() or [curve.mean]]
    limits = scale.scale_of(drawn)
    if limits is not None:
        layout["yaxis"]["range"] = [limits.low, limits.high]
        layout["yaxis"]["type"] = "log" if limits.log else "linear"
        layout["updatemenus"][0]["active"] = int(limits.log)
    if limits is None or not limits.cut:
        del layout["annotations"]
    return layout
