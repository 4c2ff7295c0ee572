"""Measures: the loss and the metrics, each with its direction, its score and its best constant.

Whatever compares, gates, draws or reports a score takes the measure from here. A measure that is
added here is named in `problem.PROBLEMS` for the problems that it fits.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

        order = np.argsort(queries, kind="stable")
        starts = np.flatnonzero(np.diff(queries[order])) + 1
        scores = [
            self.score(problem, truth[rows], predictions[rows]) for rows in np.split(order, starts)
        ]
        return row_values.mean_known(scores)

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
        if not problem.type.endswith("regression"):
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
NUMBERS = ("regression", "unit_regression")

_ALL: Sequence[Measure] = (
    Measure(
        name="loss",
        greater_is_better=False,
        per_row=row_values.losses,
        score=row_values.mean_of(row_values.losses),
        best_constant=constants.least_loss,
        range=ANY,  # A Poisson loss may be negative.
    ),
    Measure(
        name="accuracy",
        greater_is_better=True,
        per_row=row_values.right,
        score=row_values.mean_of(row_values.right),
        best_constant=constants.majority,
        range=SHARE,
        keras={
            "binary": "BinaryAccuracy",
            "multiclass": "SparseCategoricalAccuracy",
            "multilabel": "BinaryAccuracy",
        },
    ),
    Measure(
        name="balanced_accuracy",
        greater_is_better=True,
        per_row=row_values.recalls_of_rows,
        score=row_values.mean_of(row_values.recalls_of_rows),
        best_constant=constants.majority,
        range=SHARE,
    ),
    Measure(
        name=COST,
        greater_is_better=False,
        per_row=row_values.costs,
        score=row_values.mean_of(row_values.costs),
        best_constant=constants.cheapest,
        range=ERROR,
    ),
    Measure(
        name="top_k_categorical_accuracy",
        greater_is_better=True,
        per_row=row_values.among_top,
        score=row_values.mean_of(row_values.among_top),
        best_constant=constants.frequencies,
        range=SHARE,
        keras={"multiclass": "SparseTopKCategoricalAccuracy"},
    ),
    Measure(
        name="log_loss",
        greater_is_better=False,
        per_row=row_values.log_losses,
        score=row_values.mean_of(row_values.log_losses),
        best_constant=constants.frequencies,
        range=ERROR,
    ),
    *(
        Measure(
            name=name,
            greater_is_better=True,
            per_row=per_row,
            score=row_values.mean_of(per_row),
            best_constant=constants.always,
            range=SHARE,
            keras=keras,
        )
        for name, per_row, keras in (
            ("precision", row_values.rates_of_rows("precision"), {"binary": "Precision"}),
            ("recall", row_values.rates_of_rows("recall"), {"binary": "Recall"}),
            ("f1_score", row_values.rates_of_rows("f1_score"), {}),
            ("auc", row_values.areas_of_rows, {"binary": "AUC"}),
            ("average_precision", row_values.precisions_of_rows, {}),
        )
    ),
    Measure(
        name="mae",
        greater_is_better=False,
        per_row=row_values.absolute,
        score=row_values.mean_of(row_values.absolute),
        best_constant=constants.median,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "MeanAbsoluteError"),
    ),
    Measure(
        name="mse",
        greater_is_better=False,
        per_row=row_values.squared,
        score=row_values.mean_of(row_values.squared),
        best_constant=constants.frequencies,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "MeanSquaredError"),
    ),
    Measure(
        name="root_mean_squared_error",
        greater_is_better=False,
        score=row_values.root_mean_squared_error,
        best_constant=constants.frequencies,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "RootMeanSquaredError"),
    ),
    Measure(
        name="mean_absolute_percentage_error",
        greater_is_better=False,
        per_row=row_values.in_per_cent,
        score=row_values.mean_of(row_values.in_per_cent),
        best_constant=constants.weighted_median,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "MeanAbsolutePercentageError"),
    ),
    Measure(
        name="r2_score",
        greater_is_better=True,
        score=row_values.r2_score,
        best_constant=constants.frequencies,
        range=(-math.inf, 1.0),
        keras=dict.fromkeys(NUMBERS, "R2Score"),
    ),
    Measure(
        name="ndcg",
        greater_is_better=True,
        score=row_values.ndcg,
        best_constant=constants.frequencies,
        range=SHARE,
        by_query=True,
    ),
    Measure(
        name="mean_average_precision",
        greater_is_better=True,
        score=row_values.mean_average_precision,
        best_constant=constants.frequencies,
        range=SHARE,
        by_query=True,
    ),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
