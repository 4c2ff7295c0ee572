"""A folder of images or texts -> its classes, files and hashes.

Nothing here needs TensorFlow, so that a wrong folder is refused at once.
"""

import contextlib
import hashlib
import json
import os
import posixpath
import re
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import layouts, tabular
from goldilocks.dataset.readers.content import FOLDER, Files, kind_of, shortened, suffix_of
from goldilocks.dataset.readers.reading import Reading
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError
from goldilocks.formatting import argument, counted

# A class needs a file for each of train, validation and test.
FEWEST = 3
# As often a folder is walked through: links in folders that link to each other have no end.
MOST_VISITS = 20


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
        target_reading: As in `Dataset`.
    """

    folder: Path
    files: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    parts: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    answers: pd.DataFrame | None = None
    target_reading: Reading | None = None


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
    seen: set[str] = set()
    ignored: Counter[str] = Counter()
    directories = {"": folder} | {
        part: Path(str(path)).expanduser() for part, path in parts.items() if path is not None
    }
    with _readable(folder):
        drop = tabular.names_of(drop, os.listdir(folder))  # noqa: PTH208
    trees = [_tree(path, wanted, outer, drop, seen, ignored) for path in directories.values()]
    root = trees[0].root
    if len(trees) > 1:
        if any(part for tree in trees for _, _, part in tree.places):
            raise DataError(
                f"One of {', '.join(map(str, directories.values()))} holds parts of a split "
                "itself. Expected a folder for each class in all of them, or dataset.dir alone."
            )
        layouts.check_classes({str(tree.root): tree.classes for tree in trees})
    if set(drop) - seen:
        raise DataError(
            f"dataset.drop_classes is {shortened(drop)}; expected some of the folders in {root}: "
            f"{shortened(sorted(seen), 20)}."
        )

    places: list[layouts.Place] = []
    for part, tree in zip(directories, trees, strict=True):
        # "." for the folder itself, which `normpath` takes away.
        above = os.path.relpath(tree.root.resolve(), root.resolve())
        places += [
            layouts.Place(posixpath.normpath(f"{above}/{file}"), label, part or of_file)
            for file, label, of_file in tree.places
        ]
    classes = sorted(trees[0].classes, key=lambda name: (name.casefold(), name))
    labels = {name: at for at, name in enumerate(classes)}
    order = ["", *layouts.KEYS]
    places.sort(key=lambda at: (labels[at.label], order.index(at.part), _natural(at.file)))
    notes = [note for tree in trees for note in tree.notes]
    if drop:
        notes.append(f"Left out the folders {', '.join(drop)}.")
    columns: list[tuple[str, ...]] = list(zip(*places, strict=True))
    files, names, of_parts = columns or [(), (), ()]
    of_files = _notes(root, wanted, files, ignored)
    counts = Counter(names)
    if len(classes) < 2:
        single = [f"one class, {name!r} ({counts[name]} {wanted.name})" for name in classes]
        what = "".join(single) or f"no {wanted.name}"
        raise DataError(f"{root} holds {what}. {' '.join([f'{wanted.layouts}.', *of_files])}")

    groups = None
    if outer == "groups":
        groups = np.unique([file.split("/")[0] for file in files], return_inverse=True)[1]
    listing = Listing(
        folder=root,
        files=files,
        labels=np.array([labels[name] for name in names], np.int64),
        classes=tuple(classes),
        notes=(*notes, *of_files),
        parts=of_parts,
        groups=groups,
    )
    rare = [name for name in classes if counts[name] < FEWEST]
    ways = [f"{argument('dataset.drop_classes', *rare)} leaves classes out."] * (outer != "classes")
    check_left(listing, listing.labels, wanted.name, [*ways, *of_files])
    return listing


def _notes(folder: Path, wanted: Files, files: Sequence[str], ignored: Counter[str]) -> list[str]:
    """Return sentences about what was taken by its content, ignored, and has to be converted."""
    notes: list[str] = []
    odd = [file for file in files if suffix_of(file) not in wanted.suffixes]
    if odd:
        notes.append(
            f"Took {counted(len(odd), 'file')} in {folder} for {wanted.name} by content, not by "
            f"name: {shortened(sorted(odd, key=_natural))}."
        )
    if ignored:
        kinds = [f"{count} {kind}" for kind, count in ignored.most_common()]
        notes.append(f"Ignored in {folder}: {shortened(kinds, 15)}.")
    unread = [suffix for suffix in wanted.converted.split() if suffix in ignored]
    if unread:
        conversion = wanted.conversion.format(folder=folder, suffix=unread[0])
        notes.append(f"To use {', '.join(unread)}, convert them {conversion}")
    return notes


class _Tree(NamedTuple):
    """The folder in which the files are, where they are, notes, and the classes."""

    root: Path
    places: Sequence[layouts.Place]
    notes: Sequence[str]
    classes: set[str]


def _tree(
    folder: Path,
    wanted: Files,
    outer: str,
    drop: Sequence[str],
    seen: set[str],
    ignored: Counter[str],
) -> _Tree:
    """Return what is in a folder.

    What folders, or classes in the names of files, are called is added to `seen`.
    """
    kinds = _walk(folder, wanted, drop)
    names = {path: posixpath.basename(path) for path, kind in kinds.items() if kind == FOLDER}
    seen.update(names.values())
    ignored.update(kind for kind in kinds.values() if kind not in ("", FOLDER))
    files = [path for path, kind in kinds.items() if not kind]
    subfolders = {path for path, name in names.items() if name not in drop}
    innermost = subfolders - set(map(posixpath.dirname, subfolders))
    common = posixpath.commonpath({*map(posixpath.dirname, files), *innermost} or {""})
    root, files = folder / common, [file.removeprefix(f"{common}/") for file in files]
    tops = {names[path]: [] for path in sorted(subfolders) if posixpath.dirname(path) == common}
    if tops:
        for file in files:
            tops.get(file.split("/")[0], []).append(file)
        places, notes = layouts.arrange(root, tops, outer)
        if len(places) < len(files):
            ignored[f"{wanted.name} beside the class folders"] += len(files) - len(places)
    else:
        of_names, notes = layouts.by_names(files), []
        for file in files:
            if file not in of_names:
                raise DataError(
                    f"{root / file} has no class in its name, and {root} has no class folders. "
                    f"{wanted.layouts}.{_table_beside(root)}"
                )
        seen.update(of_names.values())
        places = [layouts.Place(file, name) for file, name in of_names.items() if name not in drop]
    empty = {name for name, inside in tops.items() if not inside}
    return _Tree(root, places, notes, empty | {label for _, label, _ in places})


def _table_beside(folder: Path) -> str:
    """Return what to type if a table in a folder, or beside it, says what its files show."""
    for file in (*sorted(folder.iterdir()), *sorted(folder.parent.iterdir())):
        if file.suffix.lower() in (".csv", ".tsv", ".xlsx", ".parquet"):
            keys = f"{argument('dataset.dir', str(folder))} {argument('dataset.file', str(file))}"
            return f" If {file.name} says what the files show, type {keys}."
    return ""


@contextlib.contextmanager
def _readable(folder: Path) -> Generator[None]:
    """Raise DataError where the operating system does not let us read a folder or its files."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"Could not read {folder}: {error}. Expected a folder and files that you may read."
        ) from error


def check_left(listing: Listing, labels: np.ndarray, what: str, notes: Sequence[str]) -> None:
    """Raise DataError where a class has fewer than `FEWEST` files left.

    Args:
        listing: The files.
        labels: Of those that are left, int64 (rows,).
        what: What they are, for the message.
        notes: What was ignored or skipped, for the message.
    """
    counts = np.bincount(labels, minlength=len(listing.classes))
    few = [
        f"{name!r} has {count}"
        for name, count in zip(listing.classes, counts, strict=True)
        if count < FEWEST
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
    kinds = _walk(folder, wanted)
    return sorted((path for path, kind in kinds.items() if not kind), key=_natural)


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

    with _readable(listing.folder):
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


def _walk(folder: Path, wanted: Files, drop: Sequence[str] = ()) -> dict[str, str]:
    """Return what is at any depth below a folder, by relative paths: its kind as of `kind_of`.

    Folders called as in `drop` are not looked into.
    """
    kinds: dict[str, str] = {}
    visits: Counter[str] = Counter()
    above: dict[str, tuple[str, ...]] = {"": (os.path.realpath(folder),)}
    with _readable(folder):
        while above:
            prefix, folders = above.popitem()
            with os.scandir(folder / prefix) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    kinds[path] = kind_of(entry, wanted)
                    if kinds[path] != FOLDER or entry.name in drop:
                        continue
                    real = os.path.realpath(entry.path)
                    visits[real] += 1
                    # To follow it would go round for ever, or as often as links can be ordered.
                    if real in folders or visits[real] > MOST_VISITS:
                        kinds[path] = f"link to a folder that is there already ({entry.name})"
                    else:
                        above[f"{path}/"] = (*folders, real)
    return kinds


def _natural(name: str) -> tuple[list[str | int], str]:
    # Odd places are the digits, so that text is only ever compared with text and numbers with
    # numbers.
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name
