"""Words with their neighbours in an embedding, and texts with their words' weights."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextToPath

from goldilocks.plots import layout, style

LINE, BASELINE = 25, 13  # pixels: a line's height, and where its letters stand
FIRST = style.MARGIN + 150  # pixels: where the neighbours begin
FOR, AGAINST = style.PALETTE[0], style.PALETTE[1]
POINT = style.DPI / 72  # pixels of a typographer's point
FONT = FontProperties(family="DejaVu Sans", size=style.TEXT)
LINES = 8  # of each text
FAINTEST = 0.03  # opacity below which no colour is drawn


def neighbours(
    words: Sequence[str],
    nearest: Sequence[Sequence[str]],
    cosines: Sequence[Sequence[float]],
    *,
    title: str,
) -> Figure:
    """Draw a table of words and their nearest neighbours, each with the cosine of the angle.

    Args:
        words: The words.
        nearest: The neighbours of each, the nearest first.
        cosines: -1 to 1, of the same form.
        title: What is shown, in words.
    """
    if not words:
        return layout.message(title, "There are no words to show.")
    figure, body = layout.frame(title, LINE * (len(words) + 1) + 16)
    axes = layout.paper(body)
    layout.write(axes, style.MARGIN, 0, "word", color=style.QUIET)
    heading = "nearest neighbours, and the cosine of the angle to each: 1 is the same direction"
    layout.write(axes, FIRST, 0, heading, color=style.QUIET)

    most = max(1, *map(len, nearest))
    width = (style.WIDTH - style.MARGIN - FIRST) / most
    limit = max(6, int(width / 8.4) - 6)  # letters of a neighbour
    for row, (word, others, similarities) in enumerate(
        zip(words, nearest, cosines, strict=True), 1
    ):
        top = row * LINE
        _write_word(axes, style.MARGIN, top, style.plain(word, 18), fontweight="bold")
        for column, (other, cosine) in enumerate(zip(others, similarities, strict=True)):
            left = FIRST + column * width
            _shade(axes, left - 5, top, width - 6, FOR, 0.45 * max(0.0, cosine) ** 4)
            _write_word(axes, left, top, f"{style.plain(other, limit)} {cosine:.2f}")
    return figure


def weighted_words(
    texts: Sequence[Sequence[tuple[str, float]]], captions: Sequence[str], *, title: str
) -> Figure:
    """Draw texts whose words are coloured by what they add to the evidence for the class.

    Args:
        texts: The words of each text with their weights, in the order to be read; of any scale.
        captions: The true and the predicted class of each, in words.
        title: What is shown, in words.
    """
    lines = [
        "Blue words speak for the predicted class, orange words against it (gradient times input; "
        "the stronger, the darker;",
        "each text has its own scale). [UNK] is any word outside of the vocabulary.",
    ]
    broken = [_lines(words) for words in texts]
    heights = [LINE * (len(rows) + 1) + 16 for rows in broken]
    figure, body = layout.frame(title, sum(heights), lines=lines)
    axes = layout.paper(body)

    top = 0
    for words, rows, caption, height in zip(texts, broken, captions, heights, strict=True):
        layout.write(axes, style.MARGIN, top, style.plain(caption, 120), fontweight="bold")
        most = max((abs(weight) for _, weight in words), default=0.0) or 1.0
        for number, row in enumerate(rows, 1):
            for word, weight, left, width in row:
                color = FOR if weight > 0 else AGAINST
                line = top + number * LINE
                _shade(axes, left - 2, line, width + 4, color, 0.8 * abs(weight) / most)
                _write_word(axes, left, line, word)
        top += height
    return figure


def _lines(words: Sequence[tuple[str, float]]) -> list[list[tuple[str, float, float, float]]]:
    """Break words with weights into lines: each word with its weight, left edge and width."""
    rows: list[list[tuple[str, float, float, float]]] = [[]]
    left, space = float(style.MARGIN), _width(" ") + 3
    for word, weight in words:
        text = style.plain(word, 40)
        width = _width(text.replace(r"\$", "$"))
        if left + width > style.WIDTH - style.MARGIN and rows[-1]:
            if len(rows) == LINES:
                rows[-1].append(("…", 0.0, left, _width("…")))
                break
            rows.append([])
            left = float(style.MARGIN)
        rows[-1].append((text, weight, left, width))
        left += width + space
    return rows


def _width(text: str) -> float:
    """Return the width of a text in pixels; matplotlib cannot tell that of a space alone."""
    framed, frame = (
        TextToPath().get_text_width_height_descent(letters, FONT, ismath=False)[0]
        for letters in (f"n{text}n", "nn")
    )
    return (framed - frame) * POINT


def _write_word(axes: Axes, left: float, top: float, word: str, **font: str) -> None:
    layout.write(axes, left, top + BASELINE, word, va="baseline", **font)


def _shade(axes: Axes, left: float, top: float, width: float, color: str, opacity: float) -> None:
    """Colour the paper behind a word; lighter than full, so that black stays readable."""
    if opacity < FAINTEST:
        return
    mixed = tuple(1 - opacity * (1 - np.asarray(to_rgb(color))))
    axes.add_patch(
        Rectangle((left, top - 3), width, LINE - 3, facecolor=mixed, linewidth=0, zorder=0)
    )
