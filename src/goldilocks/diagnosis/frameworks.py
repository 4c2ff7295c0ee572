"""A history of any framework -> its columns, and what their names mean."""

from __future__ import annotations

import csv
import io
import math
import re
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from goldilocks.errors import HistoryError
from goldilocks.evaluation import measures
from goldilocks.problem import METRIC_SYNONYMS

# Words of a name that say which rows a value is of; without one it is of the training rows.
PARTS = {
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "eval", "dev"), "validation"),
    "test": "test",
}
# Words in the names of metrics that `evaluation.measures` does not have.
HIGHER = {"acc", "accuracy", "auc", "dice", "f1", "iou", "precision", "recall", "r2", "similarity"}
LOWER = {"crossentropy", "entropy", "error", "loss", "logloss", "mae", "mse", "perplexity", "rmse"}
NO_VALUE = {"", "na", "n/a", "none", "null"}  # cells in lower case; "nan" is a value


class Column(NamedTuple):
    """What a column of a history holds, by its name.

    Attributes:
        name: As the history has it.
        part: The rows that it is of: "training", "validation" or "test".
        measure: What is measured, in lower case: "loss", "accuracy", "mean_squared_error".
        by_step: Whether the name says that its values are those of steps.
    """

    name: str
    part: str
    measure: str
    by_step: bool

    @classmethod
    def of(cls, name: str) -> Column:
        """Return what a name means.

        >>> Column.of("validation_1-logloss")[1:], Column.of("trainLoss_step")[1:]
        (('validation', 'logloss', False), ('training', 'loss', True))
        """
        words = re.findall("[a-z0-9]+", re.sub("([a-z])([A-Z])", r"\1_\2", name).lower())
        by_step = words[-1:] == ["step"]
        if len(words) > 1 and words[-1] in ("step", "epoch"):
            words.pop()

        part, parts = "training", [index for index, word in enumerate(words) if word in PARTS]
        if parts:
            part = PARTS[words[parts[-1]]]
            words = words[parts[-1] + 1 :] or words[: parts[-1]]

        # Numbers tell apart the sets of boosted trees, and Keras's metrics of several models.
        while len(words) > 1 and words[0].isdigit():
            words.pop(0)
        while len(words) > 1 and words[-1].isdigit():
            words.pop()
        return cls(name, part, "_".join(words), by_step)

    @property
    def metric(self) -> str:
        """The name of the measure in `evaluation.measures`, if it is there."""
        return METRIC_SYNONYMS.get(self.measure, self.measure)

    @property
    def higher(self) -> bool | None:
        """Whether more of it is better; None where the name does not tell."""
        try:
            return measures.higher_is_better(self.metric)
        except KeyError:
            words = set(self.measure.split("_"))
            higher, lower = bool(words & HIGHER), bool(words & LOWER)
            return None if higher == lower else higher


def columns_of(history: Any) -> dict[str, list[Any]]:
    """Return the columns of a history, None where a line has no value.

    Args:
        history: A Keras `History`, its dict of lists, a dict of such dicts, a table of pandas, a
            list with a dict a line, the `state` of a trainer of transformers, or the path of a CSV.

    Raises:
        HistoryError: It is none of these, or a file that cannot be read.
    """
    if isinstance(history, str | Path):
        try:
            return read_csv(Path(history).read_text("utf-8-sig"), str(history))
        except (OSError, UnicodeDecodeError) as error:
            raise HistoryError(
                f"{history} cannot be read: {error}. Expected a CSV file."
            ) from error

    for attribute in ("history", "log_history"):
        history = getattr(history, attribute, history)
    if hasattr(history, "iterrows"):  # A table of pandas, whose missing values are NaN or NA.
        table = history.astype(object).where(history.notna(), None)
        return {str(name): list(values) for name, values in table.items()}
    if isinstance(history, list) and all(isinstance(line, Mapping) for line in history):
        names = dict.fromkeys(name for line in history for name in line)
        return {str(name): [line.get(name) for line in history] for name in names}
    if not isinstance(history, Mapping):
        raise HistoryError(
            f"The history is {reprlib.repr(history)}; expected what model.fit returns, a dict of "
            "lists, or the name of a CSV file."
        )

    columns = dict[str, list[Any]]()
    for name, values in history.items():
        inner = values.items() if isinstance(values, Mapping) else [("", values)]
        for end, series in inner:
            columns[f"{name}-{end}" if end else str(name)] = _list(series)
    if not columns:
        raise HistoryError("The history is empty; expected one value an epoch of each loss.")
    return columns


def read_csv(text: str, origin: str) -> dict[str, list[Any]]:
    """Return the columns of a CSV: numbers, None for an empty cell, and else its text.

    Args:
        text: All of it, with names in its first line; between cells "," or ";" or a tab.
        origin: What it is called in an error.

    Raises:
        HistoryError: It has no line of values, or lines of other lengths than the first.
    """
    separator = max(",;\t", key=text.partition("\n")[0].count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    if len(rows) < 2:
        raise HistoryError(f"{origin} holds no values; expected a line of names, and one an epoch.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise HistoryError(
                f"The numbers of cells in lines 1 and {number} of {origin} are {len(rows[0])} and "
                f"{len(row)}; expected as many in each."
            )
    cells = [list(map(_cell, column)) for column in zip(*rows[1:], strict=True)]
    return dict(zip(map(str.strip, rows[0]), cells, strict=True))


def _cell(text: str) -> float | str | None:
    if text.strip().lower() in NO_VALUE:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _list(values: Any) -> list[Any]:
    """Return the values of a curve; a single one is a curve of one epoch."""
    try:
        return [values] if isinstance(values, str) else list(values)
    except TypeError:  # A number, or an array without dimensions.
        return [values]


def numbers(values: Sequence[Any], name: str) -> np.ndarray:
    """Return a column's values, float64: NaN where there is none, and inf for one that is NaN.

    Args:
        values: Numbers, tensors and arrays of one value, and None.
        name: Of the column, for the error.

    Raises:
        HistoryError: One is something else.
    """
    result = np.full(len(values), np.nan)
    for line, value in enumerate(values):
        try:
            if isinstance(value, str):
                raise TypeError
            if value is not None:
                number = float(value.item() if hasattr(value, "item") else value)
                result[line] = math.inf if math.isnan(number) else number
        except (TypeError, ValueError, OverflowError, RuntimeError):  # The last is of torch.
            raise HistoryError(
                f"Value {line + 1} of {name} is {reprlib.repr(value)}; expected a number."
            ) from None
    return result
