"""Words with their neighbours in an embedding, and texts with the words that a prediction hangs on."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextToPath

from goldilocks.plots import layout, style

LINE, BASELINE = 25, 13  # pixels: a line's height, and where its letters stand
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
    """Draw a table of words and their nearest neighbours, each with the cosine of the angle between the two.

    Args:
        words: The words.
        nearest: The neighbours of each, the nearest first.
        cosines: -1 to 1, of the same form.
        title: What is shown, in words.
    """
    if not words:
        return layout.message(title, "There are no words to show.")
    figure = layout.canvas(layout.header_height() + LINE * (len(words) + 1) + 16)
    top = layout.header(figure, title)
    most = max(1, *map(len, nearest))
    wide = (style.WIDTH - 2 * style.MARGIN - 150) / most
    layout.write(figure, style.MARGIN, top, "word", color=style.QUIET)
    said = "nearest neighbours, and the cosine of the angle to each: 1 is the same direction"
    layout.write(figure, style.MARGIN + 150, top, said, color=style.QUIET)
    for row, (word, around, near) in enumerate(zip(words, nearest, cosines, strict=True), 1):
        down = top + row * LINE
        layout.write(
            figure,
            style.MARGIN,
            down + BASELINE,
            style.plain(word, 18),
            va="baseline",
            fontweight="bold",
        )
        for column, (other, cosine) in enumerate(zip(around, near, strict=True)):
            left, limit = style.MARGIN + 150 + column * wide, max(6, int(wide / 8.4) - 6)
            _shade(figure, left - 5, down - 3, wide - 6, FOR, 0.45 * max(0.0, cosine) ** 4)
            layout.write(
                figure,
                left,
                down + BASELINE,
                f"{style.plain(other, limit)} {cosine:.2f}",
                va="baseline",
            )
    return figure


def weighed(
    texts: Sequence[Sequence[tuple[str, float]]], captions: Sequence[str], *, title: str
) -> Figure:
    """Draw texts whose words are coloured by what they add to the evidence for the predicted class.

    Args:
        texts: The words of each text with their weights, in the order to be read; of any scale.
        captions: What is true and what was said of each, in words.
        title: What is shown, in words.
    """
    lines = [
        "Blue words speak for what the network said, orange words against it (gradient times "
        "input; the stronger, the"
    ]
    lines += ["darker; each text has its own scale). [UNK] is any word outside of the vocabulary."]
    laid = [_lines(words) for words in texts]
    heights = [LINE * (len(rows) + 1) + 16 for rows in laid]
    figure = layout.canvas(layout.header_height(lines) + sum(heights))
    down = layout.header(figure, title, reason=lines)
    for words, rows, caption, height in zip(texts, laid, captions, heights, strict=True):
        layout.write(figure, style.MARGIN, down, style.plain(caption, 120), fontweight="bold")
        most = max((abs(weight) for _, weight in words), default=0.0) or 1.0
        for row, placed in enumerate(rows, 1):
            for word, weight, left, wide in placed:
                colour, strength = (FOR if weight > 0 else AGAINST), 0.8 * abs(weight) / most
                _shade(figure, left - 2, down + row * LINE - 3, wide + 4, colour, strength)
                layout.write(figure, left, down + row * LINE + BASELINE, word, va="baseline")
        down += height
    return figure


def _lines(words: Sequence[tuple[str, float]]) -> list[list[tuple[str, float, float, float]]]:
    """Words with weights, broken into lines: each word with its weight, left edge and width in pixels."""
    rows: list[list[tuple[str, float, float, float]]] = [[]]
    left, space = float(style.MARGIN), _width(" ") + 3
    for word, weight in words:
        text = style.plain(word, 40)
        wide = _width(text.replace(r"\$", "$"))
        if left + wide > style.WIDTH - style.MARGIN and rows[-1]:
            if len(rows) == LINES:
                rows[-1].append(("…", 0.0, left, _width("…")))
                break
            rows.append([])
            left = float(style.MARGIN)
        rows[-1].append((text, weight, left, wide))
        left += wide + space
    return rows


def _width(text: str) -> float:
    """The width of a text in pixels; that of a space is not known to matplotlib alone."""
    bare = TextToPath().get_text_width_height_descent(f"n{text}n", FONT, ismath=False)[0]
    return (bare - TextToPath().get_text_width_height_descent("nn", FONT, ismath=False)[0]) * POINT


def _shade(
    figure: Figure, left: float, top: float, width: float, colour: str, opacity: float
) -> None:
    """Colour the paper behind a word; lighter than full, so that black stays readable."""
    if opacity < FAINTEST:
        return
    across, down = figure.get_size_inches() * style.DPI
    mixed = tuple(1 - opacity * (1 - np.asarray(to_rgb(colour))))
    figure.add_artist(
        Rectangle((left / across, 1 - (top + LINE - 3) / down), width / across, (LINE - 3) / down,
                  facecolor=mixed, linewidth=0, zorder=0, transform=figure.transFigure)
    )  # fmt: skip
