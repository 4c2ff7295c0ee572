"""Keep rows with the same content in one part of a split, so that no training sees a test row.

The parts are drawn as if there were no duplicates. Then rows that are identical to a row of the
part drawn join it. Where that part must stay as it is, they are left out of the others.
"""

from __future__ import annotations

import numpy as np

from goldilocks.dataset import Dataset, row_keys
from goldilocks.protocol import Rows

DISTINCT = 0.5  # The fraction of distinct rows below which a table repeats its rows by nature.


def contents(dataset: Dataset) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return a key of each row's content, and sentences about duplicates that stay where they are.

    The keys, int64 or uint64 (rows,), are all different where no row is to be moved: of a series,
    and of a table with few distinct rows.
    """
    all_different = np.arange(len(dataset.y))
    keys = row_keys.keys(dataset)
    if keys is None:
        return all_different, ()

    distinct = len(np.unique(keys))
    if dataset.kind == "table" and distinct < DISTINCT * len(keys):
        note = (
            f"Only {distinct} of {len(keys)} rows are distinct. Most rows of this table have exact "
            "duplicates, so duplicates were left in both training and test data."
        )
        return all_different, (note,)
    return keys, ()


def apart(
    keys: np.ndarray, rows: Rows, part: Rows, name: str, *, fixed: str
) -> tuple[Rows, Rows, tuple[str, ...]]:
    """Move rows that are identical to a row of a part into that part, or leave them out.

    Args:
        keys: Of the content of each row of the data set.
        rows: Those that are in no part yet, int64, ascending.
        part: Those of the part, int64, ascending.
        name: Of the part.
        fixed: Why the part cannot take further rows, for people; "" where it can.

    Returns:
        The rows that stay and those of the part, both int64, ascending, and what was done, in
        sentences.
    """
    alike = np.isin(keys[rows], keys[part])
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
