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
    keys = row_keys.keys(evidence.dataset)
    if keys is None:
        return
    whole = pd.DataFrame({"content": keys}).assign(**_answers(evidence.dataset))
    again = np.flatnonzero(whole.duplicated())
    if len(again):
        first = int(np.flatnonzero((whole == whole.iloc[again[0]]).all(axis=1))[0])
        yield (
            f"{len(again):,} of {len(keys):,} rows repeat an earlier one, such as "
            f"{row_name(evidence.dataset, int(again[0]))} and "
            f"{row_name(evidence.dataset, first)}. Equal rows stay in one part of the split."
        )


def contradicting(evidence: Evidence) -> Iterator[str]:
    """Name copies of one content that have different classes.

    Rows of a table that may be equal by chance, because its columns have few values, are left to
    `ambiguous`.
    """
    if are_copies(evidence.dataset):
        yield from _contradictions(evidence, "Correct the labels, or remove these rows.")


def ambiguous(evidence: Evidence) -> Iterator[str]:
    """Name equal rows of different classes in a table whose columns have few values."""
    if not are_copies(evidence.dataset):
        yield from _contradictions(evidence, "No model can tell them apart.")


def oversampled(evidence: Evidence) -> Iterator[str]:
    """Name classes whose rows were repeated: 1.5 rows for each content, and 1.3 times the others'.

    Equal rows of a table with few values are no copies.
    """
    dataset, classes = evidence.dataset, evidence.classes
    keys = row_keys.keys(dataset)
    if keys is None or classes is None or not are_copies(dataset):
        return
    content = pd.DataFrame({"class": classes, "content": keys})
    times = content.groupby("class").content.agg(lambda group: len(group) / group.nunique())
    for label, count in times.items():
        if count >= max(REPEATED, MORE_REPEATED * times.min()):
            yield (
                f"Rows of the class {dataset.classes[label]!r} stand {count:.3g} times each, as if "
                "it had been enlarged by repeating them. Give the rows once; a score then counts "
                "each content once."
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
    some = f" of {drawn:,} rows drawn by seed" if compared > drawn else ""
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


def _answers(dataset: Dataset) -> dict[str, np.ndarray]:
    answers = np.asarray(dataset.y)
    columns = answers[:, None] if answers.ndim == 1 else answers
    return {f"answer {number}": column for number, column in enumerate(columns.T)}


def _contradictions(evidence: Evidence, advice: str) -> Iterator[str]:
    dataset, classes = evidence.dataset, evidence.classes
    keys = row_keys.keys(dataset)
    if keys is None or classes is None:
        return
    content = pd.DataFrame({"content": keys, "class": classes}).drop_duplicates()
    counts = content.content.value_counts()
    several = counts[counts > 1]
    if several.empty:
        return
    rows = content.index[content.content == several.index[0]][:2]
    words = " and ".join(
        f"{row_name(dataset, int(row))} is {dataset.classes[classes[row]]!r}" for row in rows
    )
    labels = "two labels" if several.max() == 2 else "several labels"
    things = {"text": "texts", "image": "images"}.get(dataset.kind, "contents of rows")
    yield f"{len(several):,} {things} have {labels}: {words}. {advice}"
