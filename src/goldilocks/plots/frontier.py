"""The frontier between underfitting and overfitting: losses of one kind of model against its size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import style


@dataclass(frozen=True, kw_only=True)
class Size:
    """A model of one size.

    Attributes:
        name: What sets it apart.
        weights: How many it has.
        train: Training loss where the training ended.
        validation: Validation loss there.
        best: Validation loss at the best epoch.
        verdict: Of its learning curve.
    """

    name: str
    weights: int
    train: float
    validation: float
    best: float
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The model that was chosen in the end: its name, its weights and its best validation loss."""

    name: str
    weights: int
    best: float


def border(sizes: Sequence[Size]) -> float | None:
    """Where underfitting ends and overfitting begins, in weights; None where no size overfits, or all do.

    It is the geometric mean of the largest size below the first that overfits, and of that one.
    """
    ordered = sorted(sizes, key=lambda size: size.weights)
    first = next((place for place, size in enumerate(ordered) if size.verdict == "overfit"), None)
    return float(np.sqrt(ordered[first - 1].weights * ordered[first].weights)) if first else None


def frontier(
    sizes: Sequence[Size], winner: Winner | None, *, baseline: float, ylabel: str, title: str
) -> Figure:
    """Draw training and validation loss against the number of weights, with the border between the two regimes.

    Args:
        sizes: At least one, in any order.
        winner: Marked with a star; None where there is none.
        baseline: Loss of the dumb predictor.
        ylabel: What the loss is, with its unit.
        title: Of which data.
    """
    ordered = sorted(sizes, key=lambda size: size.weights)
    weights = [size.weights for size in ordered]
    figure = Figure(figsize=(style.WIDTH / style.DPI, 6), dpi=style.DPI, layout="constrained")
    axes = figure.subplots()
    axes.plot(
        weights,
        [size.train for size in ordered],
        "o-",
        color=style.TRAIN,
        label="training loss, at the end",
    )
    axes.plot(
        weights,
        [size.validation for size in ordered],
        "o-",
        color=style.VALIDATION,
        label="validation loss, at the end",
    )
    axes.plot(
        weights, [size.best for size in ordered], "o--", color=style.VALIDATION, alpha=0.6,
        label="validation loss, at the best epoch",
    )  # fmt: skip
    axes.axhline(baseline, color=style.QUIET, linewidth=1, linestyle=":", label="baseline")
    if winner is not None:
        axes.plot(
            [winner.weights], [winner.best], "*", color=style.INK, markersize=15, zorder=5,
            label=f"the winner, at its best epoch: {style.plain(winner.name, 50)}",
        )  # fmt: skip
    axes.set_xscale("log")
    low, high = _logarithmic_ends([*weights, *([winner.weights] if winner else [])])
    axes.set_xlim(low, high)
    values = np.array(
        [each for size in ordered for each in (size.train, size.validation, size.best)] + [baseline]
    )
    finite = values[np.isfinite(values) & (values > 0)]
    if len(finite) and finite.max() > 20 * finite.min():
        axes.set_yscale("log")
    if (where := border(ordered)) is not None:
        axes.axvline(where, color=style.QUIET, linewidth=1)
        axes.axvspan(low, where, color=VERDICTS["underfit"].color, alpha=0.05)
        axes.axvspan(where, high, color=VERDICTS["overfit"].color, alpha=0.05)
        for side, name, place in (("right", "underfit", -6), ("left", "overfit", 6)):
            axes.annotate(
                name, (where, 1), (place, -6), xycoords=("data", "axes fraction"), textcoords="offset points",
                ha=side, va="top", color=VERDICTS[name].color, fontsize=style.TITLE,
            )  # fmt: skip
    for size in ordered:
        axes.annotate(
            style.plain(size.name, 30), (size.weights, 0), (0, 6), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="bottom", rotation=90, fontsize=style.SMALL, color=style.QUIET,
        )  # fmt: skip
    axes.set_xlabel("weights")
    axes.set_ylabel(ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(style.plain(title, 100), loc="left", fontsize=style.TITLE, color=style.INK)
    figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=style.TEXT)
    return figure


def _logarithmic_ends(weights: Sequence[int]) -> tuple[float, float]:
    """The ends of an axis with room on both sides."""
    least, most = min(weights), max(weights)
    room = max(1.3, (most / least) ** 0.08)
    return least / room, most * room
