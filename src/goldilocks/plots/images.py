"""Galleries of images: samples, augmented variants, and the worst mistakes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from goldilocks.plots import layout, style

COLUMNS, CELL, GAP = 5, 212, 8  # images in a row, and pixels, so that 5 fill the width
LETTERS = 28  # of a line below an image


def gallery(images: np.ndarray, labels: Sequence[str], *, title: str) -> Figure:
    """Draw images, each over its label.

    Args:
        images: uint8 (rows, height, width, 1 or 3); at least one row.
        labels: What each image shows, (rows,).
        title: What these are, in words.
    """
    pictures = [layout.picture(image, CELL) for image in images]
    captions = [style.plain(label, LETTERS) for label in labels]
    return layout.gallery(title, pictures, columns=COLUMNS, gap=GAP, captions=captions)


def worst_mistakes(
    images: np.ndarray,
    true: Sequence[str],
    predicted: Sequence[str],
    probability: Sequence[float] | np.ndarray,
    *,
    title: str,
) -> Figure:
    """Draw a classifier's most confident mistakes, each over its two classes.

    Args:
        images: The mistakes, worst first, as in `gallery`.
        true: Name of the true class of each, (rows,).
        predicted: Name of the predicted class, (rows,).
        probability: Of the predicted class, 0 to 1, (rows,).
        title: Which mistakes these are, in words.
    """
    captions = [
        f"true {style.plain(name, LETTERS - 5)}\nsaid {style.plain(label, LETTERS - 10)} {sure:.2f}"
        for name, label, sure in zip(true, predicted, probability, strict=True)
    ]
    pictures = [layout.picture(image, CELL) for image in images]
    return layout.gallery(title, pictures, columns=COLUMNS, gap=GAP, captions=captions)
