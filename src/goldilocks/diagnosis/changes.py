"""Values of a configuration -> the values that a move may give them; nothing here knows why."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldilocks.config.regularizer import AUGMENTATION
from goldilocks.diagnosis.curve import SMALLEST, loss_error

RATES = (1e-6, 1.0)  # learning rates: the least and the greatest that are proposed
# Rates of dropout. Where numbers are predicted, half of the units may be too many: of 64 and 256
# units, three seeds, 0.5 raised the loss on boston and Friedman's first by 8 to 53 %, and lowered
# it on diabetes, which is noisy, by 5 %; 0.2 changed it by -15 to +0.4 % on all three.
DROPOUT, DROPOUT_OF_NUMBERS = 0.5, 0.2
MOST_L2 = 0.01  # a penalty beyond it is a strong one

Values = Mapping[str, Any]  # of a configuration, by dotted key


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What moves may change, and what counts as a gain.

    Attributes:
        kind: Of the data: "image", "table", "text" or "series".
        honours: The parts of a regularizer that the model honours.
        sizes: Values of the model's keys, from the smallest size to the largest.
        baseline: The baseline's loss on the validation rows.
        rows: Number of validation rows.
        dropout: The rate of dropout that is proposed.
        accepts: Whether a configuration with these values could be trained.
        weighted: Whether class weights spoil the measure by which power is tested.
        probes: Whether a probe may answer an open question.
    """

    kind: str
    honours: Collection[str]
    sizes: Sequence[Values]
    baseline: float
    rows: int
    dropout: float = DROPOUT
    accepts: Callable[[Values], bool] = lambda values: True
    weighted: bool = False
    probes: bool = False

    def is_better(self, loss: float, other: float) -> bool:
        """Return whether a loss is lower than another one, beyond noise and by what matters."""
        if not math.isfinite(other):
            return math.isfinite(loss)
        effect = SMALLEST * math.sqrt(abs(loss * self.baseline))
        return other - loss > max(effect, 2 * loss_error(loss, other, self.rows))


def rates(settings: Values, factor: float) -> Iterator[Values]:
    """Yield another learning rate, if it is a sensible one."""
    rate = float(f"{factor * settings['optimizer.learning_rate']:.3g}")
    if RATES[0] <= rate <= RATES[1]:
        yield {"optimizer.learning_rate": rate}


def regularized(
    settings: Values, honours: Collection[str], kind: str, dropout: float
) -> Iterator[Values]:
    """Yield more regularization than there is, of each part that can act.

    Args:
        settings: The values of a configuration.
        honours: The parts of a regularizer that the model honours.
        kind: Of the data: "image", "table", "text" or "series".
        dropout: Its rate.
    """
    l2 = settings["regularizer.l2"]
    augments = any(settings[f"regularizer.{part}"] for part in AUGMENTATION)
    if "dropout" in honours and settings["regularizer.dropout"] < dropout:
        yield {"regularizer.dropout": dropout}
    if kind == "image" and "translation" in honours and not augments:
        yield {"regularizer.translation": 0.1, "regularizer.zoom": 0.1}
    # A penalty acts on hidden layers.
    if "l2" in honours and l2 < MOST_L2 and settings.get("model.layers") != 0:
        yield {"regularizer.l2": min(MOST_L2, 10 * l2 or 0.001)}


def relaxed(settings: Values, scope: Scope, *, penalty: bool) -> Iterator[Values]:
    """Yield usual regularization in place of strong one; of a penalty only where that is asked."""
    if settings["regularizer.dropout"] > scope.dropout:
        yield {"regularizer.dropout": scope.dropout}
    if penalty and settings["regularizer.l2"] > MOST_L2:
        yield {"regularizer.l2": 0.001}


def resized(settings: Values, scope: Scope, *, larger: bool) -> Iterator[Values]:
    """Yield the next size of the model, of which no value is smaller, or larger, than it was."""
    sizes, sign = scope.sizes, 1
    if not larger:
        sizes, sign = scope.sizes[::-1], -1
    for size in sizes:
        steps = [sign * (_total(size[key]) - _total(settings[f"model.{key}"])) for key in size]
        if min(steps) >= 0 and max(steps) > 0:
            yield {f"model.{key}": value for key, value in size.items()}
            return


def _total(value: float | Sequence[float]) -> float:
    return value if isinstance(value, int | float) else sum(value)
