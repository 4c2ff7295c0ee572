"""Where files stand in folders -> the class and the part of each; what is not clear is asked.

Names alone decide: nothing is read.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from goldilocks.errors import DataError
from goldilocks.formatting import argument

# What people call the parts of a split, in small letters, and what they are.
PARTS: Mapping[str, str] = {
    **dict.fromkeys(["train", "training"], "train"),
    **dict.fromkeys(["validation", "val", "valid", "dev"], "validation"),
    **dict.fromkeys(["test", "testing"], "test"),
}
KEYS = {"train": "dir", "validation": "validation_dir", "test": "test_dir"}
# Words in the names of folders whose files nobody has put into classes.
UNLABELED = re.compile("unsup(ervised)?|unlabell?ed|unannotated|pred(ict(ions?)?)?|test(ing)?")


class Place(NamedTuple):
    """A file, its class, and its part: one of `KEYS`, or "" where the protocol decides."""

    file: str
    label: str
    part: str = ""


def arrange(
    folder: Path, tops: Mapping[str, Sequence[str]], outer: str
) -> tuple[list[Place], list[str]]:
    """Return what the folders inside of a folder say about the files below them, and notes.

    Args:
        folder: For messages.
        tops: Its folders, with the files below each: relative paths with forward slashes.
        outer: What these folders are: "classes"; "merged" or "groups", where the folders inside
            them are the classes; or "auto": parts of a split, if they are called so and hold the
            same classes; classes, if what they hold is called differently; else asked.

    Raises:
        DataError: Asks, or names the classes that a part lacks.
    """
    called = all(top.casefold() in PARTS for top in tops)
    below = {top: _inside(files) for top, files in tops.items()}
    if called and not any(any(inner.values()) for inner in below.values()):
        below = {top: {file: name for file, name, _ in by_names(tops[top])} for top in tops}
    plain = [Place(file, top) for top, files in tops.items() for file in files]
    parts = dict.fromkeys(tops, "")
    classes = {top: set(inner.values()) - {""} for top, inner in below.items()}
    counts = Counter(name for names in classes.values() for name in names)
    if outer == "classes":
        return plain, []
    if outer != "auto" and counts:
        return _classes_inside(below, parts), []
    if outer != "auto":
        raise DataError(
            f"dataset.outer_folders is {outer}, and no folders are in {_few(tops)} of {folder}; "
            "expected the classes there. Leave it out."
        )

    shared = {name for name in counts if counts[name] > 1}
    lacking = sorted(top for top in tops if not classes[top] & (shared or counts.keys()))
    twice = {
        top
        for top, files in tops.items()
        for parent in set(map(posixpath.dirname, files))
        if tops.keys() & set(parent.split("/")[1:]) - {top}
    }
    unlabeled = sorted(top for top in tops if any(map(UNLABELED.fullmatch, _words(top))))
    if called:
        parts = {top: PARTS[top.casefold()] for top in tops}
        if lacking:
            raise _question(folder, classes, lacking, f"no classes in {_few(lacking)}")
        if "train" not in parts.values() or len(set(parts.values())) < len(parts):
            raise _question(folder, classes, [], "not one folder for each part of a split")
        check_classes({str(folder / top): names for top, names in classes.items()})
        taken = ", ".join(f"{top} for {part}" for top, part in parts.items())
        note = (
            f"Took the folders in {folder} for the parts of a split, as they are called: {taken}."
        )
        return _classes_inside(below, parts), [note]

    if twice:
        what = f"in {_few(sorted(twice))} folders called as those beside it: files may be twice"
        raise _question(folder, classes, sorted(twice), what)
    if shared and len(counts) > 1:
        what = f"folders called {_few(sorted(shared))} in more than one of them"
        raise _question(folder, classes, lacking, what)
    if unlabeled:
        what = f"files without a class in {_few(unlabeled)}, by its name"
        raise _question(folder, classes, unlabeled, what)

    deep = [f"{top} ({_few(sorted(classes[top]))})" for top in tops if len(classes[top]) > 1]
    notes = [
        f"Took {_few(tops)} for the classes, with all below them: {_few(deep)}. "
        "dataset.outer_folders=merged takes the folders inside them."
    ]
    return plain, notes if deep else []


def by_names(files: Sequence[str]) -> list[Place]:
    """Return files with the part of their names before the first dot (cat.0.jpg) as class.

    Those without one are left out.
    """
    names = [posixpath.basename(file).split(".") for file in files]
    return [
        Place(file, name) for file, (name, *rest) in zip(files, names, strict=True) if len(rest) > 1
    ]


def check_classes(classes: Mapping[str, set[str]]) -> None:
    """Raise DataError where parts, by what they are called, do not have all the same classes."""
    union = set().union(*classes.values())
    lacks = [
        f"{_few(sorted(union - names))} in {part}"
        for part, names in classes.items()
        if union - names
    ]
    if lacks:
        partial = sorted(union - set.intersection(*classes.values()))
        raise DataError(
            f"There is no folder of the class {', of '.join(lacks)}. Expected the same classes in "
            "each part of a split; rename folders, or type "
            f"{argument('dataset.drop_classes', *partial)}."
        )


def _inside(files: Sequence[str]) -> dict[str, str]:
    """Return the name of the folder inside a folder that each of its files stands in, or "".

    Folders that hold one folder and nothing else are descended into.
    """
    if not files:
        return {}
    common = posixpath.commonpath(map(posixpath.dirname, files))
    names = [posixpath.dirname(file[len(common) + 1 :]).partition("/")[0] for file in files]
    if not any(names) and "/" in common:
        names = [posixpath.basename(common)] * len(files)
    return dict(zip(files, names, strict=True))


def _classes_inside(
    below: Mapping[str, Mapping[str, str]], parts: Mapping[str, str]
) -> list[Place]:
    return [
        Place(file, name, parts[top])
        for top, inner in below.items()
        for file, name in inner.items()
        if name
    ]


def _question(
    folder: Path, classes: Mapping[str, set[str]], others: Sequence[str], what: str
) -> DataError:
    """Return the question what the folders inside a folder are.

    Args:
        folder: The folder.
        classes: Of each folder inside it, what the folders in there are called.
        others: Those that may be left out.
        what: Was found.
    """
    ways = []
    nested = sorted(top for top in classes if classes[top] and top not in others)
    parts: dict[str, str] = {
        PARTS[word]: top for top in nested for word in _words(top) if word in PARTS
    }
    if len(nested) == 2:
        parts = parts if len(parts) == 2 else {"train": nested[0], "test": nested[1]}
    if "train" in parts and len(parts) > 1:
        keys = [
            argument(f"dataset.{KEYS[part]}", str(folder / parts[part]))
            for part in KEYS
            if part in parts
        ]
        ways.append(f"{' '.join(keys)} if these are the parts of a split")

    if others:
        ways.append(f"{argument('dataset.drop_classes', *others)} to leave out {_few(others)}")
    ways.append(f"dataset.outer_folders=classes if {_few(sorted(classes))} are the classes")
    inner = set().union(*classes.values())
    if len(inner) > 1:
        ways.append(f"dataset.outer_folders=merged if {_few(sorted(inner))} are")
    if len(inner) > 1 and len(nested) > 2:
        ways.append(
            "dataset.outer_folders=groups if they are, and the files in one of "
            f"{_few(nested)} belong together and are not to be split"
        )
    return DataError(
        f"{folder} holds the folders {_few(sorted(classes))}, and {what}. "
        f"Type {', or '.join(ways)}."
    )


def _words(name: str) -> list[str]:
    """Return the words of a name, in small letters.

    >>> _words("seg_testImages2")
    ['seg', 'test', 'images']
    """
    return re.findall("[a-z]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", name).casefold())


def _few(names: Iterable[str]) -> str:
    first = list(names)
    return ", ".join(first[:6]) + ", ..." * (len(first) > 6)
