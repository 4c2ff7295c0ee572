import numpy as np
import pytest
from sklearn import metrics

from goldilocks.evaluation import probabilities
from goldilocks.plots import probabilities as plots
from goldilocks.problem import standard

GENERATOR = np.random.default_rng(0)
RARE = GENERATOR.beta(0.2, 4, 4000).astype("float32")  # of which one in twenty is so
Y = (GENERATOR.random(4000) < RARE).astype("float32")
BINARY, MULTICLASS = standard("binary"), standard("multiclass")


def test_probabilities_that_hold_have_the_error_that_chance_gives():
    errors = []
    for seed in range(200):
        y = np.random.default_rng(seed).random(4000) < RARE
        held = probabilities.calibration(BINARY, y, RARE[:, None])
        errors.append(held.error)
    assert np.mean(errors) == pytest.approx(held.by_chance, rel=0.1)


def test_the_calibration_error_is_the_distance_of_probability_and_share():
    held = probabilities.calibration(BINARY, Y, np.full((4000, 1), 0.3, "float32"))
    assert held.rows.sum() == 4000
    assert held.predicted == pytest.approx(np.full(10, 0.3))
    assert held.error == pytest.approx(np.mean(np.abs(held.observed - 0.3)))
    assert np.average(held.observed, weights=held.rows) == pytest.approx(Y.mean())


def test_of_several_classes_the_predicted_ones_probability_must_hold():
    predictions = np.tile(np.array([0.1, 0.8, 0.1], "float32"), (50, 1))
    y = np.r_[np.ones(40, int), np.zeros(10, int)]
    held = probabilities.calibration(MULTICLASS, y[GENERATOR.permutation(50)], predictions)
    assert np.average(held.observed, weights=held.rows) == pytest.approx(0.8)


def test_two_classes_have_one_curve_whose_areas_are_scikit_learns():
    [curve] = probabilities.curves(BINARY, ("no", "yes"), Y, RARE[:, None], most=7)
    assert (curve.name, curve.share) == ("yes", pytest.approx(Y.mean()))
    assert curve.auc == pytest.approx(metrics.roc_auc_score(Y, RARE))
    assert curve.average_precision == pytest.approx(metrics.average_precision_score(Y, RARE))


def test_of_several_classes_the_rarest_have_curves_and_those_without_rows_none():
    y = GENERATOR.choice(3, 400, p=[0.6, 0.1, 0.3])
    predictions = GENERATOR.dirichlet(np.ones(4), 400)
    curves = probabilities.curves(MULTICLASS, tuple("abcd"), y, predictions, most=2)
    assert [curve.name for curve in curves] == ["b", "c"]


def test_curves_and_calibration_are_drawn(tmp_path):
    curves = probabilities.curves(BINARY, ("no", "yes"), Y, RARE[:, None], most=7)
    figure = plots.precision_recall_roc(curves, {"no": (1, 0.9), "yes": (0.2, 0.5)}, title="rare")
    dot = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([0.2], [0.5])
    plots.style.save(figure, tmp_path / "curves.png")
    held = probabilities.calibration(BINARY, Y, RARE[:, None])
    plots.style.save(plots.calibration(held, of="yes"), tmp_path / "calibration.png")
    assert plots.precision_recall_roc([], {}, title="one class alone").axes == []
