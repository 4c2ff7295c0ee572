"""The importance of columns to a model, and how it changes over time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.plots import layout, style

SHOWN, BAR = 30, 26  # columns, and pixels of each
CURVES = 5


def importance_bars(importances: pd.DataFrame, *, loss: str, repeats: int, title: str) -> Figure:
    """Draw how much the loss rises when a column is shuffled, a bar for each, with its spread.

    Args:
        importances: A row for each column, by its name: "mean" and "std" of the rise over the
            shuffles; the most important first. The first 30 are drawn.
        loss: Its name.
        repeats: Shuffles of each column.
        title: What is shown, in words.
    """
    shown = importances[:SHOWN]
    count = len(shown)
    lines = style.lines_of(
        f"How much the validation loss ({loss}) rises when the values of one column are shuffled "
        f"among the rows: mean and standard deviation of {repeats} shuffles. Columns with the same "
        "information share their importance.",
        width=140,
    )
    if count < len(importances):
        lines.append(f"The first {count} of {len(importances)} columns.")
    figure, body = layout.frame(title, BAR * count + 70, lines=lines)
    (axes,) = layout.panels(body)

    rises, error = shown["mean"], {"elinewidth": 1.2, "capsize": 3}
    bars = axes.barh(
        range(count), rises, 0.62, xerr=shown["std"], color=style.TRAIN, error_kw=error
    )
    labels: dict[str, Any] = {"padding": 3, "fontsize": style.SMALL, "color": style.QUIET}
    axes.bar_label(bars, [formatting.number(rise) for rise in rises], **labels)
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.set_yticks(range(count), [style.plain(name, 30) for name in shown.index])
    axes.set(ylim=(count - 0.4, -0.6), xlabel=f"rise of {loss}")
    axes.margins(x=0.08)
    return figure


def saliency_over_time(
    strengths: np.ndarray, offsets: np.ndarray, columns: Sequence[str], *, rows: int, title: str
) -> Figure:
    """Draw how strongly a prediction depends on each column at each point of time in its input.

    Args:
        strengths: Mean absolute gradient with respect to standardized values, float (time steps,
            columns).
        offsets: Points of time before the last one in the input, (time steps,): 0 is the last.
        columns: Their names; the five strongest are drawn, and the sum of all.
        rows: How many windows the mean is over.
        title: What is shown, in words.
    """
    lines = style.lines_of(
        "How much the prediction moves with a column's value at each point of time: mean absolute "
        f"gradient over {rows} validation windows, per standard deviation of the column.",
        width=140,
    )
    figure, body = layout.frame(title, 470, lines=lines)
    (axes,) = layout.panels(body)

    labels = []
    if len(columns) > 1:
        axes.plot(-offsets, strengths.sum(axis=1), color=style.FAINT, linewidth=2.4)
        labels.append("all columns together")
    strongest = np.argsort(-strengths.mean(axis=0), kind="stable")[:CURVES]
    for color, column in zip(style.PALETTE, strongest, strict=False):
        axes.plot(-offsets, strengths[:, column], color=color, linewidth=1.3)
        labels.append(style.plain(columns[int(column)], 30))

    axes.set(
        xlabel="point of time, counted back from the last one in the input (0)",
        ylabel="mean absolute gradient",
    )
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    layout.legend(body, axes.get_lines(), labels, columns=3)
    return figure
