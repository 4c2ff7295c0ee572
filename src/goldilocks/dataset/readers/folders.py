"""A folder of images or texts -> its classes, files and hashes.

Nothing here needs TensorFlow, so that a wrong folder is refused at once.
"""

import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import layouts, tabular
from goldilocks.dataset.readers.content import Files, ignored_as, suffix_of
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError
from goldilocks.formatting import argument

# A class needs a file for each of train, validation and test.
FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a folder, class by class, each class in natural order (cat.2 before cat.10).

    Attributes:
        folder: What `files` are relative to: the folder itself, or the only folder inside it.
        files: Relative paths with forward slashes.
        labels: int64 (files,), index into `classes`.
        classes: Names of the classes, alphabetical, capitals and small letters alike.
        notes: Sentences about what was ignored.
        parts: Of each file the part of a split: "train", "validation", "test", or "" where the
            protocol decides; empty where there are none.
        groups: int64 (files,), files of the same number are never split; None without groups.
        answers: Of each file its targets, where a table says them; None where folders do.
    """

    folder: Path
    files: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    parts: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    answers: pd.DataFrame | None = None


def find(
    folder: Path,
    wanted: Files,
    *,
    outer: str = "auto",
    drop: Sequence[str] = (),
    parts: Mapping[str, str | None] = MappingProxyType({}),
) -> Listing:
    """List the images or texts of a folder, in one of their `layouts`.

    A single folder inside it, with nothing beside it, is descended into.

    Args:
        folder: The folder.
        wanted: What is listed.
        outer: What the first folders inside it are, as in `layouts.arrange`.
        drop: Names of folders, or of classes in the names of files, that are left out.
        parts: Other folders with the same classes, for "validation" and "test", or None.

    Raises:
        DataError: A folder cannot be read, is empty or holds fewer than two classes, parts have
            different classes, the layout can be taken in several ways, or a class has fewer than
            `FEWEST` files.
    """
    ignored: Counter[str] = Counter()
    seen: set[str] = set()
    try:
        drop = tabular.names_of(drop, os.listdir(folder))  # noqa: PTH208
    except OSError as error:
        raise _unreadable(folder, error) from error
    folder, places, notes, names = _places(folder, wanted, outer, drop, seen, ignored)
    joined = list(places)
    for part, path in parts.items():
        if path is None:
            continue
        directory = Path(str(path)).expanduser()
        other, others, _, names_of_other = _places(directory, wanted, outer, drop, seen, ignored)
        if any(member.part for member in (*places, *others)):
            raise DataError(
                f"dataset.{layouts.KEYS[part]} is given, and {folder} or {other} holds parts of a "
                "split itself. Expected a folder for each class in both, or dataset.dir alone."
            )
        layouts.check_classes({str(folder): names, str(other): names_of_other})
        relative = os.path.relpath(other.resolve(), folder.resolve())
        joined += [layouts.Place(f"{relative}/{file}", label, part) for file, label, _ in others]
    if set(drop) - seen:
        raise DataError(
            f"dataset.drop_classes is {shortened(drop)}; expected some of the folders in {folder}: "
            f"{shortened(sorted(seen), 20)}."
        )

    classes = sorted(names, key=lambda name: (name.casefold(), name))
    counts = Counter(member.label for member in joined)
    of_files = _notes(folder, wanted, [member.file for member in joined], ignored)
    if len(classes) < 2:
        what = f"no {wanted.name}"
        for name in classes:
            what = f"one class, {name!r} ({counts[name]} {wanted.name})"
        raise DataError(f"{folder} holds {what}. {' '.join([f'{wanted.layouts}.', *of_files])}")

    order = {part: at for at, part in enumerate(["", *layouts.KEYS])}
    index = {name: at for at, name in enumerate(classes)}
    joined.sort(key=lambda at: (index[at.label], order[at.part], _natural(at.file)))
    if drop:
        notes.append(f"Left out the folders {', '.join(drop)}.")
    groups = None
    if outer == "groups":
        groups = np.unique([member.file.split("/")[0] for member in joined], return_inverse=True)[1]
    listing = Listing(
        folder=folder,
        files=tuple(member.file for member in joined),
        labels=np.array([index[member.label] for member in joined], np.int64),
        classes=tuple(classes),
        notes=(*notes, *of_files),
        parts=tuple(member.part for member in joined),
        groups=groups,
    )
    rare = [name for name in classes if counts[name] < FEWEST]
    ways = [f"{argument('dataset.drop_classes', *rare)} leaves classes out."] * (outer != "classes")
    check_left(listing, np.arange(len(listing.files)), wanted.name, [*ways, *of_files])
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
            f"names: {shortened(sorted(odd, key=_natural))}."
        )
    if ignored.total():
        kinds = [f"{count} {kind}" for kind, count in ignored.most_common() if count]
        notes.append(f"Ignored in {folder}: {shortened(kinds, 15)}.")
    unread = [suffix for suffix in wanted.converted.split() if suffix in ignored]
    if unread:
        conversion = wanted.conversion.format(folder=folder, suffix=unread[0])
        notes.append(f"To use {', '.join(unread)}, convert them {conversion}")
    return tuple(notes)


def _places(
    folder: Path,
    wanted: Files,
    outer: str,
    drop: Sequence[str],
    seen: set[str],
    ignored: Counter[str],
) -> tuple[Path, list[layouts.Place], list[str], set[str]]:
    """Return the folder inside which the files are, where they are, notes, and the classes.

    What folders, or classes in the names of files, are called is added to `seen`.
    """
    try:
        folder, subfolders, files = _unwrapped(folder, wanted, drop, seen, ignored)
        tops = {
            name: [f"{name}/{file}" for file in _walk(folder / name, wanted, ignored)]
            for name in subfolders
        }
    except OSError as error:
        raise _unreadable(folder, error) from error

    if not tops:
        places = layouts.by_names(files)
        if len(places) < len(files):
            nameless = next(file for file in files if file.count(".") < 2)
            raise DataError(
                f"{folder / nameless} has no class in its name, and {folder} has no class folders. "
                f"{wanted.layouts}.{_table_beside(folder)}"
            )
        seen |= {member.label for member in places}
        places = [member for member in places if member.label not in drop]
        return folder, places, [], {member.label for member in places}

    for name, inside in tops.items():
        seen.update(step for file in inside for step in file.split("/")[:-1])
        tops[name] = [file for file in inside if not set(drop) & set(file.split("/")[:-1])]
    places, notes = layouts.arrange(folder, tops, outer)
    count = len(files) + sum(map(len, tops.values())) - len(places)
    ignored[f"{wanted.name} beside the class folders"] += count
    empty = {name for name, inside in tops.items() if not inside}
    return folder, places, notes, empty | {member.label for member in places}


def _table_beside(folder: Path) -> str:
    """Return what to type if a table in a folder, or beside it, says what its files show."""
    tables = [
        file
        for directory in (folder, folder.parent)
        for file in sorted(directory.iterdir())
        if file.suffix.lower() in (".csv", ".tsv", ".xlsx", ".parquet")
    ]
    if not tables:
        return ""
    keys = f"{argument('dataset.dir', str(folder))} {argument('dataset.file', str(tables[0]))}"
    return f" If {tables[0].name} says what the files show, type {keys}."


def _unwrapped(
    folder: Path, wanted: Files, drop: Sequence[str], seen: set[str], ignored: Counter[str]
) -> tuple[Path, list[str], list[str]]:
    """Return the first folder that holds more than one folder, its subfolders and wanted files."""
    while True:
        subfolders, files = _entries(folder, wanted, ignored)
        seen.update(subfolders)
        subfolders = [name for name in subfolders if name not in drop]
        if files or len(subfolders) != 1:
            return folder, subfolders, files
        folder = folder / subfolders[0]


def _entries(folder: Path, wanted: Files, ignored: Counter[str]) -> tuple[list[str], list[str]]:
    """Return the names of a folder's subfolders, sorted, and of its wanted files."""
    subfolders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            kind = ignored_as(entry, wanted)
            if kind:
                ignored[kind] += 1
            elif entry.is_dir():
                subfolders.append(entry.name)
            else:
                files.append(entry.name)
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


def check_left(
    listing: Listing,
    rows: np.ndarray,
    what: str,
    notes: Sequence[str],
) -> None:
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


def _natural(name: str) -> tuple[list[str | int], str]:
    # Odd places are the digits, so that text is only ever compared with text and numbers with
    # numbers.
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name
