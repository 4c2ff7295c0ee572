"""The patterns that excite the filters of a layer."""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from goldilocks.plots import layout, style

COLUMNS, CELL, GAP = 8, 132, 5  # pixels


def filter_grid(
    patterns: np.ndarray, excited: np.ndarray, *, total: int, name: str, title: str
) -> Figure:
    """Draw one pattern for each filter, 8 in a row; an empty place is a filter that could not be excited.

    Args:
        patterns: uint8 (filters, size, size, 1 or 3), 0 to 255.
        excited: How far each filter's mean response rose, float (filters,).
        total: How many filters the layer has.
        name: Of the layer.
        title: What is shown, in words.
    """
    count = len(patterns)
    which = f"all {total} filters" if count == total else f"the first {count} of {total} filters"
    still = int((excited <= 0).sum())
    lines = [
        "Each image starts as grey noise and is changed, step by step, to excite one filter; "
        f"{which}, row by row."
    ]
    lines += (
        [f"Empty: {still} that nothing near the noise excites, for the layers below are silent."]
        if still
        else []
    )
    rows = -(-count // COLUMNS)
    tall, wide = rows * (CELL + GAP), COLUMNS * (CELL + GAP)
    figure = layout.canvas(layout.header_height(lines) + tall + 8)
    top = layout.header(
        figure, f"What excites the filters of {name} ({style.shortened(title, 40)})", reason=lines
    )
    wall = Image.new("RGB", (wide, tall), "white")
    for place, pattern in enumerate(patterns):
        left, down = place % COLUMNS * (CELL + GAP), place // COLUMNS * (CELL + GAP)
        if excited[place] <= 0:
            wall.paste((240, 240, 240), (left, down, left + CELL, down + CELL))
            continue
        picture = Image.fromarray(pattern[..., 0] if pattern.shape[-1] == 1 else pattern).convert(
            "RGB"
        )
        how = (
            Image.Resampling.BICUBIC if pattern.shape[0] >= CELL // 3 else Image.Resampling.NEAREST
        )
        wall.paste(picture.resize((CELL, CELL), how), (left, down))
    axes = layout.panel(figure, style.MARGIN, top, wide, tall)
    axes.imshow(np.asarray(wall), aspect="auto", interpolation="nearest")
    axes.axis("off")
    return figure
