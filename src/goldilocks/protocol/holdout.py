"""Hold-out validation: one part of the rows to train with, one to validate with, one to test on at the very end.

Source: Chollet, Deep Learning with Python (2017), section 4.2.1, "Simple hold-out validation".
"""

from goldilocks.dataset import Dataset
from goldilocks.protocol import Split, duplicates, parts


def split(dataset: Dataset, *, validation: float, test: float, seed: int) -> tuple[Split]:
    """One split: the published parts as they are, and the others drawn from the rows that are left.

    The rows to divide are those in no published part; where the training rows are published, it is
    these. Both fractions are of their number, and what is taken from neither is for training. The
    test rows are drawn first, so they depend on the data, `test` and `seed` alone: neither another
    `validation`, nor another `subset`, nor the run's own seed ever moves a row into or out of the
    test set. Classes keep their shares in every part. Rows of one group are drawn together, and the
    shares and sizes are then the nearest that whole groups come to. Rows of the same content are in
    one part: `duplicates`.

    A series is divided by time instead: first the training rows, then those for validation, and the
    latest for the test. Before each of the last two, `Dataset.overlap` rows are in no part. Nothing
    is drawn.

    Args:
        dataset: The data set; its `subset` is the number of training rows to keep, of a series the
            latest.
        validation: Fraction for validation, above 0 and below 1; not used where these rows are
            published.
        test: Fraction for the test, above 0 and below 1; not used where these rows are published.
        seed: Seed of this drawing, 0 or more, and less than 2**32.

    Returns:
        A tuple of one split, because other protocols make several.

    Raises:
        SplitError: A fraction is out of range, a class or a part has too few rows or groups, or
            `subset` is more than there is.
    """
    fixed = parts.published(dataset)
    fractions = {"test": test, "validation": validation}
    wanted = {name: fraction for name, fraction in fractions.items() if name not in fixed}
    parts.check(wanted, seed)
    rows = parts.divisible(dataset)
    size = round(validation * len(rows))
    parts.check_classes(dataset, rows, len(wanted) + 1, "the rows to divide")
    known = duplicates.contents(dataset)
    rows, sealed, notes = parts.without_test(dataset, known, test=test, seed=seed)
    if "validation" in fixed:
        judged, moved = duplicates.apart(known, fixed["validation"], sealed, "test")
        train, left_out = duplicates.apart(known, rows, judged, "validation")
    else:
        train, judged = parts.divide(dataset, rows, size, seed=seed, name="validation")
        train, judged, moved = duplicates.joined(dataset, known, train, judged, "validation")
        left_out = ()
    parts.check_left(dataset, rows, train, judged)
    return (Split(parts.subset(dataset, train, seed), judged, sealed, (*notes, *moved, *left_out)),)
