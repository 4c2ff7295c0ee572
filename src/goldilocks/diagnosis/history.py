"""A training's history -> the curves that a verdict reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Curves:
    """The learning curves of one training, an epoch a value, and what is known beside them.

    Attributes:
        loss: Training loss, float64 (epochs,), without penalties where both losses are known
            without; not every value is finite.
        val_loss: Validation loss, as `loss`.
        metric: Name of the primary metric; "loss" where there is none beside the loss.
        scores: Validation metric, float64 (epochs,); the validation loss where there is none.
        higher: Whether more of the metric is better.
        baseline: The dummy baseline's `loss` and metric, those that are known.
        rows: Number of validation rows; None if unknown.
        null_errors: For "loss" and the metric the standard error of the score where chance alone
            makes it, those that are known.
        loss_name: What the history calls the two losses: "loss", or "data_loss" if it also has a
            `loss` with penalties or class weights.
    """

    loss: np.ndarray
    val_loss: np.ndarray
    metric: str
    scores: np.ndarray
    higher: bool
    baseline: dict[str, float] = field(default_factory=dict[str, float])
    rows: int | None = None
    null_errors: dict[str, float] = field(default_factory=dict[str, float])
    loss_name: str = "loss"
