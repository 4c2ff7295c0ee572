"""The worst mistakes on texts, as a table to read."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

LETTERS = (14, 18, 100)  # of each column, in the size of its headings
LINE = 108  # letters of a line of a text
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
        texts: The texts, worst first; at least one.
        true: The true target of each, in words.
        predicted: The predicted target of each, in words.
        sizes: How wrong each is: of classes, the probability of the predicted class; of numbers,
            the error.
        title: Which texts these are, in words.
    """
    rows = [
        (
            style.plain(name, 14),
            f"{style.plain(label, 14)} {formatting.number(float(size))}",
            "\n".join(style.lines_of(text, width=LINE, most=2)),
        )
        for text, name, label, size in zip(texts, true, predicted, sizes, strict=True)
    ]
    figure, body = layout.frame(title, ROW * (len(rows) + 1) + 10)
    headings = ("true", "predicted", "text, from its beginning")
    layout.table(body, headings, rows, letters=LETTERS, accent=1)
    return figure
