"""K-fold cross-validation: the rows in k folds, each of them once for validation while the others are trained with.

Source: Chollet, Deep Learning with Python (2017), section 4.2.1, "K-fold validation"; of series:
    Hyndman and
Athanasopoulos, Forecasting: Principles and Practice (2021), section 5.10, "Time series
cross-validation".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import Split, duplicates, parts
from goldilocks.protocol.duplicates import Contents

if TYPE_CHECKING:
    from sklearn.model_selection import BaseCrossValidator


def split(dataset: Dataset, *, k: int, shuffle: bool, test: float, seed: int) -> tuple[Split, ...]:
    """As many splits as folds, all with the test rows that hold-out validation draws with this `test` and `seed`.

    The folds divide all other rows; published training and validation rows are divided together.
    Shuffled, the classes keep their shares in every fold. Rows of one group are in one fold. A
    series is not shuffled but chained forward: its rows before the test are cut into k + 1
    stretches of time, and each but the first validates a training with all before it, without the
    `Dataset.overlap` rows just before it. A fold does not train with rows that are identical to one
    that it validates with: `duplicates`.

    Args:
        dataset: The data set; its `subset` is the number of training rows of each split, as in
            hold-out validation.
        k: Number of folds, at least 2.
        shuffle: Whether rows are drawn into folds; if not, folds are of consecutive rows, unless
            the rows have groups, which then fill the folds from the largest group to the smallest.
            Of no effect on a series.
        test: Fraction for the test, above 0 and below 1; not used where these rows are published.
        seed: Seed of both drawings, 0 or more, and less than 2**32.

    Returns:
        The splits in the order of their folds.

    Raises:
        SplitError: `test` is out of range, or there are too few rows, groups or rows of a class for
            so many folds.
    """
    known = duplicates.contents(dataset)
    rows, sealed, notes = parts.pool(dataset, known, test=test, seed=seed)
    return tuple(
        Split(parts.subset(dataset, train, seed), validation, sealed, (*notes, *left_out))
        for train, validation, left_out in folds(
            dataset, known, rows, k=k, shuffle=shuffle, seed=seed
        )
    )


def folds(
    dataset: Dataset, known: Contents, rows: np.ndarray, *, k: int, shuffle: bool, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[str, ...]]]:
    """The training and the validation rows of each fold, int64, ascending, and notes.

    Args:
        dataset: Whose kind, groups and classes say how they are divided.
        known: Which of its rows have the same content.
        rows: To divide, int64, ascending.
        k: Number of folds.
        shuffle: As of `split`.
        seed: Of the shuffling.

    Raises:
        SplitError: There are too few rows, groups or rows of a class.
    """
    labels, groups = parts.labels_of(dataset), dataset.groups
    splitter = _splitter(dataset, rows, labels, k, shuffle, seed)
    divided = splitter.split(
        rows,
        None if labels is None else labels[rows],
        groups=None if groups is None else groups[rows],
    )
    for number, (train, validation) in enumerate(divided, start=1):
        alike = known.alike(rows[train], rows[validation])
        kept, notes = rows[train][~alike], ()
        if count := int(alike.sum()):
            repeat = "row that repeats" if count == 1 else "rows that repeat"
            notes = (
                f"Fold {number} of {k} trains without {count} {repeat} one of its validation rows.",
            )
        if lacks := _lacking(dataset, labels, rows[train], kept, rows[validation]):
            cure = (
                "lower protocol.k or change protocol.seed"
                if shuffle
                else "set protocol.shuffle=true"
            )
            raise SplitError(
                f"dataset={dataset.name}: fold {number} of {k} {lacks}; expected rows of every "
                "class to train with "
                f"and some to validate with. To change that, {cure}."
            )
        yield kept, rows[validation], notes


def _lacking(
    dataset: Dataset,
    labels: np.ndarray | None,
    drawn: np.ndarray,
    train: np.ndarray,
    validation: np.ndarray,
) -> str:
    """What a fold cannot do without and has not, in words; "" where there is nothing.

    Its training rows are those drawn, but for those that are identical to one of its validation
    rows.
    """
    if not len(validation):
        return "validates with no row"
    missing = (
        [] if labels is None else np.setdiff1d(labels[np.union1d(drawn, validation)], labels[train])
    )
    names = " and ".join(repr(dataset.classes[label]) for label in missing)
    without = (
        f", of which {len(drawn) - len(train)} repeat a validation row,"
        if len(drawn) > len(train)
        else ""
    )
    return (
        f"trains with no row{without}{f' of {names}' if names else ''}"
        if names or not len(train)
        else ""
    )


def _splitter(
    dataset: Dataset, rows: np.ndarray, labels: np.ndarray | None, k: int, shuffle: bool, seed: int
) -> BaseCrossValidator:
    """What divides these rows, once it is known that it can."""
    from sklearn.model_selection import (
        GroupKFold,
        KFold,
        StratifiedGroupKFold,
        StratifiedKFold,
        TimeSeriesSplit,
    )

    if dataset.kind == "series":
        _check_stretches(dataset, rows, k)
        return TimeSeriesSplit(n_splits=k, gap=dataset.overlap)
    grouped = dataset.groups is not None
    most = len(np.unique(dataset.groups[rows])) if dataset.groups is not None else len(rows)
    if not 2 <= k <= most:
        raise SplitError(
            f"protocol.k is {k}, and dataset={dataset.name} has {most} "
            f"{'groups of rows' if grouped else 'rows'} to "
            f"divide into folds; expected from 2 to {most} folds."
        )
    if labels is not None and (shuffle or grouped):
        counts = np.bincount(labels[rows], minlength=len(dataset.classes))
        rare = [
            f"{dataset.classes[label]!r} has {counts[label]}"
            for label in np.flatnonzero(counts < k)
        ]
        if rare:
            raise SplitError(
                f"dataset={dataset.name}: {', '.join(rare)} of the {len(rows)} rows to divide into "
                "folds; expected at "
                f"least protocol.k={k} of each class. Lower protocol.k, add rows of that class, or "
                "leave it out."
            )
    random = {"shuffle": shuffle, "random_state": seed if shuffle else None}
    if grouped:
        return GroupKFold(k, **random) if labels is None else StratifiedGroupKFold(k, **random)
    return StratifiedKFold(k, **random) if labels is not None and shuffle else KFold(k, **random)


def _check_stretches(dataset: Dataset, rows: np.ndarray, k: int) -> None:
    """Refuses a series of which nothing is left to train with before the first fold."""
    stretch = len(rows) // (k + 1)
    if k < 2 or stretch < 1 or len(rows) - k * stretch - dataset.overlap < 1:
        raise SplitError(
            f"protocol.k is {k}, and dataset={dataset.name} has {len(rows)} windows before the "
            f"test: {k} folds of "
            f"{stretch}, and {dataset.overlap} left out before each, leave none to train with "
            "before the first; "
            "expected at least 2 folds and a longer first stretch. Lower protocol.k or "
            "dataset.lookback."
        )
