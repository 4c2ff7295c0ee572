"""Curves made by hand, each with the phrases that must be said of it, and those that must not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from goldilocks.diagnosis.history import Curves

LOG2 = 0.6931
RISES = {"memorizes", "rises", "both rise", "falls again", "rising"}
STILL = {"flat", "high", "slows down"}
FALLS = {"falls", "falls again"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A curve made by hand.

    Attributes:
        name: What it is, in words.
        curves: The curve.
        must: Names of phrases that hold of it.
        never: Names of phrases that do not.
    """

    name: str
    curves: Curves
    must: set[str]
    never: set[str]


def case(
    name: str,
    loss: Sequence[float] | np.ndarray,
    val_loss: Sequence[float] | np.ndarray,
    must: set[str],
    never: set[str],
    *,
    base: float | None = LOG2,
    rows: int | None = 1000,
    metric: str = "loss",
    scores: Sequence[float] | None = None,
) -> Case:
    """Return a case; its metric is one of which more is better, or the loss."""
    val = np.asarray(val_loss, float)
    curves = Curves(
        loss=np.asarray(loss, float),
        val_loss=val,
        metric=metric,
        scores=val if scores is None else np.asarray(scores, float),
        higher=metric != "loss",
        baseline={} if base is None else {"loss": base},
        rows=rows,
    )
    return Case(name=name, curves=curves, must=must, never=never)


def fall(start: float, floor: float, decay: float, epochs: int) -> np.ndarray:
    """Return an exponential fall, (epochs,)."""
    return floor + (start - floor) * np.exp(-np.arange(epochs) / decay)


def lines(epochs: int, *points: tuple[int, float]) -> np.ndarray:
    """Return straight lines through points of epoch, from 1, and value, (epochs,)."""
    at, values = zip(*points, strict=True)
    return np.interp(np.arange(1, epochs + 1), at, values)


def noisy(curve: np.ndarray, size: float, seed: int = 0) -> np.ndarray:
    """Return a curve with normal noise of a standard deviation, (epochs,)."""
    return curve + size * np.random.default_rng(seed).normal(size=len(curve))


def spiked(curve: np.ndarray, epoch: int, value: float) -> np.ndarray:
    """Return a curve with another value in one epoch, from 1; -1 is the last."""
    curve = np.array(curve, float)
    curve[epoch - 1 if epoch > 0 else epoch] = value
    return curve


E30, E20, E12 = np.arange(30), np.arange(20), np.arange(12)
U = lines(30, (1, 0.7), (10, 0.45), (30, 0.84))
SINKS = fall(0.7, 0.08, 8, 30)
SLOW = lines(30, (1, 0.66), (30, 0.48))
SAW = np.tile(lines(10, (1, 0.60), (10, 0.40)), 3)
CASES = [
    # Rises.
    case("a U while training loss falls", SINKS, U, {"memorizes", "rises"}, FALLS | STILL),
    case("a U, noisy", SINKS, noisy(U, 0.02), {"memorizes", "rises"}, FALLS | STILL),
    case("a U of 100,000 rows", SINKS, U, {"memorizes"}, FALLS | STILL, rows=100_000),
    case("a U of 20 rows", SINKS, U, {"rises"}, FALLS | STILL, rows=20),
    case(
        "a U without baseline and rows",
        SINKS,
        U,
        {"memorizes"},
        FALLS | STILL,
        base=None,
        rows=None,
    ),
    case(
        "a U with training loss near",
        fall(0.7, 0.5, 8, 30),
        lines(30, (1, 0.7), (10, 0.55), (30, 0.66)),
        {"rises"},
        FALLS | STILL | {"memorizes", "gap"},
    ),
    case(
        "a rise, then a plateau",
        SINKS,
        lines(30, (1, 0.7), (6, 0.4), (14, 0.8), (30, 0.8)),
        {"memorizes"},
        FALLS,
    ),
    case(
        "a rise from the first epoch",
        lines(8, (1, 0.6), (8, 0.1)),
        lines(8, (1, 0.5), (8, 0.9)),
        {"memorizes"},
        FALLS | STILL,
    ),
    case(
        "both rise",
        lines(20, (1, 0.6), (5, 0.4), (20, 0.62)),
        lines(20, (1, 0.65), (5, 0.45), (20, 0.66)),
        {"both rise", "training rises", "rises"},
        FALLS | STILL | {"memorizes"},
    ),
    case(
        "training loss rises alone",
        lines(20, (1, 0.6), (5, 0.4), (20, 0.6)),
        lines(20, (1, 0.5), (20, 0.4)),
        {"training rises"},
        {"both rise", "memorizes", "rises"},
    ),
    case(
        "a rise smaller than what matters",
        fall(0.7, 0.38, 5, 40),
        lines(40, (1, 0.6), (10, 0.400), (40, 0.404)),
        set(),
        {"memorizes", "rises", "both rise"} | FALLS,
    ),
    case(
        "double descent, above the first best",
        SINKS,
        lines(30, (1, 0.7), (6, 0.40), (14, 0.80), (30, 0.55)),
        {"falls again"},
        {"rises", "memorizes", "falls"} | STILL,
    ),
    case(
        "double descent, below the first best",
        SINKS,
        lines(30, (1, 0.7), (6, 0.45), (14, 0.75), (30, 0.30)),
        {"falls"},
        RISES | STILL,
    ),
    case(
        "a double U",
        SINKS,
        lines(40, (1, 0.7), (8, 0.40), (16, 0.55), (26, 0.42), (40, 0.70))[:30],
        set(),
        FALLS,
    ),
    # Falls.
    case(
        "still falls fast",
        fall(0.7, 0.1, 20, 20),
        fall(0.69, 0.15, 20, 20),
        {"falls"},
        RISES | STILL,
    ),
    case(
        "still falls, noisy",
        fall(0.7, 0.1, 20, 30),
        noisy(fall(0.69, 0.15, 20, 30), 0.01),
        {"falls"},
        RISES | STILL,
    ),
    case(
        "still falls slowly",
        SLOW,
        lines(60, (1, 0.66), (60, 0.62))[:30],
        set(),
        RISES | {"falls", "high"},
    ),
    case("a straight line down", SLOW, SLOW + 0.01, {"falls"}, RISES | STILL),
    case(
        "plateau, then drop",
        lines(30, (1, 0.69), (20, 0.68), (30, 0.2)),
        lines(30, (1, 0.69), (20, 0.685), (30, 0.25)),
        {"falls"},
        RISES | STILL,
    ),
    case(
        "plateau at chance",
        lines(30, (1, 0.693), (30, 0.69)),
        np.full(30, 0.6935),
        {"no power", "flat"},
        RISES | FALLS,
    ),
    case(
        "two drops of the learning rate, both long ago",
        lines(40, (1, 0.7), (10, 0.5), (11, 0.4), (20, 0.39), (21, 0.3), (40, 0.3)),
        lines(40, (1, 0.7), (10, 0.52), (11, 0.42), (20, 0.41), (21, 0.33), (40, 0.33)),
        {"flat"},
        RISES | FALLS,
    ),
    case(
        "a drop of the learning rate in the last epochs",
        lines(20, (1, 0.7), (10, 0.5), (17, 0.49), (18, 0.35), (20, 0.34)),
        lines(20, (1, 0.7), (10, 0.52), (17, 0.51), (18, 0.37), (20, 0.36)),
        set(),
        RISES | STILL,
    ),
    case(
        "falls without a baseline",
        fall(0.7, 0.1, 20, 20),
        fall(0.69, 0.15, 20, 20),
        {"falls"},
        RISES | STILL | {"high", "no power"},
        base=None,
    ),
    case(
        "falls without a number of rows",
        fall(0.7, 0.1, 20, 20),
        fall(0.69, 0.15, 20, 20),
        {"falls"},
        RISES | STILL | {"few rows hide power"},
        rows=None,
    ),
    case(
        "training loss falls, validation loss does not",
        fall(0.7, 0.05, 10, 30),
        np.full(30, 0.5),
        {"flat", "gap"},
        RISES | FALLS | {"memorizes", "high"},
    ),
    # Level.
    case(
        "both have stopped, low",
        fall(0.7, 0.05, 3, 40),
        fall(0.7, 0.06, 3, 40),
        set(),
        RISES | FALLS | {"high", "gap"},
    ),
    case(
        "both have stopped, high",
        fall(1.6, 0.80, 4, 40),
        fall(1.6, 0.81, 4, 40),
        {"high"},
        RISES | FALLS | {"gap"},
        base=1.10,
    ),
    case(
        "both have stopped, high, no baseline",
        fall(1.6, 0.80, 4, 40),
        fall(1.6, 0.81, 4, 40),
        set(),
        RISES | FALLS | {"gap", "high", "no power"},
        base=None,
    ),
    case(
        "constant",
        np.full(10, 0.6),
        np.full(10, 0.6),
        {"flat"},
        RISES | FALLS | {"high", "slows down"},
    ),
    case("constant zero", np.zeros(10), np.zeros(10), set(), RISES | FALLS | {"high", "gap"}),
    case(
        "noise only",
        noisy(np.full(40, 0.5), 0.05, 1),
        noisy(np.full(40, 0.5), 0.05, 2),
        {"jumps"},
        RISES | FALLS | STILL,
    ),
    case(
        "noise only, small",
        noisy(np.full(60, 0.5), 0.002, 1),
        noisy(np.full(60, 0.5), 0.002, 2),
        {"flat"},
        RISES | FALLS | {"jumps"},
    ),
    case(
        "stopped improving, then a little worse",
        fall(0.7, 0.3, 3, 30),
        noisy(lines(30, (1, 0.6), (8, 0.35), (30, 0.352)), 0.001),
        {"flat"},
        {"memorizes", "rises"} | FALLS,
    ),
    # Jumps.
    case(
        "oscillating from epoch to epoch",
        fall(0.7, 0.3, 5, 30),
        0.5 + 0.1 * (-1.0) ** E30,
        {"jumps"},
        {"memorizes", "rises", "both rise"} | FALLS | STILL,
    ),
    case(
        "oscillating slowly",
        fall(0.7, 0.4, 5, 30),
        0.5 + 0.05 * np.sin(E30 / 2),
        set(),
        {"jumps", "flat", "high"},
    ),
    case(
        "oscillating ever more",
        fall(0.7, 0.4, 5, 20),
        0.5 + 0.01 * E20 * (-1.0) ** E20,
        {"jumps"},
        FALLS | STILL | {"memorizes"},
    ),
    case(
        "jumps beside a baseline of 5,543",
        noisy(np.full(20, 5000.0), 100),
        5100 + 700 * (-1.0) ** E20,
        {"jumps"},
        RISES | FALLS | STILL,
        base=5543,
        rows=110,
    ),
    case("warm restarts", SAW, SAW + 0.02, set(), RISES | STILL | {"jumps"}),
    case(
        "warm restarts, just restarted",
        SAW[:22],
        SAW[:22] + 0.02,
        set(),
        STILL | {"falls", "memorizes"},
    ),
    # Spikes.
    case(
        "a spike up in the last epoch",
        fall(0.7, 0.1, 8, 30),
        spiked(fall(0.69, 0.15, 8, 30), -1, 3.0),
        set(),
        RISES,
    ),
    case(
        "a spike down in the last epoch",
        fall(0.7, 0.5, 4, 30),
        spiked(noisy(fall(0.69, 0.55, 4, 30), 0.002), -1, 0.1),
        set(),
        FALLS,
    ),
    case(
        "a spike up in the middle",
        fall(0.7, 0.1, 20, 20),
        spiked(fall(0.69, 0.15, 20, 20), 10, 5.0),
        {"falls"},
        RISES | STILL,
    ),
    case(
        "a spike down in the middle",
        fall(0.7, 0.3, 5, 40),
        spiked(noisy(fall(0.69, 0.35, 4, 40), 0.001), 20, 0.1),
        {"flat"},
        {"memorizes", "rises", "both rise"} | FALLS,
    ),
    case(
        "a first epoch of 1,000",
        spiked(fall(0.7, 0.1, 20, 20), 1, 900),
        spiked(fall(0.69, 0.15, 20, 20), 1, 1000),
        {"falls"},
        RISES | STILL,
    ),
    case(
        "both losses spike in the last epoch",
        spiked(fall(0.7, 0.3, 4, 30), -1, 2.0),
        spiked(fall(0.7, 0.32, 4, 30), -1, 2.0),
        set(),
        RISES | FALLS,
    ),
    # Short.
    case(
        "one epoch", [0.6], [0.55], {"ends"}, RISES | FALLS | STILL | {"open", "jumps", "memorizes"}
    ),
    case(
        "one epoch, without baseline",
        [0.6],
        [0.55],
        {"ends"},
        RISES | FALLS | STILL | {"no power"},
        base=None,
        rows=None,
    ),
    case("two epochs that fall", [0.6, 0.4], [0.55, 0.35], {"falls"}, RISES | STILL),
    case("two epochs that rise", [0.6, 0.4], [0.45, 0.65], {"rises"}, FALLS | STILL),
    case(
        "three epochs that fall",
        [0.2433, 0.1184, 0.093],
        [0.1176, 0.0936, 0.0778],
        {"falls"},
        RISES | STILL,
        base=2.3,
        rows=10_000,
    ),
    case(
        "three epochs, hardly different",
        [0.6, 0.6, 0.6],
        [0.5, 0.501, 0.5],
        {"open"},
        RISES | FALLS | STILL,
    ),
    # Power.
    case(
        "never below the baseline",
        lines(12, (1, 0.9), (12, 0.72)),
        lines(12, (1, 0.95), (12, 0.75)),
        {"no power", "falls"},
        RISES | {"few rows hide power"},
    ),
    case(
        "a little below the baseline, few rows",
        np.full(12, 0.68),
        np.full(12, 0.68),
        {"few rows hide power"},
        {"no power"} | RISES | FALLS,
        rows=60,
    ),
    case(
        "a little below the baseline, many rows",
        np.full(12, 0.68),
        np.full(12, 0.68),
        set(),
        {"no power", "few rows hide power", "jumps hide power"} | RISES | FALLS,
        rows=60_000,
    ),
    case(
        "below the baseline by its jumps alone",
        np.full(20, 0.6),
        0.75 + 0.12 * (-1.0) ** E20,
        {"jumps hide power"},
        {"few rows hide power"} | FALLS | STILL,
        rows=5000,
    ),
    case(
        "memorizes shuffled labels",
        lines(20, (1, 0.7), (20, 0.01)),
        lines(20, (1, 0.70), (20, 2.5)),
        {"memorizes", "no power"},
        FALLS | STILL,
    ),
    case(
        "memorizes at the baseline's level",
        lines(20, (1, 0.7), (20, 0.05)),
        np.full(20, 0.71),
        {"memorizes", "no power", "gap"},
        RISES - {"memorizes"} | FALLS,
    ),
    # Gap.
    case(
        "3.6 against 78",
        fall(90, 3.6, 3, 30),
        fall(95, 78, 3, 30),
        {"gap"},
        RISES | FALLS,
        base=397,
        rows=200,
    ),
    case(
        "a gap of a well solved problem",
        fall(0.5, 0.002, 3, 30),
        fall(0.5, 0.02, 3, 30),
        {"gap"},
        RISES | FALLS | {"high", "memorizes"},
        rows=5000,
    ),
    case(
        "a gap within the noise of few rows",
        fall(0.6, 0.40, 3, 20),
        fall(0.65, 0.56, 3, 20),
        set(),
        RISES | {"gap", "memorizes"},
        rows=30,
    ),
    case(
        "training loss above validation loss",
        fall(0.9, 0.4, 3, 30),
        fall(0.7, 0.3, 3, 30),
        set(),
        RISES | FALLS | {"gap", "memorizes"},
    ),
    case(
        "a training loss of zero",
        np.zeros(20),
        lines(20, (1, 0.4), (20, 0.9)),
        {"rises"},
        FALLS | STILL | {"gap", "memorizes"},
    ),
    # Units.
    case("a U in millions", 1e6 * SINKS, 1e6 * U, {"memorizes"}, FALLS | STILL, base=1e6 * LOG2),
    case(
        "a U in millionths", 1e-6 * SINKS, 1e-6 * U, {"memorizes"}, FALLS | STILL, base=1e-6 * LOG2
    ),
    case(
        "still falls, in billions",
        1e9 * fall(0.7, 0.1, 20, 20),
        1e9 * fall(0.69, 0.15, 20, 20),
        {"falls"},
        RISES | STILL,
        base=1e9,
    ),
    case("losses of 1e200", 1e200 * SINKS, 1e200 * U, set(), FALLS, base=1e200),
    # Negative losses.
    case(
        "a negative loss that falls",
        fall(0.4, -1.4, 20, 20),
        fall(0.45, -1.3, 20, 20),
        {"falls"},
        RISES | STILL | {"gap", "no power"},
        base=0.5,
    ),
    case(
        "a negative loss that rises",
        fall(0.4, -2.4, 8, 30),
        U - 1.5,
        {"rises"},
        FALLS | STILL | {"gap", "memorizes", "no power"},
        base=-0.6,
    ),
    case(
        "a negative loss that has stopped",
        fall(0.4, -1.4, 3, 40),
        fall(0.45, -1.3, 3, 40),
        set(),
        RISES | FALLS | {"gap", "high", "no power"},
        base=0.5,
    ),
    case(
        "a negative loss without a baseline",
        fall(0.4, -1.4, 20, 20),
        fall(0.45, -1.3, 20, 20),
        {"falls"},
        RISES | STILL | {"no power"},
        base=None,
    ),
    case(
        "a loss that crosses zero",
        lines(20, (1, 0.6), (20, -0.6)),
        lines(20, (1, 0.7), (20, -0.5)),
        {"falls"},
        RISES | STILL | {"gap"},
    ),
    # Not finite.
    case(
        "not a number at the end",
        [0.6, 0.5, np.nan, np.nan],
        [0.6, 0.5, np.nan, np.nan],
        {"not finite"},
        RISES | FALLS | STILL | {"gap"},
    ),
    case(
        "not a number at the start",
        [np.nan, 0.5, 0.4, 0.3],
        [0.6, 0.5, 0.4, 0.3],
        {"not finite"},
        RISES | FALLS | STILL,
    ),
    case(
        "validation loss infinite once",
        [0.6, 0.5, 0.4],
        [0.6, np.inf, 0.4],
        {"not finite"},
        RISES | FALLS | STILL,
    ),
    case(
        "explodes",
        lines(10, (1, 0.6), (6, 0.3), (7, 50), (10, 900)),
        lines(10, (1, 0.6), (6, 0.3), (7, 60), (10, 990)),
        {"both rise", "training rises"},
        FALLS | STILL | {"memorizes"},
    ),
    # A metric at its best value.
    case(
        "an accuracy of 1",
        fall(0.7, 0.01, 5, 12),
        fall(0.7, 0.02, 5, 12),
        {"falls"},
        RISES,
        metric="accuracy",
        scores=[0.9] * 4 + [1.0] * 8,
    ),
]
