"""Checks of rows: equal ones, nearly equal ones, and classes made larger by repeating them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.checks.evidence import EXAMPLES, Evidence, row_name
from goldilocks.dataset.near_duplicates import MOST, near_duplicates

COPIED = 0.8  # of the pairs that are equal but for one column, at least, are equal in that one too
REPEATED = 1.5  # rows for each content of a class, at least
MORE_REPEATED = 1.3  # times as many as of the class that repeats least


def repeated(evidence: Evidence) -> Iterator[str]:
    """Count the rows that repeat an earlier one in all inputs and in the target.

    Counters and identifiers are no inputs, and so not compared.
    """
    if evidence.keys is None:
        return
    rows = pd.DataFrame(np.asarray(evidence.dataset.y)).assign(content=evidence.keys)
    again = np.flatnonzero(rows.duplicated())
    if len(again):
        first = int((rows == rows.iloc[again[0]]).all(axis=1).to_numpy().argmax())
        yield (
            f"{len(again):,} of {len(rows):,} rows repeat an earlier one, such as "
            f"{row_name(evidence.dataset, int(again[0]))} and "
            f"{row_name(evidence.dataset, first)}. Equal rows stay in one part of the split."
        )


def contradicting(evidence: Evidence) -> Iterator[str]:
    """Name copies of one content that have different classes.

    Rows of a table that may be equal by chance, because its columns have few values, are left to
    `ambiguous`.
    """
    if (sentence := _contradictions(evidence)) and are_copies(evidence.dataset):
        yield f"{sentence}. Correct the labels, or remove these rows."


def ambiguous(evidence: Evidence) -> Iterator[str]:
    """Name equal rows of different classes in a table whose columns have few values."""
    if (sentence := _contradictions(evidence)) and not are_copies(evidence.dataset):
        yield f"{sentence}. No model can tell them apart."


def oversampled(evidence: Evidence) -> Iterator[str]:
    """Name classes whose rows were repeated: 1.5 rows for each content, and 1.3 times the others'.

    Equal rows of a table with few values are no copies.
    """
    dataset, classes = evidence.dataset, evidence.classes
    if evidence.keys is None or classes is None:
        return
    content = pd.Series(evidence.keys).groupby(classes)
    times = content.size() / content.nunique()
    many = times[times >= max(REPEATED, MORE_REPEATED * times.min())]
    if many.empty or not are_copies(dataset):
        return
    for label, count in many.items():
        yield (
            f"Rows of the class {dataset.classes[label]!r} stand {count:.3g} times each, as if it "
            "had been enlarged by repeating them. Give each row once."
        )


def nearly_repeated(evidence: Evidence) -> Iterator[str]:
    """Count pairs of rows that are nearly the same, and those in different parts of the split.

    `near_duplicates` says what that is.
    """
    dataset = evidence.dataset
    parts = (evidence.train, evidence.validation, evidence.test)
    pairs = near_duplicates(dataset, parts)
    if not pairs:
        return
    part = np.zeros(len(dataset.y), int)
    part[evidence.validation], part[evidence.test] = 1, 2
    across = [(row, other) for row, other in pairs if part[row] != part[other]]
    examples = [
        f"{row_name(dataset, row)} and {row_name(dataset, other)}"
        for row, other in (across or pairs)[:EXAMPLES]
    ]
    compared, drawn = sum(map(len, parts)), MOST[dataset.kind]
    some = ""
    if compared > drawn:
        some = f" of {drawn:,} rows drawn by seed"
    yield (
        f"{len(pairs):,} pairs of rows{some} are nearly the same, {len(across):,} of them in "
        f"different parts of the split, which flatters the score: {', '.join(examples)}. If they "
        "show the same thing, remove them, or keep them together as a group."
    )


def are_copies(dataset: Dataset) -> bool:
    """Return whether equal rows are copies, and not equal by chance.

    Images and texts are. Rows of a table that are equal but for one column are counted for each
    column. Copies agree in that column too; where columns have few values, most do not. The column
    that tells most rows apart is left out of the question.
    """
    if dataset.kind != "table":
        return True
    if dataset.x.shape[1] < 3:
        return False
    random = np.random.default_rng(0)
    hashed = np.stack([_hashed(dataset.x[name], random) for name in dataset.x.columns])
    whole = hashed.sum(axis=0, dtype=np.uint64)
    distinct = [len(pd.unique(column)) for column in hashed]
    # Columns of many values tell most: four of them are enough to ask.
    order = np.argsort(distinct)[::-1][:4]
    equal = _pairs(whole)
    shares = sorted(equal / max(1, _pairs(whole - hashed[index])) for index in order)
    return bool(shares[1] >= COPIED)


def _hashed(column: pd.Series, random: np.random.Generator) -> np.ndarray:
    """Return a number for each value, uint64 (rows,), so that sums of columns can be compared."""
    odd = random.integers(1, 2**62, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return np.asarray(pd.util.hash_pandas_object(column, index=False), np.uint64) * odd


def _pairs(keys: np.ndarray) -> int:
    """Return the number of pairs of equal keys."""
    counts = np.unique(keys, return_counts=True)[1].astype(float)
    return int((counts * (counts - 1) / 2).sum())


def _contradictions(evidence: Evidence) -> str:
    """Return how many contents have several classes, with an example; "" where there are none."""
    dataset, classes = evidence.dataset, evidence.classes
    if evidence.keys is None or classes is None:
        return ""
    content = pd.DataFrame({"content": evidence.keys, "class": classes}).drop_duplicates()
    several = content[content.content.duplicated(keep=False)]
    if several.empty:
        return ""
    labels = several.content.value_counts(sort=False)
    rows = several.index[several.content == several.content.iloc[0]][:2]
    words = " and ".join(
        f"{row_name(dataset, int(row))} is {dataset.classes[classes[row]]!r}" for row in rows
    )
    things = {"text": "texts", "image": "images"}.get(dataset.kind, "contents of rows")
    number = "several"
    if labels.max() == 2:
        number = "two"
    return f"{len(labels):,} {things} have {number} labels: {words}"
