"""Where in an image the evidence for a class is, beside and over the image."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from goldilocks.plots import layout, style

SIDE, GAP, BETWEEN = 170, 6, 30  # pixels
STRENGTH = 0.6  # of the colour where the evidence is strongest
COLOURS = "jet"  # as in the book: blue is little, red is much


def heat_maps(
    images: Sequence[np.ndarray],
    heats: Sequence[np.ndarray],
    captions: Sequence[str],
    *,
    layer: str,
    title: str,
) -> Figure:
    """Draw each image, its heat map, and the heat over the image; two images in a row.

    Args:
        images: uint8 (height, width, 1 or 3) each.
        heats: float (height, width) of the image each, 0 to 1.
        captions: What is true and what was said, in words.
        layer: Whose feature maps were weighed.
        title: What is shown, in words.
    """
    lines = [
        f"Grad-CAM of {layer}: red is where the network saw the class that it said; left the "
        "image, then the heat,"
    ]
    lines += [
        "then both. A heat map that is blue all over: nothing in this layer spoke for the class."
    ]
    rows = -(-len(images) // 2)
    figure = layout.canvas(layout.header_height(lines) + rows * (SIDE + 44))
    top = layout.header(figure, title, reason=lines)
    for place, (image, heat, caption) in enumerate(zip(images, heats, captions, strict=True)):
        left = style.MARGIN + place % 2 * (3 * (SIDE + GAP) + BETWEEN)
        down = top + place // 2 * (SIDE + 44)
        layout.write(figure, left, down, style.plain(caption, 70))
        shown = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image[..., :3]
        for column, part in enumerate(
            (shown, colormaps[COLOURS](heat)[..., :3], overlay(shown, heat))
        ):
            axes = layout.panel(figure, left + column * (SIDE + GAP), down + 22, SIDE, SIDE)
            axes.imshow(part)
            axes.axis("off")
    return figure


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A heat map over its image, uint8 (height, width, 3); cold parts of the image stay as they are.

    Args:
        image: uint8 (height, width, 3).
        heat: float (height, width), 0 to 1.
    """
    colours = 255 * colormaps[COLOURS](heat)[..., :3]
    opacity = STRENGTH * heat[..., np.newaxis]
    return ((1 - opacity) * image + opacity * colours).astype("uint8")
