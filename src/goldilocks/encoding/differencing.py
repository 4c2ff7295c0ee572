"""Networks of a series that predict a change from a value they see, not the value itself.

A network learns values within the range of its training rows; a series that grows leaves it. The
change from the last value, or from the value a season before, does not.

Source: Hyndman and Athanasopoulos, "Forecasting: principles and practice" (3rd edition, 2021),
    section 9.1, differencing and seasonal differencing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.windows import Windows
from goldilocks.errors import DataError
from goldilocks.formatting import percent
from goldilocks.protocol import Rows

if TYPE_CHECKING:
    import keras

MOST = 10_000  # windows, by which the scale of changes is told
TINY = 1e-300  # in place of a variance of 0
NEARER = 0.9  # of the error of a shorter season, below which a longer one is taken, or named


@dataclass(frozen=True)
class Difference:
    """The values that a network of a series predicts the change from, and what changes are like.

    Attributes:
        steps: Of each output: the time step of the features that holds the value, int (outputs,).
        columns: Of each output: its column of the features, alike.
        means: What the encoder subtracts of each output's column, in its unit, float64 (outputs,).
        spreads: What it divides by, alike.
        change: Mean change in training rows, in the targets' units, float64 (outputs,).
        change_spread: Its standard deviation, alike.
        period: Points of time in a season; 1 of the last value.
        moving: For each column of the features: 1 where it is a target, else 0, float64 (columns,).
        scales: For each column of the features: what brings its changes within a window to a
            deviation of 1; 1 where it is no target.
    """

    steps: np.ndarray
    columns: np.ndarray
    means: np.ndarray
    spreads: np.ndarray
    change: np.ndarray
    change_spread: np.ndarray
    period: int
    moving: np.ndarray
    scales: np.ndarray


def resolved(dataset: Dataset, rows: Rows) -> Dataset:
    """Return a series whose `difference` is decided by its training rows, and said in a note.

    Compared are the mean, the last value and the values a season before that windows see, each with
    its mean change in the earlier half of the rows, by the mean squared error in the later half; a
    longer season must be better by a tenth.

    Args:
        dataset: Of any kind.
        rows: Training rows, int64, ascending.

    Raises:
        DataError: `difference` is a season whose value windows do not see.
    """
    if dataset.kind != "series" or dataset.difference == 0:
        return dataset
    windows = dataset.x
    if dataset.difference is not None:
        behind = _behind(windows, dataset.difference)
        if not _sees(windows, behind):
            raise DataError(
                f"dataset.difference is {dataset.difference}, and windows do not see the value "
                f"{dataset.difference} rows before each predicted one; expected one that they see, "
                f"within dataset.lookback={windows.lookback} in steps of {windows.step}. Use "
                f"{_to_see(windows, dataset.difference)}, or dataset.difference=auto."
            )
        return dataset

    early, late = np.array_split(rows, [len(rows) // 2])
    if not len(early):
        return replace(dataset, difference=0)
    targets = dataset.y[rows].reshape(len(rows), -1).astype("float64")
    scale = np.maximum(targets.var(axis=0), TINY)
    errors = {0: _error(targets[: len(early)], targets[len(early) :], scale)}
    unseen = dict[int, float]()
    for period in sorted({naive.period for naive in dataset.naive.values()}):
        behind = _behind(windows, period)
        reachable = windows.starts + windows.span - 1 >= behind.max()
        if reachable[early].any():
            before, after = (
                _changes(dataset, half[reachable[half]], behind) for half in (early, late)
            )
            error = _error(before, after, scale)
            (errors if _sees(windows, behind) else unseen)[period] = error

    period = 0
    for longer in sorted(errors):
        if errors[longer] < NEARER * errors[period]:
            period = longer
    notes = []
    if period:
        notes.append(
            f"The network predicts the change from {_named(period)}: in the later half of the "
            "training windows that value, with the earlier half's mean change, has "
            f"{percent(errors[period] / max(errors[0], TINY))} of the mean squared error of the "
            "earlier half's mean (dataset.difference=0: it predicts values)."
        )
    better = {name: error for name, error in unseen.items() if error < NEARER * errors[period]}
    if better:
        season = min(better, key=better.__getitem__)
        notes.append(
            f"The value {season} rows before has {percent(better[season] / errors[period])} of the "
            "error of what was chosen, and windows do not see it: "
            f"{_to_see(windows, season)} dataset.difference={season}."
        )
    return replace(dataset, difference=period, notes=(*dataset.notes, *notes))


def fit(dataset: Dataset, rows: Rows, encoder: keras.Model) -> Difference | None:
    """Return the changes of a series in training rows; None where values are predicted themselves.

    Args:
        dataset: Of any kind, `resolved`.
        rows: Training rows, int64.
        encoder: Of a series: that standardizes its windows.
    """
    if dataset.kind != "series" or not dataset.difference:
        return None
    windows, behind = dataset.x, _behind(dataset.x, dataset.difference)
    changes = _changes(dataset, rows, behind)
    deviations = changes.std(axis=0, dtype="float64")

    columns, means, spreads = standardization(dataset, encoder)
    moving, scales = np.zeros(len(windows.columns)), np.ones(len(windows.columns))
    moving[list(windows.target)] = 1.0
    sample = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(int)]
    for column, spread in zip(columns[: len(windows.target)], spreads, strict=False):
        seen = windows.seen(sample)[..., column]
        within = (seen - seen[:, -1:]).std(dtype="float64")
        scales[column] = spread / within if within and spread else 1.0
    steps = np.searchsorted(windows.offsets, windows.span - 1 - behind)
    return Difference(
        steps=np.repeat(steps, len(windows.target)),
        columns=columns,
        means=means,
        spreads=spreads,
        change=changes.mean(axis=0, dtype="float64"),
        change_spread=np.where(deviations > 0, deviations, 1.0),
        period=dataset.difference,
        moving=moving,
        scales=scales,
    )


def standardization(
    dataset: Dataset, encoder: keras.Model
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the column of the features of each output of a series, and its mean and deviation.

    Each is (outputs,); the last two in the target's unit. The deviation of what was constant in the
    training rows is 0.
    """
    columns, scale = list(dataset.x.target) * dataset.x.horizon, encoder.get_layer("scale")
    # The variance of what was constant in the training rows is infinite.
    spread = np.nan_to_num(np.sqrt(scale.variance), posinf=0.0)
    return np.array(columns), np.ravel(scale.mean)[columns], np.ravel(spread)[columns]


def _behind(windows: Windows, period: int) -> np.ndarray:
    """Return how far before the last point seen a season's latest values stand.

    int (horizon,), one for each predicted point.
    """
    ahead = windows.delay + np.arange(windows.horizon)
    return period * np.ceil(ahead / period).astype(int) - ahead


def _sees(windows: Windows, behind: np.ndarray) -> bool:
    """Return whether windows see all of these points."""
    return bool(np.isin(windows.span - 1 - behind, windows.offsets).all())


def _to_see(windows: Windows, period: int) -> str:
    """Return what to type so that windows see the values a season before."""
    lags = sorted({int(points) + windows.delay for points in _behind(windows, period)})
    return f"'dataset.lags={str(lags).replace(' ', '')}'"


def _changes(dataset: Dataset, rows: Rows, behind: np.ndarray) -> np.ndarray:
    """Return targets less their values so many points before the last one seen, (rows, outputs)."""
    windows = dataset.x
    points = windows.starts[rows, np.newaxis] + windows.span - 1 - behind
    values = windows.values[points[..., np.newaxis], windows.target].reshape(len(rows), -1)
    return dataset.y[rows].reshape(len(rows), -1).astype("float64") - values


def _error(early: np.ndarray, late: np.ndarray, scale: np.ndarray) -> float:
    """Return the mean squared error of late rows (n, outputs) by the mean of early ones.

    In `scale`, the variance of each target.
    """
    return float(np.nanmean((late - np.nanmean(early, axis=0)) ** 2 / scale))


def _named(period: int) -> str:
    if period == 1:
        return "the last value"
    return f"the value {period} rows before"
