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
    which = f"all {total} filters" if count == total else f"the first {count} of {total} filters"
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

    rows = -(-count // COLUMNS)
    wall = Image.new("RGB", (COLUMNS * (CELL + GAP), rows * (CELL + GAP)), "white")
    coarse = patterns.shape[1] < CELL // 3
    resampling = Image.Resampling.NEAREST if coarse else Image.Resampling.BICUBIC
    for index, pattern in enumerate(patterns):
        row, column = divmod(index, COLUMNS)
        cell = Image.new("RGB", (CELL, CELL), GREY)
        if excited[index] > 0:
            picture = Image.fromarray(np.squeeze(pattern)).convert("RGB")
            cell = picture.resize((CELL, CELL), resampling)
        wall.paste(cell, (column * (CELL + GAP), row * (CELL + GAP)))

    figure, body = layout.frame(
        f"What excites the filters of {name} ({style.shortened(title, 40)})",
        wall.height + 8,
        lines=lines,
    )
    layout.hang(layout.paper(body), wall, left=style.MARGIN, top=0)
    return figure
