"""Where files stand in folders -> the class and the part of each; what is not clear is asked.

Names alone decide: nothing is read.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from goldilocks.dataset.readers.content import shortened
from goldilocks.errors import DataError
from goldilocks.formatting import argument

# What people call the parts of a split, in small letters, and what they are.
PARTS: Mapping[str, str] = {
    **dict.fromkeys(["train", "training"], "train"),
    **dict.fromkeys(["validation", "val", "valid", "dev"], "validation"),
    **dict.fromkeys(["test", "testing"], "test"),
}
KEYS = {"train": "dir", "validation": "validation_dir", "test": "test_dir"}
# The parts that a split may have, alphabetically; the protocol draws what is not there.
SPLITS = (["train"], ["test", "train"], ["train", "validation"], ["test", "train", "validation"])
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
    plain = [Place(file, top) for top, files in tops.items() for file in files]
    if outer == "classes":
        return plain, []

    parts = {top: PARTS.get(top.casefold(), "") for top in tops}
    called = all(parts.values())
    below = {top: _inside(files) for top, files in tops.items()}
    if called and not any(below.values()):
        below = {top: by_names(files) for top, files in tops.items()}
    inside = [
        Place(file, name, parts[top])
        for top, names in below.items()
        for file, name in names.items()
    ]
    if outer != "auto" and inside:
        return [Place(file, name) for file, name, _ in inside], []
    if outer != "auto":
        raise DataError(
            f"dataset.outer_folders is {outer}, and no folders are in {shortened([*tops])} of "
            f"{folder}; expected the classes there. Leave it out."
        )

    classes = {top: set(names.values()) for top, names in below.items()}
    counts = Counter(name for names in classes.values() for name in names)
    shared = {name for name in counts if counts[name] > 1}
    others = sorted(top for top in tops if not classes[top] & (shared or counts.keys()))
    if called and not others and sorted(parts.values()) in SPLITS:
        check_classes({str(folder / top): names for top, names in classes.items()})
        taken = ", ".join(f"{top} for {part}" for top, part in parts.items())
        return inside, [
            f"Took the folders in {folder} for the parts of a split, as they are called: {taken}."
        ]

    twice = sorted(
        top
        for top, files in tops.items()
        if tops.keys() & {step for file in files for step in file.split("/")[1:-1]} - {top}
    )
    unlabeled = sorted(top for top in tops if any(map(UNLABELED.fullmatch, _words(top))))
    if called:
        what = "not one folder with classes in it for each part of a split"
    elif twice:
        others = twice
        what = f"in {shortened(twice)} folders called as those beside it: files may be twice"
    elif shared and len(counts) > 1:
        what = f"folders called {shortened(sorted(shared))} in more than one of them"
    elif unlabeled:
        others = unlabeled
        what = f"files without a class in {shortened(unlabeled)}, by its name"
    else:
        deep = [
            f"{top} ({shortened(sorted(names))})"
            for top, names in classes.items()
            if len(names) > 1
        ]
        note = (
            f"Took {shortened([*tops])} for the classes, with all below them: {shortened(deep)}. "
            "dataset.outer_folders=merged takes the folders inside them."
        )
        return plain, [note] * bool(deep)
    raise _question(folder, classes, others, what)


def by_names(files: Sequence[str]) -> dict[str, str]:
    """Return the class of files: the part of their names before the first dot (cat.0.jpg).

    Those without one are left out.
    """
    names = {file: posixpath.basename(file).split(".") for file in files}
    return {file: words[0] for file, words in names.items() if len(words) > 2}


def check_classes(classes: Mapping[str, set[str]]) -> None:
    """Raise DataError where parts, by what they are called, do not have all the same classes."""
    union = set().union(*classes.values())
    lacks = [
        f"{shortened(sorted(union - names))} in {part}"
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
    """Return the name of the folder inside a folder that files stand in, of those that do.

    Folders that hold one folder and nothing else are descended into.
    """
    parents = {file: posixpath.dirname(file) for file in files}
    folders = set(parents.values()) or {""}
    common = posixpath.commonpath(folders)
    if {common} == folders and "/" in common:
        common = posixpath.dirname(common)
    return {
        file: parent[len(common) + 1 :].split("/")[0]
        for file, parent in parents.items()
        if parent != common
    }


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
    nested = sorted(top for top in classes if classes[top] and top not in others)
    inner = sorted(set().union(*classes.values()) - PARTS.keys())
    parts = {PARTS[word]: top for top in nested for word in _words(top) if word in PARTS}
    if len(nested) == 2 and len(parts) != 2:
        parts = dict(zip(["train", "test"], nested, strict=True))
    ways = []
    if "train" in parts and len(parts) > 1 and inner:
        keys = [argument(f"dataset.{KEYS[part]}", f"{folder / top}") for part, top in parts.items()]
        ways.append(f"{' '.join(sorted(keys))} if these are the parts of a split")
    if others:
        ways.append(f"{argument('dataset.drop_classes', *others)} to leave out {shortened(others)}")
    ways.append(f"dataset.outer_folders=classes if {shortened(sorted(classes))} are the classes")
    if len(inner) > 1:
        ways.append(f"dataset.outer_folders=merged if {shortened(inner)} are")
        if len(nested) > 2:
            ways.append(
                "dataset.outer_folders=groups if they are, and the files in one of "
                f"{shortened(nested)} belong together and are not to be split"
            )
    return DataError(
        f"{folder} holds the folders {shortened(sorted(classes))}, and {what}. "
        f"Type {', or '.join(ways)}."
    )


def _words(name: str) -> list[str]:
    """Return the words of a name, in small letters.

    >>> _words("seg_testImages2")
    ['seg', 'test', 'images']
    """
    return re.findall("[a-z]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", name).casefold())
