"""Sections -> which variant is best, whether beyond noise, and where underfit turns to overfit."""

import json
import math
from collections.abc import Mapping, Sequence

from goldilocks.formatting import number
from goldilocks.report import grouping
from goldilocks.report.differing import short
from goldilocks.report.sections import Section
from goldilocks.report.variants import Variant
from goldilocks.run.next_moves import LONGEST_TAG
from goldilocks.tracking.query import StoredRun

FEW = 3  # variants that a sentence or a command names
END = "conclusion"  # tag of a sweep's run: what a report of the sweep needs of its end, as JSON


def of_sections(sections: Sequence[Section], commands: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what the runs of a sweep have shown and what to type next.

    Args:
        sections: The sections of its runs.
        commands: Of sections, by their headings, what to type next.

    Returns:
        Sentences, each with a word for what it says, "" for the heading of a section: "best",
        "lead", "turn", "next". None of a single run.
    """
    if not compares(sections):
        return []
    texts: list[tuple[str, str]] = []
    for section, heading in zip(sections, headings(sections), strict=True):
        if len(sections) > 1:
            texts.append(("", heading))
        texts += sentences(section)
        if command := commands.get(heading):
            texts.append(("next", command))
    return texts


def compares(sections: Sequence[Section]) -> bool:
    """Return whether there are several runs, folds and repeats left out."""
    return sum(len(variant.runs) for section in sections for variant in section.variants) > 1


def headings(sections: Sequence[Section]) -> list[str]:
    """Return the heading of each section of runs."""
    bases = [section.basis for section in sections]
    return [grouping.heading(basis, bases) for basis in bases]


def tags(commands: Mapping[str, str], rank_by: str) -> dict[str, str]:
    """Return the end of a sweep as a tag; it has no commands where a tag cannot hold them.

    Args:
        commands: As of `of_sections`.
        rank_by: What its variants are ranked by; "": the primary metric.
    """
    text = json.dumps({"rank_by": rank_by, "next": dict(commands)})
    if len(text) > LONGEST_TAG:
        return tags({}, rank_by)
    return {END: text}


def end(sweep: StoredRun) -> tuple[str, dict[str, str]]:
    """Return what a sweep ranks its variants by, and what to type next, by section.

    A sweep that has not ended, or of an earlier version, has neither.
    """
    stored = json.loads(sweep.tags.get(END, "{}"))
    return stored.get("rank_by", ""), stored.get("next", {})


def sentences(section: Section) -> list[tuple[str, str]]:
    """Return which variant is best, whether beyond noise, and where underfit turns to overfit.

    There are none where no variant has a finite value.
    """
    if section.best_value is None:
        return []

    value = f"{section.measures[0]} {number(section.best_value)}"
    texts = [("best", f"{section.variants[0].name}: {value}")]
    if lead := _lead(section):
        texts.append(("lead", lead))
    return texts + [("turn", text) for name in section.columns if (text := turn(section, name))]


def lines(remarks: Sequence[tuple[str, str]]) -> list[str]:
    """Return what was said for a terminal."""
    return [f"{word:<10}{text}".lstrip() for word, text in remarks]


def paragraphs(remarks: Sequence[tuple[str, str]], *, winner: Sequence[str]) -> list[str]:
    """Return what was said in Markdown.

    Args:
        remarks: As `of_sections` returns it.
        winner: The paragraph that stands for "best", if there is one.
    """
    texts = list(winner)
    for word, text in remarks:
        if word == "next":
            texts.append(f"**Next.**\n\n```\n{text}\n```")
        elif not word:
            texts.append(f"**{text}**")
        elif word != "best" or not winner:
            texts.append(f"**{word.capitalize()}.** {text}")
    return texts


def unresolved(section: Section) -> list[Variant]:
    """Return the variants that the best one does not beat beyond noise, the nearest first.

    One that has diverged is no rival.
    """
    rivals: list[Variant] = []
    for variant in section.variants:
        difference = section.differences.get(variant.name)
        if difference and not difference.beyond_noise and math.isfinite(difference.mean):
            rivals.append(variant)
    return rivals


def _lead(section: Section) -> str:
    """Return in words how far the best variant is ahead of the others; "" of a single one."""
    best, differences = section.variants[0], section.differences
    assert section.reference is not None
    if best is not section.reference:  # It was trained once, others several times.
        return f"over {section.reference.name}: {differences[best.name].words}"
    if not differences:
        return ""

    # Those that are not beaten come first, and are named.
    names: dict[str, list[str]] = {}
    for name in sorted(differences, key=lambda name: bool(differences[name].beyond_noise)):
        names.setdefault(differences[name].words, []).append(name)
    (words, first), *others = names.items()
    texts = [f"over {len(more)} more: {of_more}" for of_more, more in others]
    return "; ".join([f"over {_others(first)}: {words}", *texts])


def _others(names: Sequence[str]) -> str:
    """Return names in words, of many the first and how many more there are."""
    if len(names) <= FEW:
        return " and ".join(names)
    return f"{', '.join(names[:FEW])} and {len(names) - FEW} more"


def turn(section: Section, name: str) -> str:
    """Return between which values of a setting underfit turns to overfit, in a sentence.

    The other settings are those of the best variant. It is "" where the verdicts do not turn.
    """
    best = section.variants[0].settings
    words: dict[float, str] = {}
    for variant in section.variants:
        others = (other for other in section.columns if other != name)
        if any(variant.settings.get(key) != best.get(key) for key in others):
            continue
        try:
            value = float(variant.settings[name])
        except (KeyError, ValueError):  # A text, or none.
            return ""
        words[value] = next(iter(variant.verdicts), "")

    under = [value for value, word in words.items() if word == "underfit"]
    over = [value for value, word in words.items() if word == "overfit"]
    if not under or not over or (max(under) > min(over) and max(over) > min(under)):
        return ""
    left, right = max(under), min(over)
    if left > right:
        left, right = max(over), min(under)
    key = short(section.columns)[name]
    return f"{words[left]} up to {key}={left:g}, {words[right]} from {key}={right:g}"
