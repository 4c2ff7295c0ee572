"""History -> verdict, evidence, next move in words.

The five verdicts follow chapter 4 of Chollet, Deep Learning with Python (2017): section 4.4 for
underfitting and overfitting, and the universal workflow of section 4.5: first statistical power,
then a model that overfits, then regularization. `docs/verdict.md` explains each number for a
learner. Nothing here knows a unit: a loss is measured in the baseline's loss, and a change in the
noise of its own curve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goldilocks.diagnosis.curve import (
    curve_noise,
    gain_ahead,
    loss_error,
    rise,
    running_median,
    slope,
)
from goldilocks.problem import higher_is_better

CALM_DOWN = "Try optimizer.learning_rate ten times lower, and look for missing or unscaled values in inputs and targets."


@dataclass(frozen=True)
class Verdict:
    """What a learning curve says.

    Attributes:
        name: One of `verdicts.VERDICTS`.
        evidence: The numbers behind the name, in the units that `measure` documents.
        reason: One sentence with numbers: what the curves say.
        next_move: One sentence that names config keys: what to try next.
    """

    name: str
    evidence: Mapping[str, float]
    reason: str
    next_move: str


def judge(
    history: Mapping[str, Sequence[float]],
    *,
    metric: str,
    baseline: Mapping[str, float],
    rows: int,
    power_noise: float,
    change_noise: float,
    smallest_effect: float,
    noise_prior: float,
    noise_prior_epochs: float,
    end_fraction: float,
    horizon: float,
    epochs_minimum: int,
    wide_gap: float,
    wide_ratio: float,
    high_loss: float,
    collapse: float,
) -> Verdict:
    """The verdict on one run's learning curve.

    Asked in this order, and the first yes decides: has training diverged? Has it no power over the
    baseline? Did validation loss rise after its best epoch while the gap to training loss widened
    (overfit)? Is the curve too short, would more epochs still lower it, or does its noise hide
    whether it falls with training loss (underfit)? Did both losses rise together (underfit: the
    optimizer, not the data)? Is the gap wide (overfit)? Are both at rest at a high loss (underfit)?
    What is left is balanced.

    Args:
        history: One value an epoch, by Keras's names: `loss`, `val_loss` and the metric's `val_`
            name. Where both `data_loss` and `val_data_loss` are there, they stand in for the
            losses, whose penalties would hide the gap.
        metric: The measure of success, for example "accuracy" or "mae".
        baseline: What the dumb predictor reaches on the validation rows: `loss` (without penalty)
            and the metric.
        rows: How many validation rows there are.
        power_noise: Standard errors by which the loss or the metric must beat the baseline. The
            thresholds are the keys of `diagnosis` in `conf/config.yaml`, where each has its reason.
        change_noise: Noise units by which validation loss must rise or fall.
        smallest_effect: Smallest change that matters, as a fraction of sqrt(best loss x baseline
            loss).
        noise_prior: Standard errors of the validation rows taken for noise until the curve shows
            its own.
        noise_prior_epochs: Epochs that this assumption weighs.
        end_fraction: Fraction of the epochs, at least one, whose mean is the end of a curve.
        horizon: Fraction of the epochs so far, at least one epoch, for which the gain of going on
            is forecast.
        epochs_minimum: Epochs below which a curve cannot show that it has come to rest.
        wide_gap: Gap that is wide, as a fraction of the baseline loss.
        wide_ratio: Training loss as a fraction of validation loss, below which a gap can be wide.
        high_loss: Loss that is high, as a fraction of the baseline loss.
        collapse: Rise of training loss that is a divergence, as a fraction of the baseline loss.

    Returns:
        The verdict; its evidence is what `measure` lists, or `epochs` and `first_bad_epoch` if a
        value is not finite.

    Raises:
        ValueError: The history lacks a curve, or is empty or ragged; the baseline is unusable.
    """
    higher = higher_is_better(metric)
    train, val, score = read(history, metric, baseline, rows)
    finite = np.isfinite(train) & np.isfinite(val) & np.isfinite(score)
    if not finite.all():
        bad = int(np.argmin(finite)) + 1
        reason = f"A loss or {metric} of epoch {bad} of {len(val)} is not a finite number."
        return Verdict("diverged", {"epochs": len(val), "first_bad_epoch": bad}, reason, CALM_DOWN)
    given = {
        "smallest_effect": smallest_effect,
        "noise_prior": noise_prior,
        "noise_prior_epochs": noise_prior_epochs,
    }
    given |= {"end_fraction": end_fraction, "horizon": horizon, "base_loss": baseline["loss"]}
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # a loss of 1e200 is finite, its square is not
        seen = measure(
            train, val, score, higher=higher, base_metric=baseline[metric], rows=rows, **given
        )

    epochs, best = len(val), int(seen["best_epoch"])
    clear = max(change_noise * seen["noise"], seen["smallest_effect"])
    rose = (
        seen["degradation_noise"] > change_noise and seen["degradation"] > seen["smallest_effect"]
    )
    falls = seen["gain_ahead"] > clear and seen["trend_noise"] < -change_noise
    ending = best > epochs - max(1, round(end_fraction * epochs))
    hidden = (
        ending and clear > seen["smallest_effect"]
    )  # noise may hide a fall that matters: training loss shows more
    learns = hidden and seen["trend_val"] < 0 and -seen["trend_train"] * horizon * epochs > clear
    wide = (
        seen["relative_gap"] > wide_gap
        and seen["end_train_loss"] < wide_ratio * seen["end_val_loss"]
    )
    high = min(seen["end_val_loss"], seen["end_train_loss"]) > high_loss * abs(baseline["loss"])
    base = f"baseline {baseline['loss']:.4g}"
    ends = f"training loss ends at {seen['end_train_loss']:.4g}, validation loss at {seen['end_val_loss']:.4g}"
    lowest = f"{seen['best_val_loss']:.4g} at epoch {best} of {epochs}"
    longer = f"Train longer: trainer.epochs={max(10, 2 * epochs)}."
    powerless = (
        f"Neither validation loss (best {lowest}, {base}) nor {metric} (best "
        f"{seen['best_metric']:.4g}, baseline "
        f"{baseline[metric]:.4g}) beats the baseline by more than the noise of {rows} validation "
        "rows."
    )
    powerless_move = (
        "Scale the inputs, then try optimizer.learning_rate ten times lower and ten times higher."
    )
    if wide:
        powerless_move = "It learns the training rows by heart: check the labels, then get more rows or a smaller model.units."
    level, times = seen["end_val_loss"] - seen["degradation"], seen["degradation"] / seen["noise"]
    # In the order of the docstring: whether it is so, the verdict, what the curves say, what to try
    # next.
    cases = (
        (seen["train_rise"] > collapse, "diverged", f"Training loss rose from {train.min():.4g} "
                                                    f"and stays up: {ends}.",
         CALM_DOWN),
        (max(seen["loss_power"], seen["metric_power"]) < power_noise, "no_power", powerless,
         longer if falls else powerless_move),
        (rose and seen["gap_widening"] > clear, "overfit",
         f"After its best ({lowest}) validation loss rose by {seen['degradation']:.3g} from a "
         f"level of {level:.4g}, "
         f"{times:.1f} times its noise: {ends}.",
         f"Stop at trainer.epochs={best} or with regularizer=early_stopping; or try "
         "regularizer=dropout, "
         "regularizer=l2 or a smaller model.units."),
        (epochs < epochs_minimum, "underfit",
         f"It beats the baseline, but a curve of {epochs} epoch{'s' * (epochs > 1)} is too short "
         f"to tell more: {ends}.",
         longer),
        (falls, "underfit", f"Validation loss still falls, by {seen['gain_ahead']:.3g} more if "
                            f"trained on: {ends}.",
         longer),
        (learns and not wide, "underfit", "Training loss still falls, and validation loss with "
                                          f"it: {ends}.", longer),
        (rose, "underfit", f"Both losses rose together after {lowest}: {ends}.",
         "Try a lower optimizer.learning_rate, or smaller penalties (regularizer.l1, "
         "regularizer.l2)."),
        (wide, "overfit", f"Validation loss is at rest, far above training loss: {ends} ({base}).",
         "Try regularizer=dropout, regularizer=l2, regularizer=augmentation (images) or a smaller "
         "model.units."),
        (high, "underfit", f"Both losses are at rest at a high level, without a wide gap: {ends} "
                           f"({base}).",
         "Try a larger model.units or model.layers, or less regularization; maybe the inputs hold "
         "no more than this."),
        (True, "balanced", f"Both losses are at rest, without a wide gap: {ends} (best {lowest}, "
                           f"{base}).",
         "Vary model.units and optimizer.learning_rate around this, then final=true with "
         f"trainer.epochs={best}."),
    )  # fmt: skip
    _, name, reason, next_move = next(case for case in cases if case[0])
    return Verdict(name, seen, reason, next_move)


def read(
    history: Mapping[str, Sequence[float]], metric: str, baseline: Mapping[str, float], rows: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The training loss, validation loss and validation metric: float64 (epochs,), checked, but maybe not finite."""
    for name in ("loss", metric):
        if not np.isfinite(baseline.get(name, np.nan)) or (name == "loss" and baseline[name] == 0):
            raise ValueError(
                f"baseline[{name!r}] is {baseline.get(name)}; a finite number is needed, and for "
                "the loss not 0."
            )
    if rows < 1:
        raise ValueError(f"rows is {rows}; a verdict needs at least one validation row.")
    data = {"data_loss", "val_data_loss"} <= set(history)
    names = ("data_loss" if data else "loss", "val_data_loss" if data else "val_loss")
    names += (names[1] if metric == "loss" else f"val_{metric}",)
    missing = [name for name in names if name not in history]
    if missing:
        raise ValueError(
            f"The history holds {', '.join(history) or 'nothing'}; {', '.join(missing)} is missing."
        )
    curves = [np.asarray(history[name], float) for name in names]
    lengths = dict(zip(names, map(len, curves), strict=True))
    if len(set(lengths.values())) > 1 or not len(curves[0]):
        raise ValueError(f"The curves hold {lengths} values; one value an epoch is needed in each.")
    return curves[0], curves[1], curves[2]


def measure(
    train: np.ndarray,
    val: np.ndarray,
    score: np.ndarray,
    *,
    higher: bool,
    base_loss: float,
    base_metric: float,
    rows: int,
    smallest_effect: float,
    noise_prior: float,
    noise_prior_epochs: float,
    end_fraction: float,
    horizon: float,
) -> dict[str, float]:
    """The evidence of a verdict, from finite curves (epochs,); losses in the loss's own unit, epochs from 1.

    Returns:
        epochs, best_epoch, best_val_loss: The length, and the epoch and value of the lowest
        validation loss. end_val_loss, end_train_loss, gap: The ends of both losses, and validation
        minus training loss there. relative_gap, loss_distance: The gap, and how far the best
        validation loss lies below the baseline's; fractions
            of the baseline loss.
        noise: Standard deviation of validation loss from epoch to epoch (`curve_noise`).
        smallest_effect: The smallest change of validation loss that matters. A loss carried by few
            rows has a noise like that of a count, so its scale is sqrt(best x baseline), between
            the two.
        degradation, degradation_noise: Rise of validation loss from its lowest level to the end,
        and how sure it is, in
            standard errors (`rise`); both 0 where chance explains it.
        gap_widening: How much the gap widened over that rise.
        gain_ahead: Fall of validation loss that training on would bring (`gain_ahead`), at most by
            a straight line through its last quarter: losses fall ever slower.
        trend_val, trend_train, trend_noise: Slopes per epoch over the last half; validation's in
        its standard errors.
        train_rise: Median of the last three training losses minus the lowest before the last, at
            least 0; a fraction of the baseline loss or, if larger, of the lowest.
        best_metric, metric_distance: Best validation metric without spikes, and by how much it
        beats the baseline. loss_power, metric_power: Both distances from the baseline in standard
        errors of validation rows and curve.
    """
    epochs, unit = len(val), abs(base_loss)
    calm, calm_train = running_median(val), running_median(train)
    end = max(1, round(end_fraction * epochs))
    end_val, end_train = calm[-end:].mean(), calm_train[-end:].mean()
    scale = np.sqrt(max(calm.min(), 0.0) * unit)
    noise = curve_noise(val, noise_prior * scale / np.sqrt(rows), noise_prior_epochs)
    noise = max(noise, np.finfo(float).eps * max(unit, np.abs(val).max()))
    low, window, degradation_noise = rise(calm, end, noise)
    trend, trend_error = slope(val[-max(3, epochs // 2) :])
    tail = train[-min(3, max(1, epochs - 1)) :]
    lowest = train[
        : max(1, epochs - 1)
    ].min()  # without the last: a loss that only falls has not risen
    ahead = max(1.0, horizon * epochs)
    forecast = min(
        gain_ahead(calm, ahead), max(0.0, -slope(calm[-max(3, epochs // 4) :])[0] * ahead)
    )
    best_metric = running_median(score).max() if higher else running_median(score).min()
    metric_distance = (best_metric - base_metric) * (1 if higher else -1)
    chance = (rows * base_metric + 1) / (rows + 2) if higher else 0.0
    metric_error = (
        np.sqrt(chance * (1 - chance) / rows)
        if higher
        else loss_error(best_metric, base_metric, rows)
    )
    loss_distance = base_loss - calm.min()
    return {
        "epochs": epochs,
        "best_epoch": int(np.argmin(val)) + 1,
        "best_val_loss": float(val.min()),
        "end_val_loss": float(end_val),
        "end_train_loss": float(end_train),
        "gap": float(end_val - end_train),
        "relative_gap": float((end_val - end_train) / unit),
        "noise": float(noise),
        "smallest_effect": float(smallest_effect * scale),
        "degradation": float(end_val - low),
        "degradation_noise": float(degradation_noise),
        "gap_widening": float((end_val - end_train) - (low - calm_train[window].mean())),
        "gain_ahead": forecast,
        "trend_val": float(trend),
        "trend_noise": float(trend / (noise * trend_error)),
        "trend_train": float(slope(train[-max(3, epochs // 2) :])[0]),
        "train_rise": float(max(0.0, np.median(tail) - lowest) / max(unit, lowest)),
        "best_metric": float(best_metric),
        "loss_distance": float(loss_distance / unit),
        "loss_power": float(
            loss_distance / np.hypot(loss_error(calm.min(), base_loss, rows), noise)
        ),
        "metric_distance": float(metric_distance),
        "metric_power": float(
            metric_distance / np.hypot(metric_error, curve_noise(score, 0.0, noise_prior_epochs))
        ),
    }
