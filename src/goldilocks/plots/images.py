"""Galleries of images: samples, augmented variants, and the worst mistakes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from goldilocks.plots import layout, style

SHOWN = 25
COLUMNS = 5
CELL = 212  # pixels, so that 5 fill the width
GAP = 8


def sample_grid(
    images: np.ndarray | Sequence[np.ndarray], labels: Sequence[str], *, title: str
) -> Figure:
    """Draw up to 25 images, each over its label.

    Args:
        images: uint8 (rows, height, width, channels), 0 to 255, or float of any range (0 to 1 as it
            is, others stretched over all images); 1 channel is grey, 3 are RGB, 4 RGBA, of other
            numbers the first is drawn.
        labels: What each image shows, (rows,).
        title: What these are, in words.
    """
    if not len(images):
        return layout.message(title, "There are no images to show.")
    return _gallery(images, labels, title=title)


def augmented(
    original: np.ndarray, variants: np.ndarray | Sequence[np.ndarray], label: str
) -> Figure:
    """Draw one training image, framed, and behind it what augmentation makes of it.

    Args:
        original: (height, width, channels), values as in `sample_grid`.
        variants: (rows, height, width, channels), in the same range; up to 24 are shown.
        label: What the image shows.
    """
    count = min(len(variants), SHOWN - 1)
    labels = ["original", *(f"variant {number}" for number in range(1, count + 1))]
    title = f"{label}: one training image and {count} augmented variants"
    return _gallery([original, *variants[:count]], labels, title=title, framed=1)


def worst_mistakes(
    images: np.ndarray | Sequence[np.ndarray],
    true: Sequence[str],
    predicted: Sequence[str],
    probability: Sequence[float] | np.ndarray,
    *,
    title: str,
) -> Figure:
    """Draw a classifier's most confident mistakes, each captioned "true cat, said dog 0.98".

    Args:
        images: The mistakes, worst first, as in `sample_grid`; up to 25 are shown.
        true: Name of the true class of each, (rows,).
        predicted: Name of the predicted class, (rows,).
        probability: Of the predicted class, 0 to 1, (rows,).
        title: Which mistakes these are, in words.
    """
    if not len(images):
        return layout.message(
            title, "There are no mistakes: every one of these images was classified rightly."
        )
    labels = []
    for name, wrong, sure in zip(true[:SHOWN], predicted[:SHOWN], probability[:SHOWN], strict=True):
        caption = f"true {name}, said {wrong} {sure:.2f}"
        if len(caption) > 28:
            caption = f"true {name},\nsaid {style.shortened(wrong, 17)} {sure:.2f}"
        labels.append(caption)
    return _gallery(images, labels, title=title)


def _gallery(
    images: np.ndarray | Sequence[np.ndarray], labels: Sequence[str], *, title: str, framed: int = 0
) -> Figure:
    """Draw images in rows of five, pasted into one picture: ten times as fast as axes for each."""
    shown = [_drawable(image) for image in images[:SHOWN]]
    captions = [_caption(label) for label in labels[: len(shown)]]
    below = 28 + 16 * any("\n" in caption for caption in captions)  # pixels of one or two lines
    tallest = max(image.shape[0] / image.shape[1] for image in shown)
    box = round(CELL * min(1.0, max(0.4, tallest)))  # pixels of height; wide images need less
    step = box + below + GAP

    rows = -(-len(shown) // COLUMNS)
    wall = Image.new("RGB", (COLUMNS * (CELL + GAP), rows * step), "white")
    figure, body = layout.frame(title, wall.height)
    axes = layout.paper(body)
    stretch = _range(shown)
    for index, (image, caption) in enumerate(zip(shown, captions, strict=True)):
        row, column = divmod(index, COLUMNS)
        small = _fitted(_picture(image, stretch), CELL, box)
        left = column * (CELL + GAP) + (CELL - small.width) // 2
        under = row * step + box
        wall.paste(small, (left, under - small.height), small if small.mode == "RGBA" else None)

        centre = style.MARGIN + left + small.width / 2
        layout.write(axes, centre, under + 5, caption, ha="center", fontsize=style.SMALL)
        if index < framed:
            corner = style.MARGIN + left, under - small.height
            axes.add_patch(
                Rectangle(corner, *small.size, fill=False, color=style.VALIDATION, linewidth=3)
            )

    layout.hang(axes, wall, left=style.MARGIN, top=0)
    return figure


def _caption(label: str) -> str:
    return "\n".join(style.plain(line, 28) for line in label.split("\n"))


def _drawable(image: np.ndarray) -> np.ndarray:
    """Return an image as (height, width) or with 3 or 4 channels."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] not in (3, 4):
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or not image.size:
        raise ValueError(f"an image has shape {image.shape}; expected (height, width, channels)")
    return image


def _range(images: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the values that become black and white.

    That is the range of a byte, 0 to 1, or what the floats of all images span.
    """
    if all(image.dtype == np.uint8 for image in images):
        return 0.0, 255.0

    values = np.concatenate([image[np.isfinite(image)] for image in images])
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high + (high == low)


def _picture(image: np.ndarray, stretch: tuple[float, float]) -> Image.Image:
    """Return the image in colour, RGB or RGBA; values that are not finite are black."""
    if image.dtype != np.uint8 or stretch != (0.0, 255.0):
        low, high = stretch
        image = np.nan_to_num(255 * (image.astype(np.float32) - low) / (high - low), nan=0.0)
        image = np.clip(image, 0, 255).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(image))
    if picture.mode != "RGBA":
        picture = picture.convert("RGB")
    return picture


def _fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Return the picture as large as a box allows; strong enlargements show its pixels."""
    ratio = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio))
    resampling = Image.Resampling.BICUBIC if ratio < 3 else Image.Resampling.NEAREST
    return picture.resize(size, resampling, reducing_gap=2.0)
