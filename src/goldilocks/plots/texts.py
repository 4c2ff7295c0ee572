"""The worst mistakes on texts, as a table to read."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN, LETTERS = 15, 118  # texts, and characters of each
LEFT = {"true": style.MARGIN, "predicted": 150, "text, from its beginning": 300}  # pixels
ROW = 42  # pixels


def worst_texts(
    texts: Sequence[str],
    true: Sequence[str],
    predicted: Sequence[str],
    sizes: Sequence[float],
    *,
    title: str,
) -> Figure:
    """Draw the beginnings of texts with their true and their predicted target.

    Args:
        texts: The texts, worst first; the first 15 are shown.
        true: The true target of each, in words.
        predicted: The predicted target of each, in words.
        sizes: How wrong each is: of classes, the probability of the predicted class; of numbers,
            the error.
        title: Which texts these are, in words.
    """
    if not len(texts):
        return layout.message(title, "There are no mistakes among these rows.")
    rows = min(len(texts), SHOWN)
    figure, body = layout.frame(title, ROW * (rows + 1) + 10)
    axes = layout.paper(body)
    for heading, left in LEFT.items():
        layout.write(axes, left, 6, heading, fontweight="bold")

    for row in range(rows):
        top = 32 + ROW * row
        answer = f"{style.plain(predicted[row], 14)} {formatting.number(float(sizes[row]))}"
        lines = "\n".join(style.lines_of(texts[row], width=LETTERS, most=2))
        true_left, predicted_left, text_left = LEFT.values()
        layout.write(axes, true_left, top, style.plain(true[row], 16))
        layout.write(axes, predicted_left, top, answer, color=style.VALIDATION)
        layout.write(axes, text_left, top, lines, fontsize=style.SMALL, linespacing=1.3)
    return figure
