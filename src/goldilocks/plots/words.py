"""Words with their neighbours in an embedding, and texts with their words' weights."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.typing import ColorType

from goldilocks.plots import layout, style

LINE = 25  # pixels of a line
FOR, AGAINST = style.PALETTE[0], style.PALETTE[1]
LETTER = 8.36  # pixels of a letter, all of which are equally wide: 0.602 of 10 points
LETTERS = 131  # of a line, as many as the width has
LINES = 8  # of each text


def neighbours(words: Mapping[str, pd.Series], *, title: str) -> Figure:
    """Draw a table of words and their nearest neighbours, each with the cosine of the angle.

    Args:
        words: By each word the cosines, -1 to 1, of its neighbours by their names, the nearest
            first; equally many.
        title: What is shown, in words.
    """
    if not words:
        return layout.message(title, "There are no words to show.")
    texts: list[list[str]] = []
    colors: list[list[ColorType]] = []
    for word, cosines in words.items():
        shown = [f"{style.plain(str(other), 14)} {cosine:.2f}" for other, cosine in cosines.items()]
        texts.append([style.plain(word, 18), *shown])
        colors.append(["white", *((FOR, 0.45 * max(0.0, cosine) ** 4) for cosine in cosines)])

    columns = max(map(len, words.values()))
    lines = ["Beside each neighbour: the cosine of the angle to it; 1 is the same direction."]
    figure, body = layout.frame(title, LINE * (len(words) + 1) + 16, lines=lines)
    headings = ["word", "nearest neighbours", *[""] * (columns - 1)]
    layout.table(body, headings, texts, letters=[20] * (columns + 1), colors=colors)
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
    height = LINE * sum(len(rows) + 2 for rows in broken)
    figure, body = layout.frame(title, height, lines=lines)
    axes = layout.paper(body)

    top = 0
    for words, rows, caption in zip(texts, broken, captions, strict=True):
        layout.write(axes, style.MARGIN, top, style.plain(caption, 120), fontweight="bold")
        most = max((abs(weight) for _, weight in words), default=0.0) or 1.0
        for row in rows:
            top += LINE
            for text, weight, letters in row:
                box = {
                    "color": FOR if weight > 0 else AGAINST,
                    "alpha": 0.8 * abs(weight) / most,
                    "linewidth": 0,
                    "pad": 2,
                }
                left = style.MARGIN + LETTER * letters
                layout.write(axes, left, top, text, family="DejaVu Sans Mono", bbox=box)
        top += 2 * LINE
    return figure


def _lines(words: Sequence[tuple[str, float]]) -> list[list[tuple[str, float, int]]]:
    """Break words with weights into lines: each word, its weight, and the letters before it."""
    lines: list[list[tuple[str, float, int]]] = [[]]
    letters = 0
    for word, weight in words:
        text = style.plain(word, 40)
        if letters + len(text) > LETTERS:
            if len(lines) == LINES:
                lines[-1].append(("…", 0.0, letters))
                break
            lines.append([])
            letters = 0
        lines[-1].append((text, weight, letters))
        letters += len(text) + 1
    return lines
