"""A text file of cells -> columns of texts.

DuckDB finds out how a file is separated, quoted and escaped, and reads it. What it would do about
odd lines in silence (lines above the header, rows with other numbers of cells) is said or refused
here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from goldilocks.errors import DataError

SEPARATORS = ",;\t|"
# Bytes; what DuckDB reads at once, too: with more, few parts of a file are read beside each other.
LONGEST_LINE = 2**25


@dataclass(frozen=True)
class Dialect:
    """How the cells of a text file are separated.

    Attributes:
        separator: Between two cells.
        quote: Around a cell that holds separators; "" for none.
        escape: Before a quote within a cell; "" for none, where quotes are doubled.
        skip: Lines above the first row of cells.
        columns: How many cells a row has; 0 where rows differ.
    """

    separator: str
    quote: str
    escape: str
    skip: int
    columns: int


def sniff(connection: duckdb.DuckDBPyConnection, text: Path, lines: Sequence[str]) -> Dialect:
    """Return how cells are separated: as the header says, if the rows agree with it."""
    above = comments(lines)
    header = lines[above]
    names = {sign: len(next(csv.reader([header], delimiter=sign))) for sign in SEPARATORS}
    fitting: list[Dialect] = []
    for separator, count in names.items():
        dialect = _sniff_as(connection, text, separator)
        if count > 1 and (dialect.skip, dialect.columns) == (above, count):
            fitting.append(dialect)
    # Without a header line, "52,3;7" may be two cells or three: commas between digits are decimals.
    others = [dialect for dialect in fitting if dialect.separator != ","]
    if others and header.count(",") == len(re.findall(r"(?<=\d),(?=\d)", header)):
        fitting = others
    if fitting:
        return max(fitting, key=lambda dialect: dialect.columns)

    dialect = _sniff_as(connection, text, "")
    if dialect.columns > 1:
        return dialect
    # One column, or rows that do not agree with each other.
    return replace(dialect, separator=max(names, key=lambda sign: names[sign]), skip=above)


def _sniff_as(connection: duckdb.DuckDBPyConnection, text: Path, separator: str) -> Dialect:
    """Return what DuckDB finds, with this separator; "" to find that, too."""
    query = (
        "select Delimiter, Quote, Escape, SkipRows, len(Columns) "
        f"from sniff_csv(?, all_varchar=true, max_line_size={LONGEST_LINE}"
    )
    options = [str(text)]
    if separator:
        query += ", delim=?"
        options.append(separator)
    try:
        [sniffed] = connection.sql(f"{query})", params=options).fetchall()
    except duckdb.Error:
        return Dialect(separator or ",", '"', '"', 0, 0)
    delimiter, quote, escape, skip, columns = sniffed
    quote, escape = (sign.replace("(empty)", "") for sign in (quote, escape))
    return Dialect(delimiter, quote or '"', escape or quote or '"', skip, columns)


def comments(lines: Sequence[str]) -> int:
    """Return how many lines above the first row are comments."""
    above = 0
    while above < len(lines) - 1 and _is_comment(lines[above]):
        above += 1
    return above


def _is_comment(line: str) -> bool:
    return not line.strip() or line.startswith(("#", "sep="))


def skipped(path: Path, above: Sequence[str], header: str) -> str:
    """Return the note on lines above the header that are comments; refuse any others."""
    for line in above:
        if not _is_comment(line):
            raise DataError(
                f"{path} begins with {line.strip()!r}, and line {len(above) + 1} is "
                f"{header.strip()!r}: type dataset.header={len(above) + 1} if that is the header "
                "line, or dataset.header=1."
            )
    return f"Left out what stands above the header line {len(above) + 1}: {above[0].strip()!r}."


def read(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    text: Path,
    dialect: Dialect,
    skip: int,
) -> pd.DataFrame:
    """Return the cells of a file, columns of `str` or missing, the header line among the rows.

    Args:
        connection: To DuckDB.
        path: The file, for messages.
        text: Its content as UTF-8.
        dialect: How its cells are separated.
        skip: Lines above the first row of cells.

    Raises:
        DataError: Rows have different numbers of cells, or DuckDB cannot read them at all.
    """
    query = (
        "select * from read_csv(?, header=false, all_varchar=true, auto_detect=true, delim=?, "
        "quote=?, escape=?, skip=?, max_line_size=?, buffer_size=?, store_rejects=true, "
        "strict_mode=true)"
    )
    options = [dialect.separator, dialect.quote, dialect.escape, skip, LONGEST_LINE, LONGEST_LINE]
    try:
        table = connection.sql(query, params=[str(text), *options]).to_arrow_table()
    except duckdb.InvalidInputException as error:
        if "sniffing" not in str(error):
            raise
        raise DataError(
            f"{path} cannot be read with {dialect.separator!r} between cells and {dialect.quote!r} "
            "around them; expected as many cells in each line as in the header, and each quote "
            "closed."
        ) from error
    rejected = connection.sql(
        "select line, error_message, csv_line from reject_errors order by line limit 1"
    ).fetchall()
    for line, message, content in rejected:
        reason = str(message).splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} cannot be read: line {line} ({reason}) is {str(content)[:200]!r}; expected "
            f"cells separated by {dialect.separator!r}, as many in each line as in the header. Put "
            f"cells that hold {dialect.separator!r} in quotes."
        )
    return table.to_pandas()
