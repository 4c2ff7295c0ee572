"""Where in an image the evidence for a class is, beside and over the image."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from goldilocks.plots import layout, style

SIDE, GAP, BETWEEN = 172, 6, 18  # pixels
STRENGTH = 0.6  # of the colour where the evidence is strongest
COLOURS = "jet"  # as in the book: blue is little, red is much


def heat_maps(
    images: np.ndarray,
    heats: Sequence[np.ndarray],
    captions: Sequence[str],
    *,
    layer: str,
    title: str,
) -> Figure:
    """Draw each image, its heat map, and the heat over the image; two images in a row.

    Args:
        images: uint8 (rows, height, width, 1 or 3).
        heats: float32 (height, width) each, of any size, 0 to 1.
        captions: The true and the predicted class, in words.
        layer: Whose feature maps were weighted.
        title: What is shown, in words.
    """
    lines = [
        f"Grad-CAM of {layer}: red is where the network saw the class that it predicted; left the "
        "image, then the heat, then both.",
        "A heat map that is blue all over: nothing in this layer spoke for the class.",
    ]
    pictures = []
    for image, small in zip(images, heats, strict=True):
        height, width = image.shape[:2]
        colour = np.broadcast_to(image, (height, width, 3))
        heat = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR))
        heated = colormaps[COLOURS](heat, bytes=True)[..., :3]
        parts = [layout.picture(part, SIDE) for part in (colour, heated, overlay(colour, heat))]
        triple = Image.new("RGB", (3 * SIDE + 2 * GAP, parts[0].height), "white")
        for position, part in enumerate(parts):
            triple.paste(part, (position * (SIDE + GAP), 0))
        pictures.append(triple)

    names = [style.plain(caption, 70) for caption in captions]
    return layout.gallery(title, pictures, columns=2, gap=BETWEEN, captions=names, lines=lines)


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a heat map over its image, uint8 (height, width, 3); cold parts of it do not change.

    Args:
        image: uint8 (height, width, 3).
        heat: float (height, width), 0 to 1.
    """
    colours = 255 * colormaps[COLOURS](heat)[..., :3]
    opacity = STRENGTH * heat[..., np.newaxis]
    return ((1 - opacity) * image + opacity * colours).astype("uint8")
