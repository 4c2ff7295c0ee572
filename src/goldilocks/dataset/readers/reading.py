"""How a column of a file is read, and what a person has decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from goldilocks.dataset.readers import dates
from goldilocks.dataset.readers.numbers import NumberStyle
from goldilocks.errors import DataError

NUMBER, DATE, CATEGORY, TRUTH = "number", "date", "category", "true or false"
TAGS = "tags"


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """What a person has decided about the reading of a file.

    Attributes:
        decimal: "point", "comma", or "auto" to ask where a number could be read with either.
        date_format: Of `strptime`, for dates that could be read in two ways; or None.
        keep: Names of columns that are used although they seem to count or name rows.
        missing: Words that stand for a missing value in a column of words.
        ignore_case: Whether labels that differ in capital letters alone are one class.
        date_parts: Parts of dates that are inputs beside their days; or "auto" for those that say
            something.
        problem: A problem type, or "auto": of a multilabel one a column may hold several tags in a
            cell, of one with classes each cell is a class.
    """

    decimal: str = "auto"
    date_format: str | None = None
    keep: Sequence[str] = ()
    missing: Sequence[str] = ()
    ignore_case: bool = False
    date_parts: str | Sequence[str] = ()
    problem: str = "auto"

    def __post_init__(self) -> None:
        """Refuse a format that leaves the year to be guessed.

        Raises:
            DataError: Says so.
        """
        if self.date_format is not None and not dates.names_a_year(self.date_format):
            raise DataError(
                f"dataset.date_format is {self.date_format!r}, which names no year; expected one "
                "with %Y or %y. Write the year into the file."
            )

    @property
    def gaps(self) -> list[str]:
        """The words of `missing`: each as typed, and what stands between its commas."""
        typed = list(map(str, self.missing))
        return typed + [word.strip() for text in typed for word in text.split(",")]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a column is read: enough to read other rows alike.

    Attributes:
        kind: "number", "date" (days since 1970-01-01), "true or false" (1 and 0), "category", or
            of a target "tags".
        style: How numbers are written.
        format: How dates are written, or the sign between tags; "" of other columns.
        words: What was taken for a gap, beside what always is one.
        example: Its first cell that is not missing.
        distinct: Number of different values.
        missing: Number of missing ones.
        parts: Of dates, what they are as inputs: "days", "year", "month", "weekday", "hour"; empty
            where it is the days alone.
        left_out: Why it is no input, in words; "" where it is one.
    """

    kind: str
    style: NumberStyle = field(default_factory=NumberStyle)
    format: str = ""
    words: tuple[str, ...] = ()
    example: str = ""
    distinct: int = 0
    missing: int = 0
    parts: tuple[str, ...] = ()
    left_out: str = ""

    def describe(self) -> str:
        """Return the reading in words: "number, written 1.234,5 €"."""
        if self.kind == DATE:
            return f"date, written {self.format}{'; ' * bool(self.parts)}{', '.join(self.parts)}"
        if self.kind == NUMBER and self.style != NumberStyle():
            return f"number, written {self.style.describe()}"
        return self.kind
