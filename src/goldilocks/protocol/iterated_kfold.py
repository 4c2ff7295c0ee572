"""Iterated k-fold cross-validation: k-fold several times, the rows shuffled anew each time.

Source: Chollet, Deep Learning with Python (2017), section 4.2.1, "Iterated K-fold validation with
    shuffling".
"""

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import Split, kfold


def split(
    dataset: Dataset, *, k: int, iterations: int, test: float, seed: int
) -> tuple[Split, ...]:
    """Return `iterations` times `k` splits, all with the test rows of hold-out validation.

    Each iteration is shuffled k-fold cross-validation of all other rows, as `kfold.split` does it.
    Its seed is the next number that NumPy's `SeedSequence(seed)` generates: more iterations leave
    the first ones as they are, and no two seeds share a shuffle as `seed`, `seed + 1`, ... would.

    Args:
        dataset: The data set, no series; its `subset` is the number of training rows of each split.
        k: Number of folds, at least 2.
        iterations: Number of shuffles, at least 1.
        test: Fraction for the test, above 0 and below 1; not used where these rows are published.
        seed: Seed of the test rows, and of the seeds of the iterations, 0 or more, and less than
            2**32.

    Returns:
        The folds of the first iteration in their order, then those of the next.

    Raises:
        SplitError: As of `kfold.split`; or the rows are in an order of time.
    """
    if dataset.is_ordered:
        raise SplitError(
            "protocol=iterated_kfold shuffles rows, and dataset.time puts them in order; expected "
            "one of them. Use protocol=kfold, whose folds go forward in time."
        )
    seeds = np.random.SeedSequence(seed).generate_state(iterations).tolist()
    return kfold.folds(dataset, k=k, shuffle=True, test=test, seed=seed, fold_seeds=seeds)
