"""What the checks of a data set may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, row_keys
from goldilocks.dataset.readers import numbers
from goldilocks.dataset.readers.reading import DATE
from goldilocks.formatting import argument, cut

MOST_ROWS = 20_000  # are fitted on, or compared with each other
SEED = 0  # of their drawing
EXAMPLES = 3  # are named


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A data set and its parts.

    Checks that count or compare inputs read all rows. Those that fit something on targets read
    `learnable` rows alone, so that no choice follows from a test target.

    Attributes:
        dataset: The data set; its `problem` is "" where nobody has said yet what to predict.
        train: Training rows of its first split, int64, ascending.
        validation: Validation rows, alike.
        test: Test rows, alike.
        metric: The primary metric of a training; "" if none is known.
    """

    dataset: Dataset
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    metric: str = ""

    @cached_property
    def learnable(self) -> np.ndarray:
        """Training and validation rows, at most 20,000 of them drawn by seed, ascending."""
        rows = np.union1d(self.train, self.validation)
        if len(rows) <= MOST_ROWS:
            return rows
        return np.sort(np.random.default_rng(SEED).choice(rows, MOST_ROWS, replace=False))

    @cached_property
    def keys(self) -> np.ndarray | None:
        """A key of each row's content, uint64 (rows,); None of a series."""
        return row_keys.keys(self.dataset)

    @cached_property
    def columns(self) -> pd.DataFrame:
        """The inputs of a table, NaN where a value is missing; no columns of other data."""
        if self.dataset.kind == "table":
            return self.dataset.x.replace("", np.nan).reset_index(drop=True)
        return pd.DataFrame()

    @cached_property
    def present(self) -> dict[str, pd.Series]:
        """The values of each of these that are not missing, by the index of the columns."""
        return {str(name): column.dropna() for name, column in self.columns.items()}

    @cached_property
    def inputs(self) -> pd.DataFrame:
        """The learnable rows of `columns`."""
        return self.columns.iloc[self.learnable if len(self.columns) else []]

    @cached_property
    def targets(self) -> dict[str, pd.DataFrame]:
        """What is predicted, by name: float64 (learnable rows, outputs), classes one-hot."""
        dataset = self.dataset
        answers = pd.DataFrame(np.asarray(dataset.y)[self.learnable], self.learnable)
        if dataset.y.ndim > 1:
            names = dataset.classes or dataset.outputs
            return {name: answers[[number]] for number, name in enumerate(names)}
        if dataset.problem == "multiclass":
            answers = pd.get_dummies(answers[0])
        if dataset.problem:
            return {dataset.target: answers.astype(np.float64)}
        return {}

    @cached_property
    def obstacles(self) -> dict[str, str]:
        """By the name of a column of words: why it is not read as the numbers most of them are."""
        reasons = dict[str, str]()
        for name, present in self.present.items():
            if present.dtype == object:
                counts = present.value_counts(sort=False)
                words = counts.index.to_numpy(object)
                reasons[name] = numbers.obstacle(words, counts.to_numpy())
        return {name: reason for name, reason in reasons.items() if reason}

    @cached_property
    def dates(self) -> list[str]:
        """The names of those that hold dates."""
        readings = self.dataset.readings.items()
        return [name for name, reading in readings if reading.kind == DATE and name in self.columns]

    @cached_property
    def classes(self) -> np.ndarray | None:
        """The class of each row, int64 (rows,); None where there is not one class for each."""
        if self.dataset.problem not in ("binary", "multiclass"):
            return None
        return np.asarray(self.dataset.y).astype(np.int64)

    @cached_property
    def sampled(self) -> str:
        """The words that say of how many rows a fitted check knows; "" where it is all of them."""
        rows = len(self.train) + len(self.validation)
        if rows <= MOST_ROWS:
            return ""
        return f" (of {MOST_ROWS:,} rows drawn by seed {SEED})"


def named(names: Sequence[object], most: int = EXAMPLES) -> str:
    """Return names in quotes, those beyond the first few counted.

    >>> named(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    shown = ", ".join(repr(str(name)) for name in names[:most])
    if len(names) > most:
        return f"{shown} and {len(names) - most} more"
    return shown


def as_numbers(column: pd.Series) -> pd.Series:
    """Return a column as numbers, its words numbered as they appear; NaN where one is missing."""
    if column.dtype != object:
        return column
    codes, _ = column.factorize()
    return pd.Series(codes, column.index).where(codes >= 0)


def by_time(evidence: Evidence) -> str:
    """Return what to type to divide rows by their first column of dates."""
    dataset, words = evidence.dataset, argument("dataset.time", evidence.dates[0])
    if dataset.groups is None:
        return words
    return f"{words}, without {dataset.grouped_by}"


def row_name(dataset: Dataset, row: int) -> str:
    """Return a row as a person finds it: a file's name, the beginning of a text, or a number."""
    if dataset.image_size is not None:
        return "/".join(str(dataset.x[row]).split("/")[-2:])
    if dataset.kind != "text":
        return f"row {dataset.row_number(row)}"
    text = " ".join(str(dataset.x[row]).split())
    return f"row {dataset.row_number(row)} ({cut(text, 30)!r})"
