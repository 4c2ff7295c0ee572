"""What a file holds, told by its first bytes where its name does not tell it."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = "folder"
HEAD = 64  # bytes that tell it
# What `pixels.decode` reads, by the bytes that such files begin with.
BEGINNINGS = {
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
# What ends a name and is no suffix belongs to the name: `photo.JPG_large`, `mail.7c53336b37003a9`.
SUFFIX = re.compile(r"\.(?=.*[a-z])[a-z0-9]{1,8}")


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
    kinds = BEGINNINGS | {"TIFF": TIFF} | OTHERS
    return next((kind for kind, begin in kinds.items() if re.match(begin, head, re.DOTALL)), "")


def is_image(head: bytes, suffix: str) -> bool:
    """Return whether a file of a suffix that images do not have is one that can be read.

    Args:
        head: Its first `HEAD` bytes.
        suffix: Lower case, with its dot; "" where it has none.
    """
    kind = name(head)
    return kind in BEGINNINGS or (kind == "TIFF" and not suffix)


def is_text(head: bytes, suffix: str) -> bool:
    """Return whether a file is a text; one with a suffix that texts do not have is none."""
    return not suffix and b"\0" not in head


@dataclass(frozen=True)
class Files:
    """What to look for.

    Attributes:
        name: In the plural.
        suffixes: The usual one first.
        recognizes: Whether a file of another suffix is one, by its first bytes and its suffix.
        converted: Suffixes, with blanks between them, of what has to be converted first.
        conversion: How, for people, of a {suffix} in a {folder}.
    """

    name: str
    suffixes: tuple[str, ...]
    recognizes: Callable[[bytes, str], bool]
    converted: str
    conversion: str

    @property
    def layouts(self) -> str:
        """How the files may be laid out in a folder, for people."""
        usual = self.suffixes[0]
        return (
            f"Expected two classes or more: a subfolder for each (cats/1{usual}, dogs/1{usual}), "
            f"or one folder whose file names begin with the class (cat.0{usual}, dog.0{usual})"
        )


IMAGES = Files(
    "images",
    (
        *(".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".jpe", ".jfif", ".tif", ".tiff"),
        *(".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k"),
    ),
    is_image,
    # Of phones; of documents, drawings and scanners; raw ones of cameras.
    ".heic .heif .jxl .pdf .svg .psd .eps .ai .xcf .ico .tga .dcm .nii .cr2 .cr3 .crw .nef .nrw "
    ".arw .sr2 .srf .dng .raf .orf .rw2 .pef .srw .3fr .raw",
    "to JPEG or PNG, for example with ImageMagick: "
    """find "{folder}" -iname "*{suffix}" -exec mogrify -format jpg '{{}}' +""",
)
TEXTS = Files(
    "texts",
    (".txt", ".text", ".md"),
    is_text,
    ".html .htm .xml .json .pdf .doc .docx .odt .rtf .epub .eml",
    "to plain text (.txt).",
)


def suffix_of(name: str) -> str:
    """Return the suffix of a file in small letters, "" where what ends its name is none.

    >>> suffix_of("a.JPG"), suffix_of("a.JPG_large"), suffix_of("mail 2.")
    ('.jpg', '', '')
    """
    # pathlib takes 5 times as long, and there may be millions.
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    if SUFFIX.fullmatch(suffix):
        return suffix
    return ""


def shortened(names: Sequence[str], most: int = 5) -> str:
    """Return the first names, `most` at most, and dots for the others, for a message."""
    first = list(names[:most])
    if len(names) > most:
        first.append("...")
    return ", ".join(first)


def kind_of(entry: os.DirEntry[str], wanted: Files) -> str:
    """Return "" of a wanted file, `FOLDER`, or for people of what kind another entry is."""
    name, suffix = entry.name, suffix_of(entry.name)
    if entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110
        return f"link to nothing ({name})"
    is_hidden = name.startswith((".", "__MACOSX"))
    if is_hidden and entry.is_dir():
        return f"hidden folder ({name})"
    if is_hidden:
        return "hidden"
    if entry.is_dir():
        return FOLDER
    if not entry.is_file():  # To open a pipe would wait for ever.
        return f"pipe, socket or device ({name})"
    if not name.isascii() and name.encode(errors="ignore").decode() != name:
        return "named in another encoding than UTF-8"
    if suffix in wanted.suffixes or wanted.recognizes(head(entry.path), suffix):
        return ""
    return suffix or "without a suffix"
