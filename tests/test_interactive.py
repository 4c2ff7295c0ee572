import base64

import numpy as np
import plotly.graph_objects as go
import pytest

from goldilocks.plots import interactive
from goldilocks.plots.interactive import Curve


def curve(name="a", values=(3.0, 1.0, 2.0), trainings=None, best=2):
    return Curve(name=name, mean=np.array(values), trainings=trainings or {}, best=best)


def drawn(curves):
    figure = interactive.overlay(curves, ylabel="val_loss")
    go.Figure(figure)  # Plotly checks every name and value.
    return figure


def values(trace):
    return np.frombuffer(base64.b64decode(trace["y"]["bdata"]), "<f4")


def test_a_variant_is_its_mean_its_faint_trainings_and_a_dot_at_the_best_epoch():
    trainings = {"seed 0": np.array([4.0, 1.0, 1.0]), "seed 1": np.array([2.0, 1.0, 3.0])}
    faint, other, mean, dot = drawn([curve(trainings=trainings)])["data"]
    assert (faint["opacity"], other["name"], faint["showlegend"]) == (0.3, "seed 1", False)
    assert values(mean).tolist() == [3, 1, 2]
    assert (dot["x"], dot["y"]) == ([2], [1.0])
    assert {trace["legendgroup"] for trace in (faint, other, mean, dot)} == {"0"}


def test_many_curves_are_drawn_only_in_part_at_first():
    data = drawn([curve(str(number)) for number in range(40)])["data"]
    shown = [
        int(trace["name"])
        for trace in data
        if trace["visible"] is True and trace["mode"] == "lines"
    ]
    assert shown == [*range(10), *range(35, 40)]
    assert all(
        trace["visible"] is True
        for trace in drawn([curve(str(number)) for number in range(30)])["data"]
    )


def test_a_long_curve_is_thinned():
    line = drawn([curve(values=np.arange(10_000.0), best=None)])["data"][0]
    assert (line["dx"], values(line).size, values(line)[1]) == (20, 500, 20.0)


def test_values_that_are_not_finite_are_gaps():
    line = drawn([curve(values=[np.inf, 1.0, np.nan])])["data"][0]
    assert np.isnan(values(line)[[0, 2]]).all()


def test_names_are_escaped():
    for trace in drawn([curve("<b onclick=x>&")])["data"]:
        assert "<b" not in trace["name"] + trace["hovertemplate"]


@pytest.mark.parametrize(("worst", "kind"), [(12.0, "linear"), (5000.0, "log")])
def test_an_exploded_start_gets_a_logarithmic_axis_and_buttons_change_it(worst, kind):
    layout = drawn([curve(values=[worst, 10.0, 9.0, 8.0])])["layout"]
    assert layout["yaxis"]["type"] == kind
    labels = [button["label"] for button in layout["updatemenus"][0]["buttons"]]
    assert labels[layout["updatemenus"][0]["active"]] == kind
