"""One curve -> its noise, its rise, its slope, its future; nothing here knows what the curve measures.

Every curve is a float64 array (epochs,), oldest first, at least one epoch long.
"""

import numpy as np


def running_median(curve: np.ndarray) -> np.ndarray:
    """The curve, each inner value replaced by the median of itself and its neighbours: single spikes are gone."""
    inner = (
        np.median([curve[:-2], curve[1:-1], curve[2:]], axis=0) if len(curve) > 2 else curve[1:-1]
    )
    return np.concatenate([curve[:1], inner, curve[max(1, len(curve) - 1) :]])


def curve_noise(curve: np.ndarray, prior: float, prior_epochs: float) -> float:
    """Standard deviation of a curve around its own smooth course, in the curve's unit.

    Third differences remove any locally quadratic course and have 1 + 9 + 9 + 1 = 20 times the
    variance of the noise (Hall, Kay and Titterington, 1990, on difference-based estimates); the
    median absolute value times 1.4826 is their robust standard deviation (Rousseeuw and Croux,
    1993). They are taken from where the curve first reaches its median, since the first fall is no
    noise, and averaged with a prior that counts as so many epochs (Gelman et al., Bayesian Data
    Analysis, 2.6).
    """
    start = min(int(np.argmax(curve <= np.median(curve))), max(0, len(curve) - 4))
    third = np.diff(curve[start:], n=3)
    spread = np.median(np.abs(third)) * 1.4826 / np.sqrt(20) if len(third) else 0.0
    return float(
        np.sqrt((prior_epochs * prior**2 + len(third) * spread**2) / (prior_epochs + len(third)))
    )


def loss_error(value: float, base: float, rows: int) -> float:
    """Standard error, over the validation rows, of the difference between a loss (lower is better) and the baseline's.

    With R the fraction of the baseline loss that is explained, the variance of R is 4 R (1 - R)^2 /
    rows for squared errors (Olkin and Finn, 1995); log losses of weak models have the same form
    with a smaller factor (Wilks, 1938).
    """
    unit = abs(base) or 1.0
    share = min(abs(base - value) / unit, 1.0)
    return float(2 * unit * np.sqrt(max(share, 1 / rows) / rows) * max(1 - share, 1 / rows))


def rise(curve: np.ndarray, end: int, noise: float) -> tuple[float, slice, float]:
    """The lowest level from which a curve rose to its end, where that was, and how sure the rise is.

    Means of 1, 2, 4, ... neighbouring epochs are compared with the mean of the last `end`, in
    standard errors. The lowest of many is low by chance, so each width first pays sqrt(2 log(epochs
    / width)) of them (Duembgen and Spokoiny, 2001, multiscale testing). The surest width decides;
    the level is the lowest that chance cannot explain.

    Returns:
        The level, its epochs, and the surest rise in standard errors; the end's own level and 0 if
        there is no rise.
    """
    earlier, last = curve[:-end], float(curve[-end:].mean())
    low, where, surest = last, slice(len(earlier), len(curve)), 0.0
    width = 1
    while width <= (len(earlier) + 1) // 2:
        means = np.convolve(earlier, np.full(width, 1 / width), "valid")
        at = int(np.argmin(means))
        error = noise * np.sqrt(1 / width + 1 / end)
        sure = (last - means[at]) / error - np.sqrt(2 * np.log(len(earlier) / width))
        if sure > 0 and means[at] < low:
            low, where = float(means[at]), slice(at, at + width)
        surest = max(surest, float(sure))
        width *= 2
    return low, where, surest


def slope(curve: np.ndarray) -> tuple[float, float]:
    """Least-squares slope per epoch, and its standard error for a noise of 1; a single epoch has slope 0."""
    x = np.arange(len(curve)) - (len(curve) - 1) / 2
    spread = (x**2).sum()
    return (float(x @ curve / spread), float(1 / np.sqrt(spread))) if len(curve) > 1 else (0.0, 1.0)


def gain_ahead(curve: np.ndarray, ahead: float) -> float:
    """How far the loss would still fall in so many more epochs, in loss units; 0 for one that rises.

    The last two thirds of the curve are fitted with level + size x exp(-epoch / decay), the decay
    by search (as Domhan, Springenberg and Hutter, 2015, extrapolate learning curves); two epochs
    repeat their fall.
    """
    if len(curve) < 3:
        return float(max(0.0, curve[0] - curve[-1]))
    recent = curve[-max(4, int(np.ceil(2 * len(curve) / 3))) :]
    x = np.arange(len(recent))
    best = (np.inf, 0.0)
    for decay in np.geomspace(0.5, 2 * len(recent), 30):
        basis = np.exp(-x / decay)
        spread = basis - basis.mean()
        size = spread @ recent / (spread @ spread)
        error = ((recent - recent.mean() - size * spread) ** 2).sum()
        if error < best[0]:
            best = (error, size * basis[-1] * (1 - np.exp(-ahead / decay)))
    return float(max(0.0, best[1]))
