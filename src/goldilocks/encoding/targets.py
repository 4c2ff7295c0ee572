"""Targets as the loss of a problem takes them, and their prior and spread before training."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.content import shortened
from goldilocks.errors import DataError, did_you_mean
from goldilocks.formatting import argument
from goldilocks.problem import OF_QUERIES, Problem
from goldilocks.protocol import Split

# A target's deviation must be so many times the distance of float32 numbers of its size, or the
# rounding of the targets is noise that a model cannot predict.
FINEST = 1000
MOST_OUTPUTS = 300  # whose deviations a tag of a run can hold


def encode_targets(problem: Problem, outputs: int, y: np.ndarray) -> np.ndarray:
    """Return targets as the problem's loss takes them: classes one-hot, but for the sparse loss.

    Args:
        problem: Says the loss.
        outputs: Of the model.
        y: Of every row, as `Dataset.y`.

    Returns:
        float32 or int64 (rows, outputs), or (rows,) for integer classes.
    """
    if problem.type != "multiclass":
        return y.reshape(len(y), -1).astype("float32")
    if problem.loss == "sparse_categorical_crossentropy":
        return y.astype("int64")
    return np.eye(outputs, dtype="float32")[y.astype("int64")]


def count_outputs(problem: Problem, dataset: Dataset) -> int:
    """Return how many numbers a prediction has: one for each class, else one for each target."""
    if problem.type == "multiclass":
        return len(dataset.classes)
    return int(np.prod(dataset.y.shape[1:], initial=1))


def targets_of(problem: Problem, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return the targets of some rows, int64 (n,), as `encode_targets` makes them."""
    return encode_targets(problem, count_outputs(problem, dataset), dataset.y[rows])


def target_prior(problem: Problem, outputs: int, y: np.ndarray) -> np.ndarray:
    """Return the class frequencies, or the mean of each target.

    Args:
        problem: Says the problem type.
        outputs: Of the model.
        y: Training targets, as `Dataset.y`.

    Returns:
        float32 (outputs,).
    """
    if problem.type == "multiclass":
        return (np.bincount(y, minlength=outputs) / len(y)).astype("float32")
    return y.reshape(len(y), -1).mean(axis=0).astype("float32")


def target_spread(problem: Problem, y: np.ndarray) -> np.ndarray | None:
    """Return the standard deviation of training targets, float32 (outputs,).

    It is None where the targets are no quantities.
    """
    if problem.type != "regression":
        return None
    return _deviations(y).astype("float32")


def target_logarithms(problem: Problem, y: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return mean and standard deviation of the logarithms of training targets, as `Facts` has."""
    if not problem.log_target:
        return None
    logarithms = np.log(y.reshape(len(y), -1).astype("float64"))
    return logarithms.mean(axis=0).astype("float32"), _deviations(logarithms).astype("float32")


def class_weights(problem: Problem, dataset: Dataset, rows: np.ndarray) -> dict[str, float] | None:
    """Return what a row of each class weighs in the training loss; None where all weigh alike.

    Balanced weights are scikit-learn's: the number of rows, divided by the number of classes and by
    the rows of the class.

    Args:
        problem: Says the weights.
        dataset: The classes of all rows.
        rows: Training rows, int64 (n,).
    """
    if problem.class_weight == "none":
        return None
    weights = np.ones(len(dataset.classes))
    if problem.class_weight == "balanced":
        counts = np.bincount(dataset.y[rows].astype("int64"), minlength=len(weights))
        weights = len(rows) / (len(weights) * np.maximum(counts, 1))

    named = dict(zip(dataset.classes, weights.tolist(), strict=True))
    if isinstance(problem.class_weight, Mapping):
        named |= problem.class_weight
    return named


def check_targets(problem: Problem, dataset: Dataset, splits: Sequence[Split]) -> None:
    """Refuse targets of another type or that are one, weights and thresholds of what is not there.

    Targets that vary too little for float32 numbers do not vary, nor do labels that all training
    rows have, or none.

    Raises:
        DataError: Says which classes; or which rows, and what their targets are.
    """
    _check_type(problem, dataset)
    _check_ranking(problem, dataset)
    outputs = count_outputs(problem, dataset)
    if len(problem.thresholds) not in (0, 1, outputs):
        names = shortened(dataset.classes[-outputs:], 20)
        raise DataError(
            f"problem.threshold has {len(problem.thresholds)} numbers, and {dataset.name} has "
            f"{outputs} to predict: {names}; expected one for each, in this order, or one for all."
        )
    if isinstance(problem.class_weight, Mapping):
        for name in sorted(problem.class_weight.keys() - set(dataset.classes)):
            raise DataError(
                f"problem.class_weight has {name!r}, which is no class of {dataset.name}; expected "
                f"some of {shortened(dataset.classes, 20)}.{did_you_mean(name, dataset.classes)}"
            )
    if problem.type == "multilabel":
        _check_labels(dataset, splits)
    if len(dataset.outputs) > MOST_OUTPUTS:
        raise DataError(
            f"{len(dataset.outputs)} numbers are to be predicted of each row; expected at most "
            f"{MOST_OUTPUTS}. Give fewer columns as dataset.target, or of a series a smaller "
            "dataset.horizon."
        )
    if problem.type != "regression":
        return
    _check_logarithms(problem, dataset)
    for number, split in enumerate(splits, start=1):
        y = dataset.y[split.train].reshape(len(split.train), -1)
        steps = np.spacing(np.abs(y).max(axis=0))
        for index in np.flatnonzero(_deviations(y) < FINEST * steps):
            name = (list(dataset.outputs) or [dataset.target])[index]
            named = f"The target {name!r}" if name else "The target"
            raise DataError(
                f"{named} is {y[0, index]:.9g} in each of the {len(y)} training rows of split "
                f"{number} of {len(splits)}, or differs by no more than a few times "
                f"{steps[index]:.2g}, the distance of float32 numbers of its size; expected "
                "targets that vary. Give another target, or subtract what they have in common."
            )


def _check_type(problem: Problem, dataset: Dataset) -> None:
    """Refuse targets that a problem type cannot have, which `problem.override` chose for them.

    Raises:
        DataError: Says what the targets are, and what was expected.
    """
    y, several = dataset.y, dataset.y.ndim > 1
    is_flag = bool(np.isin(y, (0, 1)).all())
    expected = ""
    if problem.type == "binary" and not (is_flag and not several):
        expected = "one column of 0 and 1"
    elif problem.type == "multilabel" and not (is_flag and several):
        expected = "several columns of 0 and 1"
    elif problem.type == "multiclass" and not (dataset.classes and not several):
        expected = "classes"
    elif problem.type == "unit_regression" and not (y.min() >= 0 and y.max() <= 1):
        expected = "numbers from 0 to 1"
    if expected:
        raise DataError(
            f"problem.type is {problem.type}, whose targets are {expected}; those of this data are "
            f"{dataset.problem}, from {y.min():g} to {y.max():g} in "
            f"{np.prod(y.shape[1:], dtype=int)} columns. Use problem.type=auto."
        )


def _check_ranking(problem: Problem, dataset: Dataset) -> None:
    """Raise DataError for a measure of queries without them, or of gains below 0."""
    names = [name for name in problem.metrics if name in OF_QUERIES]
    if not names:
        return
    if not dataset.query:
        raise DataError(
            f"problem.metrics has {', '.join(names)}, of rows that are ranked within a query, and "
            "dataset.query names no column. Name it, or leave out the metric."
        )
    if dataset.y.ndim > 1 or dataset.y.min() < 0:
        raise DataError(
            f"problem.metrics has {', '.join(names)}, and the targets begin at "
            f"{dataset.y.min():g}; expected one column of relevance, 0 or more. Use another metric."
        )


def _check_logarithms(problem: Problem, dataset: Dataset) -> None:
    """Raise DataError for a target that has no logarithm, where logarithms are learned."""
    if not problem.log_target:
        return
    if dataset.difference != 0:
        raise DataError(
            "problem.log_target is true, and the network predicts changes (dataset.difference), "
            "which are added to values; expected one of them. Type dataset.difference=0, or "
            "problem.log_target=false."
        )
    y = dataset.y.reshape(len(dataset.y), -1)
    without = np.argwhere(y <= 0)
    if not len(without):
        return
    row, column = without[0]
    name = (list(dataset.outputs) or [dataset.target])[column]
    named = f"The target {name!r}" if name else "The target"
    unit = "window" if dataset.kind == "series" else "row"
    raise DataError(
        f"{named} is {y[row, column]:g} in {unit} {dataset.row_number(row)}, and 0 or less in "
        f"{len(without):,} of {y.size:,} places; problem.log_target=true learns logarithms, which "
        "only numbers above 0 have. Type problem.log_target=false, or correct the target."
    )


def _check_labels(dataset: Dataset, splits: Sequence[Split]) -> None:
    """Raise DataError for a label that no training row has, or all have."""
    for number, split in enumerate(splits, start=1):
        y = dataset.y[split.train]
        for index in np.flatnonzero(y.min(axis=0) == y.max(axis=0)):
            name, rows = dataset.classes[index], int(dataset.y[:, index].sum())
            raise DataError(
                f"The label {name!r} is {y[0, index]:g} in each of the {len(y)} training rows of "
                f"split {number} of {len(splits)}; {rows} of all {len(dataset.y)} rows have it. "
                "Expected training rows with and without it. Leave it out: "
                f"{argument('dataset.drop_classes', name)}."
            )


def standardized(problem: Problem, dataset: Dataset, splits: Sequence[Split]) -> Problem:
    """Return the problem with a loss of targets in their deviations, if its loss has a unit.

    The deviation is that of all rows outside the test: every fold, repeat and subset, and the final
    training, have the same loss.

    Args:
        problem: With its loss as Keras has it.
        dataset: The targets of all rows.
        splits: The splits of the run, which share their test rows.
    """
    if not problem.has_unit:
        return problem
    seen = np.ones(len(dataset.y), bool)
    seen[splits[0].test] = False
    y = dataset.y[seen]
    if problem.log_target:
        y = np.log(y)
    return dataclasses.replace(problem, scale=tuple(_deviations(y).tolist()))


def _deviations(y: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each target, float64 (outputs,)."""
    return y.reshape(len(y), -1).std(axis=0, dtype=np.float64)
