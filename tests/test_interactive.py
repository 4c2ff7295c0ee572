import base64
import json

import numpy as np
import pytest

from goldilocks.plots import interactive
from goldilocks.plots.interactive import Curve


def curve(name="a", values=(3.0, 1.0, 2.0), training=(), trainings=(), best=2):
    return Curve(
        name=name,
        mean=np.array(values),
        training=np.array(training, float),
        trainings=trainings,
        best=best,
    )


def drawn(curves):
    """The figure, as JSON gives it to the page."""
    return json.loads(json.dumps(interactive.overlay(curves, ylabel="loss"), allow_nan=False))


def values(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_a_variant_is_its_mean_its_training_curve_its_trainings_and_a_dot_at_the_best_epoch():
    trainings = [np.array([4.0, 1.0, 1.0]), np.array([2.0, 1.0, 3.0])]
    [line] = drawn([curve(training=[2.0, 1.0, 0.5], trainings=trainings)])["curves"]
    assert values(line["mean"]).tolist() == [3, 1, 2]
    assert values(line["training"]).tolist() == [2, 1, 0.5]
    assert [values(text)[2] for text in line["trainings"]] == [1, 3]
    assert line["best"] == [2, 1.0]


def test_many_curves_are_drawn_only_in_part_at_first():
    lines = drawn([curve(str(number)) for number in range(40)])["curves"]
    shown = [int(line["name"]) for line in lines if not line["hidden"]]
    assert shown == [*range(10), *range(35, 40)]
    assert not any(line["hidden"] for line in drawn([curve()] * 30)["curves"])


def test_strokes_tell_24_curves_apart():
    lines = drawn([curve(str(number)) for number in range(24)])["curves"]
    assert len({(line["color"], str(line["dash"])) for line in lines}) == 24


def test_a_long_curve_is_thinned():
    figure = drawn([curve(values=np.arange(10_000.0), best=None)])
    line = values(figure["curves"][0]["mean"])
    assert (figure["epochs"], figure["step"], line.size, line[1]) == (10_000, 20, 500, 20.0)


def test_values_that_are_not_finite_are_gaps():
    [line] = drawn([curve(values=[np.inf, 1.0, np.nan])])["curves"]
    assert np.isnan(values(line["mean"])[[0, 2]]).all()


def test_the_worst_curve_does_not_press_the_others_flat():
    calm = [curve(values=[3.0, 2.0, 1.0])] * 5
    limits = drawn([*calm, curve(values=[3.0, 3e6, 9e9])])["limits"]
    assert limits["cut"]
    assert limits["high"] < 10


@pytest.mark.parametrize(("worst", "log"), [(12.0, False), (5000.0, True)])
def test_an_exploded_start_gets_a_logarithmic_axis(worst, log):
    limits = drawn([curve(values=[worst, 10.0, 9.0, 8.0])])["limits"]
    assert limits["log"] == log
    assert limits["low"] < 8 < worst < limits["high"]


def test_a_curve_without_a_finite_value_has_no_limits():
    assert drawn([curve(values=[np.nan], best=None)])["limits"] == {}
