"""Images of more than 8 bits a channel -> 8 bits, by one range for all files of a data set."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION

from goldilocks.dataset.readers.content import UnreadableFile

Levels = tuple[float, float]  # The values that become 0 and 255.

# The highest values of masks and of 8, 10, 12, 14 and 16 bits.
WHITES = (1, 255, 1023, 4095, 16383, 65535)
# Of 16-bit colours Pillow keeps the high bytes. Read in these raw modes, it keeps the low ones.
LOW_BYTES = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B",
    "RGBA;16B": "RGBA;16L",
    "RGBA;16L": "RGBA;16B",
    "RGBA;16N": "RGBA;16B",
    "LA;16B": "RGBA",  # High and low bytes of gray, then of alpha.
}


def levels_of(low: float, high: float) -> Levels:
    """Return what becomes 0 and 255 in images of more than 8 bits.

    This is the range of the fewest bits that hold their values; or that of the values, where they
    use less than an eighth of it, are negative or have more than 16 bits.

    Args:
        low: The lowest value of all images.
        high: The highest one.

    >>> levels_of(3, 3800), levels_of(32000, 34000), levels_of(0.0, 0.9)
    ((0.0, 4095.0), (32000.0, 34000.0), (0.0, 1.0))
    """
    white = next((white for white in WHITES if high <= white), None)
    if white is None or low < 0 or 0 < (high - low) * 8 < white:
        return float(low), float(high)
    return 0.0, float(white)


def values(image: ImageFile.ImageFile, path: str | Path) -> np.ndarray | None:
    """Return the values of an image of more than 8 bits a channel, without its transparency.

    Args:
        image: As Pillow opened it, not loaded yet.
        path: Of its file.

    Returns:
        Integers or float32 (height, width), or uint16 (height, width, 3); None of 8 bits or less.

    Raises:
        UnreadableFile: A value is no number, or Pillow would read it wrongly.
    """
    tags = getattr(image, "tag_v2", {})  # Of a TIFF.
    arguments = image.tile[0].args if image.tile else ""
    mode = arguments[0] if isinstance(arguments, tuple) else str(arguments)
    is_gray = image.mode[0] in "IF"
    if not is_gray and mode not in LOW_BYTES and 16 not in tags.get(BITSPERSAMPLE, ()):
        return None

    is_read = is_gray or (mode in LOW_BYTES and tags.get(PLANAR_CONFIGURATION) != 2)
    if not is_read or tags.get(PHOTOMETRIC_INTERPRETATION) == 0:
        raise UnreadableFile("16-bit TIFF in planes, in CMYK or with white as 0; save it as PNG")
    loaded = np.asarray(image)
    if is_gray:
        if not np.isfinite(loaded).all():
            raise UnreadableFile("values that are no numbers (NaN)")
        return loaded

    with Image.open(path, formats=[str(image.format)]) as again:
        for index, tile in enumerate(again.tile):
            rest = tile.args[1:] if isinstance(tile.args, tuple) else ()
            again.tile[index] = tile._replace(args=(LOW_BYTES[mode], *rest))
        low_bytes = np.asarray(again)
    if mode == "LA;16B":
        low_bytes = low_bytes[..., [1, 1, 1]]
    return loaded[..., :3].astype(np.uint16) << 8 | low_bytes[..., :3]


def scaled(deep: np.ndarray, image: Image.Image, levels: Levels) -> Image.Image:
    """Return an image with 8 bits a channel.

    Args:
        deep: As `values` returned it.
        image: The loaded image, whose transparency is kept.
        levels: What becomes 0 and 255; values beyond become these, too.
    """
    low, high = levels
    shares = (deep.astype(np.float32) - low) / ((high - low) or 1)
    result = Image.fromarray(np.rint(shares.clip(0, 1) * 255).astype(np.uint8))
    color = image.info.get("transparency")
    if image.mode == "RGBA":
        result.putalpha(image.getchannel("A"))
    elif color is not None:
        result.putalpha(Image.fromarray((np.atleast_3d(deep) != color).any(axis=-1)))
    return result
