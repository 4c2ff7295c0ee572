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
    labels = ["original", *(f"variant {position + 1}" for position in range(count))]
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
    """Draw the images of which a classifier was wrongly sure, each captioned "true cat, said dog 0.98".

    Args:
        images: The mistakes, worst first, as in `sample_grid`; up to 25 are shown.
        true: Name of the true class of each, (rows,).
        predicted: Name of the class that was said, (rows,).
        probability: Probability of the class that was said, 0 to 1, (rows,).
        title: Which mistakes these are, in words.
    """
    if not len(images):
        return layout.message(
            title, "There are no mistakes: every one of these images was classified rightly."
        )
    labels = []
    for is_, said, sure in list(zip(true, predicted, probability, strict=True))[:SHOWN]:
        caption = f"true {is_}, said {said} {sure:.2f}"
        labels.append(
            caption
            if len(caption) <= 28
            else f"true {is_},\nsaid {style.shortened(said, 17)} {sure:.2f}"
        )
    return _gallery(images, labels, title=title)


def _gallery(
    images: np.ndarray | Sequence[np.ndarray], labels: Sequence[str], *, title: str, framed: int = 0
) -> Figure:
    """Draw images in rows of five, put together as one: ten times as fast as one pair of axes for each."""
    shown = [_drawable(image) for image in images[:SHOWN]]
    captions = [
        "\n".join(style.plain(part, 28) for part in label.split("\n"))
        for label in labels[: len(shown)]
    ]
    below = 44 if any("\n" in caption for caption in captions) else 28
    tallest = max(image.shape[0] / image.shape[1] for image in shown)
    box = round(CELL * min(1.0, max(0.4, tallest)))  # pixels of height; wide images need less
    width, height = COLUMNS * (CELL + GAP), -(-len(shown) // COLUMNS) * (box + below + GAP)
    figure = layout.canvas(layout.header_height() + height)
    top = layout.header(figure, title)
    axes = layout.panel(figure, style.MARGIN, top, width, height)
    wall = Image.new("RGB", (width, height), "white")
    stretch = _range(shown)
    for position, (image, caption) in enumerate(zip(shown, captions, strict=True)):
        picture = _picture(image, stretch)
        ratio = min(CELL / picture.width, box / picture.height)
        across, down = max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio))
        under = position // COLUMNS * (box + below + GAP) + box
        left = position % COLUMNS * (CELL + GAP) + (CELL - across) // 2
        smooth = Image.Resampling.BICUBIC if ratio < 3 else Image.Resampling.NEAREST
        small = picture.resize((across, down), smooth, reducing_gap=2.0)
        wall.paste(small, (left, under - down), small if small.mode == "RGBA" else None)
        axes.text(
            left + across / 2, under + 5, caption, ha="center", va="top", fontsize=style.SMALL
        )
        if position < framed:
            how = {"fill": False, "color": style.VALIDATION, "linewidth": 3, "clip_on": False}
            axes.add_patch(Rectangle((left, under - down), across, down, **how))
    axes.imshow(
        np.asarray(wall), extent=(0, width, height, 0), aspect="auto", interpolation="nearest"
    )
    axes.axis("off")
    return figure


def _drawable(image: np.ndarray) -> np.ndarray:
    """Give an image as (height, width) or with 3 or 4 channels."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] not in (3, 4):
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or not image.size:
        raise ValueError(f"an image has shape {image.shape}; expected (height, width, channels)")
    return image


def _range(images: Sequence[np.ndarray]) -> tuple[float, float]:
    """Give the values that become black and white: a byte's range, 0 to 1, or what the floats of all images span."""
    if all(image.dtype == np.uint8 for image in images):
        return 0.0, 255.0
    finite = [image[np.isfinite(image)] for image in images]
    low = min((float(values.min()) for values in finite if values.size), default=0.0)
    high = max((float(values.max()) for values in finite if values.size), default=1.0)
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high if high > low else low + 1)


def _picture(image: np.ndarray, stretch: tuple[float, float]) -> Image.Image:
    """Give the image in colour, RGB or RGBA; values that are not finite are black."""
    if image.dtype != np.uint8 or stretch != (0.0, 255.0):
        low, high = stretch
        image = np.nan_to_num(255 * (image.astype(np.float32) - low) / (high - low), nan=0.0)
        image = np.clip(image, 0, 255).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(image))
    return picture if picture.mode == "RGBA" else picture.convert("RGB")
