"""Checks of single columns."""

from __future__ import annotations

from collections.abc import Iterator

from goldilocks.dataset.checks.evidence import Evidence


def left_out(evidence: Evidence) -> Iterator[str]:
    """Name the columns that are no input, with the reason: they count, name, or never change."""
    for name, reading in evidence.dataset.readings.items():
        if reading.left_out:
            yield f"Left out the column {name!r}: {reading.left_out}."
