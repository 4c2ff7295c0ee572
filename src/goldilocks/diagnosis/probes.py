"""An open question -> a training that answers it -> the answers and the word again.

A probe is one more training of a run with one change, from the same seed, and compared with it on
the same validation rows. Nothing here trains.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scipy import special

from goldilocks.diagnosis import Verdict, answers, phrases, shows_power
from goldilocks.diagnosis.changes import regularized
from goldilocks.diagnosis.curve import SMALLEST
from goldilocks.diagnosis.history import Curves
from goldilocks.formatting import number

LEAST = 0.02  # and 1 - LEAST: probabilities beyond which no probe goes, since it is one seed
LARGER = 4  # times the units
MORE = {
    "go_on": "More epochs",
    "regularize": "More regularization",
    "enlarge": "A larger network",
}


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a training with one change brought, on the validation rows of the run.

    Attributes:
        question: Of `answers.TRAINABLE`, which it answers.
        changes: What was changed, as typed: "trainer.epochs=30".
        before: The run's validation loss, at its best epoch.
        gain: By how much that of the probe is lower; not finite where it diverged.
        error: The standard error of the gain, from pairs of rows.
        rows: Number of the rows.
        baseline: The baseline's loss on them.
    """

    question: str
    changes: str
    before: float
    gain: float
    error: float
    rows: int
    baseline: float

    @property
    def effect(self) -> float:
        """Return the smallest gain that matters."""
        return SMALLEST * math.sqrt(abs(self.before * self.baseline))

    @property
    def helps(self) -> bool:
        """Return whether the loss fell by more than 2 standard errors, and by what matters."""
        return self.gain > max(self.effect, 2 * self.error)

    def probability(self, curve: float) -> float:
        """Return the probability that the change helps, from that of the curve and from the test.

        The odds of the curve are multiplied by those of the test, that the gain is one that
        matters, by the normal distribution: a clear gain makes a yes, a clear lack of it a no, and
        a test that cannot tell leaves what the curve said. Only a gain that `helps` raises it.
        """
        if not math.isfinite(self.gain):
            return LEAST
        z = (self.gain - self.effect) / max(self.error, 1e-12)
        logit = special.logit(curve) + special.log_ndtr(z) - special.log_ndtr(-z)
        p = min(max(float(special.expit(logit)), LEAST), 1 - LEAST)
        return p if self.helps else min(p, curve)

    def __str__(self) -> str:
        """Return both losses and what the test says of them, in a sentence."""
        start = f"{MORE[self.question]} ({self.changes})"
        if not math.isfinite(self.gain):
            return f"{start}: validation loss is not a finite number."
        words = "within noise"
        if self.helps:
            words = "better beyond noise"
        elif self.gain > 2 * self.error:
            words = "better, but by less than matters"
        elif self.gain < -2 * self.error:
            words = "worse beyond noise"
        return (
            f"{start}: validation loss {number(self.before - self.gain)} instead of "
            f"{number(self.before)} on the same {self.rows:,} rows, {words}."
        )


def changes(
    question: str,
    settings: Mapping[str, Any],
    *,
    honours: Collection[str],
    kind: str,
    dropout: float,
    sizes: Sequence[Mapping[str, Any]],
    epochs: int,
) -> dict[str, Any]:
    """Return what a probe of a question changes; nothing where no change would answer it.

    Args:
        question: Of `answers.TRAINABLE`.
        settings: The values of the run, by dotted key.
        honours: The parts of a regularizer that the model honours.
        kind: Of the data, as in `changes.Scope`.
        dropout: The rate that is tried.
        sizes: Values of the model's keys, from the smallest size to the largest.
        epochs: That were trained; fewer than the run had where early stopping ended it.
    """
    layers = settings.get("model.layers")
    if question == "go_on":
        patience = settings["regularizer.patience"]
        if patience and epochs < settings["trainer.epochs"]:
            return {"regularizer.patience": 2 * patience}
        return {"trainer.epochs": 2 * settings["trainer.epochs"]}

    if question == "regularize":
        return {**next(regularized(settings, honours, kind, dropout), {})}

    # Weights that come from elsewhere fit no other size.
    if settings.get("model.init_from"):
        return {}
    fixed = {"layers"}
    if layers == 0:
        fixed.add("units")
    if settings.get("model.vectors"):
        fixed.add("output_dim")
    names = dict.fromkeys(name for size in sizes for name in size if name not in fixed)
    return {f"model.{name}": _times(settings[f"model.{name}"]) for name in names}


def _times(value: Any) -> Any:
    return [LARGER * one for one in value] if isinstance(value, list) else LARGER * value


def reconsidered(verdict: Verdict, curves: Curves, probes: Sequence[Probe]) -> Verdict:
    """Return the verdict again, with the answers of probes."""
    probabilities = dict(verdict.answers)
    for probe in probes:
        probabilities[probe.question] = probe.probability(probabilities[probe.question])
    has_power = shows_power(verdict.evidence)
    word = word_after(verdict.word, probabilities, has_power=has_power)
    sentence = phrases.sentence(curves, word, probabilities, has_power=has_power)
    sentences = [sentence, *map(str, probes)]
    return replace(verdict, word=word, answers=probabilities, sentence=" ".join(sentences))


def word_after(word: str, probabilities: Mapping[str, float], *, has_power: bool) -> str:
    """Return the word that answers leave: theirs where they leave one, else the same, if they do.

    Without power it is unsure, whatever would help.
    """
    words = answers.possible(probabilities)
    if has_power and len(words) == 1:
        return next(iter(words))
    return word if has_power and word in words else "unsure"
