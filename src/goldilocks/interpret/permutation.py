"""How much worse a model predicts when one column no longer belongs to its row.

Source: L. Breiman: Random Forests, 2001, section 10. scikit-learn has a function for it, but for
    tables alone, and for estimators of its own kind.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd


def permutation_importance(
    loss: Callable[[Mapping[str, np.ndarray]], float],
    columns: Mapping[str, np.ndarray],
    *,
    repeats: int,
    seed: int,
) -> pd.DataFrame:
    """Return the permutation importance of each column, the most important first.

    Args:
        loss: The model's loss on rows in this form.
        columns: The rows by the names of their columns; of a table (rows,), of a series (rows,
            time steps): a column's whole past is exchanged for that of another row.
        repeats: Shuffles of each column.
        seed: Of the shuffles.

    Returns:
        A row for each column, by its name: the mean rise of the loss over the shuffles, and its
        standard deviation, as "mean" and "std", and the least rise, as "least".
    """
    rng = np.random.default_rng(seed)
    baseline = loss(columns)
    spread = {}
    for name, values in columns.items():
        orders = [rng.permutation(len(values)) for _ in range(repeats)]
        rises = [loss({**columns, name: values[order]}) - baseline for order in orders]
        spread[name] = {"mean": np.mean(rises), "std": np.std(rises), "least": min(rises)}

    importances = pd.DataFrame.from_dict(spread, orient="index")
    return importances.sort_values("mean", ascending=False, kind="stable")
