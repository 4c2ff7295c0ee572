"""Checks of rows: equal ones, nearly equal ones, and classes made larger by repeating them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, row_keys
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
        first = (rows == rows.iloc[again[0]]).all(axis=1).idxmax()
        yield (
            f"{len(again):,} of {len(rows):,} rows repeat an earlier one, such as "
            f"{row_name(evidence.dataset, again[0])} and {row_name(evidence.dataset, first)}."
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

    part = np.select([np.isin(pairs, rows) for rows in parts], [0, 1, 2])
    across = np.array(pairs)[part[:, 0] != part[:, 1]].tolist()
    examples = [
        f"{row_name(dataset, row)} and {row_name(dataset, other)}"
        for row, other in (across or pairs)[:EXAMPLES]
    ]
    some = ""
    if sum(map(len, parts)) > MOST[dataset.kind]:
        some = f" of {MOST[dataset.kind]:,} rows drawn by seed"
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
    frame = dataset.x
    if frame.shape[1] < 3:
        return False
    # Columns of many values tell most: four of them are enough to ask.
    names = frame.nunique().nlargest(4).index
    shares = [_pairs(frame) / max(1, _pairs(frame.drop(columns=name))) for name in names]
    return sorted(shares)[1] >= COPIED


def _pairs(frame: pd.DataFrame) -> int:
    """Return the number of pairs of equal rows."""
    counts = pd.Series(row_keys.of_raw("table", frame)).value_counts()
    return int((counts * (counts - 1)).sum() / 2)


def _contradictions(evidence: Evidence) -> str:
    """Return how many contents have several classes, with an example; "" where there are none."""
    dataset, classes = evidence.dataset, evidence.classes
    if evidence.keys is None or classes is None:
        return ""
    content = pd.DataFrame({"key": evidence.keys, "class": classes}).drop_duplicates()
    several = content[content["key"].duplicated(keep=False)]
    if several.empty:
        return ""
    words = " and ".join(
        f"{row_name(dataset, row)} is {dataset.classes[label]!r}"
        for row, label in several["class"][several["key"] == several["key"].iloc[0]][:2].items()
    )
    things = {"text": "texts", "image": "images"}.get(dataset.kind, "contents of rows")
    return f"{several['key'].nunique():,} {things} have different labels: {words}"
