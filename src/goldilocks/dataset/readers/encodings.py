"""A text file -> UTF-8: unpacked, decoded where its byte order mark says how, else advice."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import shlex
import tempfile
import zipfile
from collections.abc import Generator
from pathlib import Path

from charset_normalizer import from_bytes

from goldilocks.errors import DataError

TEXTS = (".csv", ".tsv", ".txt")
PACKED = (".gz", ".zip")  # of one of `TEXTS`
# Encodings of several bytes a letter can be told; which alphabet of one byte it is, cannot.
EASTERN = ("big5", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "shift_jis")
SAMPLE = 2**20  # bytes from which an encoding is guessed, for the advice


@contextlib.contextmanager
def as_utf8(path: Path) -> Generator[Path]:
    """Give a file of UTF-8 text with the content of `path`: itself, or unpacked and decoded.

    Raises:
        DataError: It is not UTF-8, or an archive of none or several texts.
    """
    content = written = _unpacked(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16").encode()
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path} is not UTF-8: line {line} has the byte 0x{content[error.start]:02x}. "
            f"{_encoding_advice(path, content, error.start)}"
        ) from error
    if content is written and path.suffix.lower() not in PACKED:
        yield path
        return

    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text"
        text.write_bytes(content)
        yield text


def _unpacked(path: Path) -> bytes:
    if path.suffix.lower() == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix.lower() != ".zip":
        return path.read_bytes()

    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(TEXTS)]
        names = [name for name in names if not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise DataError(
                f"{path} holds {len(names)} files that end in {', '.join(TEXTS)} "
                f"({', '.join(names[:5]) or 'none'}); expected one. Unpack it and give one of its "
                "files as dataset.file."
            )
        return archive.read(names[0])


def _encoding_advice(path: Path, content: bytes, start: int) -> str:
    """Return what mends a content that has a byte at `start` that is no UTF-8."""
    before, source = "", f" {shlex.quote(path.name)}"
    unpack = {".gz": "gzip -dc", ".zip": "unzip -p"}.get(path.suffix.lower())
    if unpack:
        before, source = f"{unpack}{source} | ", ""
    sample = content[:SAMPLE]
    # Letters of several bytes that are UTF-8: then the rest of the file is, too.
    if not sample.decode("utf-8", "ignore").isascii():
        command = f"{before}iconv -c -f UTF-8 -t UTF-8{source} > utf8.csv"
        return f"Correct it, or leave it out with `{command}`."

    guess = from_bytes(content[max(0, start - 2000) : start + 2000]).best()
    encoding = guess.encoding if guess and guess.encoding in EASTERN else "WINDOWS-1252"
    # UTF-16 has a zero beside each letter of ASCII, before or behind it.
    zeros_first, zeros_second = sample[0:1000:2].count(0), sample[1:1000:2].count(0)
    if zeros_first or zeros_second:
        encoding = "UTF-16BE" if zeros_first > zeros_second else "UTF-16LE"
    command = f"{before}iconv -f {encoding} -t UTF-8{source} > utf8.csv"
    return f"Save it as UTF-8, for example with `{command}`."
