"""Where things stand in a figure, in pixels from its top left corner.

Laid out by hand: twice as fast as matplotlib's layout engines, and a text is where it was put.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import style


def canvas(height: float, *, width: float = style.WIDTH) -> Figure:
    """Give an empty white figure of `width` by `height` pixels."""
    return Figure(figsize=(width / style.DPI, height / style.DPI), dpi=style.DPI, facecolor="white")


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Give axes at a place in pixels, counted from the figure's top left corner."""
    across, down = figure.get_size_inches() * style.DPI
    axes = figure.add_axes(
        (left / across, 1 - (top + height) / down, width / across, height / down)
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=style.SMALL, color=style.QUIET, labelcolor=style.INK)
    return axes


def write(figure: Figure, left: float, top: float, text: str, **how: Any) -> Text:
    """Write `text` (already `plain`) with its top left corner at a place in pixels, and give its artist."""
    across, down = figure.get_size_inches() * style.DPI
    how = {"fontsize": style.TEXT, "color": style.INK, "ha": "left", "va": "top", **how}
    return figure.text(left / across, 1 - top / down, text, **how)


def header(
    figure: Figure, title: str, *, verdict: str | None = None, reason: list[str] | None = None
) -> float:
    """Write the title, the verdict as a coloured badge behind it, and the reason's lines below.

    Returns:
        The height used, in pixels: what comes next starts there.
    """
    heading = write(
        figure, style.MARGIN, 16, style.plain(title, 92), fontsize=style.TITLE, fontweight="bold"
    )
    if verdict:
        color = VERDICTS[verdict].color if verdict in VERDICTS else style.QUIET
        badge = Annotation(
            verdict, (1, 0.5), xycoords=heading, xytext=(12, 0), textcoords="offset points", va="center",
            fontsize=style.TEXT, fontweight="bold", color="white",
            bbox={"boxstyle": "round,pad=0.35", "color": color},
        )  # fmt: skip
        figure.add_artist(badge)
    if reason:
        write(figure, style.MARGIN, 46, "\n".join(reason), color=style.QUIET, linespacing=1.35)
    return header_height(reason)


def header_height(reason: list[str] | None = None) -> float:
    """Height in pixels of a header with these lines of reason."""
    return 48 + (19 * len(reason) + 8 if reason else 0)


def legend(
    figure: Figure,
    handles: list[Line2D],
    labels: list[str],
    *,
    columns: int,
    beside: tuple[float, float] | None = None,
) -> None:
    """Put the figure's legend where it covers no curve: at the bottom, or at `beside` (left, top) in pixels."""
    across, down = figure.get_size_inches() * style.DPI
    left, top = beside or (style.MARGIN, 0)
    figure.legend(
        handles, labels, loc="upper left" if beside else "lower left",
        bbox_to_anchor=(left / across, 1 - top / down if beside else 0), frameon=False, borderaxespad=0.6,
        ncols=columns, fontsize=style.SMALL if beside else style.TEXT, columnspacing=1.8, handlelength=2.2,
    )  # fmt: skip


def message(title: str, text: str) -> Figure:
    """Give a small figure that says `text` in words, where there is nothing to draw."""
    figure = canvas(150)
    top = header(figure, title)
    write(
        figure,
        style.MARGIN,
        top + 14,
        "\n".join(style.lines_of(text)),
        fontsize=style.TEXT + 1,
        color=style.QUIET,
    )
    return figure
