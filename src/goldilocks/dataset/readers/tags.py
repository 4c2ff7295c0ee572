"""A column with several tags in a cell, such as `red|round` -> the labels of a multilabel problem.

Blanks around a tag, the order of the tags, and one that stands twice in a cell do not count. An
empty cell has no tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from goldilocks.dataset.readers.content import shortened
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.errors import DataError

SIGNS = "|;,"  # between tags; a comma stands in names as well ("Doe, John")
FEWEST = 3  # rows that a label needs, so that each of train, validation and test can have one


def sign_of(cells: Sequence[str], problem: str) -> str:
    """Return the sign between the tags of a column; "" where each cell is one class.

    A cell must hold several tags, and there may be no more tags than different cells, so that some
    of them are in several: "red|round", "red" and "round", but not "Doe, John" and "Smith, Ann".

    Args:
        cells: The different cells, none of them empty.
        problem: What a person says that the problem is: of "multilabel" one cell with several tags
            is enough, and of "auto" both conditions count; of another one there are no tags.
    """
    if problem not in ("auto", "multilabel"):
        return ""
    for sign in SIGNS:
        if not any(sign in cell for cell in cells):
            continue
        split = [_tags(cell, sign) for cell in cells]
        few = problem == "multilabel" or len(set().union(*split)) <= len(cells)
        if few and max(map(len, split)) > 1:
            return sign
    return ""


def read(column: pd.Series, sign: str, options: ReadingOptions) -> tuple[pd.Series, list[str]]:
    """Return the tags of each cell, and sentences on those that were taken for one.

    Args:
        column: Texts as they stand in a file.
        sign: As of `sign_of`.
        options: What was decided about the reading.

    Returns:
        Tuples of str, each alphabetical; None where a word that stands for a missing value is.
    """
    cells = column.astype(object).fillna("").map(str).str.strip()
    tags = cells.map(lambda cell: _tags(cell, sign)).where(~cells.isin(options.gaps), None)
    if not options.ignore_case:
        return tags, []
    spelled, alike = spellings(tags.explode().dropna().value_counts().index, "label")
    one_case = tags.map(
        lambda some: tuple(sorted({spelled[tag] for tag in some})), na_action="ignore"
    )
    return one_case, alike


def labels(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """Return whether each tag stands in each row, what the tags are, and what was left out.

    A tag of fewer than `FEWEST` rows, or of all rows, cannot be learnt or measured: it is left out.

    Args:
        column: Of `read`, no value missing; the index has each row once.

    Returns:
        float32 (rows, labels), 0.0 or 1.0; the names of the labels, alphabetical; and sentences.

    Raises:
        DataError: There are not two labels.
    """
    tag = column.explode().dropna()
    has = pd.crosstab(tag.index, tag).reindex(column.index, fill_value=0)
    counts = has.sum()
    unfit = {
        f"fewer than {FEWEST} rows have": counts[counts < FEWEST].index,
        "every row has": counts[counts == len(has)].index,
    }
    usable = has.drop(columns=[name for names in unfit.values() for name in names])
    left_out = [
        f"Left out tags of {column.name!r} that {why} ({shortened(list(names))})."
        for why, names in unfit.items()
        if len(names)
    ]
    if usable.shape[1] < 2:
        raise DataError(
            f"The target {column.name!r} holds tags, of which {usable.shape[1]} can be labels. "
            f"{' '.join(left_out)} Expected two or more, each in {FEWEST} rows and not in all of "
            f"{len(has)}. For one label, write a column of yes and no; for a class of each "
            "combination, type dataset.problem=multiclass."
        )
    without = int((usable.sum(axis=1) == 0).sum())
    notes = [
        f"Took {usable.shape[1]} tags for labels ({shortened(list(usable.columns))}); {without} of "
        f"{len(usable)} rows have none of them.",
        *left_out,
    ]
    return usable.to_numpy(np.float32), tuple(usable.columns), notes


def spellings(names: Iterable[str], what: str) -> tuple[dict[str, str], list[str]]:
    """Return names by those that differ in capital letters alone, and sentences on these.

    Args:
        names: The most frequent first, which is the name of all that are alike.
        what: A "class" or a "label", for the sentences.
    """
    series = pd.Series(names, dtype="str")
    alike = series.groupby(series.str.lower(), sort=False)
    first = dict(zip(series, alike.transform("first"), strict=True))
    notes = [
        f"Took {', '.join(map(repr, some))} for one {what}." for _, some in alike if len(some) > 1
    ]
    return first, notes


def _tags(cell: str, sign: str) -> tuple[str, ...]:
    return tuple(sorted({tag.strip() for tag in cell.split(sign)} - {""}))
