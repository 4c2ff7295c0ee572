"""Checks of targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.dataset.readers.numbers import MISSING
from goldilocks.formatting import argument


def spelled_alike(evidence: Evidence) -> Iterator[str]:
    """Name classes that are the same word but for capital letters."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in evidence.dataset.classes:
        spellings[name.lower()].append(name)
    for names in spellings.values():
        if len(names) > 1:
            yield (
                f"{', '.join(map(repr, names))} differ in capital letters alone, and are taken "
                "for different classes; dataset.ignore_case=true makes them one."
            )


def missing_words(evidence: Evidence) -> Iterator[str]:
    """Name classes whose name often stands for a missing value: "NA", "None", "null"."""
    for name in evidence.dataset.classes:
        if name.lower() in MISSING:
            yield (
                f"The target {name!r} is taken for a class; {argument('dataset.missing', name)} "
                "leaves its rows out."
            )
