"""How many of some rows were among others of which keys were kept: by cells that few rows have.

A row is known again where at least half, and at least two, of its rare cells stand together in one
kept row. Rows of other tables agree by chance, above all where values are few; that chance is
measured, and only what exceeds it counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import bdtrc

from goldilocks.dataset import Dataset, cell_keys

RARE = 0.01  # of all rows: a cell that no more of them have is rare
KEPT = 2000  # rows of which keys are kept, at most
TELLING = 0.1  # of the rows: where fewer have enough rare cells, content tells nothing
DECEPTIVE = 0.5  # of the rows: where more agree by chance, content tells nothing
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


@dataclass(frozen=True)
class Asked:
    """Rows that may be known.

    Attributes:
        rare: uint64 (rows, cells), keys of their cells, 0 where one is not rare.
        others: uint64 (n, cells), those of other rows of the same data set: what of them agrees
            with the asked rows does so by chance.
        fewest: Rare cells that must agree in a row.
    """

    rare: np.ndarray
    others: np.ndarray
    fewest: int


def keep(keys: np.ndarray, rows: np.ndarray, secret: bytes, most: int = KEPT) -> Kept:
    """Return the keyed keys of at most so many of some rows, drawn from a fixed seed.

    Args:
        keys: Of the cells of all rows, uint64 (rows, cells).
        rows: Which of them, int64 (n,).
        secret: Of `cell_keys.keyed`.
        most: Rows to draw.
    """
    return Kept(cell_keys.keyed(keys[_drawn(rows, most)], secret), len(rows))


def ask(dataset: Dataset, rows: np.ndarray, others: np.ndarray) -> Asked:
    """Return what is asked about rows of a data set, int64 (n,), beside other rows of it."""
    keys = cell_keys.of_dataset(dataset)
    _, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
    is_rare = counts[places].reshape(keys.shape) <= max(1, RARE * len(keys))
    rare = np.where(is_rare, keys, 0)
    fewest = 2 if dataset.kind == "table" else 1
    return Asked(rare[rows], keys[_drawn(others, KEPT)], fewest)


def share(asked: Asked, kept: Kept, secret: bytes) -> float | None:
    """Return which fraction of the asked rows was among those of which keys were kept, 0 to 1.

    Returns:
        None where content cannot tell: few rows have rare cells, or most agree by chance.
    """
    is_telling = (asked.rare != 0).sum(axis=1) >= asked.fewest
    count = int(is_telling.sum())
    if not count or count < TELLING * len(is_telling):
        return None
    telling = asked.rare[is_telling]
    rare = cell_keys.keyed(telling, secret)
    agreeing = int(_agreeing(rare, kept.keys, asked.fewest).sum())

    # As many other rows of the same data set would agree so often. That covers columns that depend
    # on each other; and columns that are shuffled, each on its own, values that are frequent there.
    chance = 0.0
    if len(asked.others):
        among_others = _agreeing(telling, asked.others, asked.fewest).mean()
        chance = 1 - (1 - among_others) ** (len(kept.keys) / len(asked.others))
    if asked.fewest > 1:
        chance = max(chance, _agreeing(_shuffled(rare), kept.keys, asked.fewest).mean())
    if chance > DECEPTIVE:
        return None

    # So many or more rows of a binomial distribution.
    if agreeing == 0 or bdtrc(agreeing - 1, count, chance) > LEVEL:
        return 0.0
    excess = (agreeing / count - chance) / (1 - chance)
    return float(min(1.0, excess * kept.rows / len(kept.keys)))


def _drawn(rows: np.ndarray, most: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(rows)[:most]


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
    values = np.unique(rare[rare != 0])
    counts = (rare != 0).sum(axis=1)
    needed = np.maximum(fewest, np.ceil(counts / 2))
    holding = _holding(kept, values).T.tocsc()
    return np.concatenate([
        (_holding(rare[start : start + CHUNK], values) @ holding).max(axis=1).toarray().ravel()
        >= needed[start : start + CHUNK]
        for start in range(0, len(rare), CHUNK)
    ])  # fmt: skip


def _holding(keys: np.ndarray, values: np.ndarray) -> csr_array:
    """Return which row holds which value, 0 or 1 (rows, values)."""
    places = np.minimum(np.searchsorted(values, keys), len(values) - 1)
    rows, columns = np.nonzero(values[places] == keys)
    holding = csr_array(
        (np.ones(len(rows), np.int32), (rows, places[rows, columns])), (len(keys), len(values))
    )
    holding.data[:] = 1  # A value that a row has twice counts once.
    return holding
