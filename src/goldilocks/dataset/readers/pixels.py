"""An image file -> pixels as a viewer shows them: upright, on white, in RGB of 8 bits.

Colour profiles are ignored. Pillow decodes: what it cannot read is an error of its file alone.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps
from PIL.ExifTags import Base

from goldilocks.dataset.readers import content, depth
from goldilocks.dataset.readers.content import UnreadableFile
from goldilocks.errors import DataError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "PPM", "JPEG2000")
MOST_MEGAPIXELS = 178  # Pillow refuses larger images.
# A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where that leaves so many times the pixels that
# are asked for, each way: as good, and three times as fast.
SPARE = 4
AT_ONCE = 256  # Images that are decoded before the next ones are asked for.

# Of marks and sizes that are odd. Threads decode, so that no filter can be set for one image.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    Attributes:
        pixels: uint8 (height, width, 3), 0 to 255.
        animated: Whether it is the first of several pictures.
        transparent: Whether white shows through it.
        span: The lowest and highest value, where it has more than 8 bits a channel; else NaN.
    """

    pixels: np.ndarray
    animated: bool
    transparent: bool
    span: depth.Levels


def decode(
    path: str | Path,
    image_size: tuple[int, int],
    *,
    levels: depth.Levels | None,
    pixel_limit: float = MOST_MEGAPIXELS,
) -> Picture:
    """Decode an image, resized bilinearly with antialiasing; its shape is not kept.

    Args:
        path: Of a regular file.
        image_size: Height and width in pixels; an image that has them is left as it is.
        levels: Of images of more than 8 bits; None: as `depth.levels_of` this image.
        pixel_limit: Megapixels that an image may have.

    Raises:
        UnreadableFile: It cannot be decoded, or has more pixels than the limit.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            megapixels = image.width * image.height / 1e6
            if megapixels > pixel_limit:
                raise UnreadableFile(
                    f"{image.width} x {image.height} pixels, too many; "
                    f"dataset.pixel_limit={np.ceil(megapixels):g} takes them"
                )
            return _decode(image, image_size, levels)
    except UnreadableFile:
        raise
    except Exception as error:  # A damaged file leads decoders to any of them.
        raise UnreadableFile(_reason(path, error)) from error


def attempts(
    paths: Sequence[str | Path],
    image_size: tuple[int, int],
    *,
    levels: depth.Levels | None,
    pixel_limit: float = MOST_MEGAPIXELS,
) -> Iterator[Picture | UnreadableFile]:
    """Yield each file as a picture, or as what is wrong with it; arguments as of `decode`."""

    def attempt(path: str | Path) -> Picture | UnreadableFile:
        try:
            return decode(path, image_size, levels=levels, pixel_limit=pixel_limit)
        except UnreadableFile as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as threads:  # Decoders release the interpreter lock.
        for start in range(0, len(paths), AT_ONCE):
            yield from threads.map(attempt, paths[start : start + AT_ONCE])


def decode_all(
    paths: Sequence[str], image_size: tuple[int, int], levels: depth.Levels | None
) -> np.ndarray:
    """Return the pixels of files that could be decoded before: uint8 (files, height, width, 3).

    Raises:
        DataError: A file cannot be decoded any more.
    """
    images: list[np.ndarray] = []
    for path, picture in zip(paths, attempts(paths, image_size, levels=levels), strict=True):
        if isinstance(picture, UnreadableFile):
            raise DataError(
                f"{path} was an image when the data was loaded, and is not now ({picture}). "
                "Expected files that stay as they are; start again."
            )
        images.append(picture.pixels)
    return np.stack(images)


def gray(pixels: np.ndarray) -> np.ndarray:
    """Return RGB images, uint8 (..., height, width, 3), as gray ones, (..., height, width, 1).

    Luma of ITU-R Recommendation BT.601: 0.299 R + 0.587 G + 0.114 B, rounded, in integers as Pillow
    computes it.
    """
    weights = np.array([19595, 38470, 7471], np.uint32)  # Of 65,536.
    return ((pixels.astype(np.uint32) @ weights + 0x8000) >> 16).astype(np.uint8)[..., np.newaxis]


def _decode(
    image: ImageFile.ImageFile, image_size: tuple[int, int], levels: depth.Levels | None
) -> Picture:
    """Decode an opened image, as `decode` does."""
    height, width = image_size
    image.draft(None, (SPARE * width, SPARE * height))
    shown: Image.Image = image
    span = math.nan, math.nan
    deep = depth.values(image)
    if deep is not None:
        span = float(deep.min()), float(deep.max())
        shown = depth.scaled(deep, levels or depth.levels_of(*span))

    transparent = False
    if shown.has_transparency_data:
        colored = shown.convert("RGBA")
        alpha = colored.getchannel("A")
        transparent = alpha.getextrema() != (255, 255)
        shown = Image.new("RGB", colored.size, "white")
        shown.paste(colored, mask=alpha)
    shown = shown.convert("RGB")

    animated = False
    with contextlib.suppress(Exception):  # As of `decode`; viewers show such an image as it lies.
        shown.getexif()[Base.Orientation] = image.getexif().get(Base.Orientation, 1)
        ImageOps.exif_transpose(shown, in_place=True)
        # A camera's JPEG may hold a preview and a map beside it.
        animated = image.format != "MPO" and getattr(image, "is_animated", False)
    if shown.size != (width, height):
        shown = shown.resize((width, height), Image.Resampling.BILINEAR)
    return Picture(np.array(shown), animated, transparent, span)


def _reason(path: str | Path, error: Exception) -> str:
    """Return why a file cannot be decoded, as far as it tells."""
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MOST_MEGAPIXELS} megapixels; save it smaller"
    head = content.head(path)
    name = content.name(head)
    if name in content.ADVICE:
        return f"{name}; {content.ADVICE[name]}"
    if name and "truncated" in str(error).lower():
        return f"{name} cut short"
    if name:
        return f"damaged or unusual {name}"
    if not head:
        return "empty"
    return "no image"
