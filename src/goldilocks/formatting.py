"""Numbers and tables as people read them, on the terminal, in plots and on pages."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NAME_LENGTH, WORD_LENGTH = 60, 12  # the most of a name, and the least of each of its words
KEY_LENGTH = 4  # the least of a key in a name
ID_LENGTH = 8  # characters of a run's ID that stand for it
LARGE = 1e7  # numbers from here on are written with an exponent


def number(value: float, digits: int = 4) -> str:
    """Format a number with `digits` significant digits and without a needless exponent.

    Numbers of 1,000 and more are rounded to whole ones.

    >>> number(0.27489), number(12310.4), number(1.2345e9), number(0.5, digits=2)
    ('0.2749', '12,310', '1.2e+09', '0.5')
    """
    if not math.isfinite(value):
        return str(float(value))
    if abs(value) >= LARGE:
        return f"{value:.2g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def signed(value: float, digits: int = 4) -> str:
    """Format a difference: as `number` does, with a plus sign where it is not negative.

    >>> signed(0.25), signed(-1234.5)
    ('+0.25', '-1,234')
    """
    sign = "" if value < 0 else "+"
    return sign + number(value, digits)


def percent(share: float) -> str:
    """Format a share, from 0 to 1, in whole percent.

    A share above 0 never reads as 0 %, and one below 1 never as 100 %.

    >>> percent(0.25), percent(0.001), percent(0.999)
    ('25 %', '<1 %', '>99 %')
    """
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def counted(count: float, noun: str) -> str:
    """Return a count with its noun, which has an s but for one.

    >>> counted(1, "row"), counted(1200, "row"), counted(1.5, "hour")
    ('1 row', '1,200 rows', '1.5 hours')
    """
    text = f"{count:g}" if isinstance(count, float) else f"{count:,}"
    return f"{text} {noun}" if count == 1 else f"{text} {noun}s"


def few_rows(count: float | None) -> str:
    """Return what is said of an interval that few rows make; "" of one that many make.

    >>> few_rows(2.7), few_rows(None)
    ('may be too short: it hangs on about 3 rows', '')
    """
    if count is None:
        return ""
    return f"may be too short: it hangs on about {counted(max(1, round(count)), 'row')}"


def quoted(text: str) -> str:
    r"""Return a text in quotes, in which Hydra and OmegaConf take every sign as it is.

    >>> print(quoted("it's"))
    'it\'s'
    """
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)
    text = re.sub(r"(\\*)'", r"\1\1\\'", text)
    return "'" + re.sub(r"(\\+)\Z", r"\1\1", text) + "'"


def argument(key: str, *names: str) -> str:
    """Return what to type in a shell to give a key the names of columns or classes, literally.

    >>> argument("dataset.target", "price"), argument("dataset.target", "median price (USD)")
    ('dataset.target=price', "'dataset.target=median price (USD)'")
    >>> print(argument("dataset.target", "null"))
    "dataset.target='null'"
    >>> print(argument("dataset.drop", "rooms", "x, y"))
    "dataset.drop=[rooms,'x, y']"
    """
    special = r".*[,'\"\[\]].*|"
    if len(names) == 1:
        special = r"null|'.*'|\".*\"|\[.*\]|"
    words = [quoted(name) if re.fullmatch(special, name, re.DOTALL) else name for name in names]
    return shell(f"{key}={words[0]}" if len(words) == 1 else f"{key}=[{','.join(words)}]")


def shell(*words: str) -> str:
    """Return words as they are typed in a shell, in double quotes where these are easier to read.

    >>> print(shell("train.py", "dataset.target='x, y'", "dataset.file=houses (1).csv"))
    train.py "dataset.target='x, y'" 'dataset.file=houses (1).csv'
    """
    simple = [word for word in words if "'" in word and not set(word) & set('"$`\\!')]
    return " ".join(f'"{word}"' if word in simple else shlex.quote(word) for word in words)


def name_of(words: Sequence[str]) -> str:
    """Return words as a name of at most 60 characters, the longest cut first, in the middle.

    Of a word such as `units=8` the value tells runs apart: one of up to 12 characters stays whole,
    even where the name then becomes longer, and the key is cut.

    >>> name_of(["houses", "mlp", f"drop=[{','.join('abcdefghijklmnopqrst')}]", "units=8"])
    'houses mlp drop=[a,b,c,d,e,f,g,h,...m,n,o,p,q,r,s,t] units=8'
    """
    lengths = [(NAME_LENGTH, length) for length in range(NAME_LENGTH, WORD_LENGTH - 1, -1)]
    lengths += [(length, WORD_LENGTH) for length in range(NAME_LENGTH, KEY_LENGTH - 1, -1)]
    name = ""
    for key_length, value_length in lengths:
        name = " ".join(_shorter(word, key_length, value_length) for word in words)
        if len(name) <= NAME_LENGTH:
            break
    return name


def _shorter(word: str, key_length: int, value_length: int) -> str:
    """Return a word of a name with the beginning of its key, and its value cut."""
    key, equals, value = word.rpartition("=")
    return key[:key_length] + equals + cut(value, value_length)


def cut(text: str, length: int) -> str:
    """Return a text of at most `length` characters, with `...` for what is left out of its middle.

    >>> cut("abcdefghij", 8), cut("abc", 8)
    ('abc...ij', 'abc')
    """
    if len(text) <= length:
        return text
    tail = (length - 3) // 2
    return f"{text[: length - 3 - tail]}...{text[len(text) - tail :]}"


def markdown(table: pd.DataFrame) -> str:
    """Format a table in Markdown: floats by `number`, an empty cell where a value is missing."""
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    lines += [[cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def aligned(table: pd.DataFrame) -> str:
    """Format a table for a terminal, in columns, with cells as `markdown` has them."""
    return table.map(cell).to_string(index=False)


def cell(value: object) -> str:
    """Format a cell of a table; one whose value is missing is empty.

    >>> cell(True), cell(12310), cell(0.27489), cell(None), cell("mlp")
    ('yes', '12,310', '0.2749', '', 'mlp')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return "" if math.isnan(value) else number(value)
    return str(value)
