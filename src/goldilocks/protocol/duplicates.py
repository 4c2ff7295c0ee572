"""Keep rows with the same content in one part of a split, so that no training sees a test row.

The parts are drawn as if there were no duplicates. Then rows that are identical to a row of the
part drawn join it. Where that part must stay as it is, they are left out of the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import Dataset, row_keys
from goldilocks.protocol import Rows

DISTINCT = 0.5  # The fraction of distinct rows below which a table repeats its rows by nature.


@dataclass(frozen=True)
class Contents:
    """Which rows of a data set have the same content.

    Attributes:
        keys: Of each row's content, int64 or uint64 (rows,); all different where no row is to be
            moved.
        notes: Sentences about duplicates that are left where they are.
    """

    keys: np.ndarray
    notes: tuple[str, ...] = ()


def contents(dataset: Dataset) -> Contents:
    """Return which rows have the same content; a table of few distinct rows is left alone."""
    all_different = np.arange(len(dataset.y))
    keys = row_keys.keys(dataset)
    if keys is None:
        return Contents(all_different)

    distinct = len(np.unique(keys))
    if dataset.kind == "table" and distinct < DISTINCT * len(keys):
        note = (
            f"Only {distinct} of {len(keys)} rows are distinct. Most rows of this table have exact "
            "duplicates, so duplicates were left in both training and test data."
        )
        return Contents(all_different, (note,))
    return Contents(keys)


def apart(
    contents: Contents, rows: Rows, part: Rows, name: str, *, fixed: str
) -> tuple[Rows, Rows, tuple[str, ...]]:
    """Move rows that are identical to a row of a part into that part, or leave them out.

    Args:
        contents: Of the rows of the data set.
        rows: Those that are in no part yet, int64, ascending.
        part: Those of the part, int64, ascending.
        name: Of the part.
        fixed: Why the part cannot take further rows, for people; "" where it can.

    Returns:
        The rows that stay and those of the part, both int64, ascending, and what was done, in
        sentences.
    """
    alike = np.isin(contents.keys[rows], contents.keys[part])
    rest, count = rows[~alike], int(alike.sum())
    if not count:
        return rest, part, ()

    duplicates = f"{count} duplicates of {name} rows"
    if count == 1:
        duplicates = f"1 duplicate of a {name} row"
    if fixed:
        return rest, part, (f"Left out {duplicates}, because {fixed}.",)
    note = (
        f"Moved {duplicates} from the other rows to the {name} rows, so that none is trained with."
    )
    return rest, np.union1d(part, rows[alike]), (note,)
