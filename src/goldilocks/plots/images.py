"""Galleries of images: samples, mistakes, feature maps, patterns of filters, and heat maps."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from goldilocks import formatting
from goldilocks.plots import layout, style

# Widths and gaps in pixels, so that the images of a row fill the width.
CELL, GAP = 212, 8  # of samples and mistakes: 5 in a row
CHANNEL, CHANNEL_GAP = 62, 3  # of feature maps: 17 in a row
PATTERN, PATTERN_GAP = 132, 5  # of filters: 8 in a row
SIDE, SIDE_GAP, BETWEEN = 172, 6, 18  # of heat maps: 2 triples in a row
CAPTION = 22  # pixels of a line of a caption
LETTERS = 28  # of a line below an image
SHOWN = 254  # channels; with the image, 15 rows of 17
GREY = 236  # of what is silent
STRENGTH = 0.6  # of the colour where the evidence is strongest
COLOURS = "jet"  # as in the book: blue is little, red is much


def gallery(images: np.ndarray, labels: Sequence[str], *, title: str) -> Figure:
    """Draw images, each over its label.

    Args:
        images: uint8 (rows, height, width, 1 or 3); at least one row.
        labels: What each image shows, in one line or several, (rows,).
        title: What these are, in words.
    """
    lines = [[style.plain(line, LETTERS) for line in label.splitlines()] for label in labels]
    captions = ["\n".join(line) for line in lines]
    return _gallery(title, [_picture(image, CELL) for image in images], GAP, captions=captions)


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
    colours = colormaps["viridis"](maps, bytes=True)[..., :3]
    colours[:, :, silent] = GREY
    cells = [image, *np.moveaxis(colours, 2, 0)[:SHOWN]]
    title = f"Activations of {name}: {channels} channels of {height}x{width} ({title})"
    lines = [
        f"First the image, then {len(cells) - 1} of {channels} channels, row by row. Each has its "
        "own scale: dark is little, yellow is much.",
        f"{silent.sum()} of {channels} channels ({formatting.percent(silent.mean())}) are silent, "
        "zero everywhere: grey.",
    ]
    pictures = [_picture(cell, CHANNEL).resize((CHANNEL, CHANNEL)) for cell in cells]
    return _gallery(title, pictures, CHANNEL_GAP, lines=lines)


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
    silent = excited <= 0
    shown = patterns.copy()
    shown[silent] = GREY
    lines = [
        "Each image starts as grey noise and is changed, step by step, to excite one filter; "
        f"{len(patterns)} of {total} filters, row by row."
    ]
    if silent.any():
        lines.append(
            f"Grey: {silent.sum()} that nothing near the noise excites, because the layers below "
            "are silent."
        )
    title = f"What excites the filters of {name} ({title})"
    return _gallery(
        title, [_picture(pattern, PATTERN) for pattern in shown], PATTERN_GAP, lines=lines
    )


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
        captions: The class or label of each map, in words.
        layer: Whose feature maps were weighted.
        title: What is shown, in words.
    """
    lines = [
        f"Grad-CAM of {layer}: red is where the network saw the class that it predicted, or the "
        "label; left the image, then the heat, then both.",
        "A heat map that is blue all over: nothing in this layer spoke for it.",
    ]
    triples = []
    for pixels, small in zip(images, heats, strict=True):
        image = _picture(pixels, SIDE)
        heat = np.asarray(Image.fromarray(small).resize(image.size, Image.Resampling.BILINEAR))
        heated = Image.fromarray(colormaps[COLOURS](heat, bytes=True)[..., :3])
        opacity = Image.fromarray((255 * STRENGTH * heat).astype("uint8"))
        both = Image.composite(heated, image, opacity)  # Cold parts of the image do not change.
        triples.append(_wall([image, heated, both], 3, SIDE_GAP))

    names = [style.plain(caption, 70) for caption in captions]
    return _gallery(title, triples, BETWEEN - SIDE_GAP, captions=names, lines=lines)


def _gallery(
    title: str,
    pictures: Sequence[Image.Image],
    gap: int,
    *,
    captions: Sequence[str] = (),
    lines: Sequence[str] = (),
) -> Figure:
    """Draw pictures of one size in rows, pasted into one: ten times as fast as axes for each.

    Args:
        title: In bold on top.
        pictures: At least one, in pixels of the figure.
        gap: Pixels between them.
        captions: Already `plain`, one below each picture; empty for none.
        lines: Already `plain`, in grey below the title.
    """
    below = max((1 + caption.count("\n") for caption in captions), default=0) * CAPTION
    width, height = pictures[0].width, pictures[0].height
    columns = (style.WIDTH - 2 * style.MARGIN + gap) // (width + gap)
    wall = _wall(pictures, columns, gap, below)
    figure, body = layout.frame(title, wall.height, lines=lines)
    figure.figimage(np.asarray(wall), style.MARGIN, 0)

    for index, caption in enumerate(captions):
        row, column = divmod(index, columns)
        centre = style.MARGIN + column * (width + gap) + width / 2
        top = row * (height + below + gap) + height + 5
        layout.write(body, centre, top, caption, ha="center", fontsize=style.SMALL)
    return figure


def _wall(pictures: Sequence[Image.Image], columns: int, gap: int, below: int = 0) -> Image.Image:
    """Paste pictures of one size into one, with gaps, and room below each."""
    width, height = pictures[0].width + gap, pictures[0].height + below + gap
    rows = -(-len(pictures) // columns)
    wall = Image.new("RGB", (columns * width, rows * height), "white")
    for index, picture in enumerate(pictures):
        wall.paste(picture, (index % columns * width, index // columns * height))
    return wall


def _picture(pixels: np.ndarray, width: int) -> Image.Image:
    """Return pixels, uint8 (height, width, 1 or 3), in colour and in another width.

    Strong enlargements show the pixels.
    """
    colour = Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
    ratio = width / colour.width
    resampling = Image.Resampling.BICUBIC if ratio < 3 else Image.Resampling.NEAREST
    return colour.resize((width, max(1, round(colour.height * ratio))), resampling)
