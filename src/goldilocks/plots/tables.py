"""Tables to read: the worst rows of a table or texts, and neighbours of words."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from matplotlib.typing import ColorType
from pandas.api.types import is_float_dtype

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN_COLUMNS = 8
LETTERS, SHORTEST = 104, 18  # of a line: of all columns of a row, and of one
ROW, LINE = 25, 17  # pixels of a row of one line, and of each other line
LETTER = 9.5  # pixels of a letter, and of the space around it


def worst_rows(
    frame: pd.DataFrame,
    true: Sequence[str],
    predicted: Sequence[str],
    *,
    title: str,
    unit: str = "",
) -> Figure:
    """Draw rows of a table, or texts, with their true and predicted targets.

    Args:
        frame: The rows, worst first; the first 8 columns are shown, and of long texts the
            beginning. The index names the row.
        true: The true target of each row, in words, (rows,).
        predicted: The predicted target of each row, in words, (rows,).
        title: Which rows these are, in words.
        unit: Unit of true and predicted, for people.
    """
    shown = frame.iloc[:, :SHOWN_COLUMNS]
    numbers = shown.apply(
        lambda column: column.map(formatting.number) if is_float_dtype(column) else column
    )
    suffix = f" ({unit})" if unit else ""
    targets = {f"true{suffix}": true, f"predicted{suffix}": predicted}
    cells = pd.concat([pd.DataFrame(targets, index=frame.index), numbers], axis="columns")
    cells.insert(0, "row", frame.index, allow_duplicates=True)

    lines = []
    if frame.shape[1] > SHOWN_COLUMNS:
        lines.append(f"{frame.shape[1] - SHOWN_COLUMNS} more columns are not shown")
    width = max(SHORTEST, LETTERS // shown.shape[1])
    wrapped = cells.map(lambda text: "\n".join(style.lines_of(str(text), width=width, most=2)))
    return _table(title, wrapped, lines=lines, accent=2)


def neighbours(words: Mapping[str, pd.Series], *, title: str) -> Figure:
    """Draw words and their nearest neighbours, each with the cosine of the angle.

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
        blue = [(style.PALETTE[0], 0.45 * max(0.0, cosine) ** 4) for cosine in cosines]
        colors.append(["white", *blue])

    cells = pd.DataFrame(texts)
    cells.columns = ["word", "nearest neighbours", *[""] * (cells.shape[1] - 2)]
    lines = ["Beside each neighbour: the cosine of the angle to it; 1 is the same direction."]
    return _table(title, cells, lines=lines, colors=colors)


def _table(
    title: str,
    cells: pd.DataFrame,
    *,
    lines: Sequence[str] = (),
    colors: Sequence[Sequence[ColorType]] | None = None,
    accent: int | None = None,
) -> Figure:
    """Draw a table.

    Args:
        title: In bold on top.
        cells: Texts, already `plain`, of one line or two; columns as wide as their texts.
        lines: Already `plain`, in grey below the title.
        colors: Behind the cells; None for white.
        accent: The column whose texts are coloured, or None.
    """
    headings = [style.plain(name, 24) for name in cells.columns]
    texts = pd.DataFrame([headings, *cells.to_numpy().tolist()])
    breaks = int(texts.map(lambda text: text.count("\n")).to_numpy().max())
    height = len(texts) * (ROW + LINE * breaks)
    letters = texts.map(lambda text: 2 + max(map(len, text.split("\n")))).max()
    figure, body = layout.frame(title, height + 2 * layout.PADDING, lines=lines)

    step = min(LETTER, (style.WIDTH - 2 * style.MARGIN) / letters.sum())
    width = step * letters.sum() / style.WIDTH
    axes = body.add_axes((style.MARGIN / style.WIDTH, 0, width, 1))
    axes.axis("off")
    drawn = axes.table(
        texts[1:].to_numpy().tolist(),
        colors,
        colLabels=headings,
        colWidths=letters.tolist(),
        cellLoc="left",
        colLoc="left",
        bbox=Bbox.from_bounds(0, 0.05, 1, 0.9),
    )

    drawn.auto_set_font_size(False)
    drawn.set_fontsize(min(style.TEXT, step * 1.15))
    for (row, column), cell in drawn.get_celld().items():
        cell.set(edgecolor="white")
        cell.set_text_props(color=style.VALIDATION if row and column == accent else style.INK)
        if row == 0:
            cell.set_text_props(fontweight="bold")
    return figure
