"""Gray images of more than 8 bits -> 8 bits, by one range for all files of a data set."""

import numpy as np
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION

from goldilocks.dataset.readers.content import UnreadableFile

Levels = tuple[float, float]  # The values that become 0 and 255.

# The highest values of masks and of 8, 10, 12, 14 and 16 bits.
WHITES = (1, 255, 1023, 4095, 16383, 65535)
# The highest byte of 16-bit colours that use 14 bits of 16 at most: 16,383 // 256.
HIGHEST_OF_14_BITS = 63


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


def values(image: ImageFile.ImageFile) -> np.ndarray | None:
    """Return the values of a gray image of more than 8 bits, integers or float32 (height, width).

    None of 8 bits, and of 16-bit colours, of which Pillow shows the high bytes, as viewers do.

    Args:
        image: As Pillow opened it, not loaded yet.

    Raises:
        UnreadableFile: A value is no number, or Pillow would read it wrongly.
    """
    tags = getattr(image, "tag_v2", {})  # Of a TIFF.
    is_gray = image.mode[0] in "IF"
    is_deep = is_gray or ";16" in str(image.tile) or 16 in tags.get(BITSPERSAMPLE, ())
    if not is_deep:
        return None
    if (
        tags.get(PLANAR_CONFIGURATION) == 2
        or tags.get(PHOTOMETRIC_INTERPRETATION) == 0
        or image.mode == "CMYK"
    ):
        raise UnreadableFile("16-bit TIFF in planes, in CMYK or with white as 0; save it as PNG")

    if not is_gray:
        if np.asarray(image.convert("RGB")).max() <= HIGHEST_OF_14_BITS:
            raise UnreadableFile("16-bit colours that use 14 bits or fewer; save it with 8 bits")
        return None
    loaded = np.asarray(image)
    if "transparency" in image.info:
        raise UnreadableFile("16 bits with a transparent gray; save it with 8 bits")
    if not np.isfinite(loaded).all():
        raise UnreadableFile("values that are no numbers (NaN)")
    return loaded


def scaled(deep: np.ndarray, levels: Levels) -> Image.Image:
    """Return a gray image of 8 bits.

    Args:
        deep: As `values` returned it.
        levels: What becomes 0 and 255; values beyond become these, too.
    """
    low, high = levels
    fractions = (deep.astype(np.float32) - low) / max(high - low, np.finfo(np.float32).tiny)
    return Image.fromarray(np.rint(fractions.clip(0, 1) * 255).astype(np.uint8))
