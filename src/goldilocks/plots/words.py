"""Texts with their words' weights."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from goldilocks.plots import layout, style

LINE = 25  # pixels of a line
LETTER = 8.36  # pixels of a letter, all of which are equally wide: 0.602 of 10 points
LETTERS = 131  # of a line, as many as the width has
LINES = 8  # of each text


def weighted_words(
    texts: Sequence[Sequence[tuple[str, float]]], captions: Sequence[str], *, title: str
) -> Figure:
    """Draw texts whose words are coloured by what they add to the evidence.

    Args:
        texts: The words of each text with their weights, in the order to be read; of any scale.
        captions: The class or label that the evidence of each is for, in words.
        title: What is shown, in words.
    """
    lines = [
        "Blue words speak for the predicted class, or for the label, orange words against it "
        "(gradient times input; the stronger, the darker;",
        "each text has its own scale). [UNK] is any word outside of the vocabulary.",
    ]
    placed = [_placed(words) for words in texts]
    heights = [LINE * (words[-1][2] + 2) for words in placed]
    figure, body = layout.frame(title, sum(heights) + LINE, lines=lines)

    top = 0
    for words, caption, height in zip(placed, captions, heights, strict=True):
        layout.write(body, style.MARGIN, top, style.plain(caption, 120), fontweight="bold")
        most = max(abs(weight) for _, weight, _, _ in words) or 1.0
        for text, weight, line, letters in words:
            box = {
                "color": style.PALETTE[0 if weight > 0 else 1],
                "alpha": 0.8 * abs(weight) / most,
                "linewidth": 0,
                "pad": 2,
            }
            left, row = style.MARGIN + LETTER * letters, top + LINE * line
            layout.write(body, left, row, text, family="DejaVu Sans Mono", bbox=box)
        top += height
    return figure


def _placed(words: Sequence[tuple[str, float]]) -> list[tuple[str, float, int, int]]:
    """Return words with their weights, their lines, from 1, and the letters before them.

    "…" ends a text that is too long.
    """
    placed = [("", 0.0, 1, 0)]  # So that a text without words has a line.
    line, letters = 1, 0
    for word, weight in words:
        text = style.plain(word, 40)
        if letters + len(text) > LETTERS:
            line, letters = line + 1, 0
        if line > LINES:
            return [*placed, ("…", 0.0, line, 0)]
        placed.append((text, weight, line, letters))
        letters += len(text) + 1
    return placed
