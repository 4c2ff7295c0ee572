"""Where in an image the evidence for a class is, beside and over the image."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from goldilocks.plots import layout, style

SIDE, GAP, BETWEEN = 170, 6, 30  # pixels
CAPTION = 22  # pixels
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
        captions: The true and the predicted class, in words.
        layer: Whose feature maps were weighted.
        title: What is shown, in words.
    """
    lines = [
        f"Grad-CAM of {layer}: red is where the network saw the class that it predicted; left the "
        "image, then the heat, then both.",
        "A heat map that is blue all over: nothing in this layer spoke for the class.",
    ]
    step = SIDE + 2 * CAPTION
    rows = -(-len(images) // 2)
    figure, body = layout.frame(title, rows * step, lines=lines)
    axes = layout.paper(body)

    for index, (image, heat, caption) in enumerate(zip(images, heats, captions, strict=True)):
        row, column = divmod(index, 2)
        left = style.MARGIN + column * (3 * (SIDE + GAP) + BETWEEN)
        layout.write(axes, left, row * step, style.plain(caption, 70))

        colour = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image[..., :3]
        heated = colormaps[COLOURS](heat, bytes=True)[..., :3]
        for part, picture in enumerate((colour, heated, overlay(colour, heat))):
            layout.hang(
                axes,
                Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.NEAREST),
                left=left + part * (SIDE + GAP),
                top=row * step + CAPTION,
            )
    return figure


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a heat map over its image, uint8 (height, width, 3); cold parts of it do not change.

    Args:
        image: uint8 (height, width, 3).
        heat: float (height, width), 0 to 1.
    """
    colours = 255 * colormaps[COLOURS](heat)[..., :3]
    opacity = STRENGTH * heat[..., np.newaxis]
    return ((1 - opacity) * image + opacity * colours).astype("uint8")
