"""Curves of many runs as one figure for a browser: zoom, hover, and a legend that hides and shows."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goldilocks.plots import scale, style

MANY = 30  # of more curves than this only the best and the worst are drawn at first
BEST, WORST = 10, 5
POINTS = 500  # of a curve at most; no screen shows more
POINTS_IN_ALL = 250_000  # of a figure: 1.3 megabytes
BY_GPU = 60  # of more curves than this the browser draws with WebGL, which some lack and none prints as sharply
DASHES = ("solid", "dash", "dot", "dashdot")
STROKES = [(color, dash) for dash in DASHES for color in style.PALETTE[:6]]  # 24 that differ; no black: pages may be
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


def overlay(curves: Sequence[Curve], *, ylabel: str) -> dict[str, Any]:
    """The figure as plotly's JSON has it: `data` and `layout`.

    Each curve has a dot at its best epoch; the trainings that it is the mean of are faint behind it. Of more than 30
    curves the best 10 and the worst 5 are shown, the others when they are clicked in the legend.

    Args:
        curves: The best first.
        ylabel: What the values are.
    """
    import plotly.graph_objects as go  # Takes half a second to import.

    lines = sum(1 + len(curve.trainings) for curve in curves)
    kind = go.Scattergl if lines > BY_GPU else go.Scatter
    most = max(20, min(POINTS, POINTS_IN_ALL // max(1, lines)))
    traces = []
    for place, curve in enumerate(curves):
        color, dash = STROKES[place % len(STROKES)]
        hidden = len(curves) > MANY and BEST <= place < len(curves) - WORST
        name = html.escape(style.shortened(curve.name, NAME))
        common = {"legendgroup": str(place), "visible": "legendonly" if hidden else True}
        for told, values in curve.trainings.items():
            label = html.escape(told)
            line = {"color": color, "width": 1}
            how = {"mode": "lines", "opacity": 0.3, "line": line, "showlegend": False, "hoverinfo": "skip"}
            traces.append(kind(**_points(values, most), name=label, **how, **common))
        hover = f"%{{y:.4~g}} in epoch %{{x}}<extra>{name}</extra>"
        single = "lines+markers" if curve.mean.size == 1 else "lines"
        line = {"color": color, "width": 2, "dash": dash}
        traces.append(
            kind(**_points(curve.mean, most), name=name, mode=single, line=line, hovertemplate=hover, **common)
        )
        if curve.best:
            dot = {"x": [curve.best], "y": np.float32(curve.mean[[curve.best - 1]])}
            marker = {"color": color, "size": 9, "line": {"color": "white", "width": 1.5}}
            hover = f"best: %{{y:.4~g}} in epoch %{{x}}<extra>{name}</extra>"
            look = {"mode": "markers", "marker": marker, "showlegend": False, "hovertemplate": hover}
            traces.append(kind(**dot, name=name, **look, **common))
    figure = go.Figure(traces, _layout(curves, ylabel))
    return json.loads(figure.to_json() or "{}")


def _points(values: np.ndarray, most: int) -> dict[str, Any]:
    """The coordinates of a curve, every so manieth of a long one; four bytes a value are enough for a screen."""
    step = -(-values.size // most)
    finite = np.where(np.isfinite(values), values, np.nan)
    return {"x0": 1, "dx": step, "y": finite[::step].astype(np.float32)}


def _layout(curves: Sequence[Curve], ylabel: str) -> dict[str, Any]:
    every = {f"{place} {name}": values for place, curve in enumerate(curves) for name, values in _all(curve).items()}
    fitted, _ = scale.shared_scale(every, every)
    log = bool(fitted and fitted.log)
    buttons = [
        {"label": label, "method": "relayout", "args": [{"yaxis.type": kind, "yaxis.autorange": True}]}
        for label, kind in (("linear", "linear"), ("log", "log"))
    ]
    yaxis: dict[str, Any] = {"title": {"text": html.escape(ylabel)}, "type": "log" if log else "linear"}
    if fitted:
        ends = np.array([fitted.low, fitted.high])
        ends = np.log10(ends) if log else ends
        room = 0.05 * (ends[1] - ends[0]) or 0.05 * (abs(ends[0]) or 1.0)
        yaxis |= {"range": [float(ends[0] - room), float(ends[1] + room)]}
    return {
        "template": "none",
        "height": 460,
        "margin": {"l": 64, "r": 16, "t": 44, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "hoverlabel": {"namelength": -1},
        "xaxis": {"title": {"text": "epoch"}, "zeroline": False, "rangemode": "tozero"},
        "yaxis": yaxis | {"zeroline": False, "automargin": True},
        "legend": {"font": {"size": 12}, "itemsizing": "constant", "groupclick": "togglegroup"},
        "updatemenus": [
            {
                "type": "buttons", "direction": "right", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom",
                "active": int(log), "buttons": buttons, "pad": {"t": 0, "b": 4}, "showactive": True,
            }
        ],
    }  # fmt: skip


def _all(curve: Curve) -> dict[str, np.ndarray]:
    return curve.trainings or {"": curve.mean}
