"""Problem type -> last activation, loss, default metric.

Source: Chollet, Deep Learning with Python (2017), table 4.1, "Choosing the right last-layer
activation and loss function for your model".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldilocks.errors import ProblemError


@dataclass(frozen=True)
class OwnMetric:
    """A metric that a person has written.

    Attributes:
        path: Its module and its name, such as "mypackage.retention".
        function: Targets and predictions -> the score; docs/measures.md has their shapes.
        greater_is_better: Whether more of it is better.
    """

    path: str
    function: Callable[..., Any]
    greater_is_better: bool

    @property
    def name(self) -> str:
        """The name of the function, by which values are logged."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Problem:
    """What is predicted, and how that is measured.

    Attributes:
        type: "binary", "multiclass", "multilabel", "regression" or "unit_regression".
        last_activation: Keras name of the last layer's activation; "linear" for none.
        loss: Keras name of the loss.
        metrics: Names of the metrics, of `evaluation.measures` or of `own`; the first is the
            primary one.
        scale: The deviation of each target, by which the loss divides targets and predictions, so
            that it has no unit; empty where the loss is of the targets as they are.
        log_target: Whether the loss is of the logarithms of targets and predictions, which stay in
            their unit everywhere else.
        class_weight: What a row weighs in the training loss: "none", "balanced", or by the name of
            its class; 1 of the classes that are left out.
        thresholds: The probability of each output, 0 to 1, above which its class or label is
            predicted; empty: one half of each. Of several classes the likeliest is predicted.
        cost: What a false positive and a false negative cost, in any unit; empty where none is
            given.
        own_metrics: Those of the metrics that a person has written.
    """

    type: str
    last_activation: str
    loss: str
    metrics: tuple[str, ...]
    scale: tuple[float, ...] = ()
    log_target: bool = False
    class_weight: str | Mapping[str, float] = "none"
    thresholds: tuple[float, ...] = ()
    cost: tuple[float, ...] = ()
    own_metrics: tuple[OwnMetric, ...] = ()

    @property
    def metric(self) -> str:
        """The primary metric."""
        return self.metrics[0]

    @property
    def classifies(self) -> bool:
        """Whether classes or labels are predicted, and not numbers."""
        return self.type in ("binary", "multiclass", "multilabel")

    @property
    def has_unit(self) -> bool:
        """Whether the value of the loss depends on the unit of the targets, and nothing else does.

        A Poisson loss compares counts, and an error in per cent has no unit.
        """
        return (
            self.type == "regression"
            and self.last_activation == "linear"
            and self.loss in UNIT_LOSSES
        )


@dataclass(frozen=True)
class Row:
    """A row of table 4.1, and the metrics that fit it.

    Of several losses or metrics, the first is the default.
    """

    last_activation: str
    losses: tuple[str, ...]
    metrics: tuple[str, ...]


# The metrics, by the names of `evaluation.measures`.
RANKINGS = ("precision", "recall", "f1_score", "auc", "average_precision")
DECISIONS = ("accuracy", "balanced_accuracy", *RANKINGS, "log_loss")
DISTANCES = (
    "mae",
    "mse",
    "root_mean_squared_error",
    "mean_absolute_percentage_error",
    "r2_score",
)

OF_QUERIES = ("ndcg", "mean_average_precision")  # of rows that `dataset.query` ranks

# Of classes as one-hot vectors and as integers, Keras computes the same number.
SAME_LOSS = {"categorical_crossentropy": "sparse_categorical_crossentropy"}
PROBLEMS: Mapping[str, Row] = {
    "binary": Row(
        "sigmoid",
        ("binary_crossentropy", "binary_focal_crossentropy"),
        (*DECISIONS, *OF_QUERIES),
    ),
    "multiclass": Row(
        "softmax",
        ("sparse_categorical_crossentropy", "categorical_crossentropy"),
        (*DECISIONS, "top_k_categorical_accuracy"),
    ),
    "multilabel": Row(
        "sigmoid",
        ("binary_crossentropy",),
        ("average_precision", *(name for name in DECISIONS if name != "average_precision")),
    ),
    "regression": Row("linear", ("mse", "mae", "huber"), (*DISTANCES, *OF_QUERIES)),
    "unit_regression": Row("sigmoid", ("mse", "binary_crossentropy"), (*DISTANCES, *OF_QUERIES)),
}

COST = "cost"  # the metric of problems with a cost
AUTO_MONITOR = "auto"  # of `trainer.monitor`: the validation loss without penalties

# What is said where a person wants one of these (`TARGETLESS`), or names no target.
NO_TARGET = (
    "Networks here learn to predict a target; clustering, generation and reinforcement learning "
    "have none. For groups of rows, scikit-learn has sklearn.cluster; `goldilocks data` shows what "
    "a file holds, and `goldilocks analyse` what a trained network has learnt."
)
TARGETLESS = re.compile("cluster|generat|reinforc|unsupervised|autoencod", re.IGNORECASE)

# Other names that are understood, as they stand in code of Keras and scikit-learn.
METRIC_SYNONYMS = {
    "acc": "accuracy",
    "binary_accuracy": "accuracy",
    "f1": "f1_score",
    "map": "mean_average_precision",
    "mape": "mean_absolute_percentage_error",
    "ndcg_score": "ndcg",
    "r2": "r2_score",
    "rmse": "root_mean_squared_error",
    "roc_auc": "auc",
}

# The losses that fit an output and a target of the same shape (or, the sparse one, integer
# classes).
LOSSES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "mse",
    "mae",
    "huber",
    "log_cosh",
    "hinge",
    "squared_hinge",
    "binary_focal_crossentropy",
    "poisson",
)

# The losses of quantities that have a unit.
UNIT_LOSSES = ("mse", "mae", "huber", "log_cosh")


def resolve(
    data_problem: str,
    *,
    type: str,
    last_activation: str,
    loss: str,
    metrics: str | Sequence[str],
    standardize: bool | str,
    log_target: bool,
    class_weight: str | Mapping[str, float],
    threshold: str | float | Sequence[float] | None,
    cost: Sequence[float] | None,
    override: bool,
    own_metrics: Sequence[OwnMetric] = (),
) -> Problem:
    """Return the problem of a run: what the data set says, unless the config says otherwise.

    Args:
        data_problem: The problem type of the data set.
        type: A problem type, or "auto" for that of the data set.
        last_activation: A Keras activation, or "auto" for the table's.
        loss: A Keras loss, or "auto" for the table's.
        metrics: Names of metrics, or paths of `own`, the primary one first, or "auto" for the
            table's.
        standardize: Whether the loss shall be of targets in their deviations, or "auto" for what
            the data set says; `encoding.targets.standardized` does it once the rows are split.
        log_target: As `Problem.log_target`.
        class_weight: As `Problem.class_weight`.
        threshold: That of each output, or one for all; "auto" for one that is chosen once the rows
            are predicted, and None for one half, or with a cost the same.
        cost: As `Problem.cost`, which is then a metric, too; None without one.
        override: Whether a type, last activation or loss outside the table is allowed.
        own_metrics: The metrics that a person has written.

    Raises:
        ProblemError: A combination outside the table without `override`; a metric that does not
            fit the problem; a loss that cannot be standardized or be of logarithms, or a problem
            without classes to weigh, although it is asked for.
    """
    if type not in ("auto", data_problem) and not override:
        raise ProblemError(
            f"problem.type is {type}, but the data is {data_problem}; expected auto. If {type} is "
            "meant, add problem.override=true."
        )

    if type == "auto":
        type = data_problem
    row = PROBLEMS[type]
    if last_activation == "auto":
        last_activation = row.last_activation
    if loss == "auto":
        loss = row.losses[0]
    chosen, fitting = row.metrics[:1] if metrics == "auto" else tuple(metrics), row.metrics
    thresholds: tuple[float, ...] = ()
    if cost is not None:
        fitting = (*fitting, COST)
        chosen = tuple(dict.fromkeys([*chosen, COST]))
        # The best threshold of probabilities that hold (Elkan, "The foundations of cost-sensitive
        # learning", IJCAI 2001), until one is chosen.
        thresholds = (cost[0] / (cost[0] + cost[1]),)
    if threshold is not None and not isinstance(threshold, str):
        thresholds = (threshold,) if isinstance(threshold, int | float) else tuple(threshold)

    # No override makes a score of what cannot be computed.
    names = {name: name for name in fitting} | {metric.path: metric.name for metric in own_metrics}
    if strange := [name for name in chosen if name not in names]:
        raise ProblemError(
            f"problem.metrics has {', '.join(strange)}; a {type} problem has {', '.join(fitting)}. "
            f"Use some of these{'; cost needs problem.cost' * (COST in strange)}."
        )
    if loss == "sparse_categorical_crossentropy" and type != "multiclass":
        raise ProblemError(
            f"problem.loss is {loss}, which is of several classes, and this is a {type} problem; "
            f"use problem.loss={row.losses[0]}."
        )

    errors = []
    if last_activation != row.last_activation:
        errors.append(
            f"problem.last_activation is {last_activation}; a {type} problem ends in "
            f"{row.last_activation}."
        )
    if loss not in row.losses:
        errors.append(
            f"problem.loss is {loss}; a {type} problem is trained with {' or '.join(row.losses)}."
        )
    if errors and not override:
        raise ProblemError(" ".join(errors) + " If it is meant, add problem.override=true.")

    if class_weight != "none" and type not in ("binary", "multiclass"):
        raise ProblemError(
            f"problem.class_weight is {class_weight}; a {type} problem has no class of each row to "
            "weigh it by. Use problem.class_weight=none."
        )
    for key, value in {"threshold": threshold, "cost": cost}.items():
        if value is not None and type not in ("binary", "multilabel"):
            raise ProblemError(
                f"problem.{key} is {value}; two classes or labels are predicted by thresholds, and "
                f"this is a {type} problem. Use problem.{key}=null."
            )

    problem = Problem(
        type,
        last_activation,
        loss,
        tuple(names[name] for name in chosen),
        log_target=log_target,
        class_weight=class_weight,
        thresholds=thresholds,
        cost=tuple(cost or ()),
        own_metrics=tuple(own_metrics),
    )
    for key, is_true, other in (
        ("standardize", standardize is True, "auto"),
        ("log_target", log_target, "false"),
    ):
        if is_true and not problem.has_unit:
            raise ProblemError(
                f"problem.{key} is true, but this is a {type} problem with a {last_activation} "
                f"output and the loss {loss}; expected a regression with a linear output and one "
                f"of {', '.join(UNIT_LOSSES)}. Use problem.{key}={other}."
            )
    return problem


def standard(type: str, thresholds: tuple[float, ...] = ()) -> Problem:
    """Return the problem of a type with what the table says of it, and with its thresholds."""
    row = PROBLEMS[type]
    return Problem(type, row.last_activation, row.losses[0], row.metrics[:1], thresholds=thresholds)


def check_monitor(problem: Problem, monitor: str, *, data_loss: bool) -> None:
    """Refuse to monitor what a run with validation rows will not log.

    Args:
        problem: Says the metrics.
        monitor: The name to monitor.
        data_loss: Whether the loss without penalties and class weights is logged beside the one
            that is minimized.

    Raises:
        ProblemError: Another name than `val_loss`, `val_data_loss` (with `data_loss`), or `val_`
            and a metric.
    """
    logged = ["val_loss"]
    if data_loss:
        logged.append("val_data_loss")
    logged += [f"val_{name}" for name in problem.metrics]
    if monitor not in logged:
        raise ProblemError(
            f"trainer.monitor is {monitor}; this run will log {', '.join(logged)}. Use one of "
            "these."
        )
