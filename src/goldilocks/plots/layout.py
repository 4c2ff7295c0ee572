"""The frame of a figure: a header, and below it a body.

matplotlib's `constrained` layout places the panels of charts in the body. Walls of images, tables
and texts are drawn on `paper`, in pixels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from PIL import Image

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import style

TITLE_HEIGHT, LINE_HEIGHT = 48, 19  # pixels
PADDING = 12  # pixels above and below each panel


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
        head.add_artist(_badge(verdict, heading))
    grey = {"color": style.QUIET, "fontsize": style.TEXT, "linespacing": 1.35}
    head.text(left, 1 - 46 / above, "\n".join(lines), **grey, **font)
    return figure, body


def _badge(verdict: str, heading: Text) -> Annotation:
    """Return the verdict in white on its colour, behind the heading."""
    color = VERDICTS[verdict].color if verdict in VERDICTS else style.QUIET
    return Annotation(
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


def hang(axes: Axes, picture: Image.Image, *, left: float, top: float) -> None:
    """Draw a picture on paper, pixel by pixel."""
    edges = (left, left + picture.width, top + picture.height, top)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(np.asarray(picture), extent=edges, aspect="auto", interpolation="nearest")
    axes.set(xlim=limits[0], ylim=limits[1])


def grid(cells: Sequence[Image.Image], *, columns: int, gap: int) -> Image.Image:
    """Return pictures of one size in rows, on white."""
    width, height = cells[0].width + gap, cells[0].height + gap
    wall = Image.new("RGB", (columns * width, -(-len(cells) // columns) * height), "white")
    for index, cell in enumerate(cells):
        wall.paste(cell, (index % columns * width, index // columns * height))
    return wall


def message(title: str, text: str) -> Figure:
    """Return a small figure that says in words why there is nothing to draw."""
    figure, body = frame(title, 102)
    lines = "\n".join(style.lines_of(text))
    write(paper(body), style.MARGIN, 14, lines, fontsize=style.TEXT + 1, color=style.QUIET)
    return figure
