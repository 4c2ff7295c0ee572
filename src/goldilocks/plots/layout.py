"""The frame of a figure: a header, and below it a body.

matplotlib's `constrained` layout places the panels of charts in the body. Images and texts are
placed in pixels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from matplotlib.typing import ColorType
from PIL import Image

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import style

TITLE_HEIGHT, LINE_HEIGHT = 48, 19  # pixels
PADDING = 12  # pixels above and below each panel
CAPTION = 22  # pixels of a line of a caption


def frame(
    title: str,
    height: float,
    *,
    width: float = style.WIDTH,
    lines: Sequence[str] = (),
    verdict: str | None = None,
) -> tuple[Figure, SubFigure]:
    """Return a white figure with its header, and the empty body below it.

    Args:
        title: In bold on top.
        height: Of the body, in pixels.
        width: Of the figure, in pixels.
        lines: Already `plain`, in grey below the title.
        verdict: Shown as a coloured badge behind the title, or None.
    """
    above = TITLE_HEIGHT
    if lines:
        above += LINE_HEIGHT * len(lines) + 8
    figure = Figure(
        figsize=(width / style.DPI, (above + height) / style.DPI),
        dpi=style.DPI,
        facecolor="white",
        layout=ConstrainedLayoutEngine(w_pad=style.MARGIN / style.DPI, h_pad=PADDING / style.DPI),
    )
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[above, height])
    head, body = parts.flat

    left, font = style.MARGIN / width, {"ha": "left", "va": "top"}
    bold = {"color": style.INK, "fontsize": style.TITLE, "fontweight": "bold"}
    heading = head.text(left, 1 - 16 / above, style.plain(title, 92), **bold, **font)
    if verdict:
        color = VERDICTS[verdict].color if verdict in VERDICTS else style.QUIET
        badge = Annotation(
            verdict,
            (1, 0.5),
            xycoords=heading,
            xytext=(12, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.TEXT,
            fontweight="bold",
            color="white",
            bbox={"boxstyle": "round,pad=0.35", "color": color},
        )
        head.add_artist(badge)
    grey = {"color": style.QUIET, "fontsize": style.TEXT, "linespacing": 1.35}
    head.text(left, 1 - 46 / above, "\n".join(lines), **grey, **font)
    return figure, body


def panels(body: SubFigure, rows: int = 1, columns: int = 1, **options: Any) -> list[Axes]:
    """Return the empty panels of a grid, row by row; matplotlib's `subplots` takes the options."""
    grid = body.subplots(rows, columns, squeeze=False, **options)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=style.SMALL, color=style.QUIET, labelcolor=style.INK)
    return list(grid.flat)


def legend(
    body: SubFigure,
    handles: Sequence[Line2D],
    labels: Sequence[str],
    *,
    columns: int,
    at_right: bool = False,
) -> None:
    """Put a legend where it covers no curve: below the panels, or at their right."""
    body.legend(
        handles,
        labels,
        loc="outside right upper" if at_right else "outside lower left",
        ncols=columns,
        fontsize=style.SMALL if at_right else style.TEXT,
        frameon=False,
        borderaxespad=1.2,
        columnspacing=1.8,
        handlelength=2.2,
    )


def paper(part: SubFigure) -> Axes:
    """Return invisible axes over a whole part of a figure: pixels from its top left corner."""
    axes = part.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set(xlim=(0, part.bbox.width), ylim=(part.bbox.height, 0))
    return axes


def write(axes: Axes, left: float, top: float, text: str, **font: Any) -> Text:
    """Write `text` (already `plain`) on paper, with its top left corner at a place in pixels."""
    font = {"fontsize": style.TEXT, "color": style.INK, "ha": "left", "va": "top", **font}
    return axes.text(left, top, text, **font)


def gallery(
    title: str,
    pictures: Sequence[Image.Image],
    *,
    columns: int,
    gap: int,
    captions: Sequence[str] = (),
    lines: Sequence[str] = (),
) -> Figure:
    """Draw pictures of one size in rows, pasted into one: ten times as fast as axes for each.

    Args:
        title: In bold on top.
        pictures: At least one, in pixels of the figure.
        columns: Pictures in a row.
        gap: Pixels between them.
        captions: Already `plain`, one below each picture; empty for none.
        lines: Already `plain`, in grey below the title.
    """
    below = max((1 + caption.count("\n") for caption in captions), default=0) * CAPTION
    width, height = pictures[0].width + gap, pictures[0].height + below + gap
    rows = -(-len(pictures) // columns)
    wall = Image.new("RGB", (columns * width, rows * height), "white")
    figure, body = frame(title, wall.height, lines=lines)
    for index, picture in enumerate(pictures):
        wall.paste(picture, (index % columns * width, index // columns * height))
    figure.figimage(np.asarray(wall), style.MARGIN, 0)

    axes = paper(body)
    for index, caption in enumerate(captions):
        centre = style.MARGIN + index % columns * width + pictures[0].width / 2
        top = index // columns * height + pictures[0].height + 5
        write(axes, centre, top, caption, ha="center", fontsize=style.SMALL)
    return figure


def picture(pixels: np.ndarray, width: int) -> Image.Image:
    """Return pixels, uint8 (height, width, 1 or 3), in colour and in another width.

    Strong enlargements show the pixels.
    """
    colour = Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
    ratio = width / colour.width
    resampling = Image.Resampling.BICUBIC if ratio < 3 else Image.Resampling.NEAREST
    return colour.resize((width, max(1, round(colour.height * ratio))), resampling)


def table(
    part: SubFigure,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    letters: Sequence[int],
    colors: Sequence[Sequence[ColorType]] | None = None,
    accent: int | None = None,
) -> None:
    """Draw a table over a whole part of a figure.

    Args:
        part: As high as the rows and the headings need.
        headings: Of the columns, already `plain`.
        rows: The texts of the cells, already `plain`.
        letters: Width of each column, in letters.
        colors: Behind the cells; None for white.
        accent: The column whose texts are coloured, or None.
    """
    width, height = part.bbox.width, part.bbox.height
    step = min(9.5, (width - 2 * style.MARGIN) / sum(letters))  # pixels of a letter
    bounds = (style.MARGIN / width, PADDING / height, step * sum(letters) / width, 1)
    axes = part.add_axes(bounds)
    axes.axis("off")
    drawn = axes.table(
        rows,
        colors,
        colLabels=headings,
        colWidths=letters,
        cellLoc="left",
        colLoc="left",
        bbox=Bbox.from_bounds(0, 0, 1, 1 - PADDING / height),
    )

    drawn.auto_set_font_size(False)
    drawn.set_fontsize(min(style.TEXT, step * 1.15))
    for (row, column), cell in drawn.get_celld().items():
        cell.set_edgecolor("white")
        cell.set_text_props(color=style.INK)
        if row == 0:
            cell.set_text_props(fontweight="bold")
        elif column == accent:
            cell.set_text_props(color=style.VALIDATION)


def message(title: str, text: str) -> Figure:
    """Return a small figure that says in words why there is nothing to draw."""
    figure, body = frame(title, 102)
    lines = "\n".join(style.lines_of(text))
    write(paper(body), style.MARGIN, 14, lines, fontsize=style.TEXT + 1, color=style.QUIET)
    return figure
