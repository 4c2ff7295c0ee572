"""A folder of images or texts -> its classes, files and hashes.

Nothing here needs TensorFlow, so that a wrong folder is refused at once.
"""

import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from goldilocks.dataset.readers import content
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError

# A class needs a file for each of train, validation and test.
FEWEST = 3
# Folders by these names are parts of a split data set, not classes; taken for classes, a model
# would learn nonsense.
SPLITS = {"train", "training", "val", "valid", "validation", "test", "test1", "testing"}

# What ends a name and is no suffix belongs to the name: `photo.JPG_large`, `mail.7c53336b37003a9`.
SUFFIX = re.compile(r"\.(?=.*[a-z])[a-z0-9]{1,8}")


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
    content.is_image,
    # Of phones; of documents, drawings and scanners; raw ones of cameras.
    ".heic .heif .jxl .pdf .svg .psd .eps .ai .xcf .ico .tga .dcm .nii .cr2 .cr3 .crw .nef .nrw "
    ".arw .sr2 .srf .dng .raf .orf .rw2 .pef .srw .3fr .raw",
    "to JPEG or PNG, for example with ImageMagick: "
    """find "{folder}" -iname "*{suffix}" -exec mogrify -format jpg '{{}}' +""",
)
TEXTS = Files(
    "texts",
    (".txt", ".text", ".md"),
    content.is_text,
    ".html .htm .xml .json .pdf .doc .docx .odt .rtf .epub .eml",
    "to plain text (.txt).",
)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a folder, class by class, each class in natural order (cat.2 before cat.10).

    Attributes:
        folder: What `files` are relative to: the folder itself, or the only folder inside it.
        files: Relative paths with forward slashes.
        labels: int64 (files,), index into `classes`.
        classes: Names of the classes, alphabetical, capitals and small letters alike.
        notes: Sentences about what was ignored.
    """

    folder: Path
    files: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def find(folder: Path, wanted: Files) -> Listing:
    """List the images or texts of a folder, in one of their `layouts`.

    A single folder inside it, with nothing beside it, is descended into.

    Raises:
        DataError: The folder cannot be read, is empty or holds fewer than two classes, or a class
            fewer than `FEWEST` files.
    """
    ignored: Counter[str] = Counter()
    try:
        folder, subfolders, files = _unwrapped(folder, wanted, ignored)
        if subfolders and {name.casefold() for name in subfolders} <= SPLITS:
            raise DataError(
                f"{folder} holds the folders {', '.join(subfolders)}: parts of a split data set, "
                "not classes. Expected a folder per class; give one part, "
                f"dataset.dir={folder / subfolders[0]}, and the protocol splits it."
            )
        members = {}
        for name in subfolders:
            inside = _walk(folder / name, wanted, ignored)
            members[name] = [f"{name}/{file}" for file in inside]
        if subfolders:
            ignored[f"{wanted.name} beside the class folders"] += len(files)
        else:
            members = _by_name(folder, files, wanted)
    except OSError as error:
        raise _unreadable(folder, error) from error

    classes = tuple(sorted(members, key=lambda name: (name.casefold(), name)))
    files = tuple(file for name in classes for file in sorted(members[name], key=_natural))
    notes = _notes(folder, wanted, files, ignored)
    if len(classes) < 2:
        what = f"no {wanted.name}"
        for name in classes:
            what = f"one class, {name!r} ({len(members[name])} {wanted.name})"
        raise DataError(f"{folder} holds {what}. {' '.join([f'{wanted.layouts}.', *notes])}")

    counts = [len(members[name]) for name in classes]
    listing = Listing(
        folder=folder,
        files=files,
        labels=np.repeat(np.arange(len(classes), dtype=np.int64), counts),
        classes=classes,
        notes=notes,
    )
    check_left(listing, np.arange(len(files)), wanted.name, notes)
    return listing


def _notes(
    folder: Path, wanted: Files, files: Sequence[str], ignored: Counter[str]
) -> tuple[str, ...]:
    """Return sentences about what was taken by its content, ignored, and has to be converted."""
    notes: list[str] = []
    odd = [file for file in files if suffix_of(file) not in wanted.suffixes]
    if odd:
        notes.append(
            f"Took {len(odd)} files in {folder} for {wanted.name} by what they hold, not by their "
            f"names: {shortened(odd)}."
        )
    if ignored.total():
        kinds = [f"{count} {kind}" for kind, count in ignored.most_common() if count]
        notes.append(f"Ignored in {folder}: {shortened(kinds, 15)}.")
    unread = [suffix for suffix in wanted.converted.split() if suffix in ignored]
    if unread:
        conversion = wanted.conversion.format(folder=folder, suffix=unread[0])
        notes.append(f"To use {', '.join(unread)}, convert them {conversion}")
    return tuple(notes)


def _unwrapped(
    folder: Path, wanted: Files, ignored: Counter[str]
) -> tuple[Path, list[str], list[str]]:
    """Return the first folder that holds more than one folder, its subfolders and wanted files."""
    while True:
        subfolders, files = _entries(folder, wanted, ignored)
        if files or len(subfolders) != 1:
            return folder, subfolders, files
        folder = folder / subfolders[0]


def _entries(folder: Path, wanted: Files, ignored: Counter[str]) -> tuple[list[str], list[str]]:
    """Return the names of a folder's subfolders, sorted, and of its wanted files."""
    subfolders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                names, ignored_as = subfolders, ""
                if not _shown(entry.name):
                    ignored_as = f"hidden folder ({entry.name})"
            else:
                names, ignored_as = files, _ignored_as(entry, wanted)
            if ignored_as:
                ignored[ignored_as] += 1
            else:
                names.append(entry.name)
    return sorted(subfolders), files


def _unreadable(path: Path, error: OSError) -> DataError:
    """Return the error for a folder that the operating system does not let us read."""
    return DataError(f"Could not read {path}: {error}. Expected a folder that you may read.")


def shortened(names: Sequence[str], most: int = 5) -> str:
    """Return the first names, `most` at most, and dots for the others, for a message."""
    first = list(names[:most])
    if len(names) > most:
        first.append("...")
    return ", ".join(first)


def check_left(listing: Listing, rows: np.ndarray, what: str, notes: Sequence[str]) -> None:
    """Raise DataError where a class has fewer than `FEWEST` files left.

    Args:
        listing: The files.
        rows: Those that are left, int64 (rows,).
        what: What they are, for the message.
        notes: What was ignored or skipped, for the message.
    """
    counts = np.bincount(listing.labels[rows], minlength=len(listing.classes))
    few = [
        f"{listing.classes[label]!r} has {counts[label]}"
        for label in np.flatnonzero(counts < FEWEST)
    ]
    if few:
        raise DataError(
            f"Too few {what} in {listing.folder}: {shortened(few)}. Expected at least {FEWEST} in "
            f"each class; add some, or take the class away. {' '.join(notes)}".rstrip()
        )


def skipped(
    broken: Sequence[str], total: int, limit: float, what: str, remedy: str
) -> tuple[str, ...]:
    """Return the note about files that cannot be read, if any.

    Args:
        broken: Their names.
        total: Number of files, these among them.
        limit: Fraction of the files, 0 to 1, that may be broken.
        what: What they are, and what is wrong with them.
        remedy: What was expected and what to do, where they are too many.

    Raises:
        DataError: They are more than the limit.
    """
    if not broken:
        return ()
    sentence = f"{len(broken)} of {total} {what}"
    if len(broken) > limit * total:
        raise DataError(f"{sentence}: {shortened(broken)}. {remedy}")
    return (f"{sentence}, and were skipped: {shortened(broken)}.",)


def below(folder: Path, wanted: Files) -> list[str]:
    """Return images or texts at any depth below a folder, in natural order, as relative paths.

    Raises:
        DataError: The folder cannot be read.
    """
    try:
        return sorted(_walk(folder, wanted, Counter()), key=_natural)
    except OSError as error:
        raise _unreadable(folder, error) from error


def hashes(listing: Listing) -> np.ndarray:
    """Return the SHA-256 of the content of every file: uint8 (files, 32).

    Remembered in the cache under the names, sizes and times of the files, so that a large folder is
    read once.

    Raises:
        DataError: A file cannot be read.
    """
    paths = [listing.folder / file for file in listing.files]

    def of_file(path: Path) -> bytes:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    def build() -> dict[str, np.ndarray]:
        # hashlib and read() both release the interpreter lock.
        with ThreadPoolExecutor() as threads:
            joined = b"".join(threads.map(of_file, paths))
        return {"sha256": np.frombuffer(joined, dtype=np.uint8).reshape(len(paths), 32)}

    try:
        stats = [path.stat() for path in paths]
        # Clocks of file systems tick in milliseconds: a file changed just now could change again
        # and look the same.
        if max(stat.st_ctime_ns for stat in stats) > time.time_ns() - 2 * 10**9:
            return build()["sha256"]
        seen = [
            (file, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            for file, stat in zip(listing.files, stats, strict=True)
        ]
        key = {"hashes": str(listing.folder.resolve()), "files": cache.digest(json.dumps(seen))}
        return cache.prepared(key, build)["sha256"]
    except OSError as error:
        raise DataError(
            f"Could not read the files in {listing.folder}: {error}. Expected files you may read."
        ) from error


def _by_name(folder: Path, names: list[str], wanted: Files) -> dict[str, list[str]]:
    """Return the files of a flat folder by the part of their names before the first dot."""
    members: dict[str, list[str]] = {}
    for name in names:
        parts = name.split(".")
        if len(parts) < 3:
            raise DataError(
                f"{folder / name} has no class in its name, and {folder} has no class folders. "
                f"{wanted.layouts}."
            )
        members.setdefault(parts[0], []).append(name)
    return members


def _walk(folder: Path, wanted: Files, ignored: Counter[str]) -> list[str]:
    """Return the files at any depth below a folder, links followed once, as relative paths."""
    files: list[str] = []
    seen: set[str] = set()
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        real = os.path.realpath(folder / prefix)
        if real in seen:  # A link to a folder above would go round for ever.
            continue
        seen.add(real)
        subfolders, names = _entries(folder / prefix, wanted, ignored)
        waiting += [f"{prefix}{name}/" for name in subfolders]
        files += [f"{prefix}{name}" for name in names]
    return files


def suffix_of(name: str) -> str:
    """Return the suffix of a file in small letters, "" where what ends its name is none.

    >>> suffix_of("a.JPG"), suffix_of("a.JPG_large"), suffix_of("mail 2.")
    ('.jpg', '', '')
    """
    # pathlib takes 5 times as long, and there may be millions.
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    return suffix if SUFFIX.fullmatch(suffix) else ""


def _shown(name: str) -> bool:
    return not name.startswith((".", "__MACOSX"))


def _ignored_as(entry: os.DirEntry[str], wanted: Files) -> str:
    """Return of what kind a file is that is not wanted; "" of one that is."""
    name = entry.name
    if not _shown(name):
        return "hidden"
    if not name.isascii() and name.encode(errors="ignore").decode() != name:
        return "named in another encoding than UTF-8"
    if not entry.is_file():  # To open a pipe would wait for ever.
        is_there = os.path.exists(entry.path)  # noqa: PTH110
        return f"{'pipe, socket or device' if is_there else 'link to nothing'} ({name})"
    suffix = suffix_of(name)
    if suffix in wanted.suffixes or wanted.recognizes(content.head(entry.path), suffix):
        return ""
    return suffix or "without a suffix"


def _natural(name: str) -> tuple[list[str | int], str]:
    # Odd places are the digits, so that text is only ever compared with text and numbers with
    # numbers.
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name
