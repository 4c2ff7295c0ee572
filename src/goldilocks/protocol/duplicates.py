"""Rows of equal content count as one: they are drawn together, so no training sees a test row.

Contents are divided by the fractions that were asked for, and copies follow. Where a published part
must stay as it is, rows that repeat one of its rows are left out of the others.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from goldilocks.dataset import Dataset, row_keys
from goldilocks.errors import SplitError
from goldilocks.formatting import counted
from goldilocks.protocol import Rows

# A table repeats its rows by nature where fewer than this fraction of them are distinct and more
# than CONFLICTS of the repeated rows have another target, or where fewer than COARSE are distinct.
DISTINCT, CONFLICTS, COARSE = 0.5, 0.05, 0.1
FEWEST = 20  # contents, from which on coarse tables are divided by content all the same


def contents(dataset: Dataset) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return a key of each row's content, and sentences about rows that repeat others.

    The keys, int64 or uint64 (rows,), are all different where equal rows count as several: those of
    a series, whose windows overlap by nature, of a table that is divided by time, and of a table
    that repeats its rows by nature. That is so where a few columns of a few values give few
    contents, and where equal rows have different targets: then they are other observations, and no
    copies.
    """
    all_different = np.arange(len(dataset.y))
    keys = row_keys.keys(dataset)
    if keys is None:
        return all_different, ()

    repeated = pd.Series(keys).duplicated().sum()
    distinct = len(keys) - repeated
    if not repeated:
        return keys, ()
    if dataset.times is not None:
        return all_different, (
            f"Of {len(keys)} rows, {distinct} are distinct; parts are divided by time, so that "
            "equal rows of different times may be in several.",
        )
    if dataset.kind == "table" and distinct < DISTINCT * len(keys):
        answers = pd.DataFrame(np.asarray(dataset.y))
        conflicts = (answers != answers.groupby(keys).transform("first")).any(axis=1).sum()
        if distinct < min(FEWEST, COARSE * len(keys)) or conflicts > CONFLICTS * repeated:
            return all_different, (
                f"Only {distinct} of {len(keys)} rows are distinct, and {conflicts} rows that "
                "repeat another one have another target. This table repeats its rows by nature, so "
                "that equal ones are left in both training and test data.",
            )
    return keys, (
        f"Of {len(keys)} rows, {distinct} are distinct. Equal ones are in one part, so that none "
        "is tested that was trained with.",
    )


def clusters(dataset: Dataset) -> np.ndarray | None:
    """Return which rows of no series belong together: those of one group or content.

    Returns:
        int64 or uint64 (rows,), equal for rows that belong together; None where each stands for
        itself.
    """
    keys, _ = contents(dataset)
    joined = joined_groups(dataset, keys).groups
    if joined is None and len(np.unique(keys)) < len(keys):
        return keys
    return joined


def joined_groups(dataset: Dataset, keys: np.ndarray) -> Dataset:
    """Return a data set in which groups that share a content are one group.

    Args:
        dataset: With groups or without.
        keys: Of the content of each of its rows.

    Raises:
        SplitError: The rows of one such group are more than half.
    """
    if dataset.groups is None:
        return dataset
    content, group = pd.factorize(keys)[0], pd.factorize(dataset.groups)[0]
    contents, groups = content.max() + 1, group.max() + 1
    size = contents + groups
    shares = coo_array((np.ones(len(keys)), (content, contents + group)), (size, size))
    number, component = connected_components(shares, directed=False)
    if number == groups:
        return dataset

    joined = component[content].astype(np.int64)
    if np.bincount(joined).max() > len(keys) / 2 >= np.bincount(group).max():
        raise SplitError(
            f"dataset={dataset.name}: rows of different groups are equal, which ties groups with "
            f"{np.bincount(joined).max()} of {len(keys)} rows together; expected parts that share "
            "no group and no content. Remove rows that repeat others, or leave out "
            f"{dataset.grouped_by}."
        )
    return replace(dataset, groups=joined)


def firsts(keys: np.ndarray, rows: Rows) -> Rows:
    """Return the first row of each content among some rows, int64, ascending."""
    return rows[np.sort(np.unique(keys[rows], return_index=True)[1])]


def with_copies(keys: np.ndarray, rows: Rows, chosen: Rows) -> Rows:
    """Return those of some rows whose content is that of a chosen one, ascending."""
    return rows[np.isin(keys[rows], keys[chosen])]


def apart(keys: np.ndarray, rows: Rows, part: Rows, name: str) -> tuple[Rows, tuple[str, ...]]:
    """Leave out rows that are identical to a row of a published part.

    Args:
        keys: Of the content of each row of the data set.
        rows: Those that are in no part yet, int64, ascending.
        part: Those of the part, int64.
        name: Of the part.

    Returns:
        The rows that stay, int64, ascending, and what was done, in sentences.
    """
    alike = np.isin(keys[rows], keys[part])
    if not alike.any():
        return rows, ()
    return rows[~alike], (f"Left out {counted(alike.sum(), 'row')} repeating {name} rows.",)
