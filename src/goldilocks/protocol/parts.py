"""What every protocol divides rows with: the test rows first, then one part after another, then `dataset.subset`.

How a part is taken depends on the rows alone. Series: the latest rows, and `Dataset.overlap` rows
before them are in no part. Rows with groups: whole groups, nearest to the size asked for and to the
shares of the classes. Other rows: at random, classes in proportion.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import duplicates
from goldilocks.protocol.duplicates import Contents

CLASSES = ("binary", "multiclass")  # The problem types whose splits keep the shares of the classes.
DRAWINGS = 50  # Orders of the groups that are tried; each is cut in its best place.


def labels_of(dataset: Dataset) -> np.ndarray | None:
    """The class of every row, int64 (rows,), where its share is to be kept: None of a series and of other problems."""
    kept = dataset.problem in CLASSES and dataset.kind != "series"
    return np.asarray(dataset.y).astype(np.int64) if kept else None


def published(dataset: Dataset) -> dict[str, np.ndarray]:
    """The published parts by name, each int64 (rows,), ascending; of a series none, since time divides it."""
    parts = {} if dataset.kind == "series" else dataset.fixed
    return {name: np.sort(np.asarray(rows, np.int64)) for name, rows in parts.items()}


def check(fractions: Mapping[str, float], seed: int) -> None:
    """Refuses fractions that are none, that leave nothing to train with, and what is no seed.

    Raises:
        SplitError: Says which.
    """
    for name, fraction in fractions.items():
        if not 0 < fraction < 1:
            raise SplitError(
                f"protocol.{name} is {fraction}; expected a fraction above 0 and below 1, such as "
                "0.25."
            )
    if sum(fractions.values()) >= 1:
        together = " and ".join(
            f"protocol.{name}={fraction}" for name, fraction in fractions.items()
        )
        raise SplitError(
            f"{together} leave no rows to train with; expected fractions that add up to less than "
            "1."
        )
    if not 0 <= seed < 2**32:
        raise SplitError(f"protocol.seed is {seed}; expected a whole number from 0 to {2**32 - 1}.")


def check_classes(dataset: Dataset, rows: np.ndarray, parts: int, where: str) -> None:
    """Refuses a class with fewer rows, or groups of rows, than there are parts to put one into.

    Raises:
        SplitError: Names these classes.
    """
    if labels_of(dataset) is None:
        return
    counts = _counts(dataset, rows)
    unit = "" if dataset.groups is None else " groups"
    rare = [
        f"{dataset.classes[label]!r} has {counts[label]}{unit}"
        for label in np.flatnonzero(counts < parts)
    ]
    if rare:
        raise SplitError(
            f"dataset={dataset.name}: {', '.join(rare)} of {where}; expected at least {parts} of "
            "each class, "
            "one for each part. Add rows of that class, or leave it out."
        )


def rarest(dataset: Dataset, rows: np.ndarray) -> int:
    """How many rows, or groups of rows where they have some, the rarest class has; of no classes, all of them."""
    return int(_counts(dataset, rows).min())


def _counts(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """The rows, or groups of rows, of each class, int64 (classes,); where none are kept apart, of all as one."""
    labels = labels_of(dataset)
    held = np.zeros(len(rows), np.int64) if labels is None else labels[rows]
    if dataset.groups is not None:
        held = np.unique(np.stack([dataset.groups[rows], held]), axis=1)[1]
    return np.bincount(held, minlength=1 if labels is None else len(dataset.classes))


def divisible(dataset: Dataset) -> np.ndarray:
    """The rows to divide, int64, ascending: the published training rows, or else all that are in no published part.

    Raises:
        SplitError: There are none.
    """
    fixed = published(dataset)
    rows = fixed.get(
        "train", np.setdiff1d(np.arange(len(dataset.y)), np.concatenate([[], *fixed.values()]))
    )
    if len(rows) == 0:
        raise SplitError(
            f"dataset={dataset.name} has no rows to train with: all {len(dataset.y)} are published "
            "for "
            f"{' and '.join(fixed)}; expected some in no published part."
            if fixed
            else f"dataset={dataset.name} has no rows; expected some to train with."
        )
    return rows.astype(np.int64)


def check_left(dataset: Dataset, rows: np.ndarray, train: np.ndarray, judged: np.ndarray) -> None:
    """Refuses parts that rows were moved between until one has no row, or training none of a class.

    Args:
        dataset: Whose classes count.
        rows: Before they were moved, int64.
        train: The training rows now, int64.
        judged: The validation or test rows now, int64; they may be published.

    Raises:
        SplitError: Names these classes.
    """
    labels = labels_of(dataset)
    missing = [] if labels is None else np.setdiff1d(labels[rows], labels[train])
    lacks = " and ".join(repr(dataset.classes[label]) for label in missing)
    if len(train) and len(judged) and not lacks:
        return
    without = (
        f"to train with{f' of {lacks}' if lacks else ''}"
        if lacks or not len(train)
        else "to judge with"
    )
    raise SplitError(
        f"dataset={dataset.name}: rows of the same content are kept in one part, and so no row is "
        f"left {without}; "
        "expected some of every class. Remove rows that repeat others, or change protocol.seed."
    )


def without_test(
    dataset: Dataset, known: Contents, *, test: float, seed: int
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The rows to divide without the test rows, the test rows (the same ones whatever the protocol), and notes.

    Args:
        dataset: Its published test rows stay as they are.
        known: Which of its rows have the same content: they join the test rows drawn.
        test: Fraction of the rows to divide; not used where test rows are published.
        seed: Of the drawing; of no effect on a series.

    Raises:
        SplitError: A class or a part has too few rows.
    """
    rows, fixed = divisible(dataset), published(dataset)
    if "test" in fixed:
        stay, notes = duplicates.apart(known, rows, fixed["test"], "test")
        taken = fixed["test"]
    else:
        stay, taken = divide(dataset, rows, round(test * len(rows)), seed=seed, name="test")
        stay, taken, notes = duplicates.joined(dataset, known, stay, taken, "test")
    check_left(dataset, rows, stay, taken)
    return stay, taken, (*known.notes, *notes)


def pool(
    dataset: Dataset, known: Contents, *, test: float, seed: int
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The rows that folds are made of, the test rows, and notes: `without_test`, with the published validation rows.

    Raises:
        SplitError: `test` or `seed` is out of range, or a class or a part has too few rows.
    """
    fixed = published(dataset)
    check({} if "test" in fixed else {"test": test}, seed)
    rows, sealed, notes = without_test(dataset, known, test=test, seed=seed)
    judged, left_out = duplicates.apart(known, fixed.get("validation", rows[:0]), sealed, "test")
    return np.union1d(rows, judged), sealed, (*notes, *left_out)


def divide(
    dataset: Dataset, rows: np.ndarray, size: int, *, seed: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Takes a part of some rows.

    Args:
        dataset: Whose kind, groups and classes say how.
        rows: int64, ascending.
        size: Of the part; with groups, the nearest that whole groups come to.
        seed: Of the drawing; of no effect on a series.
        name: Of the part and of its key in the config group `protocol`.

    Returns:
        The rows that stay and those that are taken, both int64, ascending.

    Raises:
        SplitError: A class or one of both has too few rows.
    """
    if dataset.kind == "series":
        return _latest(dataset, rows, size, name)
    labels = labels_of(dataset)
    fewest = 1 if labels is None else len(np.unique(labels[rows]))
    if not fewest <= size <= len(rows) - fewest:
        raise SplitError(
            f"dataset={dataset.name}: protocol.{name} would take {size} of {len(rows)} rows; "
            "expected at least "
            f"{fewest} taken and {fewest} left, one for each class. Add rows, or change "
            f"protocol.{name}."
        )
    check_classes(dataset, rows, 2, f"the rows that {name} rows are drawn from")
    if dataset.groups is None:
        return _random(rows, labels, size, seed)
    return _whole_groups(dataset, rows, labels, size, seed, name)


def subset(dataset: Dataset, rows: np.ndarray, seed: int) -> np.ndarray:
    """As many training rows as `dataset.subset` asks for, ascending: classes in proportion; of a series the latest.

    Groups need not stay whole here: the rows that are left out are in no part.

    Raises:
        SplitError: There are not so many, or too few for the classes.
    """
    size, labels = dataset.subset, labels_of(dataset)
    if size is None or size == len(rows):
        return rows
    fewest = 1 if labels is None else len(np.unique(labels[rows]))
    if not fewest <= size <= len(rows) - fewest:
        raise SplitError(
            f"dataset.subset is {size}, and dataset={dataset.name} has {len(rows)} training rows; "
            "expected "
            f"from {fewest} to {len(rows) - fewest}, or null for all."
        )
    if dataset.kind == "series":
        return rows[-size:]
    alone = replace(dataset, groups=None)  # They need not stay whole.
    check_classes(alone, rows, 2, "the training rows that a subset is drawn from")
    return _random(rows, labels, len(rows) - size, seed)[0]


def _random(
    rows: np.ndarray, labels: np.ndarray | None, size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    stratify = None if labels is None else labels[rows]
    stay, taken = train_test_split(
        rows, test_size=size, random_state=seed, shuffle=True, stratify=stratify
    )
    return np.sort(stay), np.sort(taken)


def _whole_groups(
    dataset: Dataset, rows: np.ndarray, labels: np.ndarray | None, size: int, seed: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Groups in random orders, each cut where the parts are nearest to what was asked; the nearest of all is taken.

    scikit-learn's GroupShuffleSplit takes a fraction of the groups, which may hold any number of
    rows of any class.
    """
    assert dataset.groups is not None
    groups, group = np.unique(dataset.groups[rows], return_inverse=True)
    if len(groups) < 2:
        raise SplitError(
            f"dataset={dataset.name}: the {len(rows)} rows that {name} rows are drawn from are all "
            "of one group; "
            "expected at least 2 groups. Add rows of other groups, or leave out dataset.group."
        )
    label = (
        np.zeros(len(rows), np.int64)
        if labels is None
        else np.unique(labels[rows], return_inverse=True)[1]
    )
    counts = np.zeros((len(groups), label.max() + 1), np.int64)
    np.add.at(counts, (group, label), 1)
    total, asked, random = counts.sum(axis=0), size / len(rows), np.random.default_rng(seed)
    nearest, chosen = np.inf, groups[:0]
    for _ in range(DRAWINGS):
        order = random.permutation(len(groups))
        taken = counts[order].cumsum(axis=0)[:-1]
        apart = np.abs(taken / total - asked).mean(axis=1) + np.abs(
            taken.sum(axis=1) / len(rows) - asked
        )
        apart[((taken == 0) | (taken == total)).any(axis=1)] = (
            np.inf
        )  # A class would be missing on one side.
        cut = int(np.argmin(apart))
        if apart[cut] < nearest:
            nearest, chosen = apart[cut], order[: cut + 1]
    if len(chosen) == 0:
        raise SplitError(
            f"dataset={dataset.name}: no drawing of whole groups left rows of every class both in "
            "and out of the "
            f"{name} rows, of {DRAWINGS} tried; expected each class in more groups. Add groups, or "
            "leave out "
            "dataset.group."
        )
    inside = np.isin(group, chosen)
    return rows[~inside], rows[inside]


def _latest(
    dataset: Dataset, rows: np.ndarray, size: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    left = len(rows) - size - dataset.overlap
    if size < 1 or left < 1:
        raise SplitError(
            f"dataset={dataset.name}: protocol.{name} would take the latest {size} of {len(rows)} "
            "windows, and the "
            f"{dataset.overlap} before them are left out; expected at least 1 taken and 1 left. "
            "Add rows, change "
            f"protocol.{name}, or lower dataset.lookback."
        )
    return rows[:left], rows[len(rows) - size :]
