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
GREY = (232, 232, 232)


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
    wall = layout.grid(
        [_cell(maps[:, :, channel], silent=silent[channel]) for channel in range(shown)],
        columns=COLUMNS,
        gap=GAP,
    )
    figure, body = layout.frame(
        f"Activations of {name}: {channels} channels of {height}x{width} "
        f"({style.shortened(title, 40)})",
        SIDE + 24 + wall.height,
    )
    axes = layout.paper(body)

    picture = Image.fromarray(np.squeeze(image)).convert("RGB").resize((SIDE, SIDE))
    layout.hang(axes, picture, left=style.MARGIN, top=0)
    lines = [
        f"{silent.sum()} of {channels} channels ({formatting.percent(silent.mean())}) are silent, "
        "zero everywhere: grey.",
        "Each channel has its own scale: dark is little, yellow is much.",
    ]
    if shown < channels:
        lines.append(f"The first {shown} of {channels} channels, row by row.")
    layout.write(
        axes, style.MARGIN + SIDE + 20, 4, "\n".join(lines), color=style.QUIET, linespacing=1.5
    )

    layout.hang(axes, wall, left=style.MARGIN, top=SIDE + 16)
    return figure


def _cell(values: np.ndarray, *, silent: bool) -> Image.Image:
    """Return one channel, uint8 (height, width), as a picture."""
    if silent:
        return Image.new("RGB", (CELL, CELL), GREY)
    resampling = Image.Resampling.BOX if max(values.shape) > CELL else Image.Resampling.NEAREST
    picture = Image.fromarray(np.ascontiguousarray(values)).resize((CELL, CELL), resampling)
    return Image.fromarray(colormaps["viridis"](np.asarray(picture), bytes=True)).convert("RGB")
