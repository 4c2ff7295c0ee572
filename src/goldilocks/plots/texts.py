"""Texts that were understood worst, as a table to read."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN, LETTERS = 15, 118  # texts, and characters of each


def worst_texts(
    texts: Sequence[str],
    true: Sequence[str],
    predicted: Sequence[str],
    sizes: Sequence[float],
    *,
    title: str,
) -> Figure:
    """Draw the beginnings of texts with what is true and what was predicted of them.

    Args:
        texts: The texts, worst first; the first 15 are shown.
        true: What is true of each, in words.
        predicted: What was said of each, in words.
        sizes: How wrong each is: of classes, the probability given to what was said; of numbers,
            the error.
        title: Which texts these are, in words.
    """
    if not len(texts):
        return layout.message(title, "There are no mistakes among these rows.")
    rows = min(len(texts), SHOWN)
    figure = layout.canvas(layout.header_height() + 42 * (rows + 1) + 10)
    top = layout.header(figure, title) + 6
    for left, heading in (
        (style.MARGIN, "true"),
        (150, "predicted"),
        (300, "text, from its beginning"),
    ):
        layout.write(figure, left, top, heading, fontweight="bold")
    for row in range(rows):
        height = top + 26 + 42 * row
        layout.write(figure, style.MARGIN, height, style.plain(true[row], 16))
        said = f"{style.plain(predicted[row], 14)} {formatting.number(float(sizes[row]))}"
        layout.write(figure, 150, height, said, color=style.VALIDATION)
        lines = style.lines_of(texts[row], width=LETTERS, most=2)
        layout.write(figure, 300, height, "\n".join(lines), fontsize=style.SMALL, linespacing=1.3)
    return figure
