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
    train, val = _losses(named)
    remarks: list[str] = []
    if train.name not in ("loss", "data_loss") or val.name != f"val_{train.name}":
        remarks.append(f"Read {train.name} as training loss and {val.name} as validation loss.")

    # Lines -> epochs.
    lines = [numbers(columns[one.name], one.name) for one in (train, val)]
    if len(lines[0]) != len(lines[1]) or not len(lines[0]):
        raise HistoryError(
            f"The numbers of values are: {train.name} {len(lines[0])} and {val.name} "
            f"{len(lines[1])}; expected one value an epoch of each. Give it the values of the same "
            "epochs."
        )
    epochs = _epochs(columns, lines[1])
    losses = np.array([_means(values, epochs) for values in lines])
    for one, values in zip((train, val), lines, strict=True):
        most = int(np.bincount(epochs, ~np.isnan(values)).max())
        if most > 1:
            remarks.append(f"{one.name} is the mean of up to {most} values an epoch.")

    # Where each line is an epoch, pandas has written losses that are not numbers as empty cells.
    if len(losses[0]) == len(epochs):
        losses[:, np.isnan(losses).all(axis=0)] = np.inf
    gaps = np.isnan(losses)
    complete, some = np.flatnonzero(~gaps.any(axis=0)), int((~gaps.all(axis=0)).sum())
    if not len(complete):
        raise HistoryError(
            f"No epoch has a value of both {train.name} and {val.name}; expected both on one line, "
            "or a column epoch that says which lines belong together."
        )
    if len(complete) < some:
        lacking = some - len(complete)
        remarks.append(f"Left out {lacking} of {some} epochs, which lack one of both losses.")
    remarks += _numbering(columns, epochs, complete)

    loss, val_loss = losses[:, complete]
    name, scores, higher = "loss", val_loss, False
    left_out: list[str] = []
    for column in _metrics(named, val, metric):
        try:
            scores = _scores(columns[column.name], column, epochs, complete)
        except HistoryError as error:
            left_out.append(f"Left out {column.name}: {error}")
            continue
        name, higher, left_out = column.measure, bool(column.higher), []
        if column.name != f"val_{column.metric}" or column.metric not in measures.MEASURES:
            better = "more" if higher else "less"
            remarks.append(f"Read {column.name} as the metric, of which {better} is better.")
        break
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
    return curves, remarks + left_out


def _losses(named: Sequence[Column]) -> tuple[Column, Column]:
    """Return the columns of training and validation loss."""

    def candidates(part: str, measure: str) -> list[Column]:
        """Return the columns that fit: Keras's name, else those of epochs, else those of steps."""
        fitting = [one for one in named if (one.part, one.measure) == (part, measure)]
        keras = [one for one in fitting if one.name in (measure, f"val_{measure}")]
        return keras or [one for one in fitting if not one.by_step] or fitting

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

    advice = RENAME
    if not any(column.part != "training" for column in named):
        advice = (
            "None is of validation rows, by its name: give model.fit validation_split=0.2, or "
            "validation_data=(inputs, targets)."
        )
    raise HistoryError(
        f"The history holds {', '.join(column.name for column in named)}; expected a training loss "
        f"and a validation loss, such as loss and val_loss. {advice}"
    )


def _epochs(columns: Mapping[str, Sequence[Any]], val: np.ndarray) -> np.ndarray:
    """Return the epoch of each line, from 0: of several lines the same.

    It is that of a column of whole epochs. With steps or parts of epochs, an epoch ends where
    validation loss has a value. Else each line is an epoch.

    Args:
        columns: The history.
        val: Validation loss of each line, NaN where there is none.
    """
    clocks = {name.strip().lower(): name for name in columns}
    name = next((clocks[word] for word in ("epoch", "step", "global_step") if word in clocks), None)
    if name is None or len(columns[name]) != len(val):
        return np.arange(len(val))

    times = numbers(columns[name], name)
    later = times[1:] >= times[:-1]
    if not later.all():
        line = int(np.argmin(later)) + 1
        raise HistoryError(
            f"{name} goes from {times[line - 1]:g} to {times[line]:g} at its value {line + 1}; "
            "expected the values of one training, in order. Leave out the lines of others."
        )
    if name.strip().lower() != "epoch" or (times % 1).any():
        times = np.searchsorted(times[~np.isnan(val)], times)
    return np.unique(times, return_inverse=True)[1]


def _numbering(
    columns: Mapping[str, Sequence[Any]], epochs: np.ndarray, complete: np.ndarray
) -> list[str]:
    """Return a sentence if a column numbers the complete epochs in another way than from 1."""
    name = next((name for name in columns if name.strip().lower() == "epoch"), None)
    if name is None or len(columns[name]) != len(epochs):
        return []
    times = numbers(columns[name], name)
    if (times % 1).any():
        return []
    shown = np.unique(times)[complete]
    if np.array_equal(shown, np.arange(1, len(shown) + 1)):
        return []
    return [
        f"Epochs are numbered from 1 here; in the column {name} the first is {shown[0]:g} and the "
        f"last {shown[-1]:g}."
    ]


def _means(values: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Return the mean of each epoch's values; NaN of an epoch without one."""
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore"):  # 0 / 0
        return np.bincount(epochs, np.where(present, values, 0)) / np.bincount(epochs, present)


def _metrics(named: Sequence[Column], val: Column, metric: str | None) -> list[Column]:
    """Return the columns that may be the primary metric; none where that is the loss."""
    columns = [one for one in named if one.part == val.part and one.metric != val.metric]
    if metric is None:
        # The losses of several outputs are parts of the loss.
        return [one for one in columns if not one.measure.endswith("loss")]

    wanted, names = Column.of(metric).metric, [one.measure for one in columns]
    columns = [one for one in columns if one.metric == wanted]
    if not columns and wanted not in ("loss", val.metric):
        raise HistoryError(
            f"The history has no validation values of metric {metric!r}; expected one of "
            f"{', '.join(['loss', *names])}.{did_you_mean(metric, names)}"
        )
    return columns


def _scores(
    values: Sequence[Any], column: Column, epochs: np.ndarray, complete: np.ndarray
) -> np.ndarray:
    """Return the values of a metric, one an epoch that is complete, or raise HistoryError."""
    if column.higher is None:
        raise HistoryError("its name does not tell whether more of it is better.")
    scores = numbers(values, column.name)
    if len(scores) == len(epochs):
        scores = _means(scores, epochs)[complete]
        if np.isfinite(scores).all():
            return scores
    raise HistoryError("it has no finite value of some epochs.")


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
