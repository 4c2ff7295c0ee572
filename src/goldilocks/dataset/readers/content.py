"""What a file holds, told by its first bytes and not by its name."""

import re
from pathlib import Path

HEAD = 64  # bytes that tell it
# What `pixels.decode` reads, by the bytes that such files begin with.
IMAGES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF.{4}WEBP",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",  # The sizes that its header has.
    "AVIF": rb".{4}ftypavi[fs]",
}
TIFF = rb"II\*\0|MM\0\*"  # So do the raw files of cameras begin, which hold a small preview.
# What people take for images, and is none that can be read.
OTHERS = {
    "HEIC": rb".{4}ftyp(hei|hev|m[is][fx]1.{4,40}hei)",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "PDF": rb"%PDF",
    "an HTML page": rb"(\xef\xbb\xbf)?\s*(?i:<!doctype html|<html|<head|<body)",
    "SVG": rb"(\xef\xbb\xbf)?\s*(<\?xml.*)?<svg",
}
ADVICE = dict.fromkeys(OTHERS, "convert it to JPEG or PNG") | {
    "an HTML page": "save the image itself"
}


class UnreadableFile(ValueError):
    """A file does not hold what it is read for; says why, in a few words."""


def head(path: str | Path) -> bytes:
    """Return the first `HEAD` bytes of a file; none of one that cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  There may be millions.
            return file.read(HEAD)
    except OSError:
        return b""


def name(head: bytes) -> str:
    """Return what a file is by its first `HEAD` bytes: "JPEG", "HEIC"; "" where it is not known.

    >>> name(b"%PDF-1.7")
    'PDF'
    """
    kinds = IMAGES | {"TIFF": TIFF} | OTHERS
    return next((kind for kind, begin in kinds.items() if re.match(begin, head, re.DOTALL)), "")


def is_image(head: bytes, suffix: str) -> bool:
    """Return whether a file of a suffix that images do not have is one that can be read.

    Args:
        head: Its first `HEAD` bytes.
        suffix: Lower case, with its dot; "" where it has none.
    """
    return name(head) in IMAGES or (not suffix and name(head) == "TIFF")


def is_text(head: bytes, suffix: str) -> bool:
    """Return whether a file is a text; one with a suffix that texts do not have is none."""
    return not suffix and head != b"" and b"\0" not in head and name(head) in ("", "an HTML page")
