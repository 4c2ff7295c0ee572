"""Predicted probabilities: how well they tell classes apart, and whether they hold."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from goldilocks.evaluation.probabilities import Calibration, Curve
from goldilocks.formatting import number, percent
from goldilocks.plots import layout, style

MOST_CURVES = len(style.PALETTE)


def precision_recall_roc(
    curves: Sequence[Curve], decided: Mapping[str, tuple[float, float]], *, title: str
) -> Figure:
    """Draw precision over recall, and true over false positive rates, of each class or label.

    Args:
        curves: The classes, the rarest first.
        decided: Recall and precision of what is predicted, by class: a dot.
        title: What was trained, and which classes are drawn.
    """
    if not curves:
        return layout.message(title, "No class has rows of its own beside rows of another one.")

    figure, (left, right) = layout.panels(title, 500, columns=2)
    labels = []
    for curve, color in zip(curves, style.PALETTE, strict=False):
        # The last point is a convention: a precision of 1 where nothing is predicted.
        left.step(*curve.precisions[:, :-1], where="post", color=color, linewidth=1.6)
        left.axhline(curve.share, color=color, linewidth=1, linestyle=":")
        left.plot(*decided[curve.name], "o", color=color, mec=style.INK, markersize=8, zorder=4)
        right.plot(*curve.rates, color=color, linewidth=1.6)
        labels.append(
            f"{style.plain(curve.name, 24)} ({percent(curve.share)} of the rows): average "
            f"precision {number(curve.average_precision, 3)}, auc {number(curve.auc, 3)}"
        )

    right.plot([0, 1], [0, 1], ":", color=style.QUIET, linewidth=1)
    left.set(xlabel="recall", ylabel="precision")
    right.set(xlabel="false positive rate", ylabel="true positive rate")
    for axes in (left, right):
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), box_aspect=1)
    left.set_title(
        "dot: what is predicted; dotted: share of the rows", loc="left", pad=10, **style.NOTE
    )
    right.set_title("dotted: by chance", loc="left", pad=10, **style.NOTE)
    layout.legend(right, right.get_lines()[: len(labels)], labels, columns=1 + (len(labels) > 1))
    return figure


def calibration(held: Calibration, *, of: str) -> Figure:
    """Draw how often what is predicted with some probability is so.

    Args:
        held: The bins.
        of: What the probability is of.
    """
    title = f"Calibration: error {number(held.error, 2)}, by chance {number(held.by_chance, 2)}"
    notes = [
        f"The error is the mean distance of the dots from the line, over {held.rows.sum():,} rows;",
        "by chance: what it would be on so many rows if each probability held.",
    ]
    figure, (axes,) = layout.panels(title, 500, width=700, lines=notes)

    error = np.sqrt(held.predicted * (1 - held.predicted) / held.rows)
    both = np.concatenate([held.predicted, held.observed])
    margin = 0.05 * np.ptp(both) + 0.005
    limits = both.min() - margin, both.max() + margin
    axes.plot(limits, limits, "--", color=style.INK, linewidth=1)
    axes.fill_between(
        held.predicted,
        held.predicted - 2 * error,
        held.predicted + 2 * error,
        color=style.FAINT,
        alpha=0.5,
        linewidth=0,
    )
    axes.plot(held.predicted, held.observed, "o-", color=style.TRAIN, markersize=7)
    axes.set(xlim=limits, ylim=limits, box_aspect=1)
    axes.set(xlabel=f"mean probability of {of}", ylabel="share of the rows that are so")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    note = "bins of equally many rows; grey: two standard errors about probabilities that hold"
    axes.set_title(note, loc="left", pad=10, **style.NOTE)
    return figure
