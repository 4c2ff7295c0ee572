"""History -> verdict: four answers with their probabilities, a word, a sentence, next moves.

`no_power` and `diverged` are decided first, by tests. Of all other curves a fitted model gives the
probability that it would help to stop earlier, to go on, to regularize or to enlarge, and one of
the words underfit, overfit and balanced where that is right in 95 of 100 curves; else the word is
unsure. `docs/verdict.md` says how often each was right. The ideas are those of chapter 4 of
Chollet, Deep Learning with Python (2017).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from goldilocks.diagnosis import answers, evidence, moves, phrases
from goldilocks.diagnosis.history import Curves
from goldilocks.diagnosis.moves import Move
from goldilocks.formatting import percent

COLLAPSE = 0.25  # rise of training loss from its lowest in a divergence, in baseline losses
EXPLODED = 2.0  # baseline losses that it then ends above


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What learning curves say.

    Attributes:
        word: One of `verdicts.VERDICTS`.
        answers: For each of `answers.QUESTIONS` the probability, 0 to 1, that it would lower the
            held-out loss, if there is power; empty where training diverged or there is none.
        sentence: What the curves show, with numbers, and what is known.
        next_moves: What to try, the most valuable first.
        evidence: The numbers behind it, as `evidence.measure` documents them; what cannot be told
            is left out.
    """

    word: str
    answers: Mapping[str, float]
    sentence: str
    next_moves: tuple[Move, ...]
    evidence: Mapping[str, float]

    def __str__(self) -> str:
        """Return it as people read it: word and sentence, answers, and what to try next."""
        lines = [f"verdict   {self.word}: {self.sentence}"]
        if self.answers:
            words = [
                f"{name.replace('_', ' ')} {percent(p)} ({answers.said(p)})"
                for name, p in self.answers.items()
            ]
            lines.append(f"helps?    {', '.join(words)}")
        for number, move in enumerate(self.next_moves):
            changes = ", ".join(f"{key} {value}" for key, value in move.changes.items())
            lines.append(f"{'' if number else 'next':10}{changes}: {move.reason}")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return all of it as JSON, by the names of the attributes."""
        return json.dumps(asdict(self), indent=2)


def from_json(text: str) -> Verdict:
    """Return a verdict that `Verdict.to_json` wrote.

    >>> verdict = Verdict(word="underfit", answers={}, sentence="", next_moves=(), evidence={})
    >>> from_json(verdict.to_json()) == verdict
    True
    """
    values = json.loads(text)
    moves = tuple(Move(**move) for move in values.pop("next_moves"))
    return Verdict(**values, next_moves=moves)


def judge(curves: Curves, trainings: Sequence[Curves] = ()) -> Verdict:
    """Return the verdict on learning curves.

    Without the baseline or the number of validation rows nothing tests whether there is power, and
    the probabilities are those for curves of which as little is known.

    Args:
        curves: At least one epoch long; values may be missing or not finite. Of several trainings
            of one configuration, their mean: by it power and divergence are tested.
        trainings: The curves of each of them, by which the questions are answered: a mean
            curve is smoother than any that the model was fitted on.

    Example:
        >>> import numpy as np
        >>> falling = np.array([0.60, 0.50, 0.42, 0.36, 0.31, 0.27])
        >>> curves = Curves(
        ...     loss=falling, val_loss=falling + 0.01, metric="loss", scores=falling + 0.01,
        ...     higher=False, baseline={"loss": 0.69}, rows=1000,
        ... )
        >>> judge(curves).word
        'underfit'
    """
    epochs = len(curves.val_loss)
    values = [np.stack([one.loss, one.val_loss, one.scores]) for one in (curves, *trainings)]
    if not all(np.isfinite(one).all() for one in values):
        return _verdict(curves, "diverged", {}, {"epochs": float(epochs)})

    # A loss of 1e200 is finite, its square is not.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        measured = evidence.measure(curves)
        of_each = [evidence.measure(one) for one in trainings] or [measured]
    if _collapsed(curves):
        return _verdict(curves, "diverged", {}, measured)

    has_power, odds = shows_power(measured), answers.odds(*of_each)
    if not has_power and answers.power(odds) <= answers.most_power():
        return _verdict(curves, "no_power", {}, measured)

    probabilities, word = answers.answers(odds), "unsure"
    if has_power:
        word = _word(probabilities, answers.words(odds))
    return _verdict(curves, word, probabilities, measured, has_power=has_power)


def shows_power(measured: Mapping[str, float]) -> bool:
    """Return whether loss or metric beats the baseline beyond noise, by the evidence."""
    powers = [measured.get(name, math.nan) for name in ("loss_power", "metric_power")]
    return (
        max((value for value in powers if not math.isnan(value)), default=math.inf)
        >= evidence.POWER
    )


def _word(probabilities: Mapping[str, float], words: Mapping[str, float]) -> str:
    """Return the likeliest word, if it is likely enough and contradicts no answer."""
    word = max(words, key=lambda name: words[name])
    if words[word] < answers.least_probability() or word not in answers.possible(probabilities):
        return "unsure"
    return word


def _collapsed(curves: Curves) -> bool:
    """Whether training loss rose far above all that it was, and stays up for some epochs."""
    train = curves.loss
    lowest = train[: max(1, len(train) - 1)].min()
    last = np.median(train[-min(3, max(1, len(train) - 1)) :])
    unit = abs(curves.baseline.get("loss", float(train[0])))
    return bool(last - lowest > COLLAPSE * max(unit, abs(lowest)) and last > EXPLODED * unit)


def _verdict(
    curves: Curves,
    word: str,
    probabilities: Mapping[str, float],
    measured: Mapping[str, float],
    *,
    has_power: bool = True,
) -> Verdict:
    epochs = len(curves.val_loss)
    best_epoch = int(measured.get("best_epoch", epochs))
    return Verdict(
        word=word,
        answers=probabilities,
        sentence=phrases.sentence(curves, word, probabilities, has_power=has_power),
        next_moves=moves.generic(word, probabilities, epochs=epochs, best_epoch=best_epoch),
        evidence={name: value for name, value in measured.items() if not math.isnan(value)},
    )
