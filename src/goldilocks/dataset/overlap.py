"""How many of some rows were among others of which keys were kept: by what few rows have.

A row of a table is known again where at least half, and at least two, of its rare cells stand
together in one kept row. A window of a series is known by its time and all its targets; a text, an
image, and a row of a table of which few cells are rare, by the whole. Other rows agree by chance,
above all where values are few; that chance is measured, and only what exceeds it counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import bdtrc

from goldilocks.dataset import Dataset, cell_keys

RARE = 0.01  # of all rows: a cell that no more of them have is rare
KEPT = 2000  # rows of which keys are kept, at most
TELLING = 0.1  # of the rows: where fewer have enough rare cells, whole rows are compared
DECEPTIVE = 0.5  # of the rows: where more agree by chance, content tells nothing
LIMIT = 0.05  # of the rows: from here on, rows are the same ones for those who choose by them
LEVEL = 0.001  # of the test that more rows agree than by chance
SHUFFLED = 2000  # rows of shuffled cells, at least
CHUNK = 4000  # rows that are compared at once, to bound memory


@dataclass(frozen=True)
class Kept:
    """Keys of rows that are to be known again.

    Attributes:
        keys: uint64 (rows, cells), `cell_keys.keyed`, of a sample where there are many rows.
        rows: How many rows the sample was drawn from.
    """

    keys: np.ndarray
    rows: int


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows that may be known.

    Attributes:
        keys: Keyed, uint64 (rows, cells) of rows that have enough rare cells, 0 where one is not
            rare; or of whole rows (rows, 1).
        chances: Of each row, float (rows,), or of all: that it agrees with one other row by chance.
        fewest: Keys that must agree in a row; 1 of whole rows.
        is_coarse: Whether they are whole rows of a table, which others may have by nature.
    """

    keys: np.ndarray
    chances: np.ndarray
    fewest: int
    is_coarse: bool = False


@dataclass(frozen=True, eq=False)
class Known:
    """Which of some asked rows agree with a kept row.

    Attributes:
        rows: bool (rows,).
        chance: Which fraction of them does so by chance.
        scale: For how many rows a kept one stands, 1 or more.
    """

    rows: np.ndarray
    chance: float = 0.0
    scale: float = 1.0

    @property
    def share(self) -> float:
        """The fraction of the asked rows that was among those of which keys were kept, 0 to 1."""
        return min(1.0, _excess(self.rows, self.chance) * self.scale)


NONE, ALL = Known(np.zeros(1, bool)), Known(np.ones(1, bool))


def keep(keys: np.ndarray, rows: np.ndarray, secret: bytes, most: int = KEPT) -> Kept:
    """Return the keyed keys of at most so many of some rows.

    Args:
        keys: Of the cells of all rows, uint64 (rows, cells).
        rows: Which of them, int64 (n,).
        secret: Of `cell_keys.keyed`.
        most: Rows to keep.
    """
    return Kept(cell_keys.keyed(keys[_sample(keys, rows, most)], secret), len(rows))


def ask(dataset: Dataset, rows: np.ndarray, others: np.ndarray, secret: bytes) -> Asked:
    """Return what is asked about rows of a data set, int64 (n,), beside other rows of it.

    Args:
        dataset: The data set.
        rows: At least one.
        others: What of these agrees with the asked rows does so by chance.
        secret: Of the keys that were kept.
    """
    keys = cell_keys.of_dataset(dataset)
    rare, fewest = keys, keys.shape[1]
    if dataset.kind == "table":
        rare, fewest = np.where(_counts(keys) <= max(1, RARE * len(keys)), keys, 0), 2
    if fewest > 1:
        rare_cells = rare[rows]
        telling = rare_cells[(rare_cells != 0).sum(axis=1) >= fewest]
        if len(telling) and len(telling) >= TELLING * len(rows):
            # That covers columns that depend on each other.
            sample = keys[_sample(keys, others, KEPT)]
            agreeing = _agreeing(telling, sample, fewest).mean()
            chance = 1 - (1 - agreeing) ** (1 / max(1, len(sample)))
            return Asked(cell_keys.keyed(telling, secret), np.array(chance), fewest)

    # As many rows of the same data set would have copies of these.
    whole = cell_keys.of_rows(cell_keys.keyed(keys, secret))[:, np.newaxis]
    chances = (_counts(whole)[rows, 0] - 1) / max(1, len(keys) - 1)
    return Asked(whole[rows], chances, 1, is_coarse=dataset.kind == "table")


def known(asked: Asked, kept: Kept) -> Known | None:
    """Return which asked rows are known, if more of them are than by chance.

    Returns:
        None where content cannot tell: most rows agree by chance, or of a table of which few cells
        are rare no more than by chance.
    """
    keys, count = kept.keys, len(asked.keys)
    if asked.fewest == 1:
        keys = cell_keys.of_rows(keys)[:, np.newaxis]
    is_known = _agreeing(asked.keys, keys, asked.fewest)
    if not is_known.any():
        return None if asked.is_coarse else NONE

    chance = float((1 - (1 - asked.chances) ** len(keys)).mean())
    if asked.fewest > 1:  # With cells from other rows, values that are frequent there agree.
        shuffled = _agreeing(_shuffled(asked.keys), keys, asked.fewest)
        chance = max(chance, shuffled.mean())
    if asked.is_coarse:  # One more than was measured: of few rows, none may have a copy.
        chance = (chance * count + 1) / (count + 1)
    if chance > DECEPTIVE:
        return None

    if not _is_beyond(is_known, chance):
        return None if asked.is_coarse else NONE
    return Known(is_known, chance, kept.rows / len(keys))


def union(several: Sequence[Known]) -> float:
    """Return which fraction of the asked rows was among any of several others, 0 to 1.

    A few rows agree by a chance that is too small to be measured, and in many others some always
    do: rows that are no more than that are not added to those of others.
    """
    largest = max((one.share for one in several), default=0.0)
    sure = [one for one in several if _is_beyond(one.rows, 1 / SHUFFLED)]
    if not sure:
        return largest

    # A row that several know stands for as few as it does for one of them.
    of_each = np.stack(
        np.broadcast_arrays(*(np.where(one.rows, one.scale, np.inf) for one in sure))
    )
    scales = of_each.min(axis=0)
    is_known = np.isfinite(scales)
    chance = 1 - math.prod(1 - one.chance for one in sure)
    together = _excess(is_known, chance) * scales[is_known].mean()
    return float(np.clip(together, largest, 1.0))


def _is_beyond(is_known: np.ndarray, chance: float) -> bool:
    """Return whether so many rows are known less than once in 1,000 times by such a chance."""
    count = np.count_nonzero(is_known)
    return bool(count > 0 and bdtrc(count - 1, len(is_known), chance) <= LEVEL)


def _excess(is_known: np.ndarray, chance: float) -> float:
    """Return which fraction is known without those that are by chance."""
    return (float(is_known.mean()) - chance) / (1 - chance)


def _counts(keys: np.ndarray) -> np.ndarray:
    """Return how often each key is there, int64, in the shape of the keys."""
    _, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[places].reshape(keys.shape)


def _sample(keys: np.ndarray, rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many rows, chosen by their keys, so that equal rows are always chosen."""
    return rows[np.argsort(keys[rows].sum(axis=1))[:most]]


def _shuffled(rare: np.ndarray) -> np.ndarray:
    """Return at least `SHUFFLED` rows of cells, each of which comes from another row."""
    (count, columns), generator = rare.shape, np.random.default_rng(0)
    rows = [
        np.arange(count)[:, np.newaxis] + np.resize(generator.permutation(count), columns)
        for _ in range(math.ceil(SHUFFLED / count))
    ]
    return rare[np.concatenate(rows) % count, np.arange(columns)]


def _agreeing(rare: np.ndarray, kept: np.ndarray, fewest: int) -> np.ndarray:
    """Return whether enough cells of each row stand together in a kept row, bool (rows,)."""
    agreeing = np.zeros(len(rare), bool)
    values = np.intersect1d(rare, kept)
    values = values[values != 0]
    if not len(values):
        return agreeing

    rows = np.flatnonzero(np.isin(rare, values).sum(axis=1) >= fewest)
    needed = np.maximum(fewest, np.ceil((rare != 0).sum(axis=1) / 2))
    holding = _holding(kept, values).T.tocsc()
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        most = (_holding(rare[some], values) @ holding).max(axis=1).toarray().ravel()
        agreeing[some] = most >= needed[some]
    return agreeing


def _holding(keys: np.ndarray, values: np.ndarray) -> csr_array:
    """Return which row holds which value, 0 or 1 (rows, values)."""
    places = np.minimum(np.searchsorted(values, keys), len(values) - 1)
    rows, columns = np.nonzero(values[places] == keys)
    holding = csr_array(
        (np.ones(len(rows), np.int32), (rows, places[rows, columns])), (len(keys), len(values))
    )
    holding.data[:] = 1  # A value that a row has twice counts once.
    return holding
