import dataclasses

import numpy as np
import pytest
from sklearn import metrics as sklearn

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.naive import LAST_VALUE
from goldilocks.encoding.targets import check_targets, count_outputs, encode_targets, target_prior
from goldilocks.errors import DataError
from goldilocks.evaluation import scores as evaluation
from goldilocks.evaluation.baseline import (
    baseline_predictions,
    baseline_scores,
    beats,
    deciding_metric,
)
from goldilocks.problem import Problem, resolve

AUTO = {
    "type": "auto",
    "last_activation": "auto",
    "loss": "auto",
    "metrics": "auto",
    "standardize": "auto",
    "log_target": False,
    "class_weight": "none",
    "threshold": None,
    "cost": None,
    "override": False,
}
RANDOM = np.random.default_rng(0)


def problem(type: str, **settings) -> Problem:
    return resolve(type, **{**AUTO, **settings})


def column(*values):
    return np.array(values, "float32")[:, None]


def a_dataset(type, y, classes=()):
    facts = {"name": "toy", "kind": "table", "source": "stand_in", "location": "", "digest": ""}
    return Dataset(problem=type, x=np.zeros((len(y), 1)), y=y, classes=classes, **facts)


@pytest.mark.parametrize(
    ("type", "y", "classes", "outputs"),
    [
        ("binary", np.zeros(4, "float32"), ("a", "b"), 1),
        ("multiclass", np.zeros(4, "int64"), ("a", "b", "c"), 3),
        ("multilabel", np.zeros((4, 5), "float32"), tuple("abcde"), 5),
        ("regression", np.zeros(4, "float32"), (), 1),
        ("regression", np.zeros((4, 2), "float32"), (), 2),
        ("unit_regression", np.zeros(4, "float32"), (), 1),
    ],
)
def test_a_prediction_has_a_number_for_each_output(type, y, classes, outputs):
    assert count_outputs(problem(type), a_dataset(type, y, classes)) == outputs


def test_targets_suit_the_loss():
    classes = np.array([2, 0, 1])
    sparse = encode_targets(problem("multiclass"), 3, classes)
    assert sparse.dtype == np.int64
    assert sparse.tolist() == [2, 0, 1]
    hot = encode_targets(problem("multiclass", loss="categorical_crossentropy"), 4, classes)
    assert hot.dtype == np.float32
    assert hot.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]
    assert encode_targets(problem("regression"), 1, np.array([1.5, 2])).tolist() == [[1.5], [2]]
    assert encode_targets(problem("binary"), 1, np.array([1.0, 0])).dtype == np.float32
    assert encode_targets(problem("multilabel"), 2, np.eye(2)).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("type", "outputs", "y", "prior"),
    [
        ("binary", 1, np.array([1, 0, 0, 0], "float32"), [0.25]),
        ("multiclass", 4, np.array([0, 2, 2, 1]), [0.25, 0.25, 0.5, 0]),
        ("multilabel", 2, np.array([[1, 0], [1, 1]], "float32"), [1, 0.5]),
        ("regression", 1, np.array([1, 2, 6], "float32"), [3]),
        ("unit_regression", 1, np.array([0.25, 0.75], "float32"), [0.5]),
    ],
)
def test_the_prior_is_the_class_frequencies_or_the_mean(type, outputs, y, prior):
    result = target_prior(problem(type), outputs, y)
    assert result.dtype == np.float32
    assert result.tolist() == prior


def test_binary_scores():
    y = RANDOM.integers(0, 2, 50).astype("float32")
    predictions = RANDOM.uniform(0.01, 0.99, (50, 1)).astype("float32")
    scores = evaluation.scores(
        problem("binary"), encode_targets(problem("binary"), 1, y), predictions
    )
    assert scores == pytest.approx(
        {
            "loss": sklearn.log_loss(y, predictions[:, 0]),
            "accuracy": sklearn.accuracy_score(y, predictions[:, 0] > 0.5),
        },
        rel=1e-4,
    )


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_multiclass_scores(loss):
    y = RANDOM.integers(0, 3, 50)
    predictions = RANDOM.dirichlet(np.ones(3), 50).astype("float32").clip(1e-4)
    predictions /= predictions.sum(axis=1, keepdims=True)
    multiclass = problem("multiclass", loss=loss)
    scores = evaluation.scores(multiclass, encode_targets(multiclass, 3, y), predictions)
    expected = {
        "loss": sklearn.log_loss(y, predictions),
        "accuracy": sklearn.accuracy_score(y, predictions.argmax(axis=1)),
    }
    assert scores == pytest.approx(expected, rel=1e-4)


def test_multilabel_scores():
    y = RANDOM.integers(0, 2, (50, 4)).astype("float32")
    predictions = RANDOM.uniform(0.01, 0.99, (50, 4)).astype("float32")
    assert evaluation.scores(problem("multilabel"), y, predictions) == pytest.approx(
        {
            "loss": np.mean(
                [sklearn.log_loss(y[:, label], predictions[:, label]) for label in range(4)]
            ),
            "average_precision": sklearn.average_precision_score(y, predictions),
        },
        rel=1e-4,
    )


@pytest.mark.parametrize("type", ["regression", "unit_regression"])
@pytest.mark.parametrize("columns", [1, 3])
def test_regression_scores(type, columns):
    y = RANDOM.uniform(size=(50, columns)).astype("float32")
    predictions = RANDOM.uniform(size=(50, columns)).astype("float32")
    scores = evaluation.scores(
        problem(type), encode_targets(problem(type), columns, y), predictions
    )
    expected = {
        "loss": sklearn.mean_squared_error(y, predictions),
        "mae": sklearn.mean_absolute_error(y, predictions),
    }
    assert scores == pytest.approx(expected, rel=1e-4)


def test_every_metric_of_the_problem_is_computed():
    binary = problem("binary", metrics=["auc", "accuracy", "precision"])
    scores = evaluation.scores(binary, column(0, 1, 1, 0), column(0.6, 0.9, 0.8, 0.1))
    assert list(scores) == ["loss", "auc", "accuracy", "precision"]
    assert scores["accuracy"] == pytest.approx(3 / 4)
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["auc"] == pytest.approx(1, abs=0.01)


def test_predictions_that_are_not_finite_have_no_metric():
    binary = problem("binary", metrics=["auc", "accuracy"])
    scores = evaluation.scores(binary, column(0, 1), column(0.5, np.nan))
    assert np.isnan(list(scores.values())).all()


@pytest.mark.parametrize(
    ("type", "y", "words"),
    [
        ("binary", np.array([0, 1, 2], "int64"), "targets are one column of 0 and 1"),
        ("multilabel", np.array([0, 1, 1], "float32"), "targets are several columns of 0 and 1"),
        ("multiclass", np.array([0.5, 1, 3], "float32"), "targets are classes; .* from 0.5 to 3"),
        ("unit_regression", np.array([0.5, 1, 3], "float32"), "targets are numbers from 0 to 1"),
    ],
)
def test_a_type_that_the_targets_cannot_have_is_refused(type, y, words):
    with pytest.raises(DataError, match=words):
        check_targets(problem(type), a_dataset("regression", y), ())
    check_targets(problem("binary"), a_dataset("regression", np.array([0.0, 1.0])), ())


def test_a_measure_of_queries_needs_queries_and_gains_from_0():
    y = np.array([0.5, 1, 3], "float32")
    ranking = problem("regression", metrics=["ndcg", "mae"])
    with pytest.raises(
        DataError, match=r"ndcg, of rows that are ranked .+ dataset\.query names no"
    ):
        check_targets(ranking, a_dataset("regression", y), ())
    ranked = dataclasses.replace(a_dataset("regression", y - 1), query="q", groups=np.zeros(3))
    with pytest.raises(DataError, match=r"ndcg, and the targets begin at -0\.5; expected one"):
        check_targets(ranking, ranked, ())


def test_the_baseline_is_the_best_constant_of_each_measure():
    y = np.array([1, 1, 0, 1], "float32")
    binary = problem("binary", metrics=["accuracy", "auc", "f1_score", "recall"])
    scores = baseline_scores(binary, a_dataset("binary", y, ("a", "b")), np.arange(4))
    entropy = -(3 * np.log(0.75) + np.log(0.25)) / 4
    assert scores == pytest.approx(
        {"loss": entropy, "accuracy": 0.75, "auc": 0.5, "f1_score": 6 / 7, "recall": 1}
    )

    y = np.array([1, 2, 6, 100], "float32")
    scores = baseline_scores(problem("regression"), a_dataset("regression", y), np.arange(3))
    assert scores == pytest.approx({"loss": (4 + 1 + 9) / 3, "mae": (1 + 0 + 4) / 3})


def test_the_baseline_of_a_series_is_the_best_naive_forecast_or_constant():
    last = np.array([1.0, 2.0, 3.0], "float32")
    y = np.array([1.0, 2.5, 4.0], "float32")
    naive = {LAST_VALUE: last[:, np.newaxis]}
    data = dataclasses.replace(a_dataset("regression", y), naive=naive)
    rows = np.array([2, 0])
    regression = problem("regression")
    assert baseline_predictions(regression, data, rows, "mae").tolist() == [[3.0], [1.0]]
    naive = {LAST_VALUE: last[:, np.newaxis] + 50, "a day before": y[:, np.newaxis] + 0.125}
    misleading = dataclasses.replace(data, naive=naive)
    assert baseline_predictions(regression, misleading, rows, "mae").tolist() == [[4.125], [1.125]]
    del naive["a day before"]
    assert baseline_predictions(regression, misleading, rows, "mae").tolist() == [[2.5], [2.5]]


def test_the_loss_decides_where_a_constant_has_the_best_score_that_can_be():
    binary = problem("binary", metrics=["recall"])
    baseline = {"loss": 0.5, "recall": 1.0}
    assert deciding_metric(binary, baseline) == "loss"
    assert beats(binary, {"loss": 0.4, "recall": 1.0}, baseline)
    assert not beats(binary, {"loss": 0.6, "recall": 1.0}, baseline)
    assert deciding_metric(problem("binary"), {"loss": 0.5, "accuracy": 0.9}) == "accuracy"


def test_the_mean_of_trainings_that_score_as_the_baseline_does_not_beat_it():
    baseline = {"loss": 0.5, "accuracy": 590 / 750}
    mean = (586 / 750 + 590 / 750 + 594 / 750) / 3
    assert not beats(problem("binary"), {"loss": 0.4, "accuracy": mean}, baseline)
    assert not beats(problem("binary"), {"loss": 0.4, "accuracy": mean + 1e-12}, baseline)
    assert beats(problem("binary"), {"loss": 0.4, "accuracy": 591 / 750}, baseline)


@pytest.mark.parametrize(
    ("type", "reached", "baseline", "better"),
    [
        ("binary", {"accuracy": 0.6}, {"accuracy": 0.5}, True),
        ("binary", {"accuracy": 0.5}, {"accuracy": 0.5}, False),
        ("binary", {"accuracy": 0.4}, {"accuracy": 0.5}, False),
        ("regression", {"mae": 2.0}, {"mae": 3.0}, True),
        ("regression", {"mae": 3.0}, {"mae": 3.0}, False),
        ("regression", {"mae": 4.0}, {"mae": 3.0}, False),
        ("binary", {"accuracy": float("nan")}, {"accuracy": 0.5}, False),
        ("regression", {"mae": float("nan")}, {"mae": 3.0}, False),
    ],
)
def test_only_a_better_score_beats_the_baseline(type, reached, baseline, better):
    assert beats(problem(type), reached, baseline) is better


def test_predictions_become_classes():
    assert evaluation.decided(problem("binary"), column(0.2, 0.5, 0.51)).tolist() == [0, 0, 1]
    predictions = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    assert evaluation.decided(problem("multiclass"), predictions).tolist() == [1, 0]
    assert evaluation.decided(
        problem("multilabel"), np.array([[0.9, 0.5], [0.1, 0.6]])
    ).tolist() == [[1, 0], [0, 1]]


def test_what_is_predicted_lies_above_its_threshold():
    chosen = dataclasses.replace(problem("multilabel"), thresholds=(0.2, 0.6))
    predictions = np.array([[0.2, 0.61], [0.3, 0.6]])
    assert evaluation.decided(chosen, predictions).tolist() == [[0, 1], [1, 0]]
    wrong = evaluation.worst(chosen, np.array([[0, 0], [1, 0]]), predictions, most=2)
    assert wrong.rows.tolist() == [0]

    binary = dataclasses.replace(problem("binary"), thresholds=(0.125,))
    assert evaluation.decided(binary, column(0.125, 0.25)).tolist() == [0, 1]
    wrong = evaluation.worst(binary, np.array([1, 0]), column(0.125, 0.25), most=2)
    assert wrong.sizes.tolist() == pytest.approx([0.875, 0.25])  # Of the class that was predicted.


def test_an_answer_is_a_class_or_the_number():
    assert evaluation.answers(problem("binary"), column(0.2, 0.8)).tolist() == [0, 1]
    for type in ("regression", "unit_regression"):
        assert evaluation.answers(problem(type), column(0.25, 0.75)).tolist() == [[0.25], [0.75]]


@pytest.mark.parametrize(
    ("type", "y", "predictions", "rows", "sizes"),
    [
        # The wrong class, most confidently; row 3 is right, however certain.
        ("binary", np.array([1, 0, 1, 0]), column(0.4, 0.9, 0.05, 0.01), [2, 1], [0.95, 0.9]),
        (
            "multiclass",
            np.array([0, 1, 2]),
            np.array([[0.4, 0.6, 0.0], [0.1, 0.8, 0.1], [0.9, 0.0, 0.1]]),
            [2, 0],
            [0.9, 0.6],
        ),
        (
            "multilabel",
            np.array([[1, 0], [1, 0], [0, 1]]),
            np.array([[0.9, 0.2], [0.3, 0.1], [0.8, 0.9]]),
            [2, 1],
            [0.8, 0.7],
        ),
        ("regression", np.array([1.0, 2, 3]), column(1.5, -2, 3), [1, 0], [4, 0.5]),
        ("unit_regression", np.array([0.25, 1]), column(0.5, 0.25), [1, 0], [0.75, 0.25]),
    ],
)
def test_the_worst_rows_come_first(type, y, predictions, rows, sizes):
    result = evaluation.worst(problem(type), y, predictions, most=2)
    assert result.rows.tolist() == rows
    assert result.sizes == pytest.approx(sizes)
    assert evaluation.worst(problem(type), y, predictions, most=1).rows.tolist() == rows[:1]


def test_of_several_numbers_the_most_wrong_one_counts_in_deviations():
    y, predictions = np.array([[1.0, 100], [2, 200]]), np.array([[3.0, 110], [2.5, 250]])
    plain = evaluation.worst(problem("regression"), y, predictions, most=2)
    assert (plain.rows.tolist(), plain.sizes.tolist()) == ([1, 0], [50, 10])
    scaled = dataclasses.replace(problem("regression"), scale=(0.5, 100))
    result = evaluation.worst(scaled, y, predictions, most=2)
    assert (result.rows.tolist(), result.sizes.tolist()) == ([0, 1], [4, 1])
    assert result.outputs.tolist() == [0, 0]
    assert plain.outputs.tolist() == [1, 1]


def test_the_worst_of_several_labels_is_known():
    y, predictions = np.array([[0, 1], [1, 0]]), np.array([[0.6, 0.1], [0.2, 0.3]])
    assert evaluation.worst(problem("multilabel"), y, predictions, most=2).outputs.tolist() == [
        1,
        0,
    ]


def test_without_a_wrong_class_there_is_no_worst():
    assert (
        len(evaluation.worst(problem("binary"), np.array([1, 0]), column(0.9, 0.1), most=5).rows)
        == 0
    )
