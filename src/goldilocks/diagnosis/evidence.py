"""History -> curves, and the numbers that a verdict follows from."""

from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.diagnosis.curve import (
    curve_noise,
    gain_ahead,
    loss_error,
    rise,
    running_median,
    slope,
)


def read(
    history: Mapping[str, Sequence[float]], metric: str, baseline: Mapping[str, float], rows: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return training loss, validation loss and validation metric, which may not be finite.

    Args:
        history: One value an epoch, by Keras's names.
        metric: Name of the metric.
        baseline: The baseline's loss and metric.
        rows: Number of validation rows.

    Returns:
        Three curves, float64 (epochs,).

    Raises:
        ValueError: A curve is missing or empty, their lengths differ, or the baseline is unusable.
    """
    for name in ("loss", metric):
        value = baseline.get(name, np.nan)
        if not np.isfinite(value) or (name == "loss" and value == 0):
            raise ValueError(
                f"baseline[{name!r}] is {baseline.get(name)}; a finite number is needed, and for "
                "the loss not 0."
            )
    if rows < 1:
        raise ValueError(f"rows is {rows}; a verdict needs at least one validation row.")

    loss = "data_loss" if {"data_loss", "val_data_loss"} <= set(history) else "loss"
    score = loss if metric == "loss" else metric
    names = (loss, f"val_{loss}", f"val_{score}")
    missing = [name for name in names if name not in history]
    if missing:
        raise ValueError(
            f"The history holds {', '.join(history) or 'nothing'}; {', '.join(missing)} is missing."
        )

    train, val, scores = (np.asarray(history[name], float) for name in names)
    if not len(train) == len(val) == len(scores) or not len(train):
        lengths = {name: len(history[name]) for name in names}
        raise ValueError(f"The curves hold {lengths} values; one value an epoch is needed in each.")
    return train, val, scores


def measure(
    train: np.ndarray,
    val: np.ndarray,
    score: np.ndarray,
    *,
    higher: bool,
    base_loss: float,
    base_metric: float,
    rows: int,
    loss_null: float | None,
    metric_null: float | None,
    smallest_effect: float,
    noise_prior: float,
    noise_prior_epochs: float,
    end_fraction: float,
    horizon: float,
) -> dict[str, float]:
    """Return the evidence of a verdict.

    Args:
        train: Training loss, finite, float64 (epochs,).
        val: Validation loss, as `train`.
        score: Validation metric, as `train`.
        higher: Whether a higher metric is better.
        base_loss: Loss of the baseline.
        base_metric: Metric of the baseline.
        rows: Number of validation rows.
        loss_null: Standard error of the loss where chance alone makes it; None for the one by the
            number of rows.
        metric_null: The same of the metric.
        smallest_effect: The thresholds, as of `judge`.
        noise_prior: As of `judge`.
        noise_prior_epochs: As of `judge`.
        end_fraction: As of `judge`.
        horizon: As of `judge`.

    Returns:
        Losses in the loss's own unit, epochs from 1.

        - `epochs`, `best_epoch`, `best_val_loss`: The length, and the epoch and value of the lowest
          validation loss.
        - `end_val_loss`, `end_train_loss`, `gap`: The ends of both losses, and validation minus
          training loss there.
        - `relative_gap`, `loss_distance`: The gap, and how far the best validation loss lies below
          the baseline's; fractions of the baseline loss.
        - `noise`: Standard deviation of validation loss from epoch to epoch (`curve_noise`).
        - `smallest_effect`: The smallest change of validation loss that matters. A loss carried by
          few rows has a noise like that of a count, so its scale is sqrt(best x baseline), between
          the two.
        - `degradation`, `degradation_noise`: Rise of validation loss from its lowest level to the
          end, and the same in standard errors (`rise`); both 0 where chance explains it.
        - `gap_widening`: How much the gap widened over that rise.
        - `gain_ahead`: Fall of validation loss that more epochs would bring (`gain_ahead`), at most
          by a straight line through its last quarter: losses fall ever slower.
        - `trend_val`, `trend_train`, `trend_noise`: Slopes per epoch over the last half, and
          validation's in its standard errors.
        - `train_rise`: Median of the last three training losses minus the lowest before the last,
          at least 0; a fraction of the baseline loss or, if larger, of the lowest.
        - `best_metric`, `metric_distance`: Best validation metric without spikes, and by how much
          it beats the baseline.
        - `loss_power`, `metric_power`: Both distances from the baseline in standard errors, those
          under the null and of the curve.
    """
    epochs, unit = len(val), abs(base_loss)
    calm, calm_train = running_median(val), running_median(train)
    scale = np.sqrt(max(calm.min(), 0.0) * unit)
    noise = curve_noise(val, noise_prior * scale / np.sqrt(rows), noise_prior_epochs)
    noise = max(noise, np.finfo(float).eps * max(unit, np.abs(val).max()))

    # The ends, and the rise of validation loss to its end.
    end = max(1, round(end_fraction * epochs))
    end_val, end_train = calm[-end:].mean(), calm_train[-end:].mean()
    gap = end_val - end_train
    low, window, degradation_noise = rise(calm, end, noise)
    gap_at_low = low - calm_train[window].mean()

    # The last epoch is left out: a training loss that only falls has not risen.
    lowest_train = train[: max(1, epochs - 1)].min()
    last_train = np.median(train[-min(3, max(1, epochs - 1)) :])
    train_rise = max(0.0, last_train - lowest_train) / max(unit, lowest_train)

    # The trends, and what more epochs would bring.
    trend_val, trend_error = slope(val[-max(3, epochs // 2) :])
    trend_train, _ = slope(train[-max(3, epochs // 2) :])
    ahead = max(1.0, horizon * epochs)
    last_slope, _ = slope(calm[-max(3, epochs // 4) :])
    forecast = min(gain_ahead(calm, ahead), max(0.0, -last_slope * ahead))

    # The distances from the baseline.
    loss_distance = base_loss - calm.min()
    if loss_null is None:
        loss_null = loss_error(calm.min(), base_loss, rows)
    loss_noise = np.hypot(loss_null, noise)
    calm_score = running_median(score)
    if higher:
        best_metric = calm_score.max()
        metric_distance = best_metric - base_metric
        chance = (rows * base_metric + 1) / (rows + 2)
        metric_error = np.sqrt(chance * (1 - chance) / rows)
    else:
        best_metric = calm_score.min()
        metric_distance = base_metric - best_metric
        metric_error = loss_error(best_metric, base_metric, rows)
    if metric_null is not None:
        metric_error = metric_null
    metric_noise = np.hypot(metric_error, curve_noise(score, 0.0, noise_prior_epochs))

    evidence = {
        "best_val_loss": val.min(),
        "end_val_loss": end_val,
        "end_train_loss": end_train,
        "gap": gap,
        "relative_gap": gap / unit,
        "noise": noise,
        "smallest_effect": smallest_effect * scale,
        "degradation": end_val - low,
        "degradation_noise": degradation_noise,
        "gap_widening": gap - gap_at_low,
        "gain_ahead": forecast,
        "trend_val": trend_val,
        "trend_noise": trend_val / (noise * trend_error),
        "trend_train": trend_train,
        "train_rise": train_rise,
        "best_metric": best_metric,
        "loss_distance": loss_distance / unit,
        "loss_power": loss_distance / loss_noise,
        "metric_distance": metric_distance,
        "metric_power": metric_distance / metric_noise,
    }
    counts = {"epochs": epochs, "best_epoch": int(np.argmin(val)) + 1}
    return counts | {name: float(value) for name, value in evidence.items()}
