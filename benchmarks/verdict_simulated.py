"""Simulated courses of losses, and the noise that hides them, for `phrases.py`.

Falls are power laws (Hestness et al., 2017), stretched exponentials (Kohlrausch), two exponentials,
or a plateau before a logistic fall; a rise is linear, a root, or comes to rest; some have the bump
of a double descent (Nakkiran et al., 2019). Noise is normal, heavy-tailed, autocorrelated, or
normal with spikes.
"""

import numpy as np
from scipy import special

NOISES = (
    0.004,
    0.012,
    0.04,
)  # standard deviation of validation loss from epoch to epoch, in its lowest value


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
