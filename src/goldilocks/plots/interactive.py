"""Curves of many runs as one figure for a browser: zoom, hover, and a legend that hides and shows."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goldilocks.plots import scale, style

MANY = 30  # of more curves than this only the best and the worst are drawn at first
BEST, WORST = 10, 5
POINTS = 500  # of a curve at most; no screen shows more
POINTS_IN_ALL = 250_000  # of a figure: 1.3 megabytes
# of more points than this at first, WebGL: it starts slower, some browsers lack it, none prints it
BY_GPU = 20_000
DASHES = ("solid", "dash", "dot", "dashdot")
STROKES = [
    (color, dash) for dash in DASHES for color in style.PALETTE[:6]
]  # 24 that differ; no black: pages may be
WHOLE = 12  # epochs that each have a number on the axis
NAME = 48  # characters of a name in the legend


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The curve of a variant.

    Attributes:
        name: The variant's.
        mean: One value an epoch, float64 (epochs,); NaN where there is none.
        trainings: What it is the mean of, by what each is called; empty where it is one training.
        best: The best epoch, counted from 1; None where no value is finite.
    """

    name: str
    mean: np.ndarray
    trainings: dict[str, np.ndarray]
    best: int | None


def overlay(curves: list[Curve], *, ylabel: str) -> dict[str, Any]:
    """The figure as plotly's JSON has it: `data` and `layout`.

    Each curve has a dot at its best epoch; the trainings that it is the mean of are faint behind
    it. Of more than 30 curves the best 10 and the worst 5 are shown, the others when they are
    clicked in the legend.

    Args:
        curves: The best first.
        ylabel: What the values are.
    """
    most = max(
        20, min(POINTS, POINTS_IN_ALL // max(1, sum(1 + len(curve.trainings) for curve in curves)))
    )
    shown = curves[:BEST] + curves[-WORST:] if len(curves) > MANY else curves
    points = sum((1 + len(curve.trainings)) * min(curve.mean.size, most) for curve in shown)
    kind = "scattergl" if points > BY_GPU else "scatter"
    traces = []
    for place, curve in enumerate(curves):
        hidden = len(curves) > MANY and BEST <= place < len(curves) - WORST
        common = {
            "type": kind,
            "legendgroup": str(place),
            "visible": "legendonly" if hidden else True,
        }
        traces += [common | trace for trace in _traces(curve, STROKES[place % len(STROKES)], most)]
    return {"data": traces, "layout": _layout(curves, ylabel)}


def _traces(curve: Curve, stroke: tuple[str, str], most: int) -> list[dict[str, Any]]:
    """The faint lines of the trainings, the line of their mean, and the dot at its best epoch."""
    color, dash = stroke
    name = html.escape(style.shortened(curve.name, NAME))
    hover = f"%{{y:.4~g}} in epoch %{{x}}<extra>{name}</extra>"
    faint = {"mode": "lines", "opacity": 0.3, "line": {"color": color, "width": 1}}
    faint |= {"showlegend": False, "hoverinfo": "skip"}
    traces = [
        {"name": html.escape(told)} | faint | _points(values, most)
        for told, values in curve.trainings.items()
    ]
    mode = "lines+markers" if curve.mean.size == 1 else "lines"
    line = {
        "name": name,
        "mode": mode,
        "line": {"color": color, "width": 2, "dash": dash},
        "hovertemplate": hover,
    }
    traces.append(line | _points(curve.mean, most))
    if curve.best:
        marker = {"color": color, "size": 9, "line": {"color": "white", "width": 1.5}}
        dot = {
            "name": name,
            "mode": "markers",
            "marker": marker,
            "showlegend": False,
            "hovertemplate": f"best: {hover}",
        }
        traces.append(dot | {"x": [curve.best], "y": [float(curve.mean[curve.best - 1])]})
    return traces


def _points(values: np.ndarray, most: int) -> dict[str, Any]:
    """The coordinates of a curve, every so manieth of a long one; four bytes a value are enough for a screen."""
    step = -(-values.size // most)
    finite = np.where(np.isfinite(values), values, np.nan)[::step].astype("<f4")
    return {
        "x0": 1,
        "dx": step,
        "y": {"dtype": "f4", "bdata": base64.b64encode(finite.tobytes()).decode()},
    }


def _layout(curves: Sequence[Curve], ylabel: str) -> dict[str, Any]:
    every = {
        f"{place} {name}": values
        for place, curve in enumerate(curves)
        for name, values in _all(curve).items()
    }
    fitted, cut = scale.shared_scale(every, every)
    log = bool(fitted and fitted.log)
    buttons = [
        {
            "label": label,
            "method": "relayout",
            "args": [{"yaxis.type": kind, "yaxis.autorange": True}],
        }
        for label, kind in (("linear", "linear"), ("log", "log"))
    ]
    longest = max(curve.mean.size for curve in curves)
    xaxis: dict[str, Any] = {"title": {"text": "epoch"}, "zeroline": False}
    xaxis |= {"dtick": 1} if longest <= WHOLE else {}  # Else plotly would number half epochs.
    yaxis: dict[str, Any] = {
        "title": {"text": html.escape(ylabel)},
        "type": "log" if log else "linear",
    }
    if fitted:
        ends = np.array([fitted.low, fitted.high])
        ends = np.log10(ends) if log else ends
        room = 0.05 * (ends[1] - ends[0]) or 0.05 * (abs(ends[0]) or 1.0)
        yaxis |= {"range": [float(ends[0] - room), float(ends[1] + room)]}
    return {
        "template": "none",
        "height": 460,
        "margin": {"l": 64, "r": 16, "t": 44, "b": 48},
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13},
        "modebar": {"bgcolor": "rgba(0,0,0,0)"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "hoverlabel": {"namelength": -1},
        "xaxis": xaxis,
        "yaxis": yaxis | {"zeroline": False, "automargin": True},
        "legend": {"font": {"size": 12}, "itemsizing": "constant", "groupclick": "togglegroup"},
        "annotations": [_note("some values lie outside the axis; double-click to see them")] if cut else [],
        "updatemenus": [
            {
                "type": "buttons", "direction": "right", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom",
                "active": int(log), "buttons": buttons, "pad": {"t": 0, "b": 4}, "showactive": True,
            }
        ],
    }  # fmt: skip


def _note(text: str) -> dict[str, Any]:
    """A line of text above the plot, at its right end."""
    place = {
        "xref": "paper",
        "yref": "paper",
        "x": 1,
        "y": 1.01,
        "xanchor": "right",
        "yanchor": "bottom",
    }
    return place | {"text": text, "showarrow": False, "font": {"size": 12}}


def _all(curve: Curve) -> dict[str, np.ndarray]:
    return curve.trainings or {"": curve.mean}
