"""The importance of columns to a model, and how it changes over time."""

from collections.abc import Sequence

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
    lines = [
        f"How much the validation loss ({loss}) rises when the values of one column are shuffled "
        "among the rows:",
        f"mean and standard deviation of {repeats} shuffles. Columns with the same information "
        "share their importance.",
    ]
    if count < len(importances):
        lines.append(f"The first {count} of {len(importances)} columns.")
    figure, (axes,) = layout.panels(title, BAR * count + 70, lines=lines)

    names = [style.plain(name, 30) for name in shown.index]
    bars = axes.barh(names, shown["mean"], 0.62, xerr=shown["std"], capsize=3)
    axes.bar_label(bars, shown["mean"].map(formatting.number), padding=3, **style.NOTE)
    axes.axvline(0, color=style.INK, linewidth=0.8)
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
    lines = [
        "How much the prediction moves with a column's value at each point of time: mean absolute",
        f"gradient over {rows} validation windows, per standard deviation of the column.",
    ]
    figure, (axes,) = layout.panels(title, 470, lines=lines)

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
    layout.legend(axes, axes.get_lines(), labels, columns=3)
    return figure
