"""Sections -> what the page's tables print beyond the fields of sections and variants."""

from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.evaluation.differences import Difference
from goldilocks.report.sections import Section
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import PARENT, PARTS

VALUES = 10  # of a setting that are listed
REACH = 4  # times the usual length; a longer bar is cut off, or it would press all others flat
MARGIN = 0.06  # of the axis of bars, on either side


def runs(section: Section) -> list[tuple[StoredRun, str, bool]]:
    """Return each run, the name of its variant, and whether it is a part of the run above it."""
    names = {run.run_id: variant.name for variant in section.variants for run in variant.runs}
    listed = []
    for run in section.runs:
        above = run.tags.get(PARENT) if run.tags.get("role") in PARTS else None
        name = names.get(above or "", names.get(run.run_id, ""))
        listed.append((run, name, above in names))
    return listed


def axis(differences: Mapping[str, Difference]) -> tuple[float, float]:
    """Return where the axis that all intervals of differences share begins, and its length.

    0 is on it. Half of the intervals are not cut off.
    """
    ends = np.array([[difference.low, difference.high] for difference in differences.values()])
    ends = ends[~np.isnan(ends).any(axis=1)] if len(ends) else ends
    if not ends.size:
        return 0.0, 1.0

    lengths = np.sort(np.abs(ends).max(axis=1))
    longest = REACH * lengths[len(lengths) // 2]
    first, last = np.clip([ends.min(initial=0), ends.max(initial=0)], -longest, longest)
    margin = MARGIN * (last - first)
    return float(first - margin), float(last - first + 2 * margin) or 1.0


def listed(values: Sequence[str]) -> str:
    """Return the values of a setting, numbers ascending; of many, the first and how many more."""
    words = sorted((value or "not set" for value in values), key=_as_number)
    if len(words) <= VALUES + 1:
        return ", ".join(words)
    return f"{', '.join(words[:VALUES])} and {len(words) - VALUES} more, up to {words[-1]}"


def _as_number(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), ""
    except ValueError:
        return True, 0.0, value
