"""Findings: numbered remarks on a data set, made before training.

Each check is a function of a module of `checks` that states its rule. `CHECKS` gives it a code and
a severity, `docs/findings.md` lists them, and `findings.mute=[D301]` mutes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from goldilocks.dataset.checks import columns, labels
from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.errors import DataError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """A remark on a data set.

    Attributes:
        code: Of the check, such as "D301".
        severity: "error" where what would be learnt is wrong, which stops a training; "warning"
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
    Check("D301", "note", "a column that is no input", columns.left_out),
    Check("D402", "warning", "class names that differ in capital letters", labels.spelled_alike),
    Check("D403", "note", "a class named like a missing value", labels.missing_words),
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


def unmuted(findings: Sequence[Finding], mute: Sequence[str]) -> list[Finding]:
    """Return the findings whose codes are not muted."""
    return [finding for finding in findings if finding.code not in mute]


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse to train with data of which an unmuted finding is an error.

    Raises:
        DataError: Names each of them.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        codes = ",".join(dict.fromkeys(finding.code for finding in errors))
        sentences = " ".join(f"{finding.code}: {finding.sentence}" for finding in errors)
        raise DataError(f"{sentences} If it is meant, type findings.mute=[{codes}].")
