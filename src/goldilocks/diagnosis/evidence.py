"""Curves -> numbers without a unit, from which the answers are computed.

No number depends on the unit of the loss, and none grows with the number of epochs alone. Losses
are compared with each other by ratio and by what they fell altogether, and with the baseline.
"""

from __future__ import annotations

import math

import numpy as np

from goldilocks.diagnosis.curve import (
    SMALLEST,
    curve_noise,
    gain_ahead,
    loss_error,
    rise,
    running_median,
    slope,
)
from goldilocks.diagnosis.history import Curves

LIMIT = 1e6  # beyond which a ratio says no more
POWER = 2.5  # standard errors by which loss or metric must beat the baseline, to have power
PRIOR = 0.35  # standard errors of the rows: the noise of a curve that is too short to show its own
PRIOR_EPOCHS = 4.0  # that this assumption weighs


def measure(curves: Curves) -> dict[str, float]:
    """Return the evidence: NaN for what the curves, or what is known beside them, cannot tell.

    Args:
        curves: All values finite.

    Returns:
        `epochs` and the losses in their unit, then the rest without: `log_` are natural logarithms
        of ratios, `_fall` is in falls of validation loss from its first epoch to its best, `_scale`
        in sqrt(best loss x baseline loss), `_noise` in standard errors of the curve,
        `_matters` in changes that matter and are no noise.
    """
    train, val = curves.loss, curves.val_loss
    epochs, base = len(val), curves.baseline.get("loss", math.nan)
    calm, calm_train = running_median(val), running_median(train)
    best, end = int(np.argmin(calm)), max(1, round(epochs / 8))
    half, quarter = epochs // 2, max(0, epochs - max(2, epochs // 4))
    val_end, train_end = calm[-end:].mean(), calm_train[-end:].mean()
    val_half, train_half = (curve[half : half + end].mean() for curve in (calm, calm_train))
    val_quarter, train_quarter = calm[quarter], calm_train[quarter]

    # The units: what the loss fell, and the geometric mean of its best and the baseline's, for
    # which the first epoch stands in.
    unit = abs(curves.baseline.get("loss", float(val[0]))) or math.nan
    scale = math.sqrt(calm[best] * unit) if calm[best] > 0 else unit
    rows = curves.rows or math.nan
    prior = PRIOR * scale / math.sqrt(rows)
    noise = curve_noise(val, np.nan_to_num(prior), PRIOR_EPOCHS)
    noise = max(noise, 1e-9 * float(np.abs(val).max()), 1e-300)
    fall = max(float(val[0] - calm[best]), noise)

    matters = SMALLEST * scale + 2 * noise
    rises = np.diff(val) > 0

    low, window, rise_noise = rise(calm, end, noise)
    last_slope, slope_error = slope(val[-max(3, epochs // 2) :])
    train_slope, _ = slope(train[-max(3, epochs // 2) :])
    train_noise = max(
        curve_noise(train, 0.0, PRIOR_EPOCHS), 1e-9 * float(np.abs(train).max()), 1e-300
    )
    ahead = min(gain_ahead(calm, epochs), max(0.0, float(val_half - val_end)))
    train_ahead = gain_ahead(calm_train, epochs)
    gap, best_gap = val_end - train_end, calm[best] - calm_train[best]

    evidence = {
        "epochs": epochs,
        "best_epoch": best + 1,
        "noise": noise,
        "log_epochs": math.log(epochs),
        "best_at": (best + 1) / epochs,
        "lowest_at": (int(np.argmin(val)) + 1) / epochs,
        "log_since_best": math.log1p(epochs - 1 - best),
        "rise_noise": rise_noise,
        "rise_fall": (val_end - low) / fall,
        "rise_scale": (val_end - low) / scale,
        "rise_matters": (val_end - low) / matters,
        "last_matters": (val[-1] - val.min()) / matters,
        "half_matters": (val_half - val_end) / matters,
        "quarter_matters": (val_quarter - val_end) / matters,
        "ahead_matters": ahead / matters,
        "train_ahead_matters": train_ahead / matters,
        "log_rise": _log(val_end, low),
        "log_last": _log(val[-1], val.min()),
        "last_scale": (val[-1] - val.min()) / scale,
        "log_gap": _log(val_end, train_end),
        "gap_base": gap / abs(base),
        "gap_fall": gap / fall,
        "log_best_gap": _log(calm[best], calm_train[best]),
        "best_gap_base": best_gap / abs(base),
        "widening_fall": (gap - (low - calm_train[window].mean())) / fall,
        "widening_scale": (gap - (val_half - train_half)) / scale,
        "log_widening": _log(val_end, train_end) - _log(val_half, train_half),
        "log_train_fall": _log(calm_train[0], train_end),
        "log_train_half": _log(train_half, train_end),
        "log_train_quarter": _log(train_quarter, train_end),
        "train_half_scale": (train_half - train_end) / scale,
        "log_val_fall": _log(val[0], val_end),
        "log_val_half": _log(val_half, val_end),
        "log_val_quarter": _log(val_quarter, val_end),
        "half_scale": (val_half - val_end) / scale,
        "quarter_scale": (val_quarter - val_end) / scale,
        "half_fall": (val_half - val_end) / fall,
        "trend_noise": last_slope / (noise * slope_error),
        "train_trend_noise": train_slope / (train_noise * slope_error),
        "log_trends": _log(abs(last_slope), abs(train_slope)),
        "ahead_scale": ahead / scale,
        "ahead_fall": ahead / fall,
        "train_ahead_scale": train_ahead / scale,
        "log_ahead": _log(val_end, val_end - ahead),
        "log_noise": _log(noise, abs(calm[best])),
        "noise_scale": noise / scale,
        "noise_fall": noise / fall,
        "log_train_noise": _log(train_noise, abs(train_end)),
        "rising": _share(rises),
        "rising_late": _share(rises[-max(2, epochs // 2 - 1) :]),
        "log_best_base": _log(calm[best], base),
        "log_end_base": _log(val_end, base),
        "log_train_base": _log(train_end, base),
        "log_first_base": _log(val[0], base),
        "log_first": _log(val[0], train[0]),
        "log_rows": math.log(rows),
    }
    evidence |= _of_metric(curves, end) | power(curves, calm, noise)
    return {name: float(np.clip(value, -LIMIT, LIMIT)) for name, value in evidence.items()}


def power(curves: Curves, calm: np.ndarray, noise: float) -> dict[str, float]:
    """Return by how many standard errors the best loss and the best metric beat the baseline.

    Args:
        curves: With their null errors, else errors by the number of rows.
        calm: Validation loss without spikes.
        noise: Its standard deviation from epoch to epoch.
    """
    powers = {"loss_power": math.nan, "metric_power": math.nan}
    base, rows = curves.baseline.get("loss"), curves.rows
    if base is not None and rows:
        error = curves.null_errors.get("loss", loss_error(calm.min(), base, rows))
        powers["loss_power"] = (base - calm.min()) / math.hypot(error, noise)

    base = curves.baseline.get(curves.metric)
    if base is None or not rows or curves.metric == "loss":
        return powers
    scores = running_median(curves.scores)
    error = curves.null_errors.get(curves.metric)
    if curves.higher:
        distance, chance = scores.max() - base, (rows * base + 1) / (rows + 2)
        # As if it were a share of the rows.
        error = error or math.sqrt(max(chance * (1 - chance), 0.0) / rows)
    else:
        distance = base - scores.min()
        error = error or loss_error(scores.min(), base, rows)
    jumps = curve_noise(curves.scores, 0.0, PRIOR_EPOCHS)
    powers["metric_power"] = distance / max(math.hypot(error, jumps), 1e-300)
    return powers


def _of_metric(curves: Curves, end: int) -> dict[str, float]:
    """Return the evidence of the metric's curve: an error that falls, also where more is better."""
    names = ("log_error_best", "log_error_rise", "log_error_half", "error_best_at", "error_best")
    if curves.metric == "loss":
        return dict.fromkeys(names, math.nan)

    scores = running_median(curves.scores)
    base = curves.baseline.get(curves.metric, math.nan)
    errors, base_error = scores, base
    if curves.higher:
        errors, base_error = 1 - scores, 1 - base
    smallest = 0.5 / (curves.rows or 1000)
    errors, base_error = np.maximum(errors, smallest), max(base_error, smallest)
    last = errors[-end:].mean()
    return {
        "log_error_best": _log(errors.min(), base_error),
        "log_error_rise": _log(last, errors.min()),
        "log_error_half": _log(errors[len(errors) // 2 :][:end].mean(), last),
        "error_best_at": (int(errors.argmin()) + 1) / len(errors),
        "error_best": errors.min() if curves.higher else math.nan,
    }


def _share(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _log(value: float, other: float) -> float:
    """Return the logarithm of a ratio; NaN where it has none."""
    if not (value > 0 and other > 0):
        return math.nan
    return math.log(value / other)
