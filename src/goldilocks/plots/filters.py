"""The patterns that excite the filters of a layer."""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from goldilocks.plots import layout, style

COLUMNS, CELL, GAP = 8, 132, 5  # pixels
GREY = (240, 240, 240)


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
    count = len(patterns)
    which = f"the first {count} of {total} filters"
    if count == total:
        which = f"all {total} filters"
    lines = [
        "Each image starts as grey noise and is changed, step by step, to excite one filter; "
        f"{which}, row by row."
    ]
    silent = int((excited <= 0).sum())
    if silent:
        lines.append(
            f"Grey: {silent} that nothing near the noise excites, because the layers below are "
            "silent."
        )

    cells = [
        _cell(pattern, silent=rise <= 0) for pattern, rise in zip(patterns, excited, strict=True)
    ]
    wall = layout.grid(cells, columns=COLUMNS, gap=GAP)
    figure, body = layout.frame(
        f"What excites the filters of {name} ({style.shortened(title, 40)})",
        wall.height + 8,
        lines=lines,
    )
    layout.hang(layout.paper(body), wall, left=style.MARGIN, top=0)
    return figure


def _cell(pattern: np.ndarray, *, silent: bool) -> Image.Image:
    """Return one pattern as a picture."""
    if silent:
        return Image.new("RGB", (CELL, CELL), GREY)
    coarse = len(pattern) < CELL // 3
    resampling = Image.Resampling.NEAREST if coarse else Image.Resampling.BICUBIC
    picture = Image.fromarray(np.squeeze(pattern)).convert("RGB")
    return picture.resize((CELL, CELL), resampling)
