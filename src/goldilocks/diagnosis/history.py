"""A training's history, of Keras or of another framework -> the curves that a verdict reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from goldilocks.diagnosis.frameworks import Column, columns_of, numbers
from goldilocks.errors import HistoryError, did_you_mean
from goldilocks.evaluation import measures

# What a loss is called, the best first: a `data_loss` is without the penalties that hide a gap. The
# others are those of boosted trees.
LOSSES = (
    *("data_loss", "loss", "logloss", "log_loss", "binary_logloss", "mlogloss", "multi_logloss"),
    *("cross_entropy", "mse", "l2", "rmse", "mae", "l1"),
)
RENAME = (
    "Say which are meant: with the command by --columns loss=NAME val_loss=NAME, in Python by "
    'a dict {"loss": ..., "val_loss": ...}.'
)


@dataclass(frozen=True, kw_only=True)
class Curves:
    """The learning curves of one training, an epoch a value, and what is known beside them.

    Attributes:
        loss: Training loss, float64 (epochs,), without penalties where both losses are known
            without; not every value is finite.
        val_loss: Validation loss, as `loss`.
        metric: Name of the primary metric; "loss" where there is none beside the loss.
        scores: Validation metric, float64 (epochs,); the validation loss where there is none.
        higher: Whether more of the metric is better.
        baseline: The dummy baseline's `loss` and metric, those that are known.
        rows: Number of validation rows; None if unknown.
        null_errors: For "loss" and the metric the standard error of the score where chance alone
            makes it, those that are known.
        loss_name: What the history calls the two losses: "loss", or "data_loss" if it also has a
            `loss` with penalties or class weights.
    """

    loss: np.ndarray
    val_loss: np.ndarray
    metric: str
    scores: np.ndarray
    higher: bool
    baseline: dict[str, float] = field(default_factory=dict[str, float])
    rows: int | None = None
    null_errors: dict[str, float] = field(default_factory=dict[str, float])
    loss_name: str = "loss"


def curves_of(
    history: object,
    *,
    metric: str | None = None,
    baseline: Mapping[str, float] | None = None,
    validation_rows: int | None = None,
) -> tuple[Curves, list[str]]:
    """Return the curves of a history, and what was read as what where the names are not Keras's.

    Args:
        history: As of `columns_of`.
        metric: Name of the primary metric, with or without "val_"; None for the first whose name
            tells whether more of it is better.
        baseline: The dummy baseline's `loss` and metric, those that are known.
        validation_rows: Number of validation rows, if known.

    Returns:
        The curves, and sentences.

    Raises:
        HistoryError: A loss is missing, has no values, or may be one of several columns; or the
            metric, the baseline or the number of rows cannot be used.
    """
    check(baseline, validation_rows)
    columns = columns_of(history)
    named = [Column.of(name) for name in columns]
    train, val = _losses(columns, named)
    remarks: list[str] = []
    if train.name not in ("loss", "data_loss") or val.name != f"val_{train.name}":
        remarks.append(f"Read {train.name} as training loss and {val.name} as validation loss.")

    # Lines -> epochs.
    lines = {one.name: numbers(columns[one.name], one.name) for one in (train, val)}
    lengths = {name: len(values) for name, values in lines.items()}
    if len(set(lengths.values())) > 1 or not lengths[val.name]:
        words = " and ".join(f"{name} {count}" for name, count in lengths.items())
        raise HistoryError(
            f"The numbers of values are: {words}; expected one value an epoch of each. Give it the "
            "values of the same epochs."
        )
    epochs = _epochs(columns, lines[val.name])
    for name, values in lines.items():
        most = max(sum(values[line] is not None for line in epoch) for epoch in epochs)
        if most > 1:
            remarks.append(f"{name} is the mean of up to {most} values an epoch.")

    # Where every line is an epoch, pandas has written losses that are not numbers as empty cells.
    pairs = list(zip(*(_means(values, epochs) for values in lines.values()), strict=True))
    if len(epochs) == lengths[val.name]:
        pairs = [(math.nan, math.nan) if pair == (None, None) else pair for pair in pairs]
    complete = [epoch for epoch, pair in zip(epochs, pairs, strict=True) if None not in pair]
    count = sum(pair != (None, None) for pair in pairs)
    if not complete:
        raise HistoryError(
            f"No epoch has a value of both {train.name} and {val.name}; expected both on one line, "
            "or a column epoch that says which lines belong together."
        )
    if len(complete) < count:
        left_out = count - len(complete)
        remarks.append(f"Left out {left_out} of {count} epochs, which lack one of both losses.")

    loss, val_loss = np.array([pair for pair in pairs if None not in pair], float).T
    name, scores, higher = "loss", val_loss, False
    if chosen := _metric(columns, named, val, metric, complete, remarks):
        column, scores = chosen
        name, higher = column.measure, bool(column.higher)
    curves = Curves(
        loss=loss,
        val_loss=val_loss,
        metric=name,
        scores=scores,
        higher=higher,
        baseline=_baseline(baseline or {}, named, train, name),
        rows=validation_rows,
        loss_name="data_loss" if train.name == "data_loss" else "loss",
    )
    return curves, remarks


def _losses(columns: Mapping[str, Sequence[Any]], named: Sequence[Column]) -> tuple[Column, Column]:
    """Return the columns of training and validation loss."""
    by_name = {column.name: column for column in named}
    for name in ("data_loss", "loss"):
        if name in by_name and f"val_{name}" in by_name:
            return by_name[name], by_name[f"val_{name}"]

    def candidates(part: str, measure: str) -> list[Column]:
        """Return the columns that fit: rather of epochs than of steps, and of more than one."""
        fitting = [one for one in named if (one.part, one.measure) == (part, measure)]
        fitting = [one for one in fitting if not one.by_step] or fitting
        return [
            one for one in fitting if len(columns[one.name]) - columns[one.name].count(None) > 1
        ] or fitting

    for part in ("validation", "test"):
        for measure in LOSSES:
            train, val = candidates("training", measure), candidates(part, measure)
            if not train or not val:
                continue
            for of, fitting in (("training", train), ("validation", val)):
                if len(fitting) > 1:
                    names = ", ".join(column.name for column in fitting)
                    raise HistoryError(f"The {of} loss may be each of {names}. {RENAME}")
            return train[0], val[0]

    names = ", ".join(columns) or "nothing"
    advice = RENAME
    if "loss" in by_name and not any(column.part != "training" for column in named):
        advice = (
            "Nothing in it is of validation rows: give model.fit validation_split=0.2, or "
            "validation_data=(inputs, targets)."
        )
    raise HistoryError(
        f"The history holds {names}; expected a training loss and a validation loss, such as loss "
        f"and val_loss. {advice}"
    )


def _epochs(columns: Mapping[str, Sequence[Any]], val: Sequence[float | None]) -> list[list[int]]:
    """Return the lines of each epoch, which may be several.

    With a column of whole epochs they are those of one epoch. With steps or parts of epochs, they
    are those that end where validation loss has a value. Else each line is an epoch.

    Args:
        columns: The history.
        val: Validation loss of each line.
    """
    clocks = {name.strip().lower(): name for name in columns}
    name = next((clocks[word] for word in ("epoch", "step", "global_step") if word in clocks), None)
    if name is None or len(columns[name]) != len(val):
        return [[line] for line in range(len(val))]

    times = np.array(numbers(columns[name], name), float)
    later = times[1:] >= times[:-1]
    if not later.all():
        line = int(np.argmin(later)) + 1
        raise HistoryError(
            f"{name} goes from {times[line - 1]:g} to {times[line]:g} at its value {line + 1}; "
            "expected the values of one training, in order. Leave out the lines of others."
        )
    if name.strip().lower() != "epoch" or (times % 1).any():
        ends = [time for time, value in zip(times, val, strict=True) if value is not None]
        times = np.searchsorted(ends, times)
    groups = dict[float, list[int]]()
    for line, time in enumerate(times):
        groups.setdefault(float(time), []).append(line)
    return list(groups.values())


def _means(values: Sequence[float | None], epochs: Sequence[Sequence[int]]) -> list[float | None]:
    """Return the mean of each epoch's values; None of an epoch without one."""
    result: list[float | None] = []
    for epoch in epochs:
        present = [value for line in epoch if (value := values[line]) is not None]
        result.append(sum(present) / len(present) if present else None)
    return result


def _metric(
    columns: Mapping[str, Sequence[Any]],
    named: Sequence[Column],
    val: Column,
    metric: str | None,
    epochs: Sequence[Sequence[int]],
    remarks: list[str],
) -> tuple[Column, np.ndarray] | None:
    """Return the column of the primary metric and its values, and add remarks; None without one."""
    options = [one for one in named if one.part == val.part and one.metric != val.metric]
    if metric is None:
        # The losses of several outputs are parts of the loss.
        options = [one for one in options if not one.measure.endswith("loss")]
    elif Column.of(metric).metric in ("loss", val.metric):
        return None
    else:
        names = [one.measure for one in options]
        options = [one for one in options if one.metric == Column.of(metric).metric]
        if not options:
            raise HistoryError(
                f"The history has no validation values of metric {metric!r}; expected one of "
                f"{', '.join(['loss', *names])}.{did_you_mean(metric, names)}"
            )

    left_out: list[str] = []
    for option in options:
        reason = "it lacks epochs"
        try:
            values = numbers(columns[option.name], option.name)
        except HistoryError as error:
            values, reason = [], str(error).rstrip(".")
        if option.higher is None:
            reason = "its name does not tell whether more of it is better"
        elif len(values) == len(columns[val.name]) and None not in _means(values, epochs):
            if option.name != f"val_{option.metric}" or option.metric not in measures.MEASURES:
                better = "more" if option.higher else "less"
                remarks.append(f"Read {option.name} as the metric, of which {better} is better.")
            return option, np.array(_means(values, epochs), float)
        left_out.append(f"Left out {option.name}: {reason}.")
    remarks += left_out
    return None


def check(baseline: object, validation_rows: object) -> None:
    """Raise HistoryError for a baseline or a number of rows that no history can be judged with."""
    if validation_rows is not None and not (
        isinstance(validation_rows, int | np.integer) and validation_rows >= 1
    ):
        raise HistoryError(
            f"validation_rows is {validation_rows!r}; expected a whole number of at least 1."
        )
    if not isinstance(baseline, Mapping | None):
        raise HistoryError(f'baseline is {baseline!r}; expected a dict such as {{"loss": 0.69}}.')
    for name, value in (baseline or {}).items():
        number = isinstance(value, int | float | np.number) and math.isfinite(value)
        if not number or (name == "loss" and value == 0):
            raise HistoryError(
                f"baseline[{name!r}] is {value!r}; expected a finite number, of the loss not 0."
            )


def _baseline(
    baseline: Mapping[str, float], named: Sequence[Column], train: Column, metric: str
) -> dict[str, float]:
    """Return the baseline's loss and metric, by the names that the curves have for them."""
    result: dict[str, float] = {}
    for name, value in baseline.items():
        column = Column.of(name)
        if column.metric in ("loss", train.metric):
            result["loss"] = float(value)
        elif column.metric == Column.of(metric).metric:
            result[metric] = float(value)
        elif column.metric not in [one.metric for one in named]:
            names = ["loss", metric]
            raise HistoryError(
                f"baseline has {name}, of which the history has no values; expected "
                f"{' and '.join(dict.fromkeys(names))}.{did_you_mean(name, names)}"
            )
    return result
