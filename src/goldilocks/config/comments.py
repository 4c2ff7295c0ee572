"""The comments of the files of options: what an option is, and what each of its keys means.

A comment stands behind its key, or in the lines above it; the first one of a file, above all keys,
is about the option itself.
"""

import re
from pathlib import Path
from typing import NamedTuple

LINE = re.compile(r"(?P<indent> *)(?P<key>[\w./]+):(?P<value>(?: .*?)?)(?:\s+# (?P<comment>.*))?")


class Comments(NamedTuple):
    """The comments of a file.

    Attributes:
        option: Of the option itself.
        keys: Of its keys, by their dotted names; "" of a key without one.
    """

    option: str
    keys: dict[str, str]


def read(file: Path) -> Comments:
    """Return the comments of a file of options, each as one line of text."""
    option, keys = "", dict[str, str]()
    above: list[str] = []
    parents: list[tuple[int, str]] = []
    for text in file.read_text("utf-8").splitlines():
        if text.lstrip().startswith("# "):
            above.append(text.strip()[2:])
            continue
        line = LINE.fullmatch(text)
        if above and not keys and not option:
            option, above = " ".join(above), []
        if line is None:
            above = []
            continue
        indent = len(line["indent"])
        parents = [parent for parent in parents if parent[0] < indent] + [(indent, line["key"])]
        keys[".".join(name for _, name in parents)] = line["comment"] or " ".join(above)
        above = []
    return Comments(option, keys)
