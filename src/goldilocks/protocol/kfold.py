"""K-fold cross-validation: each of k folds of the rows validates a training with the others.

Source: Chollet, Deep Learning with Python (2017), section 4.2.1, "K-fold validation"; of series:
    Hyndman and Athanasopoulos, Forecasting: Principles and Practice (2021), section 5.10, "Time
    series cross-validation".
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.model_selection import (
    BaseCrossValidator,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import Rows, Split, duplicates, in_time, parts


def split(dataset: Dataset, *, k: int, shuffle: bool, test: float, seed: int) -> tuple[Split, ...]:
    """Return a split for each fold, all with the test rows of hold-out validation.

    The folds divide all rows but the test rows; published training and validation rows are divided
    together. Shuffled folds are stratified by class. Rows of one group are in one fold, and so are
    rows of the same content (`duplicates`).

    A series, or a table with times, is not shuffled but chained forward: its rows before the test
    are cut into k + 1 stretches of time. Each but the first validates a training with all before it
    that share no point of time with it (`Dataset.overlap`).

    Args:
        dataset: The data set; its `subset` is the number of training rows of each split, as in
            hold-out validation.
        k: Number of folds, at least 2.
        shuffle: Whether rows are drawn into folds; if not, folds are of consecutive rows, unless
            the rows have groups, which then fill the folds from the largest group to the smallest.
            Of no effect on rows in an order of time.
        test: Fraction for the test, above 0 and below 1; not used where these rows are published.
        seed: Seed of both drawings, 0 or more, and less than 2**32.

    Returns:
        The splits in the order of their folds.

    Raises:
        SplitError: There are too few rows, groups or rows of a class for
            so many folds.
    """
    return folds(dataset, k=k, shuffle=shuffle, test=test, seed=seed, fold_seeds=[seed])


def folds(
    dataset: Dataset, *, k: int, shuffle: bool, test: float, seed: int, fold_seeds: Sequence[int]
) -> tuple[Split, ...]:
    """Return a split for each fold of each seed in `fold_seeds`; else as `split`."""
    keys, repeated = duplicates.contents(dataset)
    dataset = duplicates.joined_groups(dataset, keys)
    rows = parts.divisible(dataset)
    size = round(test * len(parts.countable(dataset, keys, rows)))
    rows, test_rows, notes = parts.take(dataset, keys, rows, rows[:0], size, seed=seed, name="test")
    published, left_out = parts.published_apart(dataset, keys, "validation", test_rows)
    rows = np.union1d(rows, published)
    notes = (*repeated, *notes, *left_out)
    notes += in_time.overlaps(dataset, {"training and validation": rows, "test": test_rows})

    # Contents are divided, and copies follow; groups have their copies in them.
    divided, groups = parts.countable(dataset, keys, rows), None
    if dataset.groups is not None:
        groups = dataset.groups[divided]

    unit = parts.unit_of(divided, rows)
    splits: list[Split] = []
    for fold_seed in fold_seeds:
        splitter = _splitter(dataset, divided, unit, k, shuffle, fold_seed)
        folds_of_seed = splitter.split(divided, parts.labels_of(dataset)[divided], groups)
        for number, (drawn, validating) in enumerate(folds_of_seed, start=1):
            train = duplicates.with_copies(keys, rows, divided[drawn])
            validation = duplicates.with_copies(keys, rows, divided[validating])
            if dataset.is_ordered:
                train = in_time.before(dataset, train, validation)
            if not len(validation) or not parts.has_classes(dataset, rows, train):
                instead = "Lower protocol.k, or change protocol.seed"
                if not shuffle and not dataset.is_ordered:
                    instead = "Set protocol.shuffle=true, lower protocol.k, or change protocol.seed"
                raise SplitError(
                    f"dataset={dataset.name}: fold {number} of {k} has {len(train)} training rows "
                    f"and {len(validation)} to validate with; expected some of both, and every "
                    f"class among the training rows. {instead}."
                )
            train = parts.subset(dataset, train, fold_seed)
            in_time.check_classes(
                *(dataset, rows, train),
                part=f"fold {number} of {k}",
                instead="Lower protocol.k, take protocol=holdout",
            )
            split = Split(train, validation, test_rows, notes)
            splits.append(replace(split, notes=(*notes, *in_time.spans(dataset, split))))
    return tuple(splits)


def _splitter(
    dataset: Dataset, rows: Rows, unit: str, k: int, shuffle: bool, seed: int
) -> BaseCrossValidator:
    """Return scikit-learn's splitter for these rows, or raise SplitError where they are too few."""
    if dataset.is_ordered:
        stretch = len(rows) // (k + 1)
        first = rows[len(rows) - k * stretch :]
        if not len(first) or not len(in_time.before(dataset, rows, first)):
            raise SplitError(
                f"protocol.k is {k}, and dataset={dataset.name} has {len(rows)} "
                f"{'rows' if dataset.times is not None else 'windows'} before the test: {k} folds "
                f"of {stretch}, and up to {dataset.overlap} left out before each, leave none to "
                "train with before the first; expected at least 2 folds and a longer first "
                "stretch. Lower protocol.k, or the dataset.lookback of a series."
            )
        return TimeSeriesSplit(n_splits=k)

    most, grouped = len(rows), False
    if dataset.groups is not None:
        most, unit, grouped = len(np.unique(dataset.groups[rows])), "groups of rows", True
    if k > most:
        raise SplitError(
            f"protocol.k is {k}, and dataset={dataset.name} has {most} {unit} to divide into "
            f"folds; expected from 2 to {most} folds."
        )

    stratified = parts.is_stratified(dataset) and (shuffle or grouped)
    if stratified:
        where = f"the {len(rows)} {unit} to divide into protocol.k={k} folds"
        parts.check_classes(replace(dataset, groups=None), rows, k, where)

    kinds = {
        (False, False): KFold,
        (False, True): StratifiedKFold,
        (True, False): GroupKFold,
        (True, True): StratifiedGroupKFold,
    }
    return kinds[grouped, stratified](k, shuffle=shuffle, random_state=seed if shuffle else None)
