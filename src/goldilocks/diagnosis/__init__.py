"""History -> verdict: the evidence, a sentence that says what the curves show, and the next move.

The five verdicts follow chapter 4 of Chollet, Deep Learning with Python (2017): section 4.4 for
underfitting and overfitting, and the universal workflow of section 4.5: first statistical power,
then a model that overfits, then regularization. `docs/verdict.md` explains each number for a
learner. Nothing here knows a unit: a loss is measured in the baseline's loss, and a change in the
noise of its own curve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from goldilocks.diagnosis.evidence import measure, read
from goldilocks.formatting import number

STABILIZE = (
    "Try optimizer.learning_rate ten times lower, and look for missing or unscaled values in "
    "inputs and targets."
)


@dataclass(frozen=True)
class Verdict:
    """What a learning curve says.

    Attributes:
        name: One of `verdicts.VERDICTS`.
        evidence: The numbers behind the name, in the units that `evidence.measure` documents.
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
    higher: bool,
    baseline: Mapping[str, float],
    rows: int,
    null_errors: Mapping[str, float] = MappingProxyType({}),
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
    """Return the verdict on one run's learning curve.

    The first question whose answer is yes decides:

    1. Did training diverge? (diverged)
    2. Does it fail to beat the baseline beyond noise? (no_power)
    3. Did validation loss rise after its best epoch, while the gap to training loss widened?
       (overfit)
    4. Is the curve too short, would more epochs still lower it, or does its noise hide whether it
       falls with training loss? (underfit)
    5. Did both losses rise together? (underfit: the optimizer, not the data)
    6. Is the gap wide? (overfit)
    7. Is the loss still high where it stopped improving? (underfit)

    Otherwise the model is balanced.

    Args:
        history: One value an epoch, by Keras's names: `loss`, `val_loss` and the metric's `val_`
            name. Where both `data_loss` and `val_data_loss` are there, they stand in for the
            losses, whose penalties would hide the gap.
        metric: The primary metric, for example "accuracy" or "mae".
        higher: Whether more of it is better.
        baseline: The dummy baseline's scores of the validation rows: `loss` (without penalty) and
            the metric.
        rows: Number of validation rows.
        null_errors: For "loss" and the metric the standard error of the score where chance alone
            makes it (`evaluation.null_errors`). Those that are not there are taken from the number
            of rows, as if these were independent; of a metric of which more is better, as if it
            were a share of them.
        power_noise: Standard errors by which the loss or the metric must beat the baseline. The
            thresholds are the keys of `diagnosis` in `conf/config.yaml`, where each has its reason.
        change_noise: Noise units by which validation loss must rise or fall.
        smallest_effect: Smallest change that matters, as a fraction of sqrt(best loss x baseline
            loss).
        noise_prior: Standard errors of the validation rows taken for noise until the curve shows
            its own.
        noise_prior_epochs: Epochs that this assumption weighs.
        end_fraction: Fraction of the epochs, at least one, whose mean is the end of a curve.
        horizon: Fraction of the epochs so far, at least one epoch, for which the gain of more
            epochs is forecast.
        epochs_minimum: Epochs below which a curve cannot show that it has stopped improving.
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
    train, val, score = read(history, metric, baseline, rows)
    finite = np.isfinite(train) & np.isfinite(val) & np.isfinite(score)
    if not finite.all():
        bad = int(np.argmin(finite)) + 1
        reason = f"A loss or {metric} of epoch {bad} of {len(val)} is not a finite number."
        return Verdict("diverged", {"epochs": len(val), "first_bad_epoch": bad}, reason, STABILIZE)

    # A loss of 1e200 is finite, its square is not.
    with np.errstate(over="ignore", invalid="ignore"):
        evidence = measure(
            train,
            val,
            score,
            higher=higher,
            base_loss=baseline["loss"],
            base_metric=baseline[metric],
            rows=rows,
            loss_null=null_errors.get("loss"),
            metric_null=null_errors.get(metric),
            smallest_effect=smallest_effect,
            noise_prior=noise_prior,
            noise_prior_epochs=noise_prior_epochs,
            end_fraction=end_fraction,
            horizon=horizon,
        )

    def verdict(name: str, reason: str, next_move: str) -> Verdict:
        """Return a verdict with this evidence."""
        return Verdict(name, evidence, reason, next_move)

    epochs, best = len(val), int(evidence["best_epoch"])
    lowest = f"{number(evidence['best_val_loss'])} at epoch {best} of {epochs}"
    base = f"baseline {number(baseline['loss'])}"
    ends = (
        f"training loss ends at {number(evidence['end_train_loss'])}, validation loss at "
        f"{number(evidence['end_val_loss'])}"
    )
    train_longer = f"Train longer: trainer.epochs={max(10, 2 * epochs)}."

    if evidence["train_rise"] > collapse:
        reason = f"Training loss rose from {number(train.min())} and stays up: {ends}."
        return verdict("diverged", reason, STABILIZE)

    # What the curves show, each beyond noise and beyond the smallest change that matters.
    clear = max(change_noise * evidence["noise"], evidence["smallest_effect"])
    degradation = evidence["degradation"]
    rises = (
        evidence["degradation_noise"] > change_noise and degradation > evidence["smallest_effect"]
    )
    falls = evidence["gain_ahead"] > clear and evidence["trend_noise"] < -change_noise
    gap_is_wide = (
        evidence["relative_gap"] > wide_gap
        and evidence["end_train_loss"] < wide_ratio * evidence["end_val_loss"]
    )

    if max(evidence["loss_power"], evidence["metric_power"]) < power_noise:
        reason = (
            f"Neither validation loss (best {lowest}, {base}) nor {metric} (best "
            f"{number(evidence['best_metric'])}, baseline {number(baseline[metric])}) beats the "
            f"baseline by more than the noise of {rows} validation rows."
        )
        next_move = (
            "Check that the inputs are scaled, then try optimizer.learning_rate ten times lower "
            "and ten times higher."
        )
        if gap_is_wide:
            next_move = (
                "It fits the training rows but not new ones: check the labels; then try more rows "
                "or a smaller model.units."
            )
        return verdict("no_power", reason, train_longer if falls else next_move)

    if rises and evidence["gap_widening"] > clear:
        reason = (
            f"After its best ({lowest}) validation loss rose by {number(degradation, digits=3)} "
            f"from a level of {number(evidence['end_val_loss'] - degradation)}, "
            f"{degradation / evidence['noise']:.1f} times its noise: {ends}."
        )
        next_move = (
            f"Stop at trainer.epochs={best} or with regularizer=early_stopping; or try "
            "regularizer=dropout, regularizer=l2 or a smaller model.units."
        )
        return verdict("overfit", reason, next_move)

    if epochs < epochs_minimum:
        curve = f"a curve of {epochs} epoch{'s' * (epochs > 1)}"
        reason = f"It beats the baseline, but {curve} is too short to tell more: {ends}."
        return verdict("underfit", reason, train_longer)

    if falls:
        gain = number(evidence["gain_ahead"], digits=3)
        reason = f"Validation loss still falls, by {gain} more if trained on: {ends}."
        return verdict("underfit", reason, train_longer)

    # Noise may hide a fall of validation loss that matters: then training loss, with less noise,
    # shows whether both still fall.
    best_is_at_the_end = best > epochs - max(1, round(end_fraction * epochs))
    may_hide = best_is_at_the_end and clear > evidence["smallest_effect"]
    train_gain = -evidence["trend_train"] * horizon * epochs
    if may_hide and evidence["trend_val"] < 0 and train_gain > clear and not gap_is_wide:
        reason = f"Training loss still falls, and validation loss with it: {ends}."
        return verdict("underfit", reason, train_longer)

    if rises:
        next_move = (
            "Try a lower optimizer.learning_rate, or smaller penalties (regularizer.l1, "
            "regularizer.l2)."
        )
        return verdict("underfit", f"Both losses rose together after {lowest}: {ends}.", next_move)

    if gap_is_wide:
        reason = f"Validation loss has stopped improving, far above training loss: {ends} ({base})."
        next_move = (
            "Try regularizer=dropout, regularizer=l2, regularizer=augmentation (images) or a "
            "smaller model.units."
        )
        return verdict("overfit", reason, next_move)

    end_loss = min(evidence["end_val_loss"], evidence["end_train_loss"])
    if end_loss > high_loss * abs(baseline["loss"]):
        reason = (
            "Validation loss has stopped improving at a high level, without a wide gap to "
            f"training loss: {ends} ({base})."
        )
        next_move = (
            "Try a larger model.units or model.layers, or less regularization; maybe the inputs "
            "hold no more than this."
        )
        return verdict("underfit", reason, next_move)

    reason = (
        "Validation loss has stopped improving, without a wide gap to training loss: "
        f"{ends} (best {lowest}, {base})."
    )
    next_move = (
        "Vary model.units and optimizer.learning_rate around this, then final=true with "
        f"trainer.epochs={best}."
    )
    return verdict("balanced", reason, next_move)
