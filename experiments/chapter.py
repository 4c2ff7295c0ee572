"""chapter.yaml -> what a chapter asks, what the book found, and what must hold."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from goldilocks.errors import ConfigError

FILE = "chapter.yaml"
KEYS = (
    "title",
    "chapter",
    "question",
    "command",
    "variants",
    "published",
    "relations",
    "original",
    "notes",
)
OPTIONAL = ("data",)
MINUS = " - "  # between two variants: the difference of their numbers
RELATION_KEYS = {"left", "measure", "is", "right", "by", "times", "says"}
DERIVED = (
    "gap",
    "accuracy_gap",
    "fall",
    "seconds_per_epoch",
    "parameters",
    "beats_baseline",
)
MEASURE = re.compile(rf"(best|last|test)_\w+|{'|'.join(DERIVED)}")
COMPARISONS = ("greater", "less", "equal")
SOURCES: Mapping[str, str] = {
    "NB": "printed in the notebooks of github.com/andersy005/deep-learning",
    "NB-plot": "read off a plot in them, give or take 0.005",
    "BK": "printed in the author's own notebooks to the book",
    "STD": "printed in one of these in standard deviations of the temperature; here times 8.85 "
    "degrees Celsius",
}


@dataclass(frozen=True)
class Published:
    """A number that the book or its notebooks have.

    Attributes:
        measure: As `Relation.measure`.
        value: In the measure's unit.
        epoch: Its epoch, from 1; None where it has none.
        source: A key of `SOURCES`.
    """

    measure: str
    value: float
    epoch: int | None
    source: str


@dataclass(frozen=True)
class Relation:
    """What must hold of a measure of two variants.

    Attributes:
        left: A variant, or a difference: "glove200 - random200".
        measure: A metric that runs have, or one that `measured.values` derives. For `data_loss`,
            the loss is taken where a run has no penalty.
        comparison: "greater" (left > times x right + by), "less" (left < times x right - by) or
            "equal" (within by).
        right: The same, or a number.
        by: In the measure's unit.
        times: A factor.
        words: The same in words.
    """

    left: str
    measure: str
    comparison: str
    right: str | float
    by: float
    times: float
    words: str


@dataclass(frozen=True)
class Chapter:
    """A chapter as a person wrote it down.

    Attributes:
        name: Its folder, with which the names of its recipes begin.
        title: A few words.
        number: Of the book, "2" or "9 to 11".
        question: What the chapter asks.
        command: Commands that run it, a line each.
        variants: What each is, in words, in the order in which they are shown.
        published: The numbers to compare with, by variant.
        relations: What must hold.
        data: What some data are, by the first characters of their digest; of others their source
            says it.
        original: What is expected of the original data.
        notes: What is wrong in the notebooks and done in another way here, and what else a reader
            must know.
    """

    name: str
    title: str
    number: str
    question: str
    command: str
    variants: Mapping[str, str]
    published: Mapping[str, tuple[Published, ...]]
    relations: tuple[Relation, ...]
    data: Mapping[str, str]
    original: str
    notes: tuple[str, ...]


def load(name: str, root: Path) -> Chapter:
    """Read `experiments/<name>/chapter.yaml`.

    Raises:
        ConfigError: There is none, or it is wrong; the message lists every error.
    """
    file = root / "experiments" / name / FILE
    if not file.is_file():
        raise ConfigError(_unknown(name, root / "experiments"))
    try:
        raw = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise ConfigError(f"{file} is not YAML: {error}") from error

    if not isinstance(raw, dict) or sorted({*raw} - {*OPTIONAL}) != sorted(KEYS):
        keys = ", ".join(raw) if isinstance(raw, dict) else type(raw).__name__
        raise ConfigError(f"{file} has {keys}; expected exactly the keys {', '.join(KEYS)}.")
    try:
        chapter = _chapter(name, raw)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{file} cannot be read ({error!r}); write it as experiments/imdb/{FILE} is."
        ) from error

    errors = [*_unknown_variants(chapter), *_unknown_words(chapter)]
    if errors:
        lines = [f"{file} has {len(errors)} errors:", *(f"  {error}" for error in errors)]
        raise ConfigError("\n".join(lines))
    return chapter


def _unknown(name: str, folder: Path) -> str:
    """Return why there is no such chapter, and which may be meant."""
    names = sorted(path.parent.name for path in folder.glob(f"*/{FILE}"))
    if not names:
        return f"there is no chapter in {folder}."
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"there is no chapter {name}; expected one of {', '.join(names)}.{hint}"


def _chapter(name: str, raw: Mapping[str, Any]) -> Chapter:
    return Chapter(
        name=name,
        title=_text(raw["title"]),
        number=_text(raw["chapter"]),
        question=_text(raw["question"]),
        command=str(raw["command"]).strip(),
        variants={str(variant): str(words) for variant, words in raw["variants"].items()},
        published={
            str(variant): tuple(map(_published, items))
            for variant, items in raw["published"].items()
        },
        relations=tuple(map(_relation, raw["relations"])),
        data={str(digest): _text(words) for digest, words in raw.get("data", {}).items()},
        original=_text(raw["original"]),
        notes=tuple(map(_text, raw["notes"])),
    )


def _text(value: object) -> str:
    return " ".join(str(value).split())


def _published(item: Mapping[str, Any]) -> Published:
    return Published(
        str(item["measure"]), float(item["value"]), item.get("epoch"), str(item["source"])
    )


def _relation(item: Mapping[str, Any]) -> Relation:
    if unknown := set(item) - RELATION_KEYS:
        raise ValueError(f"a relation has {', '.join(sorted(unknown))}")
    right = item["right"]
    return Relation(
        left=str(item["left"]),
        measure=str(item["measure"]),
        comparison=str(item["is"]),
        right=float(right) if isinstance(right, int | float) else str(right),
        by=float(item.get("by", 0)),
        times=float(item.get("times", 1)),
        words=_text(item["says"]),
    )


def _unknown_variants(chapter: Chapter) -> list[str]:
    """Return a sentence for each use of a variant that the chapter does not have."""
    expected = f"expected one of {', '.join(chapter.variants)}."
    errors = []
    for variant in chapter.published:
        if variant not in chapter.variants:
            errors.append(f"published has {variant}; {expected}")
    for relation in chapter.relations:
        for side in (relation.left, relation.right):
            named = side.split(MINUS) if isinstance(side, str) else []
            for variant in named:
                if variant not in chapter.variants:
                    errors.append(f"'{relation.words}' names {variant}; {expected}")
    return errors


def _unknown_words(chapter: Chapter) -> list[str]:
    """Return a sentence for each comparison, measure and source that does not exist."""
    numbers = [number for items in chapter.published.values() for number in items]
    measures = [each.measure for each in (*chapter.relations, *numbers)]
    errors = []
    for relation in chapter.relations:
        if relation.comparison not in COMPARISONS:
            errors.append(
                f"'{relation.words}' is {relation.comparison}; expected one of "
                f"{', '.join(COMPARISONS)}."
            )
    for measure in dict.fromkeys(measures):
        if not MEASURE.fullmatch(measure):
            errors.append(
                f"{measure} is not a measure; expected best_, last_ or test_ and a metric, or one "
                f"of {', '.join(DERIVED)}."
            )
    for source in dict.fromkeys(number.source for number in numbers):
        if source not in SOURCES:
            errors.append(
                f"{source} is not a source of numbers; expected one of {', '.join(SOURCES)}."
            )
    return errors
