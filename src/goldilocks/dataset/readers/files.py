"""A file of rows -> its cells as they stand there: CSV of every separator, Parquet, spreadsheets.

DuckDB finds out how a file is separated, quoted and escaped, and reads it. What it would do about
odd lines in silence (lines above the header, rows with other numbers of cells, names that occur
twice) is said or refused here.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import re
import shlex
import shutil
import tempfile
import zipfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import duckdb
import numpy as np
import pandas as pd
import python_calamine
from charset_normalizer import from_bytes

from goldilocks.dataset.readers import headers
from goldilocks.errors import DataError

PARQUET = (".parquet", ".pq")
SPREADSHEETS = (".xlsx", ".xls", ".ods")
TEXTS = (".csv", ".tsv", ".txt")
PACKED = (".gz", ".zip")  # of one of `TEXTS`
SUFFIXES = (*TEXTS, *PACKED, *SPREADSHEETS, *PARQUET)
SEPARATORS = ",;\t|"
LONGEST_LINE = 2**26  # bytes
# Encodings of several bytes a letter can be told; which alphabet of one byte it is, cannot.
EASTERN = ("big5", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "shift_jis")
SAMPLE = 2**20  # bytes from which an encoding is guessed, for the advice

Header = int | Sequence[int] | None  # as `read_cells` takes it


@dataclass(frozen=True)
class Cells:
    """A table as it stands in its file.

    Attributes:
        frame: By the names of the columns. Of a text file every column is `str`, missing where a
            cell is empty; of others, columns have the types of the file.
        header: The number of the header's line, from 1; 0 without one.
        notes: Sentences about lines that were left out.
    """

    frame: pd.DataFrame
    header: int
    notes: tuple[str, ...] = ()

    def raw_keys(self) -> np.ndarray:
        """Return a hash of the cells of each row, uint64 (rows,), as `Dataset.raw_keys` says."""
        plain = {
            at: column.map(repr) if column.dtype == object else column
            for at, (_, column) in enumerate(self.frame.items())
        }
        return pd.util.hash_pandas_object(pd.DataFrame(plain), index=False).to_numpy(np.uint64)


def read_cells(path: Path, *, header: Header, ask: bool = True) -> Cells:
    """Return the cells of a file.

    Args:
        path: Of the file, which exists.
        header: The number of the header's line, from 1; 0 for a file without one, whose columns are
            then named "1", "2" and so on; two numbers, of the line of names and of the line of
            units, below which the rows begin; None to find it.
        ask: Whether a header line that is found may be refused: it looks like a row, or units stand
            below it.

    Raises:
        DataError: It is not UTF-8 or UTF-16, not what its suffix says, its rows have different
            numbers of cells, or two columns have one name.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in PARQUET:
            return _named(path, pd.read_parquet(path), Cells(pd.DataFrame(), 1))
        if suffix in SPREADSHEETS:
            return _read_spreadsheet(path, header, ask)
        with _as_utf8(path) as text:
            return _read_text(path, text, header, ask)
    except (
        *(OSError, ValueError, EOFError),
        *(duckdb.Error, zipfile.BadZipFile, python_calamine.CalamineError),
    ) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} cannot be read as {suffix[1:]} ({reason}); expected one header line and the "
            "same number of cells in every row."
        ) from error


@contextlib.contextmanager
def _as_utf8(path: Path) -> Generator[Path]:
    """Give a file of UTF-8 text with the content of `path`: itself, or unpacked and decoded."""
    with tempfile.TemporaryDirectory() as folder:
        text = path
        if path.suffix.lower() in PACKED:
            text = Path(folder) / "unpacked"
            with _unpacked(path) as source, text.open("wb") as target:
                shutil.copyfileobj(source, target)

        with text.open("rb") as file:
            start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoded = Path(folder) / "decoded"
            with (
                text.open(encoding="utf-16", newline="") as source,
                decoded.open("w", encoding="utf-8", newline="") as target,
            ):
                shutil.copyfileobj(source, target)
            text = decoded

        _check_utf8(path, text)
        yield text


@contextlib.contextmanager
def _unpacked(path: Path) -> Generator[gzip.GzipFile | IO[bytes]]:
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as file:
            yield file
        return

    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(TEXTS)]
        names = [name for name in names if not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise DataError(
                f"{path} holds {len(names)} files that end in {', '.join(TEXTS)} "
                f"({', '.join(names[:5]) or 'none'}); expected one. Unpack it and give one of its "
                "files as dataset.file."
            )
        with archive.open(names[0]) as file:
            yield file


def _check_utf8(path: Path, text: Path) -> None:
    """Refuse a text that is not UTF-8, with its first such line and a command that mends it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, blocks = 1, iter(lambda: file.read(SAMPLE), b"")
    with text.open("rb") as file:
        for block in blocks:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                held = len(error.object) - len(block)
                line = lines + block[: max(error.start - held, 0)].count(b"\n")
                raise DataError(_encoding_advice(path, text, line, error)) from error
            lines += block.count(b"\n")


def _encoding_advice(path: Path, text: Path, line: int, error: UnicodeDecodeError) -> str:
    byte = error.object[error.start]
    before, source = "", f" {shlex.quote(path.name)}"
    if path.suffix.lower() in PACKED:
        unpack = "gzip -dc" if path.suffix.lower() == ".gz" else "unzip -p"
        before, source = f"{unpack}{source} | ", ""

    with text.open("rb") as file:
        content = file.read(SAMPLE)
    zeros_first, zeros_second = content[0:1000:2].count(0), content[1:1000:2].count(0)
    # Letters of several bytes that are UTF-8: then the rest of the file is, too.
    if any(byte > 127 for byte in content.decode("utf-8", "ignore").encode()):
        command = f"{before}iconv -c -f UTF-8 -t UTF-8{source} > utf8.csv"
        mend = f"Correct it, or leave it out with `{command}`."
    else:
        around = error.object[max(0, error.start - 2000) : error.start + 2000]
        guess = from_bytes(around).best()
        encoding = guess.encoding if guess and guess.encoding in EASTERN else "WINDOWS-1252"
        # UTF-16 has a zero beside each letter of ASCII, before or behind it.
        if zeros_first or zeros_second:
            encoding = "UTF-16BE" if zeros_first > zeros_second else "UTF-16LE"
        command = f"{before}iconv -f {encoding} -t UTF-8{source} > utf8.csv"
        mend = f"Save it as UTF-8, for example with `{command}`."
    return f"{path} is not UTF-8: line {line} has the byte 0x{byte:02x}. {mend}"


@dataclass(frozen=True)
class _Dialect:
    """How the cells of a text file are separated.

    Attributes:
        separator: Between two cells.
        quote: Around a cell that holds separators; "" for none.
        escape: Before a quote within a cell; "" for none, where quotes are doubled.
        skip: Lines above the first row of cells.
    """

    separator: str
    quote: str
    escape: str
    skip: int


def _read_text(path: Path, text: Path, header: Header, ask: bool) -> Cells:
    with text.open(encoding="utf-8-sig", newline="") as file:
        lines = [file.readline(LONGEST_LINE) for _ in range(1000)]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path} holds nothing but empty lines; expected a header line and rows.")

    names_line, units_line = _lines(header)
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        dialect = _sniff(connection, text, lines)
        notes = []
        if names_line is None:
            skip = dialect.skip
            if skip:
                notes.append(_skipped(path, lines[:skip], lines[skip]))
        else:
            skip = names_line - 1 if names_line else _comments(lines)
        frame = _read_csv(connection, path, text, dialect, skip)

    if names_line == 0:
        frame.columns = [str(number) for number in range(1, frame.shape[1] + 1)]
        return _named(path, frame, Cells(frame, 0, tuple(notes)))

    # Empty lines are no rows.
    filled = [at for at, line in enumerate(lines, start=1) if at > skip + 1 and line.strip()]
    left_out = sum(line <= units_line for line in filled) if units_line else 0
    if left_out:
        notes.append(f"Left out line {units_line}: {lines[units_line - 1].strip()!r}.")
    names = [str(name) for name in frame.iloc[0].fillna("")]
    frame = frame.iloc[1 + left_out :].reset_index(drop=True)
    if header is None and ask:
        headers.check(path, names, frame, skip + 1, [*filled, skip + 2][0])
    frame.columns = names
    return _named(path, frame, Cells(frame, skip + 1, tuple(notes)))


def _lines(header: Header) -> tuple[int | None, int]:
    """Return the number of the line of names, and of the line of units; 0 without one."""
    if header is None or isinstance(header, int):
        return header, 0
    names, units = header
    return names, units


def _sniff(connection: duckdb.DuckDBPyConnection, text: Path, lines: Sequence[str]) -> _Dialect:
    """Return how cells are separated: as the header says, if the rows agree with it."""
    above = _comments(lines)
    header = lines[above]
    fitting: list[tuple[int, _Dialect]] = []
    for separator in SEPARATORS:
        names = len(next(csv.reader([header], delimiter=separator)))
        dialect, columns = _sniff_as(connection, text, separator)
        if names > 1 and (dialect.skip, columns) == (above, names):
            fitting.append((columns, dialect))
    # Without a header line, "52,3;7" may be two cells or three: commas between digits are decimals.
    others = [candidate for candidate in fitting if candidate[1].separator != ","]
    if others and header.count(",") == len(re.findall(r"(?<=\d),(?=\d)", header)):
        fitting = others
    if fitting:
        return max(fitting, key=lambda candidate: candidate[0])[1]

    dialect, columns = _sniff_as(connection, text, None)
    if columns > 1:
        return dialect
    # One column, or rows that do not agree with each other.
    names = {sign: len(next(csv.reader([header], delimiter=sign))) for sign in SEPARATORS}
    return replace(dialect, separator=max(names, key=lambda sign: names[sign]), skip=above)


def _sniff_as(
    connection: duckdb.DuckDBPyConnection, text: Path, separator: str | None
) -> tuple[_Dialect, int]:
    """Return what DuckDB finds, with this separator if one is given; and how many columns."""
    option = "" if separator is None else ", delim=?"
    query = (
        "select Delimiter, Quote, Escape, SkipRows, len(Columns) "
        f"from sniff_csv(?, all_varchar=true, max_line_size={LONGEST_LINE}{option})"
    )
    options = [str(text)] if separator is None else [str(text), separator]
    try:
        [(delimiter, quote, escape, skip, columns)] = connection.sql(
            query, params=options
        ).fetchall()
    except duckdb.Error:
        return _Dialect(separator or ",", '"', '"', 0), 0
    quote, escape = (sign.replace("(empty)", "") for sign in (quote, escape))
    return _Dialect(delimiter, quote or '"', escape or quote or '"', skip), columns


def _comments(lines: Sequence[str]) -> int:
    """Return how many lines above the first row are comments."""
    above = 0
    while above < len(lines) - 1 and _is_comment(lines[above]):
        above += 1
    return above


def _is_comment(line: str) -> bool:
    return not line.strip() or line.startswith(("#", "sep="))


def _skipped(path: Path, above: Sequence[str], header: str) -> str:
    """Return the note on lines above the header that are comments; refuse any others."""
    for line in above:
        if not _is_comment(line):
            raise DataError(
                f"{path} begins with {line.strip()!r}, and line {len(above) + 1} is "
                f"{header.strip()!r}: type dataset.header={len(above) + 1} if that is the header "
                "line, or dataset.header=1."
            )
    return f"Left out what stands above the header line {len(above) + 1}: {above[0].strip()!r}."


def _read_csv(
    connection: duckdb.DuckDBPyConnection, path: Path, text: Path, dialect: _Dialect, skip: int
) -> pd.DataFrame:
    query = (
        "select * from read_csv(?, header=false, all_varchar=true, auto_detect=true, delim=?, "
        "quote=?, escape=?, skip=?, max_line_size=?, store_rejects=true, strict_mode=true)"
    )
    options = [dialect.separator, dialect.quote, dialect.escape, skip, LONGEST_LINE]
    table = connection.sql(query, params=[str(text), *options]).to_arrow_table()
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


def _read_spreadsheet(path: Path, header: Header, ask: bool) -> Cells:
    names_line, units_line = _lines(header)
    skip = max((names_line or 1) - 1, 0)
    frame = pd.read_excel(path, header=None, skiprows=skip, engine="calamine")
    if names_line == 0:
        frame.columns = [str(number) for number in range(1, frame.shape[1] + 1)]
        return _named(path, frame, Cells(frame, 0))

    names = [str(name) for name in frame.iloc[0].fillna("")]
    below = max(units_line, skip + 1) - skip
    frame = frame.iloc[below:].reset_index(drop=True).infer_objects()
    if header is None and ask:
        headers.check(path, names, frame, skip + 1, skip + 2)
    frame.columns = names
    return _named(path, frame, Cells(frame, skip + 1))


def _named(path: Path, frame: pd.DataFrame, cells: Cells) -> Cells:
    """Return cells with names for all columns; refuse a name that occurs twice."""
    names = [str(name).strip() for name in frame.columns]
    nameless = [not name and frame.iloc[:, at].isna().all() for at, name in enumerate(names)]
    frame = frame.loc[:, [not empty for empty in nameless]].copy()
    names = [name for name, empty in zip(names, nameless, strict=True) if not empty]
    names = [name or f"column {at}" for at, name in enumerate(names, start=1)]
    repeated = [name for at, name in enumerate(names) if name in names[:at]]
    if repeated:
        raise DataError(
            f"{path} has more than one column named {repeated[0]!r}; expected different names. "
            "Rename or remove one: a copy of the target would predict it."
        )
    frame.columns = names
    return Cells(frame, cells.header, cells.notes)
