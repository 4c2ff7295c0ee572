"""Hold-out validation: a part to train with, one to validate with, one to test on at the end.

Source: Chollet, Deep Learning with Python (2017), section 4.2.1, "Simple hold-out validation".
"""

from dataclasses import replace

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.protocol import Split, duplicates, in_time, parts


def split(dataset: Dataset, *, validation: float, test: float, seed: int) -> tuple[Split]:
    """Return one split: published parts as they are, the others drawn from the rows that are left.

    The rows to divide are those in no published part, or the published training rows. Both
    fractions are of their number, and what neither takes is for training. The test rows are drawn
    first, so they depend on the data, `test` and `seed` alone: neither another `validation`, nor
    another `subset`, nor the run's own seed moves a row into or out of the test set. Parts are
    stratified by class. Rows of one group are drawn together; class frequencies and sizes are then
    as near as whole groups come. Rows of the same content count as one row, and are in one part
    (`duplicates`).

    A series, and a table with times, is divided by time: first the training rows, then those for
    validation, and the latest for the test. Of a series, what lies less than `Dataset.overlap`
    before one of the last two is in no part; of a table, rows of one time are in one part.

    Args:
        dataset: The data set; its `subset` is the number of training rows to keep, of rows in
            an order of time the latest.
        validation: Fraction for validation, above 0 and below 1; not used where these rows are
            published.
        test: Fraction for the test, above 0 and below 1; not used where these rows are published.
        seed: Seed of this drawing, 0 or more, and less than 2**32.

    Returns:
        A tuple of one split, because other protocols make several.

    Raises:
        SplitError: A class or a part has too few rows or groups, or
            `subset` is more than there is.
    """
    rows = parts.divisible(dataset)
    drawn = {"test", "validation"} - set(dataset.fixed)
    keys, repeated = duplicates.contents(dataset)
    dataset = duplicates.joined_groups(dataset, keys)
    distinct = parts.countable(dataset, keys, rows)
    where = f"the {parts.unit_of(distinct, rows)} to divide"
    parts.check_classes(dataset, distinct, len(drawn) + 1, where)

    test_size, size = round(test * len(distinct)), round(validation * len(distinct))
    rows, test_rows, notes = parts.take(
        dataset, keys, rows, rows[:0], test_size, seed=seed, name="test"
    )
    train, held_out, moved = parts.take(
        dataset, keys, rows, test_rows, size, seed=seed, name="validation"
    )
    train = parts.subset(dataset, train, seed)
    in_time.check_classes(
        *(dataset, np.union1d(rows, held_out), train),
        part="protocol=holdout",
        instead="Take rows for training that have it",
    )
    split = Split(train, held_out, test_rows, (*repeated, *notes, *moved))
    named = {"training": train, "validation": held_out, "test": test_rows}
    spans = in_time.spans(dataset, split) or in_time.overlaps(dataset, named)
    return (replace(split, notes=(*split.notes, *spans)),)
