"""Divide rows for every protocol: first the test rows, then one part after another.

How a part is taken depends on the rows alone. Of rows in an order of time the latest are taken; of
a series, those that share points of time with them are in no part. Rows with groups are taken as
whole groups, as near as possible to the size asked for and to the class frequencies. Other rows are
drawn at random, stratified by class.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import CLASSES, INNER, Rows, Split, duplicates, in_time

DRAWINGS = 50  # Orders of the groups that are tried; each is cut at its best point.


def is_stratified(dataset: Dataset) -> bool:
    """Return whether parts have the class frequencies of all rows."""
    return not dataset.is_ordered and dataset.problem in CLASSES


def labels_of(dataset: Dataset) -> np.ndarray:
    """Return the class of every row, int64 (rows,); 0 of all where splits are not stratified."""
    if not is_stratified(dataset):
        return np.zeros(len(dataset.y), np.int64)
    return np.asarray(dataset.y).astype(np.int64)


def check_classes(dataset: Dataset, rows: Rows, fewest: int, where: str) -> None:
    """Raise SplitError for a class with fewer than `fewest` rows, or groups of rows."""
    if not is_stratified(dataset):
        return

    unit = "" if dataset.groups is None else " groups"
    counts = class_counts(dataset, rows)
    rare = [
        f"{dataset.classes[label]!r} has {counts[label]}{unit}"
        for label in np.flatnonzero(counts < fewest)
    ]
    if rare:
        how = " with dataset.drop_classes" if dataset.name in ("images", "table", "texts") else ""
        raise SplitError(
            f"dataset={dataset.name}: {', '.join(rare)} of {where}; expected at least {fewest} of "
            f"each class. Add rows of that class, or leave it out{how}."
        )


def check_size(dataset: Dataset, rows: Rows, size: int, key: str, unit: str = "rows") -> None:
    """Raise SplitError unless `size` of these rows can be drawn, with every class on both sides."""
    fewest = len(np.unique(labels_of(dataset)[rows]))
    if not fewest <= size <= len(rows) - fewest:
        raise SplitError(
            f"dataset={dataset.name}: {key} would take {size} of {len(rows)} {unit}; expected at "
            f"least {fewest} taken and {fewest} left, one for each class. Add rows, or change "
            f"{key}."
        )
    check_classes(replace(dataset, groups=None), rows, 2, f"the {unit} that {key} takes some of")


def class_counts(dataset: Dataset, rows: Rows) -> np.ndarray:
    """Return the number of rows, or groups of rows, of each class, int64 (classes,).

    Where splits are not stratified, all rows count as one class.
    """
    counted, classes = labels_of(dataset)[rows], 1
    if is_stratified(dataset):
        classes = len(dataset.classes)
    if dataset.groups is not None:
        counted = np.unique(np.stack([dataset.groups[rows], counted]), axis=1)[1]
    return np.bincount(counted, minlength=classes)


def divisible(dataset: Dataset) -> Rows:
    """Return the rows to divide, int64, ascending.

    These are the published training rows, or else all rows that are in no published part.

    Raises:
        SplitError: There are none.
    """
    fixed = dataset.fixed
    unpublished = np.setdiff1d(np.arange(len(dataset.y)), np.concatenate([[], *fixed.values()]))
    rows = np.sort(fixed.get("train", unpublished)).astype(np.int64)
    if len(rows):
        return rows

    raise SplitError(
        f"dataset={dataset.name} has no rows to train with: all {len(dataset.y)} are published "
        f"for {' and '.join(fixed)}; expected some in no published part."
    )


def has_classes(dataset: Dataset, rows: Rows, train: Rows) -> bool:
    """Return whether training rows have every class of `rows`; of no classes, if there are any."""
    labels = labels_of(dataset)
    return bool(np.isin(labels[rows], labels[train]).all())


def take(
    dataset: Dataset,
    keys: np.ndarray,
    rows: Rows,
    test_rows: Rows,
    size: int,
    *,
    seed: int,
    name: str,
) -> tuple[Rows, Rows, tuple[str, ...]]:
    """Take the published rows of a part, or draw them; the rest has no row that repeats them.

    Args:
        dataset: Its published parts take no further rows.
        keys: Of the content of each of its rows.
        rows: To divide, int64, ascending.
        test_rows: Those taken before, int64; published rows that repeat one of them are left out.
        size: Of a part that is drawn, in `countable` rows; with groups, the nearest that whole
            groups come to.
        seed: Of the drawing; of no effect on rows in an order of time.
        name: Of the part and of its key in the config group `protocol`, or `INNER`.

    Returns:
        The rows that stay and those of the part, both int64, ascending, and notes.

    Raises:
        SplitError: A class or a part has too few rows.
    """
    left_out, moved = (), ()
    if name in dataset.fixed:
        part, left_out = published_apart(dataset, keys, name, test_rows)
        rest, moved = duplicates.apart(keys, rows, part, name)
    else:
        rest, part = _divide(dataset, keys, rows, size, seed, name)

    if len(part) and has_classes(dataset, rows, rest):
        return rest, part, (*left_out, *moved)
    raise SplitError(
        f"dataset={dataset.name}: rows of the same content are kept in one part, which leaves "
        f"{len(part)} {name} rows and {len(rest)} others; expected some of both, and every class "
        "among the others. Remove rows that repeat others, or change protocol.seed."
    )


def published_apart(
    dataset: Dataset, keys: np.ndarray, name: str, test_rows: Rows
) -> tuple[Rows, tuple[str, ...]]:
    """Return the published rows of a part that repeat no test row, int64, ascending, and notes."""
    rows = np.sort(dataset.fixed.get(name, test_rows[:0]))
    return duplicates.apart(keys, rows, test_rows, "test")


def countable(dataset: Dataset, keys: np.ndarray, rows: Rows) -> Rows:
    """Return the rows that sizes are counted in: one of each content; with groups all of them."""
    if dataset.groups is not None:
        return rows
    return duplicates.firsts(keys, rows)


def unit_of(distinct: Rows, rows: Rows) -> str:
    """Return what is divided, for a message: rows, or one of each content where some repeat."""
    if len(distinct) == len(rows):
        return "rows"
    return "distinct rows"


def _divide(
    dataset: Dataset, keys: np.ndarray, rows: Rows, size: int, seed: int, name: str
) -> tuple[Rows, Rows]:
    """Return the rows that stay and those that are drawn, both int64, ascending."""
    if dataset.is_ordered:
        return in_time.latest(dataset, rows, size, name)

    if dataset.groups is not None:
        part = _whole_groups(dataset, rows, dataset.groups[rows], size, seed, name)
        return np.setdiff1d(rows, part), part

    distinct = duplicates.firsts(keys, rows)
    check_size(dataset, distinct, size, in_time.key_of(name), unit_of(distinct, rows))
    # A content with more rows than the part shall have stays in the rest.
    room = size / len(distinct) * len(rows)
    copies = pd.Series(keys[rows]).value_counts()[keys[distinct]].to_numpy()
    fitting = distinct[copies <= max(1, room)]
    classes = len(np.unique(labels_of(dataset)[rows]))
    if not has_classes(dataset, rows, fitting) or size > len(fitting) - classes:
        fitting = distinct
    part = duplicates.with_copies(keys, rows, _random(dataset, fitting, size, seed))
    return np.setdiff1d(rows, part), part


def nested(dataset: Dataset, split: Split, *, fraction: float, seed: int) -> Split:
    """Return a split whose validation rows are some of the training rows.

    The validation rows of before choose nothing any more: they are the outer rows of nested
    validation (Cawley and Talbot, "On over-fitting in model selection", JMLR 11, 2010). Classes of
    too few rows to be on both sides are where chance puts them.

    Args:
        dataset: The data set.
        split: Its training rows are divided as by hold-out validation.
        fraction: Of the training rows that choose the epoch, above 0 and below 1.
        seed: Of the drawing.

    Raises:
        SplitError: A class or a part has too few rows.
    """
    keys, _ = duplicates.contents(dataset)
    original, dataset = dataset, replace(duplicates.joined_groups(dataset, keys), fixed={})
    size = max(1, round(fraction * len(countable(dataset, keys, split.train))))
    part = split.train, split.test, size
    try:
        train, inner, _ = take(dataset, keys, *part, seed=seed, name=INNER)
    except SplitError:
        dataset = replace(dataset, problem="regression")  # which has no classes to keep apart
        train, inner, _ = take(dataset, keys, *part, seed=seed, name=INNER)
    instead = "Give earlier rows of every class"
    in_time.check_classes(original, split.train, train, part=INNER, instead=instead)
    anew = replace(split, train=train, validation=inner, outer=split.validation)
    return in_time.divided_anew(dataset, split, anew)


def subset(dataset: Dataset, rows: Rows, seed: int) -> Rows:
    """Return as many training rows as `dataset.subset` asks for, ascending.

    They are stratified by class; of rows in an order of time they are the latest. Groups need not
    stay whole here, since the rows that are left out are in no part.

    Raises:
        SplitError: There are not so many, or too few for the classes.
    """
    size = dataset.subset
    if size is None or size == len(rows):
        return rows

    check_size(dataset, rows, size, "dataset.subset")
    if dataset.is_ordered:
        return rows[-size:]
    return np.setdiff1d(rows, _random(dataset, rows, len(rows) - size, seed))


def _random(dataset: Dataset, rows: Rows, size: int, seed: int) -> Rows:
    labels = None
    if is_stratified(dataset):
        labels = labels_of(dataset)[rows]
    _, taken = train_test_split(rows, test_size=size, random_state=seed, stratify=labels)
    return np.sort(taken)


def _whole_groups(
    dataset: Dataset, rows: Rows, groups: np.ndarray, size: int, seed: int, name: str
) -> Rows:
    """Take whole groups, as near as possible to the size and the class frequencies asked for.

    Groups are put into random orders, and each order is cut where the parts come nearest; the
    nearest of all is taken. scikit-learn's GroupShuffleSplit takes a fraction of the groups, which
    may hold any number of rows of any class.
    """
    table = pd.crosstab(groups, labels_of(dataset)[rows])
    if len(table) < 2:
        raise SplitError(
            f"dataset={dataset.name}: the {len(rows)} rows that {name} rows are drawn from are all "
            "of one group; expected at least 2 groups. Add rows of other groups, or leave out "
            f"{dataset.grouped_by}."
        )

    counts, fraction = table.to_numpy(), size / len(rows)
    total = counts.sum(axis=0)
    random = np.random.default_rng(seed)
    nearest, chosen = np.inf, table.index[:0]
    for _ in range(DRAWINGS):
        order = random.permutation(len(table))
        taken = counts[order].cumsum(axis=0)[:-1]
        distance = np.abs(taken / total - fraction).mean(axis=1)
        distance += np.abs(taken.sum(axis=1) / len(rows) - fraction)
        # A class would be missing on one side.
        distance[((taken == 0) | (taken == total)).any(axis=1)] = np.inf

        cut = int(np.argmin(distance))
        if distance[cut] < nearest:
            nearest, chosen = distance[cut], table.index[order[: cut + 1]]

    if len(chosen) == 0:
        raise SplitError(
            f"dataset={dataset.name}: no drawing of whole groups left rows of every class both in "
            f"and out of the {name} rows, of {DRAWINGS} tried; expected each class in more groups. "
            f"Add groups, or leave out {dataset.grouped_by}."
        )
    return rows[np.isin(groups, chosen)]
