"""The feature maps of a layer, all of its channels side by side."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

COLUMNS, CELL, GAP = 17, 62, 3  # cells of a row, and pixels
SHOWN = 254  # channels; with the image, 15 rows of 17
GREY = 232


def activation_grid(
    maps: np.ndarray, image: np.ndarray, *, name: str, silent: np.ndarray, title: str
) -> Figure:
    """Draw an image and the channels of a layer, in viridis: dark is little, yellow is much.

    Args:
        maps: uint8 (height, width, channels), each channel normalized by itself; the first 254 are
            drawn.
        image: What they are made from, uint8 (height, width, 1 or 3).
        name: Of the layer.
        silent: Which of its channels are zero everywhere, bool (channels,); these are grey.
        title: What is shown, in words.
    """
    height, width, channels = maps.shape
    shown = min(channels, SHOWN)
    colours = colormaps["viridis"](maps[..., :shown], bytes=True)[..., :3]
    colours[:, :, silent[:shown]] = GREY
    cells = [image, *np.moveaxis(colours, 2, 0)]
    pictures = [layout.picture(cell, CELL).resize((CELL, CELL)) for cell in cells]

    return layout.gallery(
        f"Activations of {name}: {channels} channels of {height}x{width} "
        f"({style.shortened(title, 40)})",
        pictures,
        columns=COLUMNS,
        gap=GAP,
        lines=[
            f"First the image, then {shown} of {channels} channels, row by row. Each has its own "
            "scale: dark is little, yellow is much.",
            f"{silent.sum()} of {channels} channels ({formatting.percent(silent.mean())}) are "
            "silent, zero everywhere: grey.",
        ],
    )
