"""K-fold cross-validation: each of k folds of the rows validates a training with the others.

Source: Chollet, Deep Learning with Python (2017), section 4.2.1, "K-fold validation"; of series:
    Hyndman and Athanasopoulos, Forecasting: Principles and Practice (2021), section 5.10, "Time
    series cross-validation".
"""

from collections.abc import Iterator

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
from goldilocks.protocol import Split, duplicates, parts
from goldilocks.protocol.duplicates import Contents


def split(dataset: Dataset, *, k: int, shuffle: bool, test: float, seed: int) -> tuple[Split, ...]:
    """Return a split for each fold, all with the test rows of hold-out validation.

    The folds divide all rows but the test rows; published training and validation rows are divided
    together. Shuffled folds are stratified by class. Rows of one group are in one fold. A fold does
    not train with rows that are identical to one of its validation rows (`duplicates`).

    A series is not shuffled but chained forward: its rows before the test are cut into k + 1
    stretches of time. Each but the first validates a training with all before it, without the
    `Dataset.overlap` rows just before it.

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
    contents = duplicates.contents(dataset)
    rows, test_rows, notes = parts.pool(dataset, contents, test=test, seed=seed)
    return tuple(
        Split(parts.subset(dataset, train, seed), validation, test_rows, (*notes, *left_out))
        for train, validation, left_out in folds(
            dataset, contents, rows, k=k, shuffle=shuffle, seed=seed
        )
    )


def folds(
    dataset: Dataset, contents: Contents, rows: np.ndarray, *, k: int, shuffle: bool, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[str, ...]]]:
    """Yield the training and the validation rows of each fold, int64, ascending, and notes.

    Args:
        dataset: Whose kind, groups and classes say how they are divided.
        contents: Which of its rows have the same content.
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
    cure = "set protocol.shuffle=true"
    if shuffle:
        cure = "lower protocol.k or change protocol.seed"

    for number, (drawn, validating) in enumerate(divided, start=1):
        validation = rows[validating]
        repeats = contents.alike(rows[drawn], validation)
        train = rows[drawn][~repeats]
        lack = _lack(dataset, rows[drawn], train, validation)
        if lack:
            raise SplitError(
                f"dataset={dataset.name}: fold {number} of {k} {lack}; expected rows of every "
                f"class to train with and some to validate with. To change that, {cure}."
            )
        yield train, validation, _repeat_notes(int(repeats.sum()), f"Fold {number} of {k}")


def _repeat_notes(count: int, fold: str) -> tuple[str, ...]:
    if not count:
        return ()
    repeat = "row that repeats" if count == 1 else "rows that repeat"
    return (f"{fold} trains without {count} {repeat} one of its validation rows.",)


def _lack(dataset: Dataset, drawn: np.ndarray, train: np.ndarray, validation: np.ndarray) -> str:
    """Return what a fold needs and lacks, for a message; "" where it lacks nothing.

    Its training rows are those drawn, but for those that are identical to one of its validation
    rows.
    """
    if not len(validation):
        return "validates with no row"
    missing = parts.missing_classes(dataset, np.union1d(drawn, validation), train)
    if len(train) and not missing:
        return ""

    lack = "trains with no row"
    if len(drawn) > len(train):
        lack += f", of which {len(drawn) - len(train)} repeat a validation row,"
    return f"{lack} of {missing}" if missing else lack


def _splitter(
    dataset: Dataset, rows: np.ndarray, labels: np.ndarray | None, k: int, shuffle: bool, seed: int
) -> BaseCrossValidator:
    """Return scikit-learn's splitter for these rows, or raise SplitError where they are too few."""
    if dataset.kind == "series":
        _check_stretches(dataset, rows, k)
        return TimeSeriesSplit(n_splits=k, gap=dataset.overlap)

    most, unit, grouped = len(rows), "rows", dataset.groups is not None
    if dataset.groups is not None:
        most, unit = len(np.unique(dataset.groups[rows])), "groups of rows"
    if not 2 <= k <= most:
        raise SplitError(
            f"protocol.k is {k}, and dataset={dataset.name} has {most} {unit} to divide into "
            f"folds; expected from 2 to {most} folds."
        )

    stratified = labels is not None and (shuffle or grouped)
    if labels is not None and stratified:
        counts = np.bincount(labels[rows], minlength=len(dataset.classes))
        rare = parts.rare_classes(dataset, counts, k)
        if rare:
            raise SplitError(
                f"dataset={dataset.name}: {rare} of the {len(rows)} rows to divide into folds; "
                f"expected at least protocol.k={k} of each class. Lower protocol.k, add rows of "
                "that class, or leave it out."
            )

    kinds = {
        (False, False): KFold,
        (False, True): StratifiedKFold,
        (True, False): GroupKFold,
        (True, True): StratifiedGroupKFold,
    }
    return kinds[grouped, stratified](k, shuffle=shuffle, random_state=seed if shuffle else None)


def _check_stretches(dataset: Dataset, rows: np.ndarray, k: int) -> None:
    """Raise SplitError where a series leaves nothing to train with before the first fold."""
    stretch = len(rows) // (k + 1)
    if k < 2 or stretch < 1 or len(rows) - k * stretch - dataset.overlap < 1:
        raise SplitError(
            f"protocol.k is {k}, and dataset={dataset.name} has {len(rows)} windows before the "
            f"test: {k} folds of {stretch}, and {dataset.overlap} left out before each, leave none "
            "to train with before the first; expected at least 2 folds and a longer first stretch. "
            "Lower protocol.k or dataset.lookback."
        )
