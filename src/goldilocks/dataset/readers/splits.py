"""The parts of a split that a person's own data come with, by folders, files or a column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from goldilocks.dataset.sources import cache


def fixed(parts: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the rows of validation and test, int64, as `Dataset.fixed` has them.

    Args:
        parts: Of each row "train", "validation" or "test", or "" where there are no parts.
    """
    names = np.array(parts, dtype=object)
    rows = {part: np.flatnonzero(names == part) for part in ("validation", "test")}
    return {part: of_part for part, of_part in rows.items() if len(of_part)}


def digest(content: str, parts: Sequence[str]) -> str:
    """Return the digest of rows with their parts; that of the rows where there are none."""
    return cache.digest(content, ",".join(parts)) if any(parts) else content
