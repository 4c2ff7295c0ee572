"""The feature maps of a layer, all of its channels side by side."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from goldilocks import formatting
from goldilocks.plots import layout, style

COLUMNS, CELL, GAP = 16, 66, 3  # pixels
SHOWN = 256  # channels
SIDE = 120  # pixels of the image that they are made from


def activation_grid(
    maps: np.ndarray, image: np.ndarray, *, name: str, silent: np.ndarray, title: str
) -> Figure:
    """Draw the channels of a layer, 16 in a row, in viridis: dark is little, yellow is much.

    Args:
        maps: uint8 (height, width, channels), each channel normalized by itself; the first 256 are
            drawn.
        image: What they are made from, uint8 (height, width, 1 or 3).
        name: Of the layer.
        silent: Which of its channels are zero everywhere, bool (channels,); these are grey.
        title: What is shown, in words.
    """
    height, width, channels = maps.shape
    shown = min(channels, SHOWN)
    rows = -(-shown // COLUMNS)
    tall, wide = rows * (CELL + GAP), COLUMNS * (CELL + GAP)
    figure = layout.canvas(layout.header_height() + SIDE + 24 + tall)
    top = layout.header(
        figure,
        f"Activations of {name}: {channels} channels of {height}x{width} "
        f"({style.shortened(title, 40)})",
    )
    picture = layout.panel(figure, style.MARGIN, top, SIDE, SIDE)
    picture.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
    picture.axis("off")
    lines = [
        f"{silent.sum()} of {channels} channels ({formatting.percent(silent.mean())}) are silent, zero "
        "everywhere: grey."
    ]
    lines += ["Each channel has its own scale: dark is little, yellow is much."]
    lines += [f"The first {shown} of {channels} channels, row by row."] if shown < channels else []
    at = style.MARGIN + SIDE + 20
    layout.write(figure, at, top + 4, "\n".join(lines), color=style.QUIET, linespacing=1.5)
    wall = np.full((tall, wide, 3), 255, "uint8")
    for channel in range(shown):
        down, across = channel // COLUMNS * (CELL + GAP), channel % COLUMNS * (CELL + GAP)
        if silent[channel]:
            wall[down : down + CELL, across : across + CELL] = 232
            continue
        small = Image.fromarray(np.ascontiguousarray(maps[:, :, channel]))
        how = Image.Resampling.BOX if max(height, width) > CELL else Image.Resampling.NEAREST
        colours = colormaps["viridis"](np.asarray(small.resize((CELL, CELL), how)), bytes=True)
        wall[down : down + CELL, across : across + CELL] = colours[..., :3]
    axes = layout.panel(figure, style.MARGIN, top + SIDE + 16, wide, tall)
    axes.imshow(wall, aspect="auto", interpolation="nearest")
    axes.axis("off")
    return figure
