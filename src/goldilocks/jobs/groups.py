"""Jobs that one process does together: which of them, so that all slots have as much to do."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence

FEWEST = 4  # jobs of a process: fewer are not worth its start


def shares(kinds: Sequence[Hashable], *, slots: int) -> list[list[int]]:
    """Divide jobs into shares, one for each slot, each with as few kinds of jobs as possible.

    Args:
        kinds: What kind each job is of; those of one kind are done best together.
        slots: How many shares are worked on at once.

    Returns:
        The positions of the jobs of each share, ascending.

    >>> shares(["a", "b", "a", "b", "a", "b", "a", "b"], slots=2)
    [[0, 2, 4, 6], [1, 3, 5, 7]]
    """
    by_kind: dict[Hashable, list[int]] = defaultdict(list)
    for position, kind in enumerate(kinds):
        by_kind[kind].append(position)
    ordered = [position for positions in by_kind.values() for position in positions]
    size = max(FEWEST, math.ceil(len(ordered) / slots))
    return [sorted(ordered[start : start + size]) for start in range(0, len(ordered), size)]
