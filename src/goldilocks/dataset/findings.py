"""Findings: numbered remarks on a data set, made before training.

Each check is a function of a module of `checks` that states its rule. `CHECKS` gives it a code and
a severity, `docs/findings.md` lists them, and `findings.mute=[D301]` mutes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from goldilocks.dataset.checks import columns, drift, labels, leaks, rows
from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.errors import DataError

FEW_NOTES = 3  # are printed before a training
OF_TIME = "D5"  # begins the codes of what changes with time
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """A remark on a data set.

    Attributes:
        code: Of the check, such as "D301".
        severity: "error" where what would be learnt is wrong, which stops a workflow; "warning"
            where a score may mislead; "note" where something is worth knowing.
        check: Name of the check.
        sentence: What was found, with its numbers, and what to type.
    """

    code: str
    severity: Severity
    check: str
    sentence: str

    def __str__(self) -> str:
        """Return the finding in a line."""
        return f"{self.code} {self.severity}: {self.sentence}"


@dataclass(frozen=True)
class Check:
    """A rule that finds something in a data set.

    Attributes:
        code: A letter and three digits; it never changes its meaning.
        severity: Of what it finds.
        name: In a few words.
        find: Yields sentences; none where there is nothing to say.
    """

    code: str
    severity: Severity
    name: str
    find: Callable[[Evidence], Iterator[str]]


CHECKS = (
    Check("D101", "note", "equal rows", rows.repeated),
    Check("D102", "warning", "copies with different labels", rows.contradicting),
    Check("D103", "note", "equal rows of few values with different labels", rows.ambiguous),
    Check("D104", "warning", "nearly equal rows", rows.nearly_repeated),
    Check("D105", "warning", "a class enlarged by repeating rows", rows.oversampled),
    Check("D201", "error", "a copy of the target among the inputs", leaks.copies),
    Check("D202", "warning", "one column that says it all", leaks.says_it_all),
    Check("D203", "warning", "missing values that tell the target", leaks.missing_tells),
    Check("D301", "note", "a column that is no input", columns.left_out),
    Check("D302", "warning", "a number that names the rows", columns.names_rows),
    Check("D303", "note", "a column that is nearly empty or constant", columns.nearly_constant),
    Check("D304", "warning", "a column of subjects", columns.subject),
    Check("D305", "note", "rows in an order of time", columns.dated),
    Check("D306", "warning", "values in another unit", columns.slipped_units),
    Check("D307", "warning", "more categories than rows can carry", columns.many_categories),
    Check("D308", "warning", "numbers that are read as categories", columns.mixed_numbers),
    Check("D401", "note", "a rare class or label", labels.imbalanced),
    Check("D402", "warning", "class names that differ in capital letters", labels.spelled_alike),
    Check("D403", "note", "a class named like a missing value", labels.missing_words),
    Check("D404", "warning", "classes or labels too rare for the split", labels.rare_classes),
    Check("D405", "warning", "a metric unfit for the data", labels.unfit_metric),
    Check("D406", "warning", "texts without blanks", labels.unsplit_texts),
    Check("D407", "note", "a skewed target", labels.skewed),
    Check("D501", "warning", "early and late rows that differ", drift.inputs_move),
    Check("D502", "warning", "a relation that changes with time", drift.relation_turns),
    Check("D503", "warning", "a series whose level moves", drift.level_moves),
    Check("D504", "warning", "a season that moves", drift.season_moves),
)


def find(evidence: Evidence) -> list[Finding]:
    """Return what all checks find, errors first, then warnings.

    Args:
        evidence: The data set and its parts.
    """
    findings = [
        Finding(check.code, check.severity, check.name, sentence)
        for check in CHECKS
        for sentence in check.find(evidence)
    ]
    order = ("error", "warning", "note")
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse a workflow on data of which an unmuted finding is an error.

    Raises:
        DataError: Names each of them.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        sentences = " ".join(f"{finding.code}: {finding.sentence}" for finding in errors)
        raise DataError(f"{sentences} If it is meant, type findings.mute=[{codes(errors)}].")


def codes(findings: Sequence[Finding]) -> str:
    """Return the codes of findings, each once: "D101,D306"."""
    return ",".join(sorted({finding.code for finding in findings}))


def lines(findings: Sequence[Finding]) -> list[str]:
    """Return errors, warnings and three notes in a line each, and how many more notes there are."""
    serious = [finding for finding in findings if finding.severity != "note"]
    notes = [finding for finding in findings if finding.severity == "note"]
    shown = [str(finding) for finding in (*serious, *notes[:FEW_NOTES])]
    if rest := notes[FEW_NOTES:]:
        shown.append(f"{len(rest)} more notes ({codes(rest)}): `goldilocks data` shows them.")
    return shown
