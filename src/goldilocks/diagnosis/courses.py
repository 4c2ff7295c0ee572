"""Curves -> both losses measured: noise, last stretch, rise, each in the loss's own unit."""

from dataclasses import dataclass

import numpy as np

from goldilocks.diagnosis.curve import (
    SMALLEST,
    curve_noise,
    loss_error,
    rise,
    running_median,
    slope,
)
from goldilocks.diagnosis.history import Curves
from goldilocks.formatting import number

SURE = 3.0  # standard errors beyond which a change is not chance
ROW_PRIOR, PRIOR_EPOCHS = 0.35, 1.0  # standard errors of the rows, taken for noise at first
ROWS = 100  # validation rows that are assumed where their number is unknown
STRETCH = 5  # epochs, at least, of the last third


@dataclass(frozen=True, kw_only=True)
class Course:
    """A loss curve of finite values, measured.

    Attributes:
        name: What a sentence calls it.
        raw: The loss, float64 (epochs,).
        noise: Standard deviation from epoch to epoch.
        matters: The smallest change that matters.
        start: Index of the first epoch of the last stretch that is a spike of neither loss.
        end: Index of the last such epoch.
        change: Rise of the curve without spikes over its last stretch, by a straight line.
        error: Standard error of `change`.
        has_fallen: Whether it is lower at its end than at its beginning, by what matters.
        has_risen: Whether it ends above its lowest level, beyond chance and by what matters.
    """

    name: str
    raw: np.ndarray
    noise: float
    matters: float
    start: int
    end: int
    change: float
    error: float
    has_fallen: bool
    has_risen: bool

    @property
    def best(self) -> int:
        """Index of the lowest value."""
        return int(np.argmin(self.raw))

    @property
    def last(self) -> float:
        """The value of the last epoch that is no spike."""
        return float(self.raw[self.end])

    @property
    def drop(self) -> float:
        """By how much the values fall that are named of the last stretch."""
        return float(self.raw[self.start] - self.last)

    @property
    def shift(self) -> float:
        """By how much the later half of the named epochs is above the earlier, by medians."""
        named = self.raw[self.start : self.end + 1]
        half = max(1, len(named) // 2)
        return float(np.median(named[-half:]) - np.median(named[:half]))

    @property
    def goes_down(self) -> bool:
        """Whether the last stretch falls beyond chance, and its named values by more than noise."""
        return self.change < -SURE * self.error and self.drop > self.noise and self.shift < 0

    @property
    def goes_up(self) -> bool:
        """Whether the last stretch rises beyond chance, and its named values by more than noise."""
        return self.change > SURE * self.error and -self.drop > self.noise and self.shift > 0

    @property
    def falls(self) -> bool:
        """Whether the last stretch falls beyond chance and by what matters."""
        return self.goes_down and self.drop > self.matters

    @property
    def is_level(self) -> bool:
        """Whether the last stretch changes by less than what matters, beyond chance."""
        return len(self.raw) > STRETCH and abs(self.change) + 2 * self.error < self.matters

    def at(self, epoch: int) -> str:
        """Return the value of an epoch, and which it is."""
        return f"{number(self.raw[epoch])} (epoch {epoch + 1})"

    def since(self, epoch: int) -> str:
        """Return the values of an epoch and of the end."""
        return f"from {self.at(epoch)} to {self.at(self.end)}"

    def rise(self) -> str:
        """Return how far it is above its best; that it rose where it went on rising since."""
        since = self.raw[self.best : self.end + 1]
        if slope(since)[0] > 0 and self.last > since[:-1][:3].max():
            return f"{self.name} rose {self.since(self.best)}"
        return f"{self.name} is above its best of {self.at(self.best)}, at {self.at(self.end)}"


def loss_scale(curves: Curves) -> float:
    """Return the loss that changes of validation loss are measured in.

    A loss carried by few rows has a noise like that of a count, so it is sqrt(best x baseline),
    between the two. A loss that can be negative has no zero: of it, it is what was learned.
    """
    calm, base = running_median(curves.val_loss), curves.baseline.get("loss")
    best = float(calm.min())
    if best > 0:
        return float(np.sqrt(best * max(best, base or 0.0)))
    if base is not None:
        return abs(base - best)
    return float(np.ptp(calm))


def row_error(curves: Curves) -> float | None:
    """Return the standard error of the best validation loss by its rows, None if not known."""
    base, error = curves.baseline.get("loss"), curves.null_errors.get("loss")
    if error is None and base is not None and curves.rows is not None:
        error = loss_error(float(running_median(curves.val_loss).min()), base, curves.rows)
    return error if error is not None and np.isfinite(error) else None


def both_courses(curves: Curves, *names: str) -> tuple[Course, Course]:
    """Return training and validation loss, all of whose values are finite, measured."""
    losses = (curves.loss, curves.val_loss)
    scale, epochs = loss_scale(curves), len(curves.loss)
    prior = ROW_PRIOR * scale / np.sqrt(curves.rows or ROWS)
    first = max(0, epochs - max(STRETCH, epochs // 3))

    calms = [running_median(loss) for loss in losses]
    noises = [
        max(curve_noise(loss, prior, PRIOR_EPOCHS), np.finfo(float).eps * np.abs(loss).max())
        for loss in losses
    ]
    is_spike = [
        np.abs(loss - calm) > SURE * noise
        for loss, calm, noise in zip(losses, calms, noises, strict=True)
    ]
    steady = first + np.flatnonzero(~(is_spike[0] | is_spike[1])[first:])
    if not len(steady):
        steady = np.array([first, epochs - 1])

    measured: list[Course] = []
    for name, loss, calm, noise in zip(names, losses, calms, noises, strict=True):
        matters, last = SMALLEST * scale, loss[steady[-1]]
        change, error, _ = trend(calm[first:], noise)
        *_, strays = trend(calm[epochs // 2 :], noise)
        low, _, surely = rise(calm, max(1, round(epochs / 8)), strays)
        course = Course(
            name=name,
            raw=loss,
            noise=noise,
            matters=matters,
            start=int(steady[0]),
            end=int(steady[-1]),
            change=change,
            error=error,
            has_fallen=bool(calm[0] - calm[-1] > matters),
            has_risen=bool(
                surely > SURE
                and last - max(low, calm[np.argmin(loss)]) > matters
                and np.argmin(loss) < steady[-1]
            ),
        )
        measured.append(course)
    return measured[0], measured[1]


def trend(curve: np.ndarray, noise: float) -> tuple[float, float, float]:
    """Return how much a curve rises by a straight line, its standard error, and that of an epoch.

    Args:
        curve: float64 (epochs,).
        noise: Standard deviation from epoch to epoch. What the curve strays from the line counts
            where it is more; few epochs make it larger, as Student's t does.
    """
    per_epoch, error = slope(curve)
    span = len(curve) - 1
    line = curve.mean() + per_epoch * (np.arange(len(curve)) - span / 2)
    strays = np.sqrt(((curve - line) ** 2).sum() / max(1, span - 1))
    of_epoch = float(max(noise, strays) * (1 + 1 / max(1, span - 1)))
    return per_epoch * span, error * span * of_epoch, of_epoch
