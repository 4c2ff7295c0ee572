"""Simulated learning curves with a known truth, drawn without a look at how the verdict is found.

A curve is a smooth course, which says what is true, and noise, which hides it. Falls are power laws
(Hestness et al., 2017), stretched exponentials (Kohlrausch), two exponentials, or a plateau before
a logistic fall; a rise is linear, a root, or comes to rest; some have the bump of a double descent
(Nakkiran et al., 2019). Noise is normal, heavy-tailed, autocorrelated, or normal with spikes.

The truth is read from the smooth course of twice the epochs. What more or fewer epochs change is a
truth only where it is clear: a change counts if it is twice the smallest that matters and four
times the noise, and is none below half of the smallest that matters. A course between the two is
drawn again, and so is one near a border of docs/verdict.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

KINDS = (
    "no_power",
    "underfit, slope",
    "underfit, capacity",
    "overfit, rise",
    "overfit, gap",
    "balanced",
    "diverged",
)
NOISES = (
    0.004,
    0.012,
    0.04,
)  # standard deviation of validation loss from epoch to epoch, in its lowest value
# change that matters, as a fraction of sqrt(best loss x baseline loss): diagnosis.smallest_effect
SMALLEST = 0.02
CLEAR, NONE = 2.0, 0.5  # times that: a change that is there for certain, and one that is not
# standard deviations of the noise; two single epochs differ by three of sqrt(2) such by chance
BEYOND = 4.0
HIGH, LOW = (
    0.6,
    0.4,
)  # of the baseline loss: a high level for certain, and one that is not; the border is a half
WIDE, NARROW = (
    0.27,
    0.13,
)  # of the baseline loss: a wide gap, and one that is not; the border is a fifth
APART, ALIKE = 0.6, 0.9  # training loss by validation loss, of a wide gap, and of one that is not
# of the baseline loss, that the best epoch is below; what is between this and 1 depends on the rows
POWER = 0.75
# of the baseline loss, that training loss is below before it diverges; else it had no power before
LEARNED = 0.65
TRIES = 100_000


@dataclass(frozen=True)
class Drawn:
    """A curve and its truth.

    Attributes:
        kind: One of `KINDS`; what stands before the comma is the verdict that is right.
        history: As Keras returns it.
        baseline: Loss and metric of the dummy baseline.
        metric: "accuracy" or "mae".
        rows: For validation.
        character: How it was drawn, in words.
    """

    kind: str
    history: dict[str, np.ndarray]
    baseline: dict[str, float]
    metric: str
    rows: int
    character: str


def fall(random: np.random.Generator, epochs: int, pace: float) -> tuple[np.ndarray, str]:
    """A fall from about 1 towards 0 that is half done after `pace` epochs; float64 (2 * epochs,),
    and its name.
    """
    t = np.arange(2 * epochs) / pace
    power, stretch, share = (
        random.uniform(0.7, 2.5),
        random.uniform(0.6, 1.2),
        random.uniform(0.4, 0.9),
    )
    start, width = random.uniform(0.3, 0.9), random.uniform(0.15, 0.4)
    laws = {
        "power law": (1 + t * (2 ** (1 / power) - 1)) ** -power,
        "stretched exponential": np.exp(-np.log(2) * t**stretch),
        "two exponentials": share * np.exp(-1.2 * t) + (1 - share) * np.exp(-0.3 * t),
        "plateau": special.expit((start - t) / width) / special.expit(start / width),
    }
    name = str(random.choice(list(laws)))
    return laws[name], name


def climb(random: np.random.Generator, epochs: int) -> np.ndarray:
    """A rise from 0 that begins somewhere in the first two thirds and is 1 at the last epoch; (2 *
    epochs,).
    """
    t = np.arange(2 * epochs)
    turn = random.uniform(0.05, 0.66) * epochs
    past = np.clip((t - turn) / max(epochs - 1 - turn, 0.5), 0, None)
    return (past, np.sqrt(past), 1 - np.exp(-3 * past), past**1.5)[random.integers(4)]


def course(random: np.random.Generator, epochs: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Smooth training and validation losses of twice the epochs, in baseline losses, (2 * epochs,);
    and their name.
    """
    pace = epochs * 10 ** random.uniform(-2, 0.3)
    shape, name = fall(random, epochs, max(pace, 0.2))
    start, floor = random.uniform(0.7, 1.4), random.uniform(0.02, 0.85)
    train_floor = floor * (
        random.uniform(0.85, 1.05) if random.random() < 0.5 else random.uniform(0, 1)
    )
    val = floor + (start - floor) * shape
    train = train_floor + (
        start * random.uniform(0.95, 1.1) - train_floor
    ) * shape ** random.uniform(0.7, 1.1)
    if random.random() < 0.4:
        rise = climb(random, epochs) * floor * 10 ** random.uniform(-2, 0.5)
        val = val + rise
        train = train * np.exp(-random.uniform(0, 2) * rise / max(rise[epochs - 1], 1e-9))
    if random.random() < 0.15:
        middle, width = random.uniform(0.2, 0.6) * epochs, random.uniform(0.03, 0.1) * epochs + 0.5
        bump = (
            floor
            * random.uniform(0.05, 0.4)
            * np.exp(-0.5 * ((np.arange(2 * epochs) - middle) / width) ** 2)
        )
        val, name = val + bump, f"{name}, bump"
    return train, val, name


def truth(train: np.ndarray, val: np.ndarray, noise: float) -> str | None:
    """The kind of a smooth course (2 * epochs,) in baseline losses; None where none is clear."""
    epochs = len(val) // 2
    end, best = val[epochs - 1], val[:epochs].min()
    smallest = SMALLEST * np.sqrt(best)
    clear, none = max(CLEAR * smallest, BEYOND * noise * best), NONE * smallest
    fewer, more, gap = end - best, end - val[epochs:].min(), end - train[epochs - 1]
    if best > POWER or none < fewer < clear:
        return None
    if fewer >= clear:
        widened = gap - (val - train)[np.argmin(val[:epochs])]
        return "overfit, rise" if widened >= clear else None
    if more > none:
        return "underfit, slope" if more >= clear else None
    ratio = train[epochs - 1] / end
    if gap > WIDE and ratio < APART:
        return "overfit, gap"
    if gap > NARROW and ratio < ALIKE:
        return None
    if min(end, train[epochs - 1]) > HIGH:
        return "underfit, capacity"
    return "balanced" if min(end, train[epochs - 1]) < LOW else None


def wobble(random: np.random.Generator, epochs: int) -> tuple[np.ndarray, str]:
    """Noise with a standard deviation of 1, spikes apart; float64 (epochs,), and its name."""
    normal = random.normal(size=epochs)
    name = str(random.choice(["normal", "heavy tails", "autocorrelated", "spikes"]))
    if name == "heavy tails":
        return random.standard_t(3, epochs) / np.sqrt(3), name
    if name == "autocorrelated":
        return remembering(random, epochs, random.uniform(0.2, 0.6)), name
    if name == "spikes":
        return normal + (random.random(epochs) < 0.04) * random.uniform(4, 15, epochs), name
    return normal, name


def remembering(random: np.random.Generator, epochs: int, memory: float) -> np.ndarray:
    """Autocorrelated noise with a standard deviation of 1, (epochs,)."""
    noise = random.normal(size=epochs)
    for at in range(1, epochs):
        noise[at] = memory * noise[at - 1] + np.sqrt(1 - memory**2) * noise[at]
    return noise


def powerless(
    random: np.random.Generator, epochs: int, rows: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training loss, validation loss and accuracy, (epochs,) each, of a network whose answers mean
    nothing.

    Let the variance of its logits be r. On rows that they say nothing of, the log loss is r / 8
    above that of an even coin on average, with a standard error of sqrt(r / (4 rows)); its accuracy
    is that of a coin.
    """
    base = np.log(2)
    memory = random.random() < 0.5
    variance = 10 ** random.uniform(-4, 0) * (1 + np.arange(epochs) * random.uniform(0, 1) * memory)
    luck = remembering(random, epochs, random.uniform(0.5, 0.97))
    val = 1 + (variance / 8 + np.sqrt(variance / (4 * rows)) * luck) / base
    learned = random.uniform(0, 0.9) * (
        1 - np.exp(-np.arange(epochs) / epochs * random.uniform(0.5, 4))
    )
    train = 1 - learned * memory + 0.003 * random.normal(size=epochs)
    right = 0.5 + 0.5 / np.sqrt(rows) * (0.8 * luck + 0.6 * random.normal(size=epochs))
    return np.abs(train), val, right


def ruin(
    random: np.random.Generator, train: np.ndarray, val: np.ndarray
) -> tuple[np.ndarray, np.ndarray, str]:
    """The same courses, (epochs,), broken off by a divergence; and how it goes on."""
    epochs = len(val)
    learned = np.flatnonzero(train < LEARNED)
    at = int(random.choice(learned[learned < max(learned[0] + 1, epochs - 3)])) + 1
    past = np.arange(epochs - at)
    name = str(random.choice(["not a number", "explodes", "back to chance", "stays high"]))
    after = {
        "not a number": np.where(past < random.integers(0, 2), 5.0, np.nan),
        "explodes": np.exp(random.uniform(0.5, 3) * (1 + past)),
        "back to chance": np.full(len(past), 1.0 + 0.02 * random.random()),
        "stays high": np.full(len(past), random.uniform(1.5, 20))
        * np.exp(0.1 * random.normal(size=len(past))),
    }[name]
    worse = after * random.uniform(1, 1.1)
    return np.append(train[:at], after), np.append(val[:at], worse), name


def draw(kind: str, noise: float, seed: int) -> Drawn:
    """A curve of a kind.

    Args:
        kind: One of `KINDS`.
        noise: One of `NOISES`.
        seed: Of this curve.

    Raises:
        RuntimeError: No course of the kind was found.
    """
    random = np.random.default_rng([seed, KINDS.index(kind), round(1e4 * noise)])
    epochs, rows = int(4 * 50 ** random.random()), int(100 * 300 ** random.random())
    unit = 10 ** random.uniform(-3, 4)
    if kind == "no_power":
        train, val, right = powerless(random, epochs, rows)
        history = {
            "loss": unit * train,
            "val_loss": unit * val,
            "accuracy": right,
            "val_accuracy": right,
        }
        return Drawn(
            kind, history, {"loss": unit, "accuracy": 0.5}, "accuracy", rows, f"{epochs} epochs"
        )
    wanted = "balanced" if kind == "diverged" else kind
    train, val, name = sought(random, epochs, lambda train, val: truth(train, val, noise) == wanted)
    if kind == "diverged":
        train, val, name = ruin(random, train, val)
    low = np.nanmin(val)
    disturbance, how = wobble(random, epochs)
    seen = np.abs(val + noise * low * disturbance)
    seen_train = np.abs(train + noise * low / 3 * random.normal(size=epochs))
    clean = np.clip(1 - seen / 1.0, 0, 1)
    metric = str(random.choice(["accuracy", "mae"]))
    score = 0.5 + 0.45 * clean if metric == "accuracy" else unit * np.sqrt(seen)
    history = {
        "loss": unit * seen_train,
        "val_loss": unit * seen,
        metric: score,
        f"val_{metric}": score,
    }
    baseline = {"loss": unit, metric: 0.5 if metric == "accuracy" else unit}
    return Drawn(kind, history, baseline, metric, rows, f"{epochs} epochs, {name}, {how}")


def sought(
    random: np.random.Generator, epochs: int, fits: Callable[[np.ndarray, np.ndarray], bool]
) -> tuple[np.ndarray, np.ndarray, str]:
    """The first course that fits: its training and validation loss over the epochs, (epochs,), and
    its name.
    """
    for _ in range(TRIES):
        train, val, name = course(random, epochs)
        if fits(train, val):
            return train[:epochs], val[:epochs], name
    raise RuntimeError(
        f"None of {TRIES} courses of {epochs} epochs fits; a kind is too rare in `course`."
    )
