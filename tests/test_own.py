import sys

import numpy as np
import pytest

from composition import CONF
from goldilocks.config import command_line, own
from goldilocks.errors import ConfigError, ProblemError
from goldilocks.evaluation import measures
from goldilocks.problem import OwnMetric, standard

SOURCE = """
def retention(y_true, y_pred):
    return y_true[y_pred[:, 0].argsort()[-5:]].mean()

def spread(y_true, y_pred):
    return y_pred.std()

def accuracy(y_true, y_pred):
    return 1.0

retention.greater_is_better = accuracy.greater_is_better = True
number = 3
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A folder with a module `ownmetrics` and a package `brokenmetrics`."""
    (tmp_path / "ownmetrics.py").write_text(SOURCE)
    (tmp_path / "brokenmetrics").mkdir()
    (tmp_path / "brokenmetrics" / "__init__.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("ownmetrics", "brokenmetrics"):
        sys.modules.pop(name, None)


def settings(*words):
    return command_line.compose_settings(["dataset=imdb", *words], CONF)


def test_a_metric_of_ones_own_can_be_measured_and_monitored_by_its_name():
    words = ["own=[ownmetrics]", "problem.metrics=[ownmetrics.retention,auc]"]
    composed = settings(*words, "trainer.monitor=val_retention")
    problem = composed.problem("binary")
    assert problem.metrics == ("retention", "auc")
    assert measures.find(problem, "val_retention").greater_is_better
    assert measures.find(problem, "auc") is measures.get("auc")
    assert composed.packages == ["ownmetrics"]
    assert settings("own=[ownmetrics]").packages == ()


@pytest.mark.parametrize(
    ("packages", "metric", "sentence"),
    [
        ("", "ownmetrics.retention", r"own does not list ownmetrics; .* add \"own=\[ownmetrics\]\""),
        ("brokenmetrics", "brokenmetrics.x", r"cannot be imported: ZeroDivisionError: division by"),
        ("absentmetrics", "absentmetrics.x", r"cannot be imported: ModuleNotFoundError: No module"),
        ("ownmetrics", "ownmetrics.retentoin", r"no function retentoin; .* Did you mean ownmetrics\.r"),
        ("ownmetrics", "ownmetrics.number", r"ownmetrics has no function number"),
        ("ownmetrics", "ownmetrics.spread", r"write below the function: spread\.greater_is_better ="),
        ("ownmetrics", "ownmetrics.accuracy", r"val_accuracy is or may be the name of another value"),
        ("ownmetrics", "retention", r"or a function of your own such as mypackage\.retention"),
    ],
)  # fmt: skip
def test_a_metric_that_cannot_be_taken_is_a_sentence(packages, metric, sentence):
    with pytest.raises(ConfigError, match=sentence):
        settings(f"own=[{packages}]", f"problem.metrics=[{metric}]")


def test_a_name_that_two_functions_have_is_refused(project):
    (project / "second.py").write_text(SOURCE)
    tree = {
        "own": ["ownmetrics", "second"],
        "problem": {"metrics": ["ownmetrics.retention", "second.retention"]},
    }
    with pytest.raises(ProblemError, match="val_retention is or may be the name of another value"):
        own.metrics(tree)


def scored(function, truth, predictions, type="binary", *, greater_is_better=True):
    measure = measures.own(OwnMetric("own.metric", function, greater_is_better))
    return measure.score(standard(type), np.array(truth), np.array(predictions, "float32"))


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda y, p: {}["x"], r"failed, given y_true \(2, 1\) and y_pred \(2, 1\): KeyError: 'x'"),
        (lambda y, p: np.nan, "returned nan, .* expected a finite number"),
        (lambda y, p: p[:, 0], r"returned an array of shape \(2,\), .* expected a finite number"),
        (lambda y, p: "good", "returned 'good', .* expected a finite number"),
        (lambda y, p: None, "returned None, .* expected a finite number"),
        (lambda y, p: p.sort(), "ValueError: sort array is read-only"),
    ],
)
def test_a_function_that_returns_no_number_is_a_sentence(function, sentence):
    with pytest.raises(ProblemError, match=sentence):
        scored(function, [[0.0], [1.0]], [[0.25], [0.5]])


def test_targets_are_integers_of_classes_and_numbers_of_regressions():
    given = []

    def metric(y_true, y_pred):
        given.append((y_true.dtype.kind, y_true.shape))
        return 1

    assert scored(metric, [[0.0], [1.0]], [[0.2], [0.5]]) == 1.0
    scored(metric, [[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.8], [0.5, 0.5]], "multiclass")
    scored(metric, [1, 0], [[0.2, 0.8], [0.5, 0.5]], "multiclass")
    scored(metric, [[0.0, 1.0]], [[0.2, 0.8]], "multilabel")
    scored(metric, [[0.5]], [[0.2]], "regression")
    assert given == [("i", (2, 1)), ("i", (2,)), ("i", (2,)), ("i", (1, 2)), ("f", (1, 1))]


def test_no_constant_of_ours_beats_the_best_constant_of_a_measure_of_ones_own():
    def cost(y_true, y_pred):  # Too little is four times as bad: the best constant is a quantile.
        errors = y_true - y_pred
        return np.where(errors > 0, 4 * errors, -errors).mean()

    problem, truth = standard("regression"), np.random.default_rng(0).exponential(size=(400, 1))
    measure = measures.own(OwnMetric("own.cost", cost, False))
    constant = measure.best_constant(problem, truth, 1)
    assert constant == pytest.approx(np.quantile(truth, 0.8), rel=1e-6)

    rare = (np.arange(100) < 5).astype("float32")[:, np.newaxis]
    measure = measures.own(OwnMetric("own.yes", lambda y, p: (p > 0.5).mean(), False))
    assert measure.best_constant(standard("binary"), rare, 1) < 0.5
