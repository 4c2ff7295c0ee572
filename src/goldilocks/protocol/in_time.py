"""Divide rows in an order of time: the latest are a part, and what shares its time is in none."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import dates
from goldilocks.errors import SplitError
from goldilocks.protocol import CLASSES, INNER, Rows, Split

# What the rows of a part that is not "train" do, by its name in `Split.parts`.
USES = {INNER: "choose the epoch", "validation": "validate", "test": "are the test"}


def latest(dataset: Dataset, rows: Rows, size: int, name: str) -> tuple[Rows, Rows]:
    """Return the rows that stay and the latest `size` of them, both int64, ascending.

    Args:
        dataset: A series, or a table that has times.
        rows: To divide, int64, ascending.
        size: Of the part; of a table, no fewer than whole times come to.
        name: Of the part.

    Raises:
        SplitError: There are too few rows, or classes, on a side.
    """
    part = rows[len(rows) - size :]
    if dataset.kind == "series":
        rest = before(dataset, rows, part)
        if not len(part) or not len(rest):
            raise SplitError(
                f"dataset={dataset.name}: {key_of(name)} would take the latest {size} of "
                f"{len(rows)} windows, and up to {dataset.overlap} before them are left out; "
                f"expected at least 1 taken and 1 left. Add rows, change {key_of(name)}, or lower "
                "dataset.lookback."
            )
        return rest, part

    assert dataset.times is not None
    if len(part):
        part = rows[dataset.times[rows] >= dataset.times[part[0]]]  # None is cut off a time.
    rest = before(dataset, rows, part)
    _check_times(dataset, rest, part, name)
    return rest, part


def before(dataset: Dataset, rows: Rows, part: Rows) -> Rows:
    """Return those of rows in an order of time that lie before a part, int64, ascending.

    A row at the time of one of the part does not, nor does a window that shares points with it.
    """
    if not len(part):
        return rows
    if dataset.times is None:
        return dataset.x.before(rows, part, dataset.overlap)
    return rows[dataset.times[rows] < dataset.times[part[0]]]


def spans(dataset: Dataset, split: Split) -> tuple[str, ...]:
    """Return the times of the parts of a table that is divided by time, in a sentence; else ().

    Args:
        dataset: Of any kind.
        split: Parts without rows are left out.
    """
    parts = {name: rows for name, rows in split.parts.items() if len(rows)}
    if dataset.times is None or not _are_in_order([*parts.values()]):
        return ()
    train, *later = parts
    words = [f"rows up to {dates.shown(dataset.times[int(parts[train][-1])])} train"]
    for name in later:
        since = dates.shown(dataset.times[int(parts[name][0])])
        words.append(f"those from {since} on {USES[name]}")
    return (f"Divided by time: {', '.join(words[:-1])}, and {words[-1]}.",)


def divided_anew(dataset: Dataset, split: Split, anew: Split) -> Split:
    """Return a split of another one's rows, whose notes have the times of its own parts."""
    before = spans(dataset, split)
    notes = (note for note in split.notes if note not in before)
    return replace(anew, notes=(*notes, *spans(dataset, anew)))


def overlaps(dataset: Dataset, parts: Mapping[str, Rows]) -> tuple[str, ...]:
    """Return a sentence on parts that came with a table, and are not one after the other in time.

    Args:
        dataset: Of any kind.
        parts: By what they are called, in the order that they should have.
    """
    if dataset.times is None or _are_in_order([*parts.values()]):
        return ()
    words = [
        f"{name} rows are from {dates.shown(dataset.times[int(rows[0])])} to "
        f"{dates.shown(dataset.times[int(rows[-1])])}"
        for name, rows in parts.items()
    ]
    return (
        f"The parts that the data came with are not one after the other: {', '.join(words)}. "
        "Scores are not those of later rows.",
    )


def _are_in_order(parts: Sequence[Rows]) -> bool:
    """Whether rows that are ascending in time lie in parts that are, too."""
    return all(first[-1] < second[0] for first, second in itertools.pairwise(parts))


def check_classes(dataset: Dataset, rows: Rows, train: Rows, *, part: str, instead: str) -> None:
    """Refuse training rows of a table by time that lack a class.

    Args:
        dataset: Of any kind.
        rows: Those of the pool, whose classes are expected.
        train: Those that train.
        part: What trains, as a sentence begins.
        instead: What to do where no `dataset.subset` was asked for.

    Raises:
        SplitError: A class of `rows` is not among `train`.
    """
    if dataset.times is None or dataset.problem not in CLASSES:
        return
    labels = np.asarray(dataset.y).astype(np.int64)
    missing = np.setdiff1d(labels[rows], labels[train])
    if len(missing):
        instead = instead if dataset.subset is None else "Raise dataset.subset"
        raise SplitError(
            f"dataset={dataset.name}: {part} trains on rows from "
            f"{dates.shown(dataset.times[int(train[0])])} to "
            f"{dates.shown(dataset.times[int(train[-1])])}, and none of them is of class "
            f"{dataset.classes[missing[0]]!r}; expected every class. {instead}, or "
            "type dataset.time=null to draw rows at random."
        )


def key_of(name: str) -> str:
    """Return the key of a part, as it is typed."""
    return name if name == INNER else f"protocol.{name}"


def _check_times(dataset: Dataset, rest: Rows, part: Rows, name: str) -> None:
    """Raise SplitError unless there are rows, of every class, before a part and in it."""
    assert dataset.times is not None
    if not len(part) or not len(rest):
        raise SplitError(
            f"dataset={dataset.name}: {key_of(name)} would take {len(part)} rows from the latest "
            f"times, which leaves {len(rest)}; expected some of both. Change {key_of(name)}, or "
            "type dataset.time=null to draw rows at random."
        )
    if dataset.problem not in CLASSES:
        return
    labels, since = np.asarray(dataset.y).astype(np.int64), dates.shown(dataset.times[int(part[0])])
    for rows, side in ((rest, "before"), (part, "from")):
        missing = np.setdiff1d(np.arange(len(dataset.classes)), labels[rows])
        if len(missing):
            raise SplitError(
                f"dataset={dataset.name}: no row {side} {since} is of class "
                f"{dataset.classes[missing[0]]!r}, and dataset.time divides rows there into "
                f"{name} rows and earlier ones; expected every class on both sides. Change "
                f"{key_of(name)}, leave the class out with dataset.drop_classes, or type "
                "dataset.time=null to draw rows at random."
            )
