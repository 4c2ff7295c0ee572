import dataclasses
import math

import numpy as np
import pytest
from scipy import optimize
from sklearn import metrics as sklearn

from goldilocks.encoding.targets import encode_targets
from goldilocks.evaluation import measures
from goldilocks.problem import OF_QUERIES, PROBLEMS, Problem, standard

ROWS = 300
NUMBERS = ("regression", "unit_regression")


def drawn(type: str, *, outputs: int = 1) -> tuple[Problem, np.ndarray, np.ndarray]:
    """Return a problem, targets and predictions that know something of them."""
    random = np.random.default_rng(0)
    problem = standard(type)
    if type == "multiclass":
        classes = random.choice(7, ROWS, p=[0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02])
        logits = random.normal(size=(ROWS, 7)) + 2 * np.eye(7)[classes]
        predictions = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return problem, classes, predictions.astype("float32")
    if type in NUMBERS:
        truth = random.uniform(0.1, 1, (ROWS, outputs)).astype("float32")
        noise = random.normal(0, 0.1, truth.shape)
        return problem, truth, np.clip(truth + noise, 0, 1).astype("float32")
    truth = (random.uniform(size=(ROWS, outputs)) < 0.3).astype("float32")
    predictions = 1 / (1 + np.exp(-(2 * truth - 1 + random.normal(size=truth.shape))))
    return problem, truth, predictions.astype("float32")


CASES = [
    ("binary", 1),
    ("multiclass", 7),
    ("multilabel", 4),
    ("regression", 1),
    ("regression", 3),
    ("unit_regression", 1),
]


QUERIES = np.repeat(np.arange(60), 5)


def by_scikit_learn(name: str, type: str, truth: np.ndarray, predictions: np.ndarray) -> float:
    """Return a score as scikit-learn computes it of a whole problem at once."""
    if name in OF_QUERIES:
        parts = zip(truth.reshape(60, 1, 5), predictions.reshape(60, 1, 5), strict=True)
        if name == "ndcg":
            return np.mean([sklearn.ndcg_score(*pair) for pair in parts if pair[0].any()])
        pairs = [(part.ravel() > 0, order.ravel()) for part, order in parts]
        pairs = [pair for pair in pairs if 0 < pair[0].sum() < 5]
        return np.mean([sklearn.average_precision_score(*pair) for pair in pairs])
    if type in NUMBERS:
        functions = {
            "mae": sklearn.mean_absolute_error,
            "mse": sklearn.mean_squared_error,
            "root_mean_squared_error": sklearn.root_mean_squared_error,
            "r2_score": sklearn.r2_score,
        }
        if name == "mean_absolute_percentage_error":
            return 100 * sklearn.mean_absolute_percentage_error(truth, predictions)
        return functions[name](truth, predictions)

    says = predictions > 0.5
    hot = truth
    if type == "multiclass":
        hot, says = np.eye(7)[truth], np.eye(7)[predictions.argmax(axis=1)]
    match name:
        case "accuracy" if type == "multilabel":
            return np.mean(truth == says)
        case "accuracy":
            return sklearn.accuracy_score(hot, says)
        case "balanced_accuracy" if type == "multiclass":
            return sklearn.balanced_accuracy_score(truth, says.argmax(axis=1))
        case "balanced_accuracy":
            pairs = zip(truth.T, says.T, strict=True)
            return np.mean([sklearn.balanced_accuracy_score(*pair) for pair in pairs])
        case "auc":
            return sklearn.roc_auc_score(hot, predictions, average="macro")
        case "average_precision":
            return sklearn.average_precision_score(hot, predictions, average="macro")
        case "log_loss" if type == "multiclass":
            return sklearn.log_loss(truth, predictions)
        case "log_loss":
            pairs = zip(truth.T, predictions.T, strict=True)
            return np.mean([sklearn.log_loss(*pair) for pair in pairs])
        case "top_k_categorical_accuracy":
            return sklearn.top_k_accuracy_score(truth, predictions, k=5)
    average = "binary" if type == "binary" else "macro"
    function = getattr(sklearn, {"f1_score": "f1_score"}.get(name, f"{name}_score"))
    return function(hot, says, average=average)


@pytest.mark.parametrize(
    ("type", "outputs", "name"),
    [
        (type, outputs, name)
        for type, outputs in CASES
        for name in PROBLEMS[type].metrics
        if outputs == 1 or name not in OF_QUERIES
    ],
)
def test_every_measure_of_every_problem_is_scikit_learns(type, outputs, name):
    problem, truth, predictions = drawn(type, outputs=outputs)
    if name == "mean_average_precision" and type in NUMBERS:
        truth = np.where(truth > 0.5, truth, 0)
    queries = QUERIES if name in OF_QUERIES else None
    score = measures.get(name).of(problem, truth, predictions, queries)
    expected = by_scikit_learn(name, type, truth, predictions)
    assert score == pytest.approx(expected, rel=1e-5)
    assert score != pytest.approx(measures.get(name).best)


@pytest.mark.parametrize("type", ["binary", "multiclass", "multilabel"])
def test_equal_predictions_are_scikit_learns_too(type):
    problem, truth, predictions = drawn(type, outputs={"binary": 1}.get(type, 4))
    rounded = predictions.round(1)
    for name in ("auc", "average_precision"):
        expected = by_scikit_learn(name, type, truth, rounded)
        assert measures.get(name).score(problem, truth, rounded) == pytest.approx(expected)


@pytest.mark.parametrize(("type", "outputs"), CASES)
def test_a_mean_over_rows_is_the_score(type, outputs):
    problem, truth, predictions = drawn(type, outputs=outputs)
    for name in ("loss", *PROBLEMS[type].metrics):
        measure = measures.get(name)
        if measure.per_row is not None:
            values = measure.per_row(problem, truth, predictions)
            assert values.shape == (ROWS,)
            assert values.mean() == pytest.approx(measure.score(problem, truth, predictions))


def test_each_row_of_a_perfect_order_has_the_average_precision_one():
    problem, truth, _ = drawn("multilabel", outputs=3)
    noise = np.random.default_rng(0).random(truth.shape)
    per_row = measures.get("average_precision").per_row
    assert (per_row(problem, truth, truth + 0.9 * noise) == 1).all()


def test_one_hot_targets_have_the_scores_of_their_classes():
    sparse, truth, predictions = drawn("multiclass")
    hot = dataclasses.replace(sparse, loss="categorical_crossentropy")
    for name in ("loss", *PROBLEMS["multiclass"].metrics):
        score = measures.get(name).score
        of_hot = score(hot, encode_targets(hot, 7, truth), predictions)
        assert of_hot == pytest.approx(score(sparse, truth, predictions), rel=1e-5)


def test_every_metric_of_a_problem_is_a_measure_and_the_other_way_round():
    of_problems = {name for row in PROBLEMS.values() for name in row.metrics}
    assert of_problems | {"loss", "cost"} == set(measures.MEASURES)


def test_directions_hold_for_validation_and_test_values_and_for_synonyms():
    for name in ("auc", "val_auc", "test_r2_score", "binary_accuracy", "val_f1"):
        assert measures.higher_is_better(name)
    for name in ("loss", "val_loss", "val_data_loss", "test_mae", "val_rmse", "log_loss"):
        assert not measures.higher_is_better(name)
    with pytest.raises(KeyError):
        measures.get("val_retention")


TARGETS = {
    "normal": np.random.default_rng(1).normal(3, 2, 200),
    "lognormal": np.random.default_rng(2).lognormal(1, 1.2, 200),
    "exponential": np.random.default_rng(3).exponential(2, 200),
    "zeros": np.random.default_rng(4).exponential(2, 200)
    * (np.random.default_rng(5).uniform(size=200) > 0.7),
}


@pytest.mark.parametrize("skew", TARGETS)
@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "log_cosh"])
def test_no_other_number_beats_the_best_constant(skew, loss):
    truth = TARGETS[skew].astype("float32")[:, np.newaxis]
    problem = dataclasses.replace(standard("regression"), loss=loss)
    for name in {"loss", *PROBLEMS["regression"].metrics} - set(OF_QUERIES):
        measure = measures.get(name)
        constant = measure.best_constant(problem, truth, 1)
        sign = -1 if measure.greater_is_better else 1

        def cost(value, measure=measure, sign=sign):
            predictions = np.full((200, 1), value, "float32")
            return sign * measure.score(problem, truth, predictions)

        ours = cost(float(constant[0]))
        grid = min(cost(value) for value in np.linspace(truth.min(), truth.max(), 61))
        near = optimize.minimize_scalar(cost, bounds=(truth.min(), truth.max()), method="bounded")
        assert ours <= min(grid, near.fun) + 1e-5 * max(0.1, abs(ours))


@pytest.mark.parametrize("positives", [100, 10, 2])
def test_no_other_probability_beats_the_best_constant(positives):
    truth = (np.arange(200) < positives).astype("float32")[:, np.newaxis]
    problem = standard("binary")
    for name in ("loss", *PROBLEMS["binary"].metrics):
        measure = measures.get(name)
        sign = -1 if measure.greater_is_better else 1

        def cost(value, measure=measure, sign=sign):
            return sign * measure.score(problem, truth, np.full((200, 1), value, "float32"))

        ours = cost(float(measure.best_constant(problem, truth, 1)[0]))
        assert ours <= min(cost(value) for value in np.linspace(0, 1, 201)) + 1e-6


def test_constants_of_classes_and_labels():
    classes = np.array([0, 1, 1, 2, 1, 0])
    several, labels = standard("multiclass"), standard("multilabel")
    assert measures.get("accuracy").best_constant(several, classes, 3).tolist() == [0, 1, 0]
    assert measures.get("loss").best_constant(several, classes, 3) == pytest.approx(
        [2 / 6, 3 / 6, 1 / 6]
    )
    truth = np.array([[1, 0], [1, 1], [0, 0]], "float32")
    assert measures.get("accuracy").best_constant(labels, truth, 2).tolist() == [1, 0]
    constant = np.tile(measures.get("auc").best_constant(labels, truth, 2), (3, 1))
    assert measures.get("auc").score(labels, truth, constant) == 0.5
    assert measures.get("average_precision").score(labels, truth, constant) == pytest.approx(
        (2 / 3 + 1 / 3) / 2
    )


def test_a_class_without_rows_is_left_out_of_the_mean():
    _, truth, predictions = drawn("multilabel", outputs=3)
    truth[:, 2] = 0
    problem = standard("multilabel")
    for name in ("auc", "average_precision"):
        of_others = measures.get(name).score(problem, truth[:, :2], predictions[:, :2])
        assert measures.get(name).score(problem, truth, predictions) == pytest.approx(of_others)
    one = np.zeros((4, 1), "float32")
    for name in ("auc", "f1_score", "recall"):
        assert math.isnan(measures.get(name).score(standard("binary"), one, one + 0.3))


def test_a_constant_orders_by_chance_and_equal_rows_have_no_order():
    truth = np.array([[1], [0], [0], [1], [1]], "float32")
    queries = np.array([7, 3, 7, 3, 5])
    constant = np.full((5, 1), 0.5, "float32")
    for name in OF_QUERIES:
        score = measures.get(name).of(standard("binary"), truth, constant, queries)
        assert 0.4 < score < 0.9
        assert measures.get(name).of(standard("binary"), truth, truth, queries) == 1
        assert math.isnan(
            measures.get(name).of(standard("binary"), truth[4:], truth[4:], queries[4:])
        )
