"""How much worse a model predicts when one column no longer belongs to its row.

Source: L. Breiman: Random Forests, 2001, section 10. scikit-learn has a function for it, but for
    tables alone, and for estimators of its own kind.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd


def permutation_importance(
    loss: Callable[..., float],
    rows: np.ndarray | Mapping[str, np.ndarray],
    columns: Sequence[str],
    *,
    repeats: int,
    seed: int,
) -> pd.DataFrame:
    """Return the permutation importance of each column, the most important first.

    Args:
        loss: The model's loss on rows in this form.
        rows: Of a table, its columns (rows,) by their names; of a series, (rows, time steps,
            columns): a column's whole past is exchanged for that of another row.
        columns: The names, in the order of the last axis of an array.
        repeats: Shuffles of each column.
        seed: Of the shuffles.

    Returns:
        A row for each column, by its name: the mean rise of the loss over the shuffles, and its
        standard deviation, as "mean" and "std".
    """
    rng = np.random.default_rng(seed)
    baseline = loss(rows)
    rises = np.zeros((len(columns), repeats))
    for index, name in enumerate(columns):
        for repeat in range(repeats):
            if isinstance(rows, np.ndarray):
                shuffled = rows.copy()
                shuffled[..., index] = rows[rng.permutation(len(rows))][..., index]
            else:
                shuffled = {**rows, name: rows[name][rng.permutation(len(rows[name]))]}
            rises[index, repeat] = loss(shuffled) - baseline

    spread = {"mean": rises.mean(axis=1), "std": rises.std(axis=1)}
    return pd.DataFrame(spread, index=list(columns)).sort_values(
        "mean", ascending=False, kind="stable"
    )
