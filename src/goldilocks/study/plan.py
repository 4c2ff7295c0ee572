"""study.yaml -> what a study asks, what the book found, and what must hold."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from goldilocks.errors import ConfigError

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
DERIVED = "error, gap, accuracy_gap, fall, seconds_per_epoch, parameters, beats_baseline"
MEASURE = re.compile(rf"(best|last|test)_\w+|{DERIVED.replace(', ', '|')}")
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
    """A number that the book or its notebooks have: a measure, its value, its epoch (or None), a key of `SOURCES`."""

    measure: str
    value: float
    epoch: int | None
    source: str


@dataclass(frozen=True)
class Relation:
    """What must hold of a measure of two variants.

    Attributes:
        left: A variant.
        measure: A metric that runs have, or one that `measured.values` makes of them. Of
            `data_loss`, the loss where a run has no penalty.
        comparison: "greater" (left > times x right + by), "less" (left < times x right - by) or
            "equal" (within by).
        right: A variant, or a number.
        by: In the measure's unit.
        times: A factor.
        says: The same in words.
    """

    left: str
    measure: str
    comparison: str
    right: str | float
    by: float
    times: float
    says: str


@dataclass(frozen=True)
class Study:
    """A study as a person wrote it down.

    Attributes:
        name: Its folder.
        title: A few words.
        chapter: Of the book, "2" or "9 to 11".
        question: What the chapter asks.
        command: Commands that run it, a line each.
        variants: What each is, in words, in the order in which they are shown.
        published: The numbers to compare with, by variant.
        relations: What must hold.
        original: What is expected of the original data.
        notes: What is wrong in the notebooks and done in another way here, and what else must be
            known.
    """

    name: str
    title: str
    chapter: str
    question: str
    command: str
    variants: Mapping[str, str]
    published: Mapping[str, tuple[Published, ...]]
    relations: tuple[Relation, ...]
    original: str
    notes: tuple[str, ...]


def load(name: str, root: Path) -> Study:
    """Read `experiments/<name>/study.yaml`.

    Raises:
        ConfigError: There is none, or it is wrong; the message lists every error.
    """
    file = root / "experiments" / name / "study.yaml"
    if not file.is_file():
        known = sorted(path.parent.name for path in (root / "experiments").glob("*/study.yaml"))
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        if not known:
            raise ConfigError(
                f"there is no study in {root / 'experiments'}; call this in the folder of the "
                "project."
            )
        raise ConfigError(f"there is no study {name}; expected one of {', '.join(known)}.{hint}")
    try:
        raw = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise ConfigError(f"{file} is not YAML: {error}") from error
    if not isinstance(raw, dict) or sorted(raw) != sorted(KEYS):
        found = ", ".join(raw) if isinstance(raw, dict) else type(raw).__name__
        raise ConfigError(f"{file} has {found}; expected exactly the keys {', '.join(KEYS)}.")
    try:
        published = {
            str(variant): tuple(_published(item) for item in items)
            for variant, items in raw["published"].items()
        }
        relations = tuple(_relation(item) for item in raw["relations"])
        texts = [
            " ".join(str(raw[key]).split()) for key in ("title", "chapter", "question", "original")
        ]
        study = Study(
            name,
            *texts[:3],
            command=str(raw["command"]).strip(),
            variants={str(variant): str(words) for variant, words in raw["variants"].items()},
            published=published,
            relations=relations,
            original=texts[3],
            notes=tuple(" ".join(str(note).split()) for note in raw["notes"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{file} cannot be read ({error!r}); write it as experiments/imdb/study.yaml is."
        ) from error
    if errors := _errors(study):
        raise ConfigError(
            "\n".join([f"{file} has {len(errors)} errors:", *(f"  {error}" for error in errors)])
        )
    return study


def _published(item: Mapping[str, Any]) -> Published:
    return Published(
        str(item["measure"]), float(item["value"]), item.get("epoch"), str(item["source"])
    )


def _relation(item: Mapping[str, Any]) -> Relation:
    if strange := set(item) - {"left", "measure", "is", "right", "by", "times", "says"}:
        raise ValueError(f"a relation has {', '.join(sorted(strange))}")
    right = item["right"]
    return Relation(
        left=str(item["left"]),
        measure=str(item["measure"]),
        comparison=str(item["is"]),
        right=float(right) if isinstance(right, int | float) else str(right),
        by=float(item.get("by", 0)),
        times=float(item.get("times", 1)),
        says=" ".join(str(item["says"]).split()),
    )


def _errors(study: Study) -> list[str]:
    """What does not go together, in sentences."""
    known = f"expected one of {', '.join(study.variants)}."
    errors = [
        f"published has {variant}; {known}"
        for variant in study.published
        if variant not in study.variants
    ]
    for relation in study.relations:
        sides = [side for side in (relation.left, relation.right) if isinstance(side, str)]
        errors += [
            f"'{relation.says}' names {side}; {known}"
            for side in sides
            if side not in study.variants
        ]
        if relation.comparison not in COMPARISONS:
            errors.append(
                f"'{relation.says}' is {relation.comparison}; expected one of "
                f"{', '.join(COMPARISONS)}."
            )
    measures = [relation.measure for relation in study.relations]
    numbers = [number for items in study.published.values() for number in items]
    for measure in dict.fromkeys([*measures, *(number.measure for number in numbers)]):
        if not MEASURE.fullmatch(measure):
            errors.append(
                f"{measure} is not a measure; expected best_, last_ or test_ and a metric, or one "
                f"of {DERIVED}."
            )
    for source in dict.fromkeys(number.source for number in numbers):
        if source not in SOURCES:
            errors.append(
                f"{source} is not a source of numbers; expected one of {', '.join(SOURCES)}."
            )
    return errors
