"""Measures: the loss and the metrics, each with its direction, its score and its best constant.

Whatever compares, gates, draws or reports a score takes the measure from here. A measure that is
added here is named in `problem.PROBLEMS` for the problems that it fits.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from goldilocks.errors import ProblemError
from goldilocks.evaluation import constants, row_values
from goldilocks.evaluation.constants import Constant
from goldilocks.evaluation.row_values import RowValues, Score
from goldilocks.problem import COST, METRIC_SYNONYMS, PROBLEMS, OwnMetric, Problem

ANY = (-math.inf, math.inf)  # range
DECILES = np.linspace(0, 1, 11)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What predictions are measured by.

    Attributes:
        name: Keras's name where Keras has the measure, else scikit-learn's; or "loss".
        greater_is_better: Whether more of it is better.
        score: Targets and predictions -> the score.
        per_row: Targets and predictions -> the values of rows, as in `row_values`; None of scores
            that have none, whose values are `jackknife.row_values`.
        best_constant: Targets and the number of outputs -> the prediction, float32 (outputs,), of
            which no other constant has a better score on these rows.
        range: The lowest and the highest score that can be.
        by_query: Whether it scores the order of the rows of a query, and is the mean over queries.
        keras: For each problem type the class of the Keras metric of training batches; those that
            have none are computed from the validation rows of each epoch alone.
    """

    name: str
    greater_is_better: bool
    score: Score
    per_row: RowValues | None = None
    best_constant: Constant
    range: tuple[float, float]
    by_query: bool = False
    keras: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def best(self) -> float:
        """The best score that can be."""
        return self.range[1] if self.greater_is_better else self.range[0]

    def of(
        self,
        problem: Problem,
        truth: np.ndarray,
        predictions: np.ndarray,
        queries: np.ndarray | None,
    ) -> float:
        """Return the score of predictions; NaN where these rows cannot tell it.

        Args:
            problem: The problem type and the loss.
            truth: As of `score`.
            predictions: As of `score`.
            queries: The query of each row, integers (rows,); None where rows are not ranked.
        """
        if not self.by_query or queries is None:
            return self.score(problem, truth, predictions)
        return row_values.mean_known(self.of_queries(problem, truth, predictions, queries))

    def of_queries(
        self, problem: Problem, truth: np.ndarray, predictions: np.ndarray, queries: np.ndarray
    ) -> list[float]:
        """Return the score of each query, NaN where its rows cannot tell one; arguments of `of`."""
        order = np.argsort(queries, kind="stable")
        starts = np.flatnonzero(np.diff(queries[order])) + 1
        return [
            self.score(problem, truth[rows], predictions[rows]) for rows in np.split(order, starts)
        ]

    def is_better(self, score: float, other: float) -> bool:
        """Return whether a score is better than another, noise left aside; False of a NaN."""
        return score > other if self.greater_is_better else score < other


def get(name: str) -> Measure:
    """Return a measure by its name, with or without "val_" or "test_" before it.

    Raises:
        KeyError: There is no such measure.
    """
    name = _bare(name).removeprefix("data_")
    return MEASURES[METRIC_SYNONYMS.get(name, name)]


def find(problem: Problem, name: str) -> Measure:
    """Return a measure of a problem, which may be one that a person has written.

    Args:
        problem: Has those that a person has written.
        name: As of `get`.
    """
    for metric in problem.own_metrics:
        if metric.name == _bare(name):
            return own(metric)
    return get(name)


def higher_is_better(name: str, directions: Mapping[str, bool] = MappingProxyType({})) -> bool:
    """Return whether more of a measure, or of its `val_` or `test_` value, is better.

    Args:
        name: As of `get`.
        directions: Of measures that a person has written, by their names.
    """
    if _bare(name) in directions:
        return directions[_bare(name)]
    return get(name).greater_is_better


def range_of(name: str) -> tuple[float, float]:
    """Return the range of a measure by its name, as of `get`; without ends if it is not ours."""
    try:
        return get(name).range
    except KeyError:
        return ANY


def _bare(name: str) -> str:
    return name.removeprefix("val_").removeprefix("test_")


def own(metric: OwnMetric) -> Measure:
    """Return the measure of a metric that a person has written.

    Its best constant is the best of those of our own measures, of each class and label for certain,
    and of the deciles of each target.
    """

    def score(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
        y_true = truth
        if problem.type == "multiclass" and truth.ndim > 1:
            y_true = truth.argmax(axis=1)
        if problem.classifies:
            y_true = y_true.astype(np.int64)
        y_true, y_pred = y_true.view(), predictions.view()
        y_true.flags.writeable = y_pred.flags.writeable = False
        shapes = f"y_true {y_true.shape} and y_pred {y_pred.shape}"
        try:
            value = metric.function(y_true, y_pred)
        except Exception as error:  # Whatever the person's own code raises.
            raise ProblemError(
                f"{metric.path} of problem.metrics failed, given {shapes}: {type(error).__name__}: "
                f"{error}. Expected a number; docs/measures.md says what a measure is given."
            ) from error
        number = np.asarray(value)
        if number.ndim or number.dtype.kind not in "fiu" or not np.isfinite(number):
            returned = reprlib.repr(value)
            if number.ndim:
                returned = f"an array of shape {number.shape}"
            raise ProblemError(
                f"{metric.path} of problem.metrics returned {returned}, given {shapes}; "
                "expected a finite number of any rows and predictions, also of predictions that "
                "are all equal."
            )
        return float(number)

    def best_constant(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
        candidates = [
            MEASURES[name].best_constant(problem, truth, outputs)
            for name in PROBLEMS[problem.type].metrics
        ]
        if problem.type == "multiclass":
            candidates += list(np.eye(outputs, dtype="float32"))
        elif problem.type in ("binary", "multilabel"):
            candidates += [np.zeros(outputs, "float32"), np.ones(outputs, "float32")]
        else:
            columns = truth.reshape(len(truth), -1)
            candidates += list(np.quantile(columns, DECILES, axis=0).astype("float32"))
        choose = max if metric.greater_is_better else min
        return choose(
            candidates, key=lambda one: score(problem, truth, np.tile(one, (len(truth), 1)))
        )

    return Measure(
        name=metric.name,
        greater_is_better=metric.greater_is_better,
        score=score,
        best_constant=best_constant,
        range=ANY,
    )


SHARE = (0.0, 1.0)
ERROR = (0.0, math.inf)


def _share(name: str, per_row: RowValues, best_constant: Constant, **keras: str) -> Measure:
    """Return a measure that is a mean over rows, 0 to 1, of which more is better."""
    return Measure(
        name=name,
        greater_is_better=True,
        score=row_values.mean_of(per_row),
        per_row=per_row,
        best_constant=best_constant,
        range=SHARE,
        keras=keras,
    )


def _error(name: str, per_row: RowValues, best_constant: Constant, keras: str = "") -> Measure:
    """Return a measure that is a mean over rows, of which less is better, 0 at best."""
    return Measure(
        name=name,
        greater_is_better=False,
        score=row_values.mean_of(per_row),
        per_row=per_row,
        best_constant=best_constant,
        range=ERROR,
        keras=_of_numbers(keras),
    )


def _of_numbers(keras: str) -> Mapping[str, str]:
    return dict.fromkeys(("regression", "unit_regression"), keras) if keras else {}


def _ranking(name: str, score: Score) -> Measure:
    """Return a measure of the order of a query's rows, 0 to 1."""
    return Measure(
        name=name,
        greater_is_better=True,
        score=score,
        best_constant=constants.frequencies,
        range=SHARE,
        by_query=True,
    )


_ALL: Sequence[Measure] = (
    # A Poisson loss may be negative.
    replace(_error("loss", row_values.losses, constants.least_loss), range=ANY),
    _share(
        "accuracy",
        row_values.right,
        constants.majority,
        binary="BinaryAccuracy",
        multiclass="SparseCategoricalAccuracy",
        multilabel="BinaryAccuracy",
    ),
    _share("balanced_accuracy", row_values.recalls_of_rows, constants.majority),
    _error(COST, row_values.costs, constants.cheapest),
    _share(
        "top_k_categorical_accuracy",
        row_values.among_top,
        constants.frequencies,
        multiclass="SparseTopKCategoricalAccuracy",
    ),
    _error("log_loss", row_values.log_losses, constants.frequencies),
    _share(
        "precision", row_values.rates_of_rows("precision"), constants.always, binary="Precision"
    ),
    _share("recall", row_values.rates_of_rows("recall"), constants.always, binary="Recall"),
    _share("f1_score", row_values.rates_of_rows("f1_score"), constants.always),
    _share("auc", row_values.areas_of_rows, constants.always, binary="AUC"),
    _share("average_precision", row_values.precisions_of_rows, constants.always),
    _error("mae", row_values.absolute, constants.median, "MeanAbsoluteError"),
    _error("mse", row_values.squared, constants.frequencies, "MeanSquaredError"),
    Measure(
        name="root_mean_squared_error",
        greater_is_better=False,
        score=row_values.root_mean_squared_error,
        best_constant=constants.frequencies,
        range=ERROR,
        keras=_of_numbers("RootMeanSquaredError"),
    ),
    _error(
        "mean_absolute_percentage_error",
        row_values.in_per_cent,
        constants.weighted_median,
        "MeanAbsolutePercentageError",
    ),
    Measure(
        name="r2_score",
        greater_is_better=True,
        score=row_values.r2_score,
        best_constant=constants.frequencies,
        range=(-math.inf, 1.0),
        keras=_of_numbers("R2Score"),
    ),
    _ranking("ndcg", row_values.ndcg),
    _ranking("mean_average_precision", row_values.mean_average_precision),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
