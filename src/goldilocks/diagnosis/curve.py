"""One curve -> its noise, its rise, its slope, its future; nothing here knows what it measures.

Every curve is a float64 array (epochs,), oldest first, at least one epoch long.
"""

import numpy as np

SMALLEST = 0.02  # of sqrt(best x baseline loss): a smaller change matters to no one


def running_median(curve: np.ndarray) -> np.ndarray:
    """Return the curve without single spikes: inner values are medians of three neighbours.

    The last is the median of itself, its neighbour, and the line through its two neighbours (Tukey,
    Exploratory Data Analysis, 1977, 7A: end values). The first keeps its value, since a first fall
    is no spike.
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(curve, 1, mode="edge"), 3)
    calm = np.median(windows, axis=1)
    if len(calm) > 2:
        calm[-1] = np.median([curve[-1], calm[-2], 3 * calm[-2] - 2 * calm[-3]])
    return calm


def curve_noise(curve: np.ndarray, prior: float, prior_epochs: float) -> float:
    """Return the standard deviation of a curve around its own smooth course, in its unit.

    Third differences remove any locally quadratic course and have 1 + 9 + 9 + 1 = 20 times the
    variance of the noise (Hall, Kay and Titterington, 1990, on difference-based estimates); the
    median absolute value times 1.4826 is their robust standard deviation (Rousseeuw and Croux,
    1993). They are taken from where the curve first reaches its median, since the first fall is no
    noise, and averaged with a prior (Gelman et al., Bayesian Data Analysis, 2.6).

    Args:
        curve: float64 (epochs,).
        prior: The standard deviation that is assumed without a curve.
        prior_epochs: Number of epochs that the assumption weighs.
    """
    start = min(int(np.argmax(curve <= np.median(curve))), max(0, len(curve) - 4))
    third = np.diff(curve[start:], n=3)
    deviation = 0.0
    if len(third):
        deviation = np.median(np.abs(third)) * 1.4826 / np.sqrt(20)
    squares = prior_epochs * prior**2 + len(third) * deviation**2
    return float(np.sqrt(squares / (prior_epochs + len(third))))


def loss_error(value: float, base: float, rows: int) -> float:
    """Return the standard error of the difference between a loss and the baseline's.

    With R the fraction of the baseline loss that is explained, the variance of R is 4 R (1 - R)^2 /
    rows for squared errors (Olkin and Finn, 1995); log losses of weak models have the same form
    with a smaller factor (Wilks, 1938).

    Args:
        value: The loss; lower is better.
        base: The baseline's loss.
        rows: Number of validation rows, over which the error is taken.
    """
    unit = abs(base) or 1.0
    explained = min(abs(base - value) / unit, 1.0)
    deviation = np.sqrt(max(explained, 1 / rows) / rows)
    return float(2 * unit * deviation * max(1 - explained, 1 / rows))


def rise(curve: np.ndarray, end: int, noise: float) -> tuple[float, slice, float]:
    """Return the lowest level from which a curve rose to its end, where that was, and how surely.

    Means of 1, 2, 4, ... neighbouring epochs are compared with the mean of the last `end`, in
    standard errors. The lowest of many is low by chance, so each width first pays sqrt(2 log(epochs
    / width)) of them (Duembgen and Spokoiny, 2001, multiscale testing). The surest width decides;
    the level is the lowest that chance cannot explain.

    Args:
        curve: float64 (epochs,).
        end: Number of last epochs whose mean is the end.
        noise: Standard deviation from epoch to epoch.

    Returns:
        The level, its epochs, and the surest rise in standard errors; the end's own level and 0 if
        there is no rise.
    """
    earlier, last = curve[:-end], float(curve[-end:].mean())
    low, window, surest = last, slice(len(earlier), len(curve)), 0.0
    width = 1
    while width <= (len(earlier) + 1) // 2:
        means = np.convolve(earlier, np.full(width, 1 / width), "valid")
        at = int(np.argmin(means))
        error = noise * np.sqrt(1 / width + 1 / end)
        sure = (last - means[at]) / error - np.sqrt(2 * np.log(len(earlier) / width))
        if sure > 0 and means[at] < low:
            low, window = float(means[at]), slice(at, at + width)
        surest = max(surest, float(sure))
        width *= 2
    return low, window, surest


def slope(curve: np.ndarray) -> tuple[float, float]:
    """Return the least-squares slope per epoch, and its standard error for a noise of 1.

    A single epoch has slope 0 and error 1.
    """
    if len(curve) < 2:
        return 0.0, 1.0
    x = np.arange(len(curve)) - (len(curve) - 1) / 2
    squares = (x**2).sum()
    return float(x @ curve / squares), float(1 / np.sqrt(squares))


def gain_ahead(curve: np.ndarray, ahead: float) -> float:
    """Return how far the loss would still fall in more epochs, in loss units; 0 for one that rises.

    The last two thirds of the curve are fitted with level + size x exp(-epoch / decay), the decay
    by search (as Domhan, Springenberg and Hutter, 2015, extrapolate learning curves). Losses fall
    ever slower, so the gain is at most the fall over as many last epochs, or over all there are; a
    curve of two epochs repeats its fall.

    Args:
        curve: float64 (epochs,).
        ahead: Number of further epochs.
    """
    fallen = float(max(0.0, curve[max(0, len(curve) - 1 - round(ahead))] - curve[-1]))
    if len(curve) < 3:
        return fallen

    recent = curve[-max(4, int(np.ceil(2 * len(curve) / 3))) :]
    x = np.arange(len(recent))
    least_error, gain = np.inf, 0.0
    for decay in np.geomspace(0.5, 2 * len(recent), 30):
        basis = np.exp(-x / decay)
        centred = basis - basis.mean()
        size = centred @ recent / (centred @ centred)
        error = ((recent - recent.mean() - size * centred) ** 2).sum()
        if error < least_error:
            least_error, gain = error, size * basis[-1] * (1 - np.exp(-ahead / decay))
    return float(np.clip(gain, 0.0, fallen))
