"""What columns are worth to a model, and when."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN, BAR = 30, 26  # columns, and pixels of each
CURVES = 5


def importance_bars(
    columns: Sequence[str],
    means: Sequence[float],
    stds: Sequence[float],
    *,
    loss: str,
    repeats: int,
    title: str,
) -> Figure:
    """Draw by how much the loss rises when a column is shuffled, a bar for each, with its spread.

    Args:
        columns: Their names, the most important first; the first 30 are drawn.
        means: Rise of the loss, (columns,).
        stds: Standard deviation over the shuffles, (columns,).
        loss: Its name.
        repeats: Shuffles of each column.
        title: What is shown, in words.
    """
    count = min(len(columns), SHOWN)
    said = (
        f"How much the validation loss ({loss}) rises when the values of one column are shuffled "
        "among the rows: mean "
        f"and standard deviation of {repeats} shuffles. Columns that say the same share their "
        "importance."
    )
    lines = style.lines_of(said, width=140)
    lines += [f"The first {count} of {len(columns)} columns."] if count < len(columns) else []
    figure = layout.canvas(layout.header_height(lines) + BAR * count + 70)
    top = layout.header(figure, title, reason=lines)
    axes = layout.panel(figure, 250, top + 8, style.WIDTH - 340, BAR * count)
    places = np.arange(count)
    axes.barh(places, means[:count], height=0.62, color=style.TRAIN)
    axes.errorbar(
        means[:count],
        places,
        xerr=stds[:count],
        fmt="none",
        ecolor=style.INK,
        elinewidth=1.2,
        capsize=3,
    )
    reach = [mean + std for mean, std in zip(means[:count], stds[:count], strict=True)]
    span = max(*reach, 0.0) - min(*means[:count], 0.0) or 1.0
    for place in range(count):
        at = max(reach[place], 0.0) + 0.01 * span
        axes.text(
            at,
            place,
            formatting.number(float(means[place])),
            va="center",
            fontsize=style.SMALL,
            color=style.QUIET,
        )
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.set_yticks(places, [style.plain(name, 30) for name in columns[:count]])
    axes.set(ylim=(count - 0.4, -0.6), xlabel=f"rise of {loss}")
    axes.margins(x=0.08)
    return figure


def saliency_over_time(
    strengths: np.ndarray, offsets: np.ndarray, columns: Sequence[str], *, rows: int, title: str
) -> Figure:
    """Draw how strongly a prediction hangs on each column at each point of time that it sees.

    Args:
        strengths: Mean absolute gradient with respect to standardized values, float (time steps,
            columns).
        offsets: Points of time before the last one seen, (time steps,): 0 is the last.
        columns: Their names; the five strongest are drawn, and the sum of all.
        rows: How many windows the mean is over.
        title: What is shown, in words.
    """
    said = (
        "How much the prediction moves with a column's value at each point of time: mean absolute "
        "gradient over "
        f"{rows} validation windows, per standard deviation of the column."
    )
    lines = style.lines_of(said, width=140)
    figure = layout.canvas(layout.header_height(lines) + 470)
    top = layout.header(figure, title, reason=lines)
    axes = layout.panel(figure, 84, top + 8, style.WIDTH - 120, 360)
    strongest = np.argsort(-strengths.mean(axis=0), kind="stable")[:CURVES]
    if len(columns) > 1:
        axes.plot(
            -offsets,
            strengths.sum(axis=1),
            color=style.FAINT,
            linewidth=2.4,
            label="all columns together",
        )
    for colour, place in zip(style.PALETTE, strongest, strict=False):
        axes.plot(
            -offsets,
            strengths[:, place],
            color=colour,
            linewidth=1.3,
            label=style.plain(columns[int(place)], 30),
        )
    axes.set(
        xlabel="point of time, counted back from the last one seen (0)",
        ylabel="mean absolute gradient",
    )
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    handles = axes.get_lines()
    layout.legend(figure, handles, [str(line.get_label()) for line in handles], columns=3)
    return figure
