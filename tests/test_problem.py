import pytest

from goldilocks.errors import ProblemError
from goldilocks.evaluation.measures import higher_is_better
from goldilocks.problem import PROBLEMS, Problem, resolve

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


@pytest.mark.parametrize(
    ("found", "last_activation", "loss", "metric"),
    [
        ("binary", "sigmoid", "binary_crossentropy", "accuracy"),
        ("multiclass", "softmax", "sparse_categorical_crossentropy", "accuracy"),
        ("multilabel", "sigmoid", "binary_crossentropy", "average_precision"),
        ("regression", "linear", "mse", "mae"),
        ("unit_regression", "sigmoid", "mse", "mae"),
    ],
)
def test_the_type_fixes_the_rest(found, last_activation, loss, metric):
    problem = resolve(found, **AUTO)
    assert problem == Problem(found, last_activation, loss, (metric,))
    assert problem.metric == metric


def test_the_table_has_five_rows():
    assert list(PROBLEMS) == ["binary", "multiclass", "multilabel", "regression", "unit_regression"]


@pytest.mark.parametrize(
    ("found", "asked", "sentence"),
    [
        (
            "binary",
            {"type": "regression"},
            r"type is regression, but the data is binary; expected auto\. If regression ",
        ),
        (
            "regression",
            {"last_activation": "relu"},
            r"last_activation is relu; a regression problem ends in linear\. If",
        ),
        (
            "binary",
            {"loss": "mse"},
            r"problem\.loss is mse; a binary problem is trained with binary_crossentropy or ",
        ),
        (
            "multiclass",
            {"loss": "mse"},
            r"with sparse_categorical_crossentropy or categorical_crossentropy\.",
        ),
        (
            "binary",
            {"loss": "mse", "last_activation": "tanh"},
            r"last_activation is tanh.+ problem\.loss is mse",
        ),
    ],
)
def test_what_is_outside_the_table_needs_an_override(found, asked, sentence):
    with pytest.raises(ProblemError, match=sentence + r".*add problem\.override=true\.$"):
        resolve(found, **{**AUTO, **asked})
    problem = resolve(found, **{**AUTO, **asked, "override": True})
    assert {name: getattr(problem, name) for name in asked} == asked


def test_what_the_table_lists_needs_no_override():
    assert (
        resolve("multiclass", **{**AUTO, "loss": "categorical_crossentropy"}).loss
        == "categorical_crossentropy"
    )
    assert (
        resolve("unit_regression", **{**AUTO, "loss": "binary_crossentropy"}).loss
        == "binary_crossentropy"
    )
    assert resolve("binary", **{**AUTO, "type": "binary"}).type == "binary"


def test_another_type_brings_its_own_row():
    problem = resolve("binary", **{**AUTO, "type": "regression", "override": True})
    assert problem == Problem("regression", "linear", "mse", ("mae",))


def test_the_first_metric_is_the_measure_of_success():
    problem = resolve("binary", **{**AUTO, "metrics": ["auc", "accuracy"]})
    assert problem.metrics == ("auc", "accuracy")
    assert problem.metric == "auc"


def test_more_accuracy_is_better_and_less_of_any_loss():
    assert all(map(higher_is_better, ("accuracy", "val_accuracy", "auc", "r2_score")))
    assert not any(map(higher_is_better, ("loss", "val_loss", "mae", "val_mae", "mse")))


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "log_cosh"])
def test_losses_of_a_quantity_have_its_unit(loss):
    asked = {"loss": loss, "standardize": True, "override": True}
    assert resolve("regression", **{**AUTO, **asked}).has_unit


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ("regression", {"loss": "poisson", "override": True}),
        ("regression", {"last_activation": "exponential", "override": True}),
        ("unit_regression", {}),
        ("binary", {}),
    ],
)
def test_another_loss_is_never_standardized(found, asked):
    assert not resolve(found, **{**AUTO, **asked}).has_unit
    with pytest.raises(ProblemError, match=r"problem\.standardize is true, but this is a"):
        resolve(found, **{**AUTO, **asked, "standardize": True})


def test_more_is_better_on_validation_and_test_rows_alike():
    assert higher_is_better("val_accuracy")
    assert higher_is_better("test_accuracy")
    assert not higher_is_better("test_loss")
