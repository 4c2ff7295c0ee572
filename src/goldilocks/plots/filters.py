"""The patterns that excite the filters of a layer."""

import numpy as np
from matplotlib.figure import Figure

from goldilocks.plots import layout, style

COLUMNS, CELL, GAP = 8, 132, 5  # pixels
GREY = 240


def filter_grid(
    patterns: np.ndarray, excited: np.ndarray, *, total: int, name: str, title: str
) -> Figure:
    """Draw one pattern for each filter, 8 in a row; those that could not be excited are grey.

    Args:
        patterns: uint8 (filters, size, size, 1 or 3), 0 to 255.
        excited: How far each filter's mean response rose, float (filters,).
        total: How many filters the layer has.
        name: Of the layer.
        title: What is shown, in words.
    """
    lines = [
        "Each image starts as grey noise and is changed, step by step, to excite one filter; "
        f"{len(patterns)} of {total} filters, row by row."
    ]
    silent = excited <= 0
    if silent.any():
        lines.append(
            f"Grey: {silent.sum()} that nothing near the noise excites, because the layers below "
            "are silent."
        )

    shown = np.where(silent[:, np.newaxis, np.newaxis, np.newaxis], np.uint8(GREY), patterns)
    return layout.gallery(
        f"What excites the filters of {name} ({style.shortened(title, 40)})",
        [layout.picture(pattern, CELL) for pattern in shown],
        columns=COLUMNS,
        gap=GAP,
        lines=lines,
    )
