"""A text file -> UTF-8: unpacked, decoded where its byte order mark says how, else advice."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import shlex
import shutil
import tempfile
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from goldilocks.errors import DataError

TEXTS = (".csv", ".tsv", ".txt")
PACKED = (".gz", ".zip")  # of one of `TEXTS`
# Encodings of several bytes a letter can be told; which alphabet of one byte it is, cannot.
EASTERN = ("big5", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "shift_jis")
SAMPLE = 2**20  # bytes from which an encoding is guessed, for the advice


@contextlib.contextmanager
def as_utf8(path: Path) -> Generator[Path]:
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
