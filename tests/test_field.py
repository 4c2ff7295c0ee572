"""Files as people brought them: each is read as they meant it, or asked about with what to type.

`python tests/test_field.py` writes the table of docs/field.md from the same cases.
"""

import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import field_inputs
from composition import ROOT
from goldilocks import cli
from goldilocks.tracking import local

DOCS = ROOT / "docs" / "field.md"
USUAL = ("Took", "The class predicted")  # notes of every table
SERIES = "dataset.lookback=24"
TEXTS = "dataset.max_tokens=500 dataset.maxlen=40"
SMALL = "dataset.image_size=16"


@dataclass(frozen=True)
class Answer:
    """What `goldilocks data` comes to.

    Attributes:
        summary: Its JSON object; empty where the data is refused.
        words: Notes and findings, or the sentence of the refusal.
    """

    summary: Mapping[str, Any]
    words: str

    @property
    def readings(self) -> dict[str, str]:
        """How each column is read, by its name; "" where it is left out."""
        return {
            column["column"]: "" if "left out" in column["remark"] else column["reading"]
            for column in self.summary["columns"]
        }

    def short(self) -> str:
        """Return the answer in a cell of a table."""
        if not self.summary:
            return f"asked: {self.words[:300]}"
        target = self.summary["target"]
        parts = [target.get("problem", "no target")]
        parts += [f"{name} {value}" for name, value in self.summary["size"].items()]
        parts += [f"{name}: {kind or 'left out'}" for name, kind in list(self.readings.items())[:6]]
        classes = self.summary["classes"]
        if classes and len(classes) <= 6:
            parts.append("classes " + ", ".join(f"{name} {rows}" for name, rows in classes.items()))
        said = [line for line in self.words.splitlines() if not line.startswith(USUAL)]
        return "; ".join([*parts, *(line[:140] for line in said[:2])])


Check = Callable[[Answer], None]


@dataclass(frozen=True)
class Case:
    """One input of the field.

    Attributes:
        name: Number of the case and letter of the input.
        typed: What stands behind `goldilocks data`, typed where the input is.
        expected: What is rightly expected, in words.
        check: Raises AssertionError where the answer is another.
    """

    name: str
    typed: str
    expected: str
    check: Check = field(repr=False)

    @property
    def number(self) -> str:
        return self.name.split()[0]


def asks(*patterns: str) -> Check:
    """The data is refused, in a sentence with each of these."""

    def check(answer: Answer) -> None:
        assert not answer.summary, f"it was read: {answer.short()}"
        for pattern in patterns:
            assert re.search(pattern, answer.words), f"{pattern!r} is not in: {answer.words}"

    return check


def reads(
    problem: str | None = None,
    *,
    said: Sequence[str] = (),
    classes: Sequence[str] | Mapping[str, int] | None = None,
    missing: Mapping[str, int] | None = None,
    facts: Mapping[str, Any] | None = None,
    parts: Mapping[str, int] | None = None,
    **readings: str,
) -> Check:
    """The data is read.

    Args:
        problem: The type of problem.
        said: Regular expressions, each in a note or finding.
        classes: Their names in order, or with their numbers of rows.
        missing: Numbers of missing values of columns.
        facts: Items of the summary's size.
        parts: Numbers of rows of the split.
        readings: Regular expressions for the readings of columns; "" where one is left out.
    """

    def check(answer: Answer) -> None:
        assert answer.summary, f"it was refused: {answer.words}"
        if problem is not None:
            assert answer.summary["target"]["problem"] == problem
        for pattern in said:
            assert re.search(pattern, answer.words), f"{pattern!r} is not in: {answer.words}"
        if isinstance(classes, Mapping):
            assert answer.summary["classes"] == classes
        elif classes is not None:
            assert list(answer.summary["classes"]) == list(classes)
        gaps = {column["column"]: column["missing"] for column in answer.summary["columns"]}
        for name, count in (missing or {}).items():
            assert gaps[name] == count
        for name, value in (facts or {}).items():
            assert str(answer.summary["size"].get(name)) == str(value)
        if parts is not None:
            assert answer.summary["splits"] == [parts]
        for name, pattern in readings.items():
            assert re.fullmatch(pattern, answer.readings[name]), answer.readings

    return check


def either(first: Check, second: Check) -> Check:
    """Two answers are right."""

    def check(answer: Answer) -> None:
        (first if answer.summary else second)(answer)

    return check


NAMES: set[str] = set()
HOURS = {"from": "2024-01-01", "step": "1 hour"}
CASES = (
    Case(
        "01 a",
        f"photos {SMALL}",
        "2 classes; what is ignored is said",
        reads("binary", classes={"blau": 30, "rot": 30}, said=["Ignored"]),
    ),
    Case("03 a", f"a {SMALL}", "parts of a split: asked", asks("training_set", "test_dir=")),
    Case("03 b", f"b {SMALL}", "parts of a split: asked", asks("seg_train", "test_dir=")),
    Case("03 c", f"c {SMALL}", "parts of a split: asked", asks("train_images", "test_dir=")),
    Case(
        "03 d",
        f"d {SMALL}",
        "train/ and test/ are a split",
        reads("binary", classes={"blau": 40, "rot": 40}, said=["test"]),
    ),
    Case("04 a", f"photos {SMALL}", "decoded to the palette's colours", reads("binary")),
    Case(
        "07 a",
        "photos dataset.image_size=32",
        "turned as a viewer shows them",
        reads("binary", classes={"liegt": 60, "steht": 60}),
    ),
    Case(
        "08 a",
        f"photos {SMALL}",
        "none skipped",
        reads("binary", classes={"druck": 20, "netz": 20}),
    ),
    Case(
        "09 a",
        f"a {SMALL}",
        ".jfif is JPEG: read",
        reads("binary", classes={"blau": 12, "rot": 12}),
    ),
    Case(
        "09 b",
        f"b {SMALL}",
        ".tif: read, or asked",
        either(reads("binary", classes={"blau": 12, "rot": 12}), asks(r"\.tif")),
    ),
    Case("09 c", f"c {SMALL}", ".heic: named with what to do", asks(r"(?i)heic", "JPEG")),
    Case(
        "09 d",
        f"d {SMALL}",
        ".jfif beside .jpg: all are read",
        reads("binary", classes={"blau": 30, "rot": 30}),
    ),
    Case(
        "10 a",
        f"'Meine Fotos (1) [neu]' {SMALL}",
        "classes named as the folders",
        reads("multiclass", classes={"Links": 12, "Straßen & Wege": 18, "猫 #1": 12}),
    ),
    Case("11 a", f"a {SMALL}", "3 % are web pages: refused, named", asks("7.jpg", "broken_limit")),
    Case(
        "11 b",
        f"b {SMALL}",
        "skipped and named",
        reads("binary", classes={"blau": 149, "rot": 149}, said=["5.jpg", "3.jpg"]),
    ),
    Case(
        "12 a", f"photos {SMALL}", "asked with what to type", asks(r"dataset\.file=\S*labels.csv")
    ),
    Case(
        "12 b",
        f"photos dataset=images dataset.file=photos/labels.csv {SMALL}",
        "the labels of the file",
        reads("binary", classes={"blau": 20, "rot": 20}),
    ),
    Case(
        "14 a",
        f"a {SMALL}",
        "trains, and says what is too few",
        reads("binary", classes={"blau": 3, "rot": 150}),
    ),
    Case("14 b", f"b {SMALL}", "refused, the class named", asks("'blau' has 2")),
    Case("14 c", f"c {SMALL}", "refused, the class named", asks("'blau' has 0")),
    Case(
        "15 a",
        f"photos {SMALL}",
        "none skipped",
        reads("binary", classes={"blau": 24, "rot": 25}, said=["first"]),
    ),
    Case(
        "16 a",
        f"photos {SMALL}",
        "its first picture is taken",
        reads("binary", classes={"blau": 30, "rot": 31}, said=["first"]),
    ),
    Case(
        "20 a",
        "a.csv dataset.target=price",
        "asked: 240,352 is two numbers",
        asks("dataset.decimal=point", "dataset.decimal=comma"),
    ),
    Case(
        "20 a 2",
        "a.csv dataset.target=price dataset.decimal=point",
        "numbers",
        reads("regression", area="number.*"),
    ),
    Case("20 b", "b.csv dataset.target=price", "numbers", reads("regression", area="number.*")),
    Case("20 c", "c.csv dataset.target=price", "numbers", reads("regression", area="number.*")),
    Case("20 d", "d.csv dataset.target=price", "numbers", reads("regression", area="number.*")),
    Case("22 a", "a.csv dataset.target=price", "numbers", reads("regression", size="number.*")),
    Case("22 b", "b.csv dataset.target=cheap", "numbers", reads("binary", size="number.*")),
    Case(
        "22 c",
        "c.csv dataset.target=price",
        "both are numbers, or asked",
        either(reads("regression", size="number.*", ratio="number.*"), asks("dataset.decimal")),
    ),
    Case("24 a", "a.csv dataset.target=price", "refused: one name twice", asks("'price'")),
    Case("24 b", "b.csv dataset.target=price", "refused: one name twice", asks("'size'")),
    Case("24 c", "c.csv dataset.target=price", "refused: one name twice", asks("'size")),
    Case(
        "25 a",
        "a.csv dataset.target=cheap",
        "the index is left out, said",
        reads("binary", said=["dataset.keep"]),
    ),
    Case(
        "25 b",
        "b.csv dataset.target=sick",
        "the index is left out, said",
        reads("binary", said=["dataset.keep"]),
    ),
    Case(
        "25 c",
        "c.csv dataset.target=cheap",
        "the index is left out, said",
        reads("binary", said=["dataset.keep", "5"]),
    ),
    Case(
        "26 a",
        "a.csv dataset.target=cheap",
        "read, or asked with a mend that works",
        either(reads("binary", Größe="number"), asks("(?i)1252", "UTF-8")),
    ),
    Case("26 b", "b.txt dataset.target=cheap", "read", reads("binary", Größe="number")),
    Case(
        "26 c",
        "c.csv dataset.target=cheap 'dataset.drop=[Größe]'",
        "the byte order mark is no part of the name",
        reads("binary", Räume="number"),
    ),
    Case("26 d", "d.csv dataset.target=cheap", "refused with the place", asks("2900|2899|2901")),
    Case("26 e", "e.csv dataset.target=cheap", "read", reads("binary", Größe="number")),
    Case(
        "27 a",
        "a.csv dataset.target=price",
        "read, or the line named",
        either(reads("regression", size="number"), asks("dataset.header=2")),
    ),
    Case(
        "27 b",
        "b.csv dataset.target=price",
        "read, or the line named",
        either(reads("regression", size="number"), asks("dataset.header=3")),
    ),
    Case("27 c", "c.csv dataset.target=price", "the line named", asks("dataset.header=2")),
    Case("27 d", "d.csv dataset.target=price", "units are no row", asks("m2", "dataset.header=")),
    Case(
        "29 a",
        "a.csv dataset.target=bought",
        "asked, or two classes",
        reads(said=["dataset.ignore_case=true"]),
    ),
    Case("30 a", "a.csv dataset.target=y", "1, 5, 9", reads("multiclass", classes=["1", "5", "9"])),
    Case("30 b", "b.csv dataset.target=y", "1 and 2, not 1.0", reads(classes=["1", "2"])),
    Case(
        "30 c",
        "c.csv dataset.target=y",
        "True and False as in the file",
        reads("binary", classes=["False", "True"], said=["1"]),
    ),
    Case("30 d", "d.csv dataset.target=y", "0 and 1, not 0.0", reads("binary", classes=["0", "1"])),
    Case(
        "30 e",
        "e.csv dataset.target=y",
        "as in the file",
        reads("multiclass", classes=["1 stars", "2 stars", "3 stars"]),
    ),
    Case("30 f", "f.csv dataset.target=y", "regression, said", reads(said=["(?i)dataset.problem"])),
    Case(
        "31 a",
        "a.csv dataset.target=fraud",
        "the rare class and the metric are named",
        reads("binary", said=["accuracy"]),
    ),
    Case(
        "33 a",
        "a.csv 'dataset.target=[l1,l2,l3]'",
        "three labels",
        reads("multilabel", classes=["l1", "l2", "l3"]),
    ),
    Case(
        "33 b",
        "b.csv 'dataset.target=[l1,l2,l3]'",
        "three labels, or asked",
        either(reads("multilabel", classes=["l1", "l2", "l3"]), asks("0", "1")),
    ),
    Case(
        "33 c",
        "c.csv dataset.target=tags",
        "a label for each tag, said with how to take combinations for classes",
        reads("multilabel", classes=["big", "blue", "red"], said=[r"dataset\.problem=multiclass"]),
    ),
    Case(
        "33 d",
        "d.csv 'dataset.target=[l1,l2,l3]'",
        "read; the gap is said",
        reads("multilabel", classes=["l1", "l2", "l3"], said=["1"]),
    ),
    Case(
        "33 d 2",
        "d.csv dataset.target=l1,l2,l3",
        "the same, typed without brackets",
        reads("multilabel", classes=["l1", "l2", "l3"]),
    ),
    Case(
        "33 e",
        """e.csv "dataset.target=['C++','R&D, other','100% (a=b)']" """,
        "labels named as in the file",
        reads("multilabel", classes=["C++", "R&D, other", "100% (a=b)"]),
    ),
    Case(
        "35 a",
        "a.csv dataset.target=price",
        "words among numbers are gaps, said",
        reads(
            "regression",
            const="",
            empty="",
            inf="number",
            dots="number",
            dashes="number",
            words="number",
            said=["'const'", "'empty'", r"'\.'", "'unknown'", "big"],
        ),
    ),
    Case("35 b", "b.csv dataset.target=price", "huge values are gaps, said", reads(said=["big"])),
    Case("35 c", "c.csv dataset.target=price", "numbers", reads("regression", dots="number")),
    *(
        Case(
            f"38 {number}",
            f"{number}.csv {shlex.quote(f'dataset.target={name}')}",
            "works as typed, or asked with what to paste",
            either(reads("binary", classes=["0", "1"]), asks(r"type .*dataset\.target=")),
        )
        for number, name in enumerate(field_inputs.ODD_NAMES)
    ),
    Case("39 a", "a.csv dataset.target=y", "read", reads("binary", facts={"rows": 300})),
    Case(
        "41 a",
        "a.parquet dataset.target=y",
        "read; lists are left out, said",
        reads("binary", classes=["high", "low"], many="", dec="number", when="date.*"),
    ),
    Case("43 a", "a.csv dataset.target=cheap", "refused: no rows", asks("0 rows")),
    Case("43 b", "b.csv dataset.target=cheap", "refused", asks("1")),
    Case("43 c", "c.csv dataset.target=cheap", "refused", asks("19")),
    Case("43 d", "d.csv dataset.target=cheap", "read, or refused", either(reads(), asks("."))),
    Case("43 e", "e.csv dataset.target=cheap", "refused: no other column", asks("column")),
    Case(
        "61 a",
        f"a.csv dataset.time=Date dataset.target=kw {SERIES}",
        "asked for the time of day",
        asks(r"dataset\.time=\['?Date'?,'?Time"),
    ),
    Case(
        "61 b",
        f"a.csv dataset.time=Time dataset.target=kw {SERIES}",
        "asked for the date",
        asks(r"dataset\.time=\['?Date'?,'?Time"),
    ),
    Case(
        "61 c",
        f"a.csv 'dataset.time=[Date,Time]' dataset.target=kw {SERIES}",
        "hours; the 20 empty ones are a hole",
        reads(
            said=["20 rows from"],
            facts={"rows": 1480, "from": "2006-12-16 17:24", "step": "1 hour"},
        ),
    ),
    Case(
        "61 d",
        f"a.csv dataset.time=Date,Time dataset.target=kw {SERIES}",
        "the same, typed without brackets",
        reads(facts={"rows": 1480}),
    ),
    Case(
        "62 a",
        f"a.csv dataset.time=day dataset.target=y {SERIES}",
        "days first",
        reads(facts={"from": "2022-01-01", "to": "2023-12-01"}),
    ),
    Case(
        "62 b",
        f"b.csv dataset.time=day dataset.target=y {SERIES}",
        "months first",
        reads(facts={"from": "2022-01-01", "to": "2023-12-01"}),
    ),
    Case(
        "62 c",
        f"c.csv dataset.time=day dataset.target=y {SERIES}",
        "asked: two readings",
        asks("dataset.date_format"),
    ),
    Case(
        "62 d",
        f"d.csv dataset.time=day dataset.target=y {SERIES}",
        "refused, the first unreadable one named",
        asks(r"1[34]\.\d\d\.2022|\d\d\.1[34]\.2022"),
    ),
    Case(
        "62 e",
        f"e.csv dataset.time=day dataset.target=y {SERIES}",
        "days first",
        reads(facts={"from": "2022-01-01", "to": "2023-12-01"}),
    ),
    Case(
        "62 f",
        f"f.csv dataset.time=day dataset.target=y {SERIES}",
        "refused, the first named",
        asks("1. Januar 2022"),
    ),
    Case(
        "63 a",
        f"a.csv dataset.time=hour dataset.target=kwh {SERIES}",
        "two series in one file: the column is named",
        asks("store"),
    ),
    Case(
        "63 b",
        f"b.csv dataset.time=hour dataset.target=kwh {SERIES}",
        "sorted, said",
        reads(said=["Sorted"], facts={"rows": 600, **HOURS}),
    ),
    Case(
        "63 c",
        f"c.csv dataset.time=hour dataset.target=kwh {SERIES}",
        "refused, the row named",
        asks("Total", "601"),
    ),
    Case(
        "63 d",
        f"d.csv dataset.time=hour dataset.target=kwh {SERIES}",
        "the repeated row is left out, said, or asked to be removed",
        either(reads(said=["(?i)repeat|twice|equal"]), asks("row")),
    ),
    Case(
        "65 a",
        f"a.csv dataset.time=t dataset.target=v {SERIES}",
        "milliseconds since 1970",
        reads(facts={"rows": 400, **HOURS}),
    ),
    Case(
        "65 b",
        f"b.csv dataset.time=t dataset.target=v {SERIES}",
        "months in order",
        reads(facts={"from": "1995-01-01", "to": "2014-12-01"}),
    ),
    Case(
        "65 c",
        f"c.csv dataset.time=t dataset.target=v {SERIES}",
        "months in order, or asked",
        either(reads(facts={"from": "1995-01-01"}), asks("Jan-95")),
    ),
    Case(
        "65 d",
        f"d.csv dataset.time=t dataset.target=v {SERIES}",
        "days of a spreadsheet, in order",
        either(reads(facts={"rows": 400}), asks("45292")),
    ),
    Case(
        "65 e",
        f"e.csv dataset.time=t dataset.target=v {SERIES}",
        "weeks in order, or the first named",
        either(reads(facts={"from": "2015-01-05"}), asks("2015-W02")),
    ),
    Case(
        "65 f",
        f"f.csv dataset.time=t dataset.target=v {SERIES}",
        "refused: some name their zone",
        asks("zone", "202"),
    ),
    Case(
        "65 g",
        f"g.csv dataset.time=t dataset.target=v {SERIES}",
        "hours in order",
        reads(facts={"rows": 400, **HOURS}),
    ),
    Case(
        "65 h",
        f"h.csv dataset.time=t dataset.target=v {SERIES}",
        "hours in order, or the first named",
        either(reads(facts={"rows": 400, **HOURS}), asks("24:00")),
    ),
    Case(
        "66 a",
        f"a.csv dataset.time=t dataset.target=v {SERIES}",
        "read, or refused with a number that fits",
        either(reads(facts={"rows": 144}), asks("lookback")),
    ),
    Case(
        "66 b",
        "a.csv dataset.time=t dataset.target=v dataset.lookback=12",
        "read, or refused with a number that fits",
        either(reads(facts={"rows": 144}), asks("lookback")),
    ),
    Case(
        "66 c",
        f"c.csv dataset.time=t dataset.target=v {SERIES}",
        "numbers, or asked",
        either(reads("regression", v="number.*"), asks("dataset.decimal=point")),
    ),
    Case(
        "66 d",
        f"d.csv dataset.time=t dataset.target=v {SERIES}",
        "a regression, said",
        reads("regression"),
    ),
    Case(
        "66 e",
        f"e.csv dataset.time=t dataset.target=v {SERIES}",
        "words are left out, said",
        reads("regression", sky="", said=["'sky'"]),
    ),
    Case(
        "67 a",
        f"a.csv dataset.time=t dataset.target=v {SERIES}",
        "asked: Jan-01 is a month or a day",
        asks("Jan-01", "dataset.date_format"),
    ),
    Case(
        "67 b",
        f"b.csv dataset.time=t dataset.target=v {SERIES}",
        "asked: 01-Jan is a month or a day",
        asks("01-Jan", "dataset.date_format"),
    ),
    Case(
        "67 c",
        f"c.csv dataset.time=t dataset.target=v {SERIES}",
        "months first",
        reads(facts={"from": "2022-01-01", "to": "2022-01-30 23:00"}),
    ),
    Case(
        "67 d",
        f"d.csv dataset.time=t dataset.target=v {SERIES}",
        "days first",
        reads(facts={"from": "2022-01-01", "to": "2023-12-01"}),
    ),
    Case(
        "67 e",
        f"e.csv dataset.time=t dataset.target=v {SERIES}",
        "hours in order",
        reads(facts={"rows": 400, **HOURS}),
    ),
    Case(
        "81 a",
        f"train {TEXTS}",
        "unsup is named as texts without a class",
        either(reads(said=["unsup.*drop_classes"]), asks("unsup", "drop_classes")),
    ),
    Case(
        "82 a",
        f"a.csv dataset.text=review dataset.target=label {TEXTS}",
        "10 empty texts are left out, said; None, NA, null and digits are texts",
        reads("binary", facts={"rows": 290}, said=["10"]),
    ),
    Case(
        "82 b",
        f"b.csv dataset.text=review dataset.target=label {TEXTS}",
        "digits are texts",
        either(reads("binary", facts={"rows": 60}), asks("same content|equal|distinct")),
    ),
    Case(
        "83 a",
        f"a.csv dataset.text=text dataset.target=label {TEXTS}",
        "60 texts have different labels, said",
        reads("binary", said=["60"]),
    ),
    Case(
        "84 a",
        f"a.csv dataset.text=text dataset.target=label {TEXTS}",
        "0 to 3",
        reads("multiclass", classes=["0", "1", "2", "3"]),
    ),
    Case(
        "84 b",
        f"b.csv dataset.text=text dataset.target=label {TEXTS}",
        "1 and 2, not 1.0",
        reads("binary", classes=["1", "2"], said=["1"]),
    ),
    Case(
        "84 c",
        f"c.csv dataset.text=text dataset.target=stars {TEXTS}",
        "10 classes, said",
        reads("multiclass", said=["dataset.problem"]),
    ),
    Case(
        "84 d",
        f"d.tsv dataset.text=text dataset.target=label {TEXTS}",
        "asked: no header line",
        asks("header"),
    ),
    Case(
        "86 a",
        f"a.csv dataset.text=text dataset.target=label {TEXTS}",
        "read right, or refused with the row",
        either(reads("binary", facts={"rows": 200}), asks("line|row")),
    ),
    Case(
        "86 b",
        f"b.csv dataset.text=text dataset.target=label {TEXTS}",
        "read right, or refused with the row",
        either(reads("binary", facts={"rows": 200}), asks("line|row")),
    ),
    Case(
        "86 c",
        f"c.csv dataset.text=text dataset.target=label {TEXTS}",
        "read right",
        reads("binary", facts={"rows": 200, "median words": 17.0}),
    ),
    Case(
        "86 d",
        f"d.csv dataset.text=text dataset.target=label {TEXTS}",
        "read right",
        reads("binary", facts={"rows": 200, "median words": 17.0}),
    ),
)


NAMES |= {case.name for case in CASES}


def ask(case: Case, folder: Path) -> Answer:
    """Type a case into `goldilocks data`, in the folder of its input."""
    root = folder / case.number
    if not root.exists():
        field_inputs.make(case.number, root)
    out, refusal = io.StringIO(), ""
    with contextlib.chdir(root), contextlib.redirect_stdout(out):
        try:
            cli.main(["data", *shlex.split(case.typed), "--json"])
        except SystemExit as sentence:
            refusal = str(sentence.code)
    if refusal:
        return Answer({}, refusal.removeprefix("goldilocks: "))
    summary = json.loads(out.getvalue())
    findings = [finding["sentence"] for finding in summary.get("findings", [])]
    return Answer(summary, "\n".join([*summary["notes"], *findings]))


def table(folder: Path) -> str:
    """The table of the docs: each case, what is expected, what it comes to."""
    lines = [
        "| case | typed behind `goldilocks data` | rightly expected | got | |",
        "|---|---|---|---|---|",
    ]
    for case in CASES:
        answer = ask(case, folder)
        verdict = "right"
        try:
            case.check(answer)
        except AssertionError:
            verdict = "**wrong**"
        cells = [case.name, f"`{case.typed.strip()}`", case.expected, answer.short(), verdict]
        lines.append(
            "| " + " | ".join(" ".join(c.split()).replace("|", r"\|") for c in cells) + " |"
        )
    return "\n".join(lines)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    return tmp_path_factory.mktemp("field")


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_a_file_is_read_as_it_was_meant_or_asked_about(case, inputs):
    case.check(ask(case, inputs))


def test_the_table_of_the_docs_has_every_case():
    rows = [line.split(" | ")[0].strip("| ") for line in DOCS.read_text().splitlines()]
    assert [case.name for case in CASES] == [row for row in rows if row in NAMES]
    assert "**wrong**" not in DOCS.read_text()


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Types a command in the folder of a case's input."""
    monkeypatch.chdir(tmp_path)

    def type_(number, *words):
        folder = tmp_path / number
        if not folder.exists():
            field_inputs.make(number, folder)
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    return type_


def train(typed, number, *words, status=0):
    done = typed(number, str(ROOT / "train.py"), *words)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


GOLDILOCKS = ("-c", "from goldilocks.cli import main; main()")
SMALL_NETWORK = ("model.filters=[8,16]", "model.units=16")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "size", "epochs"),
    [("04", 16, 6), ("07", 32, 12)],
    ids=["palettes", "turned by EXIF"],
)
def test_colours_and_turns_are_learnt(typed, number, size, epochs):
    said = train(
        typed, number, "dataset=images", "dataset.dir=photos", f"dataset.image_size={size}",
        *SMALL_NETWORK, f"trainer.epochs={epochs}", "trainer.batch_size=8",
    )  # fmt: skip
    accuracy = re.search(r"best .*val_accuracy (\S+)", said)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.95


@pytest.mark.slow
def test_an_index_that_gives_the_class_away_teaches_nothing(typed):
    said = train(
        typed, "25", "dataset=table", "dataset.file=b.csv", "dataset.target=sick",
        "trainer.epochs=15",
    )  # fmt: skip
    assert "verdict   no_power" in said


@pytest.mark.slow
def test_a_wide_table_is_logged_whole(typed):
    frame = pd.read_csv(field_inputs.make("39", Path("39")) / "a.csv")
    dropped = ",".join(frame.columns[:400])
    typed_words = ("dataset=table", "dataset.file=a.csv", "dataset.target=y")
    said = train(typed, "39", *typed_words, f"dataset.drop=[{dropped}]", "trainer=smoke")
    assert "logged    run" in said
    store = local.connect(
        uri=f"sqlite:///{Path('39/mlflow.db').absolute()}", experiment="goldilocks"
    )
    [run] = store.search("")
    assert len(run.name) <= 60
    files = [item.path for item in store.artifacts(run.run_id).list_artifacts()]
    assert "config.yaml" in files


@pytest.mark.slow
def test_label_names_with_odd_signs_are_logged(typed):
    labels = "dataset.target=['C++','R&D, other','100% (a=b)']"
    said = train(typed, "33", "dataset=table", "dataset.file=e.csv", labels, "trainer=smoke")
    assert "logged    run" in said


@pytest.mark.slow
def test_an_animated_picture_ends_neither_training_nor_predict(typed):
    photos_ = ("dataset=images", "dataset.dir=photos", "dataset.image_size=16", *SMALL_NETWORK)
    said = train(typed, "16", *photos_, "trainer=smoke")
    run = re.search(r"[0-9a-f]{32}", said)
    assert run is not None
    done = typed("16", *GOLDILOCKS, "predict", run[0], "one", "--output", "out.csv")
    assert done.returncode == 0, done.stderr
    assert len(Path("16/out.csv").read_text().splitlines()) == 2


PREDICTED = {
    "same": "",
    "order": "",
    "commas": "",
    "unseen": "",
    "missing": "",
    "thousands": "",
    "larger": "",
    "words": "n.v.",
    "renamed": "size",
    "empty": "no rows",
    "cp1252": "1252",
}


@pytest.mark.slow
def test_predict_answers_alike_or_names_the_cell(typed):
    said = train(
        typed, "44", "dataset=table", "dataset.file=train.csv", "dataset.target=price",
        "trainer.epochs=2",
    )  # fmt: skip
    run = re.search(r"[0-9a-f]{32}", said)
    assert run is not None
    answers = {}
    for name, refusal in PREDICTED.items():
        command = ("predict", run[0], f"{name}.csv", "--output", f"{name}.out")
        done = typed("44", *GOLDILOCKS, *command)
        out = Path(f"44/{name}.out")
        assert (done.returncode == 0) == out.exists(), f"half-written: {done.stderr}"
        if refusal:
            assert done.returncode == 1, name
            assert refusal in done.stderr, done.stderr
        else:
            assert done.returncode == 0, done.stderr
            answers[name] = out.read_text()
    assert answers["order"] == answers["commas"] == answers["same"]
    assert answers["thousands"] == answers["larger"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("dataset.target=cheap", "model.units=[8,8],[16]"), "2 of 2 done, lowest"),
        (("dataset.target=cheap", "dataset.drop=[rooms],[]"), "2 of 2 done, lowest"),
        (("dataset.target=cheap,nothere",), "2 of 2 done, 1 failed, lowest"),
        (("dataset.target='x, y',cheap",), "2 of 2 done, lowest"),
    ],
    ids=["units", "drops", "a target that is not there", "a name with a comma"],
)
def test_a_sweep_over_lists_and_names_has_a_run_for_each(typed, words, ends):
    table_ = ("dataset=table", "dataset.file=a.csv", "trainer=smoke")
    said = train(typed, "93", "-m", *table_, *words, status=int("failed" in ends))
    assert len(list(Path("93/multirun").glob("*/*/jobs/*.json"))) == 2
    assert ends in said
    assert "nothere" in said or "failed" not in ends


if __name__ == "__main__":
    import tempfile

    text = DOCS.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        DOCS.write_text(
            text[: text.index("| case |")] + table(Path(scratch)) + "\n", encoding="utf-8"
        )
