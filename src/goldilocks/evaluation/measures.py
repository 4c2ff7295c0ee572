"""Measures: the loss and the metrics, each with its direction, its score and its best constant.

Whatever compares, gates, draws or reports a score takes the measure from here. A measure that is
added here is named in `problem.PROBLEMS` for the problems that it fits. The scores are those of
scikit-learn, which is imported where it is needed: the command line looks up directions alone.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from goldilocks.errors import ProblemError
from goldilocks.problem import COST, METRIC_SYNONYMS, PROBLEMS, OwnMetric, Problem

# Targets, (rows, outputs) or integer classes (rows,), as `encode_targets` makes them, and
# predictions, float32 (rows, outputs).
Score = Callable[[Problem, np.ndarray, np.ndarray], float]
RowValues = Callable[[Problem, np.ndarray, np.ndarray], np.ndarray]
Constant = Callable[[Problem, np.ndarray, int], np.ndarray]

SMALLEST = 1e-7  # Keras keeps divisors this far from 0 (`keras.config.epsilon`).
ANY = (-math.inf, math.inf)  # range
DECILES = np.linspace(0, 1, 11)
TOP = 5  # most probable classes, of which one must be right: Keras's default


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What predictions are measured by.

    Attributes:
        name: Keras's name where Keras has the measure, else scikit-learn's; or "loss".
        greater_is_better: Whether more of it is better.
        score: Targets and predictions -> the score.
        per_row: Targets and predictions -> values of each row, float64 (rows,), whose mean is the
            score, and whose standard error is that of the score: what a row adds to it; of rates
            and areas the score and the row's influence on it (Hampel, "The influence curve and its
            role in robust estimation", JASA 69, 1974). None of other scores, which
            `jackknife.row_values` are of.
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
        return _mean_known(scores)

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
    for metric in problem.own:
        if metric.name == _bare(name):
            return own(metric)
    return get(name)


def higher_is_better(name: str, own: Mapping[str, bool] = MappingProxyType({})) -> bool:
    """Return whether more of a measure, or of its `val_` or `test_` value, is better.

    Args:
        name: As of `get`.
        own: The same of measures that a person has written, by name.
    """
    return own[_bare(name)] if _bare(name) in own else get(name).greater_is_better


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
        constants = [
            MEASURES[name].best_constant(problem, truth, outputs)
            for name in PROBLEMS[problem.type].metrics
        ]
        if problem.type == "multiclass":
            constants += list(np.eye(outputs, dtype="float32"))
        elif problem.type in ("binary", "multilabel"):
            constants += [np.zeros(outputs, "float32"), np.ones(outputs, "float32")]
        else:
            columns = truth.reshape(len(truth), -1)
            constants += list(np.quantile(columns, DECILES, axis=0).astype("float32"))
        choose = max if metric.greater_is_better else min
        return choose(
            constants, key=lambda one: score(problem, truth, np.tile(one, (len(truth), 1)))
        )

    return Measure(
        name=metric.name,
        greater_is_better=metric.greater_is_better,
        score=score,
        best_constant=best_constant,
        range=ANY,
    )


def indicators(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return which class or label each row has, bool (rows, outputs)."""
    if problem.type == "multiclass" and truth.ndim == 1:
        return np.eye(outputs, dtype=bool)[truth]
    return truth.reshape(len(truth), -1) > 0.5


def decided(problem: Problem, predictions: np.ndarray) -> np.ndarray:
    """Return predicted classes, int64: indices (rows,), or if multilabel 0 and 1 (rows, labels).

    A probability must lie above its threshold, `Problem.thresholds`.
    """
    if problem.type == "multiclass":
        return predictions.argmax(axis=1)
    positive = (predictions > np.array(problem.thresholds or 0.5)).astype("int64")
    return positive if problem.type == "multilabel" else positive[:, 0]


def _mean_known(scores: Sequence[float] | np.ndarray) -> float:
    """Return the mean of those that are not NaN; NaN without one."""
    known = np.asarray(scores)[np.isfinite(scores)]
    return float(known.mean()) if len(known) else math.nan


def _ndcg(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    """Return how well the rows of a query are ordered; NaN of a single row, or of equal ones."""
    from sklearn import metrics

    gains = truth.reshape(1, -1)
    if gains.min() == gains.max():
        return math.nan
    return float(metrics.ndcg_score(gains, predictions.reshape(1, -1)))


def _mean_average_precision(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    """Return how early the relevant rows of a query come: those with a target above 0."""
    from sklearn import metrics

    relevant = truth.ravel() > 0
    if relevant.all() or not relevant.any():
        return math.nan
    return float(metrics.average_precision_score(relevant, predictions.ravel()))


def _mean_of(per_row: RowValues) -> Score:
    """Return the score that is a mean over rows."""
    return lambda problem, truth, predictions: float(per_row(problem, truth, predictions).mean())


def _linear(right: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return values of rows whose means are the sums of `right` over those of `counted`.

    Args:
        right: float (rows, outputs).
        counted: float (rows, outputs); a rate of nothing is 0.
    """
    totals = np.maximum(counted.sum(axis=0), 1)
    rates = right.sum(axis=0) / totals
    return rates + (right - rates * counted) * len(right) / totals


def _rates_of_rows(name: str) -> RowValues:
    """Return what makes the values of rows of precision, recall or F1."""

    def per_row(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        has, says = both(problem, truth, predictions)
        counted = {"precision": says, "recall": has, "f1_score": (has + says.astype(float)) / 2}
        known = (has | says).any(axis=0)
        if not known.any():
            return np.full(len(truth), math.nan)
        return _linear(has & says, counted[name])[:, known].mean(axis=1)

    return per_row


def both(
    problem: Problem, truth: np.ndarray, predictions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which class or label each row has and is predicted to have, bool (rows, outputs)."""
    outputs = predictions.shape[1]
    says = indicators(problem, decided(problem, predictions), outputs)
    return indicators(problem, truth, outputs), says


def _recalls_of_rows(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    has, says = both(problem, truth, predictions)
    pairs = [(has, says)]
    if problem.type != "multiclass":
        kinds = [np.stack([~part, part], axis=2) for part in (has, says)]
        pairs = [(kinds[0][:, output], kinds[1][:, output]) for output in range(has.shape[1])]
    recalls = [_linear(has & says, has)[:, has.any(axis=0)] for has, says in pairs]
    return np.mean([values.mean(axis=1) for values in recalls], axis=0)


def _areas_of_rows(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return values of rows by DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988)."""
    has, columns = indicators(problem, truth, predictions.shape[1]), list[np.ndarray]()
    for yes, column in zip(has.T, predictions.T, strict=True):
        if yes.all() or not yes.any():
            continue
        # The fraction of the other kind of rows on the right side of each row; equal ones count
        # half.
        place = np.unique(column, return_inverse=True)[1]
        kinds = np.bincount(place, yes), np.bincount(place, ~yes)
        above, below = (np.cumsum(kind) - kind / 2 for kind in kinds)
        right = np.where(yes, below[place] / (~yes).sum(), 1 - above[place] / yes.sum())

        area, rows = right[yes].mean(), np.where(yes, yes.sum(), (~yes).sum())
        columns.append(area + (right - area) * len(right) / rows)
    return np.mean(columns, axis=0) if columns else np.full(len(truth), math.nan)


def _precisions_of_rows(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return values of rows of the average precision.

    It is the mean, over the rows of a class, of the precision at their predictions, T / P: the rows
    of the class with such a prediction or a higher one, and all such rows. A row of the class adds
    the precision at its own prediction and 1 / P at each of those below it, and any row takes T /
    P^2 away there.
    """
    has, columns = indicators(problem, truth, predictions.shape[1]), list[np.ndarray]()
    for yes, column in zip(has.T, predictions.T, strict=True):
        if not yes.any():
            continue
        # Equal predictions are one threshold, the highest first.
        step = np.unique(-column, return_inverse=True)[1]
        hits, rows = np.bincount(step, yes), np.bincount(step)
        positive = np.cumsum(rows)
        precision, gained = np.cumsum(hits) / positive, hits / positive
        score = (hits * precision).sum() / hits.sum()
        # Of a perfect order both sums are the same numbers, and each influence is exactly 0.
        added = np.cumsum(gained[::-1])[::-1][step]
        taken = np.cumsum((gained * precision)[::-1])[::-1][step]
        influence = yes * (precision[step] - score) + (yes * added - taken)
        columns.append(score + influence * len(yes) / hits.sum())
    return np.mean(columns, axis=0) if columns else np.full(len(truth), math.nan)


def _r2_score(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    from sklearn import metrics

    if len(truth) < 2:
        return math.nan
    return float(metrics.r2_score(truth.reshape(len(truth), -1), predictions))


def _root_mean_squared_error(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> float:
    errors = truth.reshape(len(truth), -1) - predictions.astype(np.float64)
    return float(np.sqrt((errors**2).mean(axis=0)).mean())


def _losses(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    # Keras takes seconds, and pages of stored runs do without.
    from goldilocks.evaluation.losses import loss_function

    values = loss_function(problem)(truth, predictions)
    return np.asarray(values, np.float64).reshape(len(predictions))


def _log_losses(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    has = indicators(problem, truth, predictions.shape[1])
    sure = np.clip(predictions.astype(np.float64), SMALLEST, 1 - SMALLEST)
    if problem.type == "multiclass":
        return -np.log(sure / sure.sum(axis=1, keepdims=True))[has]
    return -np.where(has, np.log(sure), np.log1p(-sure)).mean(axis=1)


def _right(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    has, says = indicators(problem, truth, predictions.shape[1]), decided(problem, predictions)
    if problem.type == "multiclass":
        return (has.argmax(axis=1) == says).astype(np.float64)
    return (has == says.reshape(has.shape)).mean(axis=1)


def _costs(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    false_positive, false_negative = problem.cost
    has = indicators(problem, truth, predictions.shape[1])
    says = decided(problem, predictions).reshape(has.shape) > 0
    return (false_positive * (says & ~has) + false_negative * (has & ~says)).mean(axis=1)


def _among_top(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    has = indicators(problem, truth, predictions.shape[1])
    more_probable = (predictions > predictions[has][:, np.newaxis]).sum(axis=1)
    return (more_probable < TOP).astype(np.float64)


def _errors(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return np.abs(truth.reshape(len(truth), -1) - predictions.astype(np.float64))


def _absolute(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return _errors(problem, truth, predictions).mean(axis=1)


def _squared(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return (_errors(problem, truth, predictions) ** 2).mean(axis=1)


def _in_per_cent(problem: Problem, truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    sizes = np.maximum(np.abs(truth.reshape(len(truth), -1)), SMALLEST)
    return 100 * (_errors(problem, truth, predictions) / sizes).mean(axis=1)


def _frequencies(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the class frequencies, or the mean of each target."""
    if problem.type == "multiclass":
        return indicators(problem, truth, outputs).mean(axis=0, dtype="float32")
    return truth.reshape(len(truth), -1).mean(axis=0, dtype=np.float64).astype("float32")


def _majority(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the most frequent class for certain; of labels, what most rows have of each."""
    frequencies = _frequencies(problem, truth, outputs)
    if problem.type == "multiclass":
        return np.eye(outputs, dtype="float32")[frequencies.argmax()]
    return (frequencies > 0.5).astype("float32")


def _always(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return yes for every row; of several classes the most frequent one."""
    if problem.type == "multiclass":
        return _majority(problem, truth, outputs)
    return np.ones(outputs, "float32")


def _cheapest(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return yes for every row where that costs less than never to say it."""
    share, (false_positive, false_negative) = _frequencies(problem, truth, outputs), problem.cost
    return (false_negative * share > false_positive * (1 - share)).astype("float32")


def _median(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    return np.median(truth.reshape(len(truth), -1), axis=0).astype("float32")


def _weighted_median(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the median of each target with 1 / |target| as weights."""
    medians = []
    for values in truth.reshape(len(truth), -1).T:
        ascending = np.sort(values)
        weights = np.cumsum(1 / np.maximum(np.abs(ascending.astype(np.float64)), SMALLEST))
        medians.append(ascending[np.searchsorted(weights, weights[-1] / 2)])
    return np.array(medians, "float32")


def _least_loss(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the constant of the least mean loss; where no formula is known, it is searched for."""
    if problem.loss in ("mse", "poisson") or problem.loss.endswith("categorical_crossentropy"):
        return _frequencies(problem, truth, outputs)
    if problem.loss == "binary_crossentropy":
        return _frequencies(problem, truth, outputs)
    if problem.loss == "mae":
        return _median(problem, truth, outputs)

    from scipy import optimize

    from goldilocks.evaluation.losses import loss_function

    loss, constants = loss_function(problem), []
    columns = np.asarray(truth, "float32").reshape(len(truth), -1)
    for output in range(outputs):
        # The mean over outputs is least where each is least: the others stay as they are.
        def mean_loss(value: float, output: int = output) -> float:
            predictions = columns.copy()
            predictions[:, output] = value
            return float(np.mean(np.asarray(loss(columns, predictions))))

        low, high = columns[:, output].min(), columns[:, output].max()
        if problem.loss.endswith("hinge"):
            low = -1.0  # It takes 0 for -1.
        least = optimize.minimize_scalar(mean_loss, bounds=(low, high), method="bounded")
        constants.append(least.x)
    return np.array(constants, "float32")


SHARE = (0.0, 1.0)
ERROR = (0.0, math.inf)
NUMBERS = ("regression", "unit_regression")

_ALL: Sequence[Measure] = (
    Measure(
        name="loss",
        greater_is_better=False,
        per_row=_losses,
        score=_mean_of(_losses),
        best_constant=_least_loss,
        range=ANY,  # A Poisson loss may be negative.
    ),
    Measure(
        name="accuracy",
        greater_is_better=True,
        per_row=_right,
        score=_mean_of(_right),
        best_constant=_majority,
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
        per_row=_recalls_of_rows,
        score=_mean_of(_recalls_of_rows),
        best_constant=_majority,
        range=SHARE,
    ),
    Measure(
        name=COST,
        greater_is_better=False,
        per_row=_costs,
        score=_mean_of(_costs),
        best_constant=_cheapest,
        range=ERROR,
    ),
    Measure(
        name="top_k_categorical_accuracy",
        greater_is_better=True,
        per_row=_among_top,
        score=_mean_of(_among_top),
        best_constant=_frequencies,
        range=SHARE,
        keras={"multiclass": "SparseTopKCategoricalAccuracy"},
    ),
    Measure(
        name="log_loss",
        greater_is_better=False,
        per_row=_log_losses,
        score=_mean_of(_log_losses),
        best_constant=_frequencies,
        range=ERROR,
    ),
    *(
        Measure(
            name=name,
            greater_is_better=True,
            per_row=per_row,
            score=_mean_of(per_row),
            best_constant=_always,
            range=SHARE,
            keras=keras,
        )
        for name, per_row, keras in (
            ("precision", _rates_of_rows("precision"), {"binary": "Precision"}),
            ("recall", _rates_of_rows("recall"), {"binary": "Recall"}),
            ("f1_score", _rates_of_rows("f1_score"), {}),
            ("auc", _areas_of_rows, {"binary": "AUC"}),
            ("average_precision", _precisions_of_rows, {}),
        )
    ),
    Measure(
        name="mae",
        greater_is_better=False,
        per_row=_absolute,
        score=_mean_of(_absolute),
        best_constant=_median,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "MeanAbsoluteError"),
    ),
    Measure(
        name="mse",
        greater_is_better=False,
        per_row=_squared,
        score=_mean_of(_squared),
        best_constant=_frequencies,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "MeanSquaredError"),
    ),
    Measure(
        name="root_mean_squared_error",
        greater_is_better=False,
        score=_root_mean_squared_error,
        best_constant=_frequencies,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "RootMeanSquaredError"),
    ),
    Measure(
        name="mean_absolute_percentage_error",
        greater_is_better=False,
        per_row=_in_per_cent,
        score=_mean_of(_in_per_cent),
        best_constant=_weighted_median,
        range=ERROR,
        keras=dict.fromkeys(NUMBERS, "MeanAbsolutePercentageError"),
    ),
    Measure(
        name="r2_score",
        greater_is_better=True,
        score=_r2_score,
        best_constant=_frequencies,
        range=(-math.inf, 1.0),
        keras=dict.fromkeys(NUMBERS, "R2Score"),
    ),
    Measure(
        name="ndcg",
        greater_is_better=True,
        score=_ndcg,
        best_constant=_frequencies,
        range=SHARE,
        by_query=True,
    ),
    Measure(
        name="mean_average_precision",
        greater_is_better=True,
        score=_mean_average_precision,
        best_constant=_frequencies,
        range=SHARE,
        by_query=True,
    ),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
