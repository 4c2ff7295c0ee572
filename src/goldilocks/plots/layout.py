"""The frame of a figure: a header, and below it a body.

matplotlib's `constrained` layout places the panels of charts in the body. Images and texts are
placed in pixels.
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Annotation, Text
from matplotlib.transforms import IdentityTransform

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import style

TITLE_HEIGHT, LINE_HEIGHT = 48, 19  # pixels
PADDING = 12  # pixels above and below each panel
LEGEND_ROW = 20  # pixels


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
    head, body = figure.subfigures(2, 1, squeeze=False, height_ratios=[above, height]).flat

    size = {"fontsize": style.TITLE, "fontweight": "bold"}
    heading = write(head, style.MARGIN, 16, style.plain(title, 92), **size)
    if verdict:
        color = VERDICTS[verdict].color if verdict in VERDICTS else style.QUIET
        badge = Annotation(
            verdict,
            (1, 0.5),
            xycoords=heading,
            xytext=(12, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold",
            color="white",
            bbox={"boxstyle": "round,pad=0.35", "color": color},
        )
        head.add_artist(badge)
    write(head, style.MARGIN, 46, "\n".join(lines), color=style.QUIET, linespacing=1.35)
    return figure, body


def panels(
    title: str, height: float, *, rows: int = 1, columns: int = 1, **header: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure as `frame` does, and the empty panels of a grid in it, row by row."""
    figure, body = frame(title, height, **header)
    grid = body.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=style.SMALL, color=style.QUIET, labelcolor=style.INK)
        axes.set_prop_cycle(color=style.PALETTE)
    return figure, list(grid.flat)


def legend(axes: Axes, lines: Sequence[Artist], labels: Sequence[str], *, columns: int) -> None:
    """Put a legend below the panels, where it covers no curve."""
    axes.figure.legend(
        lines,
        labels,
        loc="outside lower left",
        ncols=columns,
        frameon=False,
        borderaxespad=1.2,
        columnspacing=1.8,
        handlelength=2.2,
    )


def write(part: SubFigure, left: float, top: float, text: str, **font: Any) -> Text:
    """Write `text` (already `plain`) on a part of a figure.

    The part begins at the left edge; `left` and `top` are the pixels from its top left corner to
    that of the text.
    """
    font = {"color": style.INK, "ha": "left", "va": "top", **font}
    return part.text(left, part.bbox.y1 - top, text, transform=IdentityTransform(), **font)


def message(title: str, text: str) -> Figure:
    """Return a small figure that says in words why there is nothing to draw."""
    figure, body = frame(title, 102)
    lines = "\n".join(style.lines_of(text))
    write(body, style.MARGIN, 14, lines, fontsize=style.TEXT + 1, color=style.QUIET)
    return figure
