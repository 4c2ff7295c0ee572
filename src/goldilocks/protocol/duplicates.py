"""Keep rows with the same content in one part of a split, so that no training sees a test row.

The parts are drawn as if there were no duplicates. Then rows that are identical to a row of the
part drawn join it. Where that part must stay as it is, they are left out of the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import Dataset, row_keys

DISTINCT = 0.5  # The fraction of distinct rows below which a table repeats its rows by nature.


@dataclass(frozen=True)
class Contents:
    """Which rows of a data set have the same content.

    Attributes:
        keys: Of each row's content, uint64 (rows,); None where no row is to be moved.
        notes: Sentences about duplicates that are left where they are.
    """

    keys: np.ndarray | None
    notes: tuple[str, ...] = ()

    def alike(self, rows: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Return which of `rows` are identical to a row of `part`, bool (rows,); both are int64."""
        if self.keys is None:
            return np.zeros(len(rows), bool)
        return np.isin(self.keys[rows], self.keys[part])


def contents(dataset: Dataset) -> Contents:
    """Return which rows have the same content; a table of few distinct rows is left alone."""
    keys = row_keys.keys(dataset)
    if keys is None:
        return Contents(None)
    distinct = len(np.unique(keys))
    if distinct == len(keys):
        return Contents(None)

    if dataset.kind == "table" and distinct < DISTINCT * len(keys):
        note = (
            f"Only {distinct} of {len(keys)} rows are distinct. Most rows of this table have exact "
            "duplicates, so duplicates were left in both training and test data."
        )
        return Contents(None, (note,))
    return Contents(keys)


def joined(
    dataset: Dataset, contents: Contents, rows: np.ndarray, part: np.ndarray, name: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Move rows that are identical to a row of a part just drawn into that part.

    Rows of groups are left out instead: a row alone would split its group, and a whole group might
    pull in the next.

    Args:
        dataset: Says whether rows have groups.
        contents: Of its rows.
        rows: Those that stayed, int64, ascending.
        part: Those that were taken, int64, ascending.
        name: Of the part.

    Returns:
        The rows that stay and those of the part, both int64, ascending, and what was done, in
        sentences.
    """
    alike = contents.alike(rows, part)
    count = int(alike.sum())
    if not count:
        return rows, part, ()
    if dataset.groups is not None:
        return rows[~alike], part, (_left_out(count, name, "their groups stay whole"),)

    duplicates = "1 duplicate" if count == 1 else f"{count} duplicates"
    note = (
        f"Moved {duplicates} of {name} rows from the other rows to the {name} rows, so that none "
        "is trained with."
    )
    return rows[~alike], np.union1d(part, rows[alike]), (note,)


def apart(
    contents: Contents, rows: np.ndarray, part: np.ndarray, name: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Leave out rows that are identical to a row of a part that stays as it is.

    Args:
        contents: Of the rows of the data set.
        rows: int64, ascending.
        part: Published, int64.
        name: Of the part.

    Returns:
        The rows that are left, int64, ascending, and what was done, in sentences.
    """
    alike = contents.alike(rows, part)
    count = int(alike.sum())
    if not count:
        return rows, ()
    return rows[~alike], (_left_out(count, name, f"the published {name} rows stay as they are"),)


def _left_out(count: int, name: str, reason: str) -> str:
    if count == 1:
        return f"Left out 1 duplicate of a {name} row, because {reason}."
    return f"Left out {count} duplicates of {name} rows, because {reason}."
