"""How much worse a model predicts when one column no longer belongs to its row.

Source: L. Breiman: Random Forests, 2001, section 10. scikit-learn has a function for it, but for
    tables alone, and for estimators of its own kind.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Importance(NamedTuple):
    """Of one column.

    Attributes:
        column: Its name.
        mean: Mean rise of the loss over the shuffles.
        std: Standard deviation over the shuffles.
    """

    column: str
    mean: float
    std: float


def permutation_importance(
    loss: Callable[..., float],
    rows: np.ndarray | Mapping[str, np.ndarray],
    columns: Sequence[str],
    *,
    repeats: int,
    seed: int,
) -> list[Importance]:
    """Return the permutation importance of each column, the most important first.

    Args:
        loss: The model's loss on rows in this form.
        rows: Of a table, its columns (rows,) by their names; of a series, (rows, time steps,
            columns): a column's whole past is exchanged for that of another row.
        columns: The names, in the order of the last axis of an array.
        repeats: Shuffles of each column.
        seed: Of the shuffles.
    """
    rng = np.random.default_rng(seed)
    baseline = loss(rows)
    importances = []
    for index, name in enumerate(columns):
        rises = []
        for _ in range(repeats):
            if isinstance(rows, np.ndarray):
                shuffled = rows.copy()
                shuffled[..., index] = rows[rng.permutation(len(rows))][..., index]
            else:
                shuffled = {**rows, name: rows[name][rng.permutation(len(rows[name]))]}
            rises.append(loss(shuffled) - baseline)
        importances.append(Importance(name, float(np.mean(rises)), float(np.std(rises))))
    return sorted(importances, key=lambda importance: -importance.mean)
