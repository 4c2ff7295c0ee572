"""Checks of single columns of a table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import f, iqr

from goldilocks.dataset.checks.evidence import Evidence, as_numbers, by_time, named
from goldilocks.formatting import argument

ONE_VALUE, GAPS = 0.995, 0.95  # of the rows: what says almost nothing
MANY, ROWS_EACH = 20, 5  # more categories than 20 should have 5 rows each
INPUTS = 100  # categories; each becomes an input of the network
GROUPS, PER_GROUP = 10, (2, 50)  # values of a subject, and the mean number of their rows
ALIKE = 0.3  # of the variance of another column lies between the values of a subject
BY_CHANCE = 1e-6  # is the chance that a column seems to be one of subjects, at most
SLIPS = 0.1  # of the values are off by a factor, at most
APART = 0.4  # decades between those and the others, at least
FAR = 3.5  # deviations from the median to those, at least: near 0 decades are short
NARROW = 1.0  # decades that hold 98 % of the others, at most
NAMES_ROWS = re.compile(
    # A nameless first column, as a saved index is, is called "column 1".
    r"^column 1$|(^|[^a-z])(unnamed|ids?|index|idx|key|uuid|guid|nr|no|row|rownum|serial)([^a-z]|$)"
)
NAMES_SUBJECTS = re.compile(
    r"(^|[^a-z])(patient|subject|person|participant|user|customer|client|animal|student|household|"
    r"family|session|site|hospital|group)s?([^a-z]|$)"
)


def left_out(evidence: Evidence) -> Iterator[str]:
    """Name the columns that are no input, by the reason: they count or name rows, never change."""
    if evidence.dataset.kind != "table":
        return
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, reading in evidence.dataset.readings.items():
        if reading.left_out:
            reasons[reading.left_out].append(name)
    for reason, names in reasons.items():
        yield f"Left out {named(names)}: {reason}."


def names_rows(evidence: Evidence) -> Iterator[str]:
    """Name columns of different whole numbers that are called like an index or an identifier.

    Rows that repeat others in every column have the number of those.
    """
    for name, present in evidence.present.items():
        if not NAMES_ROWS.search(_words(name)) or not _are_whole(present):
            continue
        if evidence.columns.drop_duplicates()[name].dropna().is_unique:
            yield (
                f"The column {name!r} has a different number in every row, and its name says that "
                "it names the rows; it is an input all the same. Leave it out: "
                f"{argument('dataset.drop', name)}."
            )


def nearly_constant(evidence: Evidence) -> Iterator[str]:
    """Name columns that are 95 % empty, or have one value in 99.5 % of their rows."""
    rows = len(evidence.columns)
    for name, present in evidence.present.items():
        if len(present) <= (1 - GAPS) * rows:
            yield f"{name!r} is empty in {rows - len(present):,} of {rows:,} rows."
            continue
        # A value that nearly all rows have is the most frequent of a thousand, too.
        usual = present.iloc[:: rows // 1000 + 1].mode().iloc[0]
        count = (present == usual).sum()
        if count >= ONE_VALUE * rows:
            yield f"{name!r} is {usual} in {count:,} of {rows:,} rows."


def subject(evidence: Evidence) -> Iterator[str]:
    """Name a column whose values seem to be subjects with several rows each.

    It holds words or whole numbers, 10 or more of them with 2 to 50 rows each on the mean. It is
    called so (patient, user), or its words are codes (P017), or rows of one value are alike: 0.3 of
    the variance of another column lies between values, more than chance would bring in 1 of a
    million columns, and more than neighbouring numbers explain.
    """
    if evidence.dataset.groups is not None:
        return
    for name, present in evidence.present.items():
        if _are_subjects(evidence, name):
            values = present.nunique()
            without = "" if evidence.dataset.times is None else ", without dataset.time"
            yield (
                f"{name!r} has {values:,} values with {len(present) / values:.3g} rows each, as if "
                "they were subjects. If a model will be asked about others, keep the rows of each "
                f"in one part of the split: {argument('dataset.group', name)}{without}."
            )


def dated(evidence: Evidence) -> Iterator[str]:
    """Name the columns of a table that hold dates: its rows may have an order in time."""
    names = evidence.dates
    if names and evidence.dataset.times is None:
        yield (
            f"{named(names)} holds dates, so the rows have an order in time, and the split draws "
            "them at random. If later rows will be predicted from earlier ones, a score on drawn "
            f"rows is too good: divide them by time, dataset=table "
            f"{by_time(evidence)}."
        )


def slipped_units(evidence: Evidence) -> Iterator[str]:
    """Name columns of which a few values are 10, 100 or 1,000 times as large or as small.

    These are a tenth of the values at most; 0.4 decades without any value, and as many as hold 98 %
    of the others, lie between; and all but a tenth of them fall among the others when moved back.
    """
    for name, present in evidence.present.items():
        if present.dtype == object or name in evidence.dates:
            continue
        values = present[present > 0].to_numpy()
        if len(values) < max(GROUPS, 0.9 * len(present)):
            continue
        for factor, slipped in _slips(values):
            yield (
                f"{len(slipped):,} of {len(values):,} values of {name!r}, such as {slipped[0]:g}, "
                f"are about {factor:g} times the others, whose median is {np.median(values):g}: "
                "correct their unit, or leave these cells empty."
            )


def many_categories(evidence: Evidence) -> Iterator[str]:
    """Name columns of more than 20 words with fewer than 5 rows each, or of more than 100."""
    for name, present in evidence.present.items():
        values = present.nunique()
        if present.dtype != object or name in evidence.obstacles or values <= MANY:
            continue
        if values > min(INPUTS, len(present) / ROWS_EACH) and not _are_subjects(evidence, name):
            yield (
                f"{name!r} has {values:,} different words in {len(present):,} rows, each an input "
                "of the network; too few rows have the same. Leave it out, or join words: "
                f"{argument('dataset.drop', name)}."
            )


def mixed_numbers(evidence: Evidence) -> Iterator[str]:
    """Name columns of words most of which are numbers, with the reason why they are not read so."""
    for name, reason in evidence.obstacles.items():
        yield (
            f"{name!r} is read as categories, because {reason}; correct them, or leave the cells "
            "empty."
        )


def _words(name: str) -> str:
    """Return a name in small letters, its words apart: "patientId" is "patient id"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _are_whole(present: pd.Series) -> bool:
    return present.dtype != object and bool((present % 1 == 0).all())


def _are_subjects(evidence: Evidence, name: str) -> bool:
    """Return whether the values of a column seem to be subjects, as `subject` says."""
    present = evidence.present[name]
    is_word = present.dtype == object and name not in evidence.obstacles
    values = present.nunique()
    if not (is_word or _are_whole(present)) or values < GROUPS:
        return False
    if not PER_GROUP[0] <= len(present) / values <= PER_GROUP[1]:
        return False
    if NAMES_SUBJECTS.search(_words(name)) or NAMES_ROWS.search(_words(name)):
        return True
    if is_word and present.str.fullmatch(r"[^\d]*\d{2,}[^\d]*").all():
        return True
    return _rows_are_alike(evidence, name)


def _rows_are_alike(evidence: Evidence, name: str) -> bool:
    """Return whether rows with the same value of a column are alike in another column.

    The share of its variance that lies between the values is epsilon squared, and is tested (F).
    Of numbers, what neighbouring values explain is taken away first, else they are a quantity.
    """
    values = evidence.present[name]
    others = evidence.columns.loc[values.index].drop(columns=name).apply(as_numbers)
    grouped = others.groupby(values)
    if values.dtype != object:
        means = grouped.mean()
        sides = means.rolling(2).mean().shift(1), means[::-1].rolling(2).mean().shift(1)
        others = others - pd.concat(sides).groupby(level=0).mean().loc[values].to_numpy()
        grouped = others.groupby(values)

    between = (grouped.count() > 0).sum() - 1  # degrees of freedom
    rest = others.count() - 1 - between
    noise = ((others - grouped.transform("mean")) ** 2).sum() / rest
    ratio = noise / others.var()
    chance = f.sf(((between + rest) / ratio - rest) / between, between, rest)
    is_alike = (1 - ratio >= ALIKE) & (chance * (len(ratio) + 1) < BY_CHANCE) & (rest >= GROUPS)
    return bool(is_alike.any())


def _slips(values: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Yield a factor, and the values that are so many times as large as the others."""
    order = np.sort(np.log10(values))
    few = max(1, int(SLIPS * len(order)))
    for sign in (-1, 1):
        # The widest gap that leaves a few values beyond it.
        steps = np.diff(sign * order[::sign])
        widest = len(steps) - few + int(steps[-few:].argmax())
        inside, outside = np.split(order[::sign], [widest + 1])
        width = np.ptp(np.quantile(inside, [0.01, 0.99]))
        nearest = np.abs(10**outside - np.median(values)).min()
        if steps[widest] < max(APART, width) or nearest < FAR * iqr(values, scale="normal"):
            continue
        for decades in (1, 2, 3):
            moved = pd.Series(outside - sign * decades)
            among = moved.between(inside.min() - 0.05, inside.max() + 0.05)
            if among.mean() > 1 - SLIPS and width < min(NARROW, decades - 0.3):
                yield 10.0 ** (sign * decades), 10**outside
                break
