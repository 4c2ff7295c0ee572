"""Hold-out validation: one part of the rows to train with, one to validate with, one to test on at the very end.

Source: Chollet, Deep Learning with Python (2017), section 4.2.1, "Simple hold-out validation".
"""

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.protocol import Split, SplitError

CLASSES = ("binary", "multiclass")  # The problem types whose splits keep the shares of the classes.


def split(dataset: Dataset, *, validation: float, test: float, seed: int) -> tuple[Split]:
    """One split: the published parts as they are, and the others drawn from the rows that are left.

    The rows to divide are those in no published part; where the training rows are published, it is these. Both
    fractions are of their number, and what is taken from neither is for training. The test rows are drawn first, so
    they depend on the data, `test` and `seed` alone: neither another `validation`, nor another `subset`, nor the run's
    own seed ever moves a row into or out of the test set. Classes keep their shares in every part.

    Args:
        dataset: The data set; its `subset` is the number of training rows to keep.
        validation: Fraction for validation, above 0 and below 1; not used where these rows are published.
        test: Fraction for the test, above 0 and below 1; not used where these rows are published.
        seed: Seed of this drawing, 0 or more, and less than 2**32.

    Returns:
        A tuple of one split, because other protocols make several.

    Raises:
        SplitError: A fraction is out of range, a class or a part has too few rows, or `subset` is more than there is.
    """
    fixed = {name: np.sort(np.asarray(rows, np.int64)) for name, rows in dataset.fixed.items()}
    fractions = {"test": test, "validation": validation}  # The test rows first.
    wanted = {name: fraction for name, fraction in fractions.items() if name not in fixed}
    _check(wanted, seed)
    labels = np.asarray(dataset.y).astype(np.int64) if dataset.problem in CLASSES else None

    rows = fixed.get("train", np.setdiff1d(np.arange(len(dataset.y)), np.concatenate([[], *fixed.values()])))
    if len(rows) == 0:
        raise SplitError(
            f"dataset={dataset.name} has no rows to train with: all {len(dataset.y)} are published for "
            f"{' and '.join(fixed)}; expected some in no published part."
        )
    sizes = {name: round(fraction * len(rows)) for name, fraction in wanted.items()}
    _check_rows(dataset, rows, labels, len(sizes) + 1, "the rows to divide")
    parts = dict(fixed)
    for name, size in sizes.items():
        rows, parts[name] = _divide(dataset, rows, labels, size, seed, name)
    if dataset.subset is not None:
        rows = _subset(dataset, rows, labels, seed)
    return (Split(rows, parts["validation"], parts["test"]),)


def _divide(
    dataset: Dataset, rows: np.ndarray, labels: np.ndarray | None, size: int, seed: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that stay and the `size` rows that are taken, both ascending; classes in proportion."""
    from sklearn.model_selection import train_test_split

    fewest = 1 if labels is None else len(np.unique(labels[rows]))
    if not fewest <= size <= len(rows) - fewest:
        raise SplitError(
            f"dataset={dataset.name}: protocol.{name} would take {size} of {len(rows)} rows; expected at least "
            f"{fewest} taken and {fewest} left, one for each class. Add rows, or change protocol.{name}."
        )
    _check_rows(dataset, rows, labels, 2, f"the rows that {name} rows are drawn from")
    stratify = None if labels is None else labels[rows]
    stay, taken = train_test_split(rows, test_size=size, random_state=seed, shuffle=True, stratify=stratify)
    return np.sort(stay), np.sort(taken)


def _subset(dataset: Dataset, rows: np.ndarray, labels: np.ndarray | None, seed: int) -> np.ndarray:
    """As many training rows as `dataset.subset` asks for, ascending; classes in proportion."""
    size, fewest = dataset.subset, 1 if labels is None else len(np.unique(labels[rows]))
    if size == len(rows):
        return rows
    if size is None or not fewest <= size <= len(rows) - fewest:
        raise SplitError(
            f"dataset.subset is {size}, and dataset={dataset.name} has {len(rows)} training rows; expected "
            f"from {fewest} to {len(rows) - fewest}, or null for all."
        )
    return _divide(dataset, rows, labels, len(rows) - size, seed, "train")[0]


def _check(fractions: dict[str, float], seed: int) -> None:
    for name, fraction in fractions.items():
        if not 0 < fraction < 1:
            raise SplitError(f"protocol.{name} is {fraction}; expected a fraction above 0 and below 1, such as 0.25.")
    if sum(fractions.values()) >= 1:
        together = " and ".join(f"protocol.{name}={fraction}" for name, fraction in fractions.items())
        raise SplitError(f"{together} leave no rows to train with; expected fractions that add up to less than 1.")
    if not 0 <= seed < 2**32:
        raise SplitError(f"protocol.seed is {seed}; expected a whole number from 0 to {2**32 - 1}.")


def _check_rows(dataset: Dataset, rows: np.ndarray, labels: np.ndarray | None, parts: int, where: str) -> None:
    """Refuses a class with fewer rows than there are parts to put one into."""
    if labels is None:
        return
    counts = np.bincount(labels[rows], minlength=len(dataset.classes))
    rare = [f"{dataset.classes[label]!r} has {counts[label]}" for label in np.flatnonzero(counts < parts)]
    if rare:
        raise SplitError(
            f"dataset={dataset.name}: {', '.join(rare)} of {where}; expected at least {parts} of each class, "
            "one for each part. Add rows of that class, or leave it out."
        )
