"""Variants -> the cells of their table beside settings and scores, and what all of them share."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from goldilocks.formatting import number
from goldilocks.report.sections import Section
from goldilocks.report.variants import Variant


class Fact(NamedTuple):
    """A cell.

    Attributes:
        text: What it says; "" of an empty one.
        below: What stands below it in small letters, or "".
        kind: Its classes in the style sheet.
        order: What it is sorted by; "" for its text.
    """

    text: str
    below: str = ""
    kind: str = ""
    order: str = ""


def facts(section: Section) -> dict[str, list[Fact]]:
    """Return the cells of each column, in the order of the variants."""
    first = section.measures[0]
    baseline = first if first.startswith("test_") else f"val_{first.removeprefix('val_')}"
    return {
        "trainings": [Fact(f"{len(one.trainings)}", kind="number") for one in section.variants],
        "verdict": [_verdict(variant) for variant in section.variants],
        "best epoch": [_best_epoch(variant.best_epochs) for variant in section.variants],
        "baseline": [_number(one.mean(f"baseline/{baseline}")) for one in section.variants],
        "beats it": [_beats(variant) for variant in section.variants],
    }


def differing(columns: Mapping[str, Sequence[Fact]]) -> dict[str, Sequence[Fact]]:
    """Return the columns whose cells differ; of a single row those that say something."""
    return {
        name: cells
        for name, cells in columns.items()
        if len(set(cells)) > 1 or (len(cells) == 1 and cells[0].text)
    }


def shared(columns: Mapping[str, Sequence[Fact]]) -> list[str]:
    """Return in words what all of several rows share, but for empty cells."""
    texts: list[str] = []
    for name, cells in columns.items():
        if len(cells) > 1 and len(set(cells)) == 1 and cells[0].text:
            more = f" ({cells[0].below})" if cells[0].below else ""
            texts.append(f"{name} {cells[0].text}{more}")
    return texts


def _verdict(variant: Variant) -> Fact:
    """Return the most frequent verdict, how often others are, and what folds and repeats have."""
    if not variant.verdicts:
        return Fact("")
    words = [_counts(variant.verdicts)] if len(variant.verdicts) > 1 else []
    if variant.part_verdicts:
        words.append(f"single trainings: {_counts(variant.part_verdicts)}")
    name = next(iter(variant.verdicts))
    return Fact(name, "; ".join(words), f"verdict {name}")


def _counts(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in verdicts.items())


def _best_epoch(epochs: Sequence[int]) -> Fact:
    if not epochs:
        return Fact("", kind="number")
    text = " to ".join(f"{epoch}" for epoch in dict.fromkeys((epochs[0], epochs[-1])))
    return Fact(text, kind="number", order=f"{epochs[0]}")


def _number(value: float) -> Fact:
    if value != value:  # NaN
        return Fact("", kind="number")
    return Fact(number(value), kind="number", order=f"{value}")


def _beats(variant: Variant) -> Fact:
    """Return whether its runs beat the baseline, and how many folds and repeats do."""
    answers, parts = variant.beats_baseline, variant.parts_beat_baseline
    if not answers:
        return Fact("")

    below = f"{sum(parts)} of {len(parts)} trainings" if parts else ""
    if all(answers):
        return Fact("yes", below)
    text = f"{sum(answers)} of {len(answers)}" if any(answers) else "no"
    return Fact(text, below, "warning")
