"""Cells as people write numbers -> float64: thousands, decimal commas, currencies, units, gaps.

A style explains a column if it reads every cell that is not missing. Two styles that read the same
cells as different numbers are both returned, and the caller asks: nothing is decided from a part of
the rows, and nothing by which of two is more usual.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# A missing value, in small letters, whatever the column holds.
MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "?")
# A missing value in a column of numbers.
GAPS = (
    *(".", "..", "-", "--", "---", "\u2013", "*", "x"),
    *("unknown", "missing", "n.a.", "n.v.", "k.a."),
)
# Another word without digits is a gap where the numbers are clearly quantities: so many different
# ones at least, beside so many different words in so large a share of the cells at most.
FEWEST_NUMBERS = 20
MOST_WORDS = 3
MOST_GAPS = 0.5
MOSTLY = 0.5  # Of the cells, so many numbers at least need a word where they are read as words.
SAMPLE = 100  # cells, which often save looking at all

SPACE = r"[ \x{a0}\x{2009}\x{202f}]"
CURRENCIES = (
    "AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|RUB|SEK|SGD|THB|TRY|"
    "USD|ZAR|kr|Fr|Rs"
)
# What stands before, in and behind a number: "(1.234,50 €)", "-$12", "$(12)", "12 kg", "45 %".
PARTS = (
    r"^(?P<opening>\(?)(?P<sign>[+\-\x{2212}]?)"
    rf"(?P<before>(?:[A-Z]{{0,3}}\p{{Sc}}|(?:{CURRENCIES})\.?)?)"
    rf"{SPACE}*(?P<inner_sign>[(+\-\x{{2212}}]?)"
    r"(?P<digits>\d[\d.,'\x{2019} \x{a0}\x{2009}\x{202f}]*\d|\d|[.,]\d+|\d+[.,])"
    rf"(?P<exponent>(?:[eE][+-]?\d+)?){SPACE}*"
    r"(?P<behind>(?:[^\d\s(),.;+\-\x{2212}][^\d(),;]*?)?)(?P<closing>\)?)$"
)
CODE = r"^0\d+$"  # "00123" is a postcode or an account, and not 123; "-00123" is a number
LIKE_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:[eE]|$)"  # 1.234 may be a thousand and more


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written.

    Attributes:
        thousands: What stands between groups of digits: "", ",", ".", " " or "'".
        decimal: What stands before decimals: "." or ",".
        before: A currency before each number; "" without one.
        behind: A unit, a currency or "%" behind each number; "" without one.
    """

    thousands: str = ""
    decimal: str = "."
    before: str = ""
    behind: str = ""

    def describe(self) -> str:
        """Return the style in words, by an example: "1.234,5 €"."""
        number = f"1{self.thousands}234{self.decimal}5"
        before = self.before + " " * self.before.isalpha()
        return f"{before}{number} {self.behind}".rstrip()


# Marks of thousands and of decimals; of two that read the same numbers, the first is taken.
STYLES = (
    ("", "."),
    ("", ","),
    (",", "."),
    (".", ","),
    (" ", "."),
    (" ", ","),
    ("'", "."),
    ("'", ","),
)


@dataclass(frozen=True)
class NumberReading:
    """A column read as numbers in one style.

    Attributes:
        style: How they are written.
        values: float64 (rows,); NaN where missing.
        words: What was taken for gaps beside `MISSING`.
    """

    style: NumberStyle
    values: np.ndarray
    words: tuple[str, ...] = ()


def read_numbers(cells: pa.LargeStringArray) -> list[NumberReading]:
    """Return every reading of a column as numbers that explains all of its cells.

    Args:
        cells: Cells as they stand in the file; null where there is none.

    Returns:
        One reading; several that differ in their numbers; none where the cells are no numbers.
    """
    if (plain := _plain(cells)) is not None:
        return [NumberReading(NumberStyle(), plain)]
    stripped = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(pc.utf8_lower(stripped), value_set=pa.array(MISSING, pa.large_string()))
    cells = pc.if_else(missing, pa.scalar(None, pa.large_string()), stripped)
    if (plain := _plain(cells)) is not None:
        return [NumberReading(NumberStyle(), plain)]

    # Each different cell is read once; missing ones have the position of a gap behind the others.
    encoded = pc.dictionary_encode(cells)
    distinct, gap = encoded.dictionary, len(encoded.dictionary)
    _, _, sample = _split(distinct.slice(0, SAMPLE))
    if len(_unusual(sample)) > MOST_WORDS:
        return []
    positions = encoded.indices.fill_null(gap).to_numpy(zero_copy_only=False)
    readings, _ = _read_distinct(distinct, np.bincount(positions, minlength=gap + 1)[:gap])
    return [
        replace(reading, values=np.append(reading.values, np.nan)[positions])
        for reading in readings
    ]


def _plain(cells: pa.LargeStringArray) -> np.ndarray | None:
    """Return numbers as programs write them, float64 (rows,); None where another style may fit."""
    if cells.null_count == len(cells):
        return None
    try:
        pc.cast(cells.slice(0, SAMPLE), pa.float64())  # Refuses words at once.
        values = pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return None
    pointed = pc.match_substring(cells, ".")
    codes = cells.filter(pc.and_not(pc.starts_with(cells, "0"), pointed))
    if pc.any(pc.match_substring_regex(codes, CODE)).as_py():
        return None
    undecided = not _has_decimals(cells.slice(0, SAMPLE)) and not _has_decimals(cells)
    if pc.any(pointed).as_py() and undecided:
        return None
    numbers = values.to_numpy(zero_copy_only=False).astype(np.float64)
    if np.isnan(numbers).all():
        return None
    return numbers


def _has_decimals(cells: pa.LargeStringArray) -> bool:
    """Return whether a point in one of the numbers cannot be one of thousands."""
    pointed = cells.filter(pc.match_substring(cells, "."))
    return bool(pc.any(pc.invert(pc.match_substring_regex(pointed, LIKE_THOUSANDS))).as_py())


def _read_distinct(
    cells: pa.LargeStringArray, counts: np.ndarray
) -> tuple[list[NumberReading], str]:
    """Return the readings that explain different cells; and why there is none of these numbers."""
    parts, is_number, words = _split(cells)
    if not len(parts) or pc.any(pc.match_substring_regex(cells, CODE)).as_py():
        return [], ""

    odd, total = counts[~is_number].sum(), counts.sum()
    readings, reason = list[NumberReading](), ""
    digits = _digits(parts)
    fits = np.array([_fits(digits, *style).to_numpy(zero_copy_only=False) for style in STYLES])
    if not _are_gaps(words, len(parts), odd / total):
        first = _unusual(words)[0]
        reason = f"{odd} of its {total} values are no numbers, such as {first!r}"
    elif units := _units(parts):
        shown = " and ".join(repr(unit) if unit else "none" for unit in units[-2:])
        reason = f"its numbers have different units, such as {shown}"
    elif fits.all(axis=1).any():
        for at in np.flatnonzero(fits.all(axis=1)):
            values = np.full(len(cells), np.nan)
            values[is_number] = _values(parts, digits, *STYLES[at])
            if not any(np.array_equal(values, other.values, equal_nan=True) for other in readings):
                affixes = [max(_different(parts, name)) for name in ("before", "behind")]
                style = NumberStyle(*STYLES[at], *affixes)
                readings.append(NumberReading(style, values, tuple(words)))
    elif fits.any(axis=0).all():
        first = fits.sum(axis=0).argmin()
        other = (fits & fits[:, [first]]).sum(axis=0).argmin()
        ways = " and ".join(repr(cells.filter(is_number)[at].as_py()) for at in (first, other))
        reason = f"its numbers are written in different ways, such as {ways}"
    if odd >= MOSTLY * total:
        return readings, ""
    return readings, reason


def _split(cells: pa.LargeStringArray) -> tuple[pa.StructArray, np.ndarray, list[str]]:
    """Return the parts of the cells that are numbers, which these are, and the other cells."""
    parts = pc.extract_regex(cells, PARTS)
    opening, inner, closing = (
        pc.equal(pc.struct_field(parts, name), sign)
        for name, sign in (("opening", "("), ("inner_sign", "("), ("closing", ")"))
    )
    is_number = pc.fill_null(pc.equal(pc.or_(opening, inner), closing), False)
    words = [str(word) for word in cells.filter(pc.invert(is_number)).to_pylist()]
    return parts.filter(is_number), is_number.to_numpy(zero_copy_only=False), words


def _values(
    parts: pa.StructArray, digits: pa.LargeStringArray, thousands: str, decimal: str
) -> np.ndarray:
    """Return the numbers of parts that are in this style."""
    if thousands:
        digits = pc.replace_substring(digits, thousands, "")
    digits = pc.replace_substring(digits, decimal, ".")
    exponents = pc.struct_field(parts, "exponent")
    texts = pc.binary_join_element_wise(digits, exponents, pa.scalar("", digits.type))
    sizes = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
    negative = np.zeros(len(parts), bool)
    for name in ("opening", "sign", "inner_sign"):
        signs = pc.struct_field(parts, name).to_numpy(zero_copy_only=False)
        negative ^= np.isin(signs, ["(", "-", "\u2212"])
    return np.where(negative, -sizes, sizes)


def _fits(digits: pa.LargeStringArray, thousands: str, decimal: str) -> pa.BooleanArray:
    """Return which numbers can have been written in a style."""
    mark, point = re.escape(thousands), re.escape(decimal)
    whole = r"\d+"
    if thousands:
        # Groups of three; in India, groups of two before the last three.
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{mark}\d{{3}})+|[1-9]\d?(?:{mark}\d{{2}})+{mark}\d{{3}})"
    return pc.match_substring_regex(digits, rf"^(?:{whole}(?:{point}\d*)?|{point}\d+)$")


def _different(parts: pa.StructArray, name: str) -> list[str]:
    return sorted({text.strip() for text in pc.unique(pc.struct_field(parts, name)).to_pylist()})


def _units(parts: pa.StructArray) -> list[str]:
    """Return units that cannot be one quantity: kilograms and grams, per cent and none."""
    before, behind = (_different(parts, name) for name in ("before", "behind"))
    if any(map(is_unit, behind)) and len(behind) > 1:
        return behind
    return next((some for some in (before, behind) if len(set(some) - {""}) > 1), [])


def is_unit(behind: str) -> bool:
    """Return whether what stands behind a number is no currency, which may be left out.

    >>> is_unit("kg"), is_unit("%"), is_unit("€"), is_unit("EUR"), is_unit("")
    (True, True, False, False, False)
    """
    sign = all(unicodedata.category(letter) == "Sc" for letter in behind)
    return not sign and not re.fullmatch(CURRENCIES, behind)


def obstacle(words: np.ndarray, counts: np.ndarray) -> str:
    """Return why cells of which most are numbers are not read so; "" of other cells.

    Args:
        words: Different cells, str objects (words,); "" where one is missing.
        counts: How often each occurs, int64 (words,).
    """
    cells = pa.array(words[words != ""], pa.large_string())
    _, reason = _read_distinct(cells, counts[words != ""])
    return reason


def _digits(parts: pa.StructArray) -> pa.LargeStringArray:
    digits = pc.replace_substring_regex(pc.struct_field(parts, "digits"), SPACE, " ")
    return pc.replace_substring(digits, "\u2019", "'")


def _are_gaps(words: Sequence[str], numbers: int, share: float) -> bool:
    """Return whether cells that are no numbers are gaps in a column of numbers.

    Args:
        words: The different cells that are no numbers.
        numbers: How many different numbers there are.
        share: Of the cells, those that are no numbers.
    """
    unusual = _unusual(words)
    if not unusual or any(re.search(r"\d", word) for word in unusual):
        return not unusual
    return numbers >= FEWEST_NUMBERS and len(unusual) <= MOST_WORDS and share <= MOST_GAPS


def _unusual(words: Sequence[str]) -> list[str]:
    return [word for word in words if word.lower() not in GAPS]
