"""Rows with the same content -> one part of a split: what is tested or validated with is not trained with as well.

The parts are drawn as if there were no duplicates. Then rows that are identical to a row of the
part drawn join it, or, where it must stay as it is, are left out of the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import Dataset, row_keys

DISTINCT = 0.5  # The share of distinct rows below which a table repeats its rows by nature.


@dataclass(frozen=True)
class Contents:
    """What is known of equal rows.

    Attributes:
        keys: Of each row's content, uint64 (rows,); None where no row is to be moved.
        notes: Sentences about rows that are left where they are.
    """

    keys: np.ndarray | None
    notes: tuple[str, ...]

    def alike(self, rows: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Which of some rows (int64) are identical in content to a row of a part (int64), bool, as many as rows."""
        return (
            np.zeros(len(rows), bool)
            if self.keys is None
            else np.isin(self.keys[rows], self.keys[part])
        )


def contents(dataset: Dataset) -> Contents:
    """What is known of equal rows; of a table of few distinct rows, that they are left alone."""
    keys = row_keys.keys(dataset)
    if keys is None:
        return Contents(None, ())
    distinct = len(np.unique(keys))
    if distinct == len(keys):
        return Contents(None, ())
    if dataset.kind == "table" and distinct < DISTINCT * len(keys):
        note = (
            f"Only {distinct} of {len(keys)} rows are distinct: this table repeats its rows by "
            "nature, so that equal "
            "rows may stand in training and in the test."
        )
        return Contents(None, (note,))
    return Contents(keys, ())


def joined(
    dataset: Dataset, known: Contents, rows: np.ndarray, part: np.ndarray, name: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Has rows that are identical to a row of a part just drawn from among them join it.

    Rows of groups are left out instead: a row alone would split its group, and a whole group might
    pull in the next.

    Args:
        dataset: Says whether rows have groups.
        known: Of its rows.
        rows: That stayed, int64, ascending.
        part: That was taken, int64, ascending.
        name: Of the part.

    Returns:
        The rows that stay and those of the part, both int64, ascending, and what was done, in
        sentences.
    """
    alike = known.alike(rows, part)
    count = int(alike.sum())
    if not count:
        return rows, part, ()
    if dataset.groups is not None:
        return rows[~alike], part, (_left_out(count, name, "their groups stay whole"),)
    are, join = ("row is", "joins") if count == 1 else ("rows are", "join")
    note = f"{count} {are} identical to a {name} row, and {join} the {name} rows, so that none is trained with."
    return rows[~alike], np.union1d(part, rows[alike]), (note,)


def apart(
    known: Contents, rows: np.ndarray, part: np.ndarray, name: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Leaves out rows that are identical to a row of a part that stays as it is.

    Args:
        known: Of the rows of the data set.
        rows: int64, ascending.
        part: Published, int64.
        name: Of the part.

    Returns:
        The rows that are left, int64, ascending, and what was done, in sentences.
    """
    alike = known.alike(rows, part)
    count = int(alike.sum())
    return rows[~alike], (
        _left_out(count, name, f"the published {name} rows stay as they are"),
    ) if count else ()


def _left_out(count: int, name: str, why: str) -> str:
    are = "row is identical to a" if count == 1 else "rows are identical to a"
    return f"{count} {are} {name} row and {'is' if count == 1 else 'are'} in no part, since {why}."
