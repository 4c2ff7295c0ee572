"""Verdict, configuration, and what was tried before -> what to try next; nothing here trains.

Moves go from the best configuration so far, never to one that was trained, and end where nothing is
left that is likely to help. To stop earlier comes last: a run keeps the weights of its best epoch.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldilocks.config.regularizer import AUGMENTATION
from goldilocks.diagnosis.answers import NO, YES, most_valuable
from goldilocks.diagnosis.curve import SMALLEST, loss_error
from goldilocks.formatting import number

WORTH, WORTH_UNSURE = 0.5, 0.3  # least probability of a move; where the verdict is unsure
MOST = 3  # moves at once
IN_VAIN = 3  # configurations without a gain, after which only a yes is worth a training
LONGER = 1.5  # times the epochs: a training that has shown what more epochs bring
RATES = (1e-6, 1.0)  # learning rates: the least and the greatest that are proposed
LOW_RATE, HIGH_RATE = 0.0005, 0.01  # usual ones; outside of these, another is tried first
MEMORIZED = 0.75  # of the baseline: a training loss below it is of a network that learns its rows
# Rates of dropout. Half of the units is too many where numbers are predicted: at 0.5 the loss of
# small regressions rose by 16 to 53 %, at 0.2 it fell by up to 15 % (boston, Friedman's first).
DROPOUT, DROPOUT_OF_NUMBERS = 0.5, 0.2
MOST_L2 = 0.01  # a penalty beyond it is a strong one

Values = Mapping[str, Any]  # of a configuration, by dotted key

HELPS = {
    "stop_earlier": "fewer epochs help",
    "go_on": "more epochs help",
    "regularize": "more regularization helps",
    "enlarge": "a larger network helps",
}
EPOCHS = {"stop_earlier", "go_on"}  # the questions about their number
# What may help where a verdict comes without probabilities.
LIKELY = {
    "underfit": ("go_on", "enlarge"),
    "overfit": ("regularize",),
    "unsure": ("go_on", "regularize", "enlarge"),
}


@dataclass(frozen=True)
class Move:
    """A change of a configuration.

    Attributes:
        changes: Values as they are typed, by key; empty where nothing is left to try.
        reason: Why, with the probability where there is one, without signs that a shell reads.
        p: The probability that it helps; None if unknown.
    """

    changes: Mapping[str, str]
    reason: str
    p: float | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A configuration that was trained, and what came of it.

    Attributes:
        name: Of its run, for people.
        settings: Those of its values that a move may change; all attempts have the same keys.
        word: Its verdict.
        answers: The probabilities that the questions of `HELPS` have the answer yes; empty where
            they are unknown.
        loss: Lowest validation loss without penalties; inf where there is none.
        train_loss: Training loss at the end.
        best_epoch: Where the loss is lowest, from 1.
        epochs: That were trained.
        final: The values of its final run; empty where it can have none, whatever its verdict.
        probes: Number of trainings that answered open questions.
    """

    name: str
    settings: Values
    word: str
    answers: Mapping[str, float]
    loss: float
    train_loss: float
    best_epoch: int
    epochs: int
    final: Values
    probes: int = 0


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


@dataclass(frozen=True)
class Direction:
    """What may help: one change, or several of a kind.

    Attributes:
        question: That it answers.
        reason: Why it may help.
        changes: The values of each change, the most promising first.
        p: The probability that one of them helps; None if unknown.
        tries: Number of them in vain, after which the answer is no.
    """

    question: str
    reason: str
    changes: Sequence[Values]
    p: float | None = None
    tries: int = 1


def propose(present: Attempt, attempts: Sequence[Attempt], scope: Scope) -> tuple[Move, ...]:
    """Return what to try next, the most valuable first.

    Args:
        present: The configuration that the changes are of.
        attempts: All that were trained on the same rows, `present` among them, in their order.
        scope: What may be changed.

    Returns:
        At most three moves. Where nothing is left to try it is one: the final run of the best
        configuration, or one without changes that names it.
    """
    base, in_vain = _best(attempts, scope)
    start = ""
    if base.settings != present.settings:
        start = f"from the best so far, val_loss {number(base.loss)}: "
    probed = [attempt for attempt in attempts if attempt.probes]
    base = next((attempt for attempt in probed if attempt.settings == base.settings), base)

    # Of each direction whose answer is not known by now, the changes that are new. How many epochs
    # is always worth a training: without the answer there is no final run.
    answered, choices = set[str](), list[list[Move]]()
    for direction in _directions(base, scope, attempts):
        ahead = [{**base.settings, **change} for change in direction.changes]
        new = [values for values in ahead if not _is_among(values, attempts)]
        is_needed = direction.question in EPOCHS or (direction.p or 0) >= YES
        count = len(ahead) - len(new)
        if count >= direction.tries:
            answered.add(direction.question)
        if count >= direction.tries or (in_vain >= IN_VAIN and not is_needed):
            continue
        reason = start + direction.reason
        if count:
            reason += ", though one way was tried and is no better beyond noise"
        possible = [values for values in new if scope.accepts(values)]
        choices.append([Move(_typed(values, present), reason, direction.p) for values in possible])

    moves = [move for moves in itertools.zip_longest(*choices) for move in moves if move]
    if _is_longer_tried(base, attempts):
        answered |= EPOCHS
    left_open = _open(base, answered)
    has_power = base.word in ("balanced", "overfit", "underfit") or bool(base.answers)
    is_final = bool(base.final) and has_power and not left_open
    if not moves:
        return (_last(base, present, in_vain, left_open, is_final=is_final),)
    question = most_valuable(base.answers, answered)
    if scope.probes and base.word == "unsure" and not base.probes and question:
        probe = {**_typed(base.settings, present), "diagnosis.probes": "1"}
        p = base.answers[question]
        reason = f"{start}a probe answers whether {HELPS[question]}, p = {p:.2f}"
        moves = [*moves[: MOST - 1], Move(probe, reason, p)]
    if base.word == "balanced" and is_final:
        moves = [*moves[: MOST - 1], Move(_final(base, present), f"{start}the final run")]
    return tuple(moves[:MOST])


def generic(
    word: str, answers: Mapping[str, float], *, epochs: int, best_epoch: int
) -> tuple[Move, ...]:
    """Return what to try next where only the curves are known, in Keras's words.

    Args:
        word: The verdict.
        answers: As in `Attempt`.
        epochs: That were trained.
        best_epoch: The epoch of the lowest validation loss.
    """
    if word == "diverged":
        return (Move({"learning_rate": "0.1x"}, "training diverged"),)
    if word == "no_power":
        reason = "no better than the baseline beyond noise"
        return tuple(Move({"learning_rate": factor}, reason) for factor in ("10x", "0.1x"))

    changes = {
        "stop_earlier": {"epochs": str(best_epoch)},
        "go_on": {"epochs": str(2 * epochs)},
        "regularize": {"Dropout": "0.5"},
        "enlarge": {"units": "4x"},
    }
    questions = _questions(word, answers)
    if best_epoch == epochs:
        questions.pop("stop_earlier", None)
    moves = [Move(changes[name], _reason(name, word, p), p) for name, p in questions.items()]
    return tuple(moves[:MOST])


def _best(attempts: Sequence[Attempt], scope: Scope) -> tuple[Attempt, int]:
    """Return the best configuration, and how many later ones are no better beyond noise."""
    best, in_vain = attempts[0], list[Values]()
    for attempt in attempts[1:]:
        if scope.is_better(attempt.loss, best.loss):
            best, in_vain = attempt, []
        elif attempt.settings not in [best.settings, *in_vain]:
            in_vain.append(attempt.settings)
    return best, len(in_vain)


def _questions(word: str, answers: Mapping[str, float]) -> dict[str, float | None]:
    """Return the questions whose answer may be yes, the likeliest first, with its probability."""
    least, meant = WORTH, LIKELY.get(word, ())
    if word == "unsure":
        least = WORTH_UNSURE
    names = sorted(answers, key=lambda name: -answers[name]) or meant
    likely = [name for name in names if answers.get(name, 1) >= least]
    open_ones = [name for name in names if name in meant and answers.get(name, 1) > NO]
    return {name: answers.get(name) for name in likely or open_ones}


def _reason(question: str, word: str, p: float | None) -> str:
    if p is None:
        return f"{word}: perhaps {HELPS[question]}"
    reason = f"p = {p:.2f} that {HELPS[question]}"
    return reason if p >= WORTH_UNSURE else f"unlikely, but open: {reason}"


def _directions(base: Attempt, scope: Scope, attempts: Sequence[Attempt]) -> Iterator[Direction]:
    """Yield what may help a configuration, the likeliest first."""
    settings, is_longer_tried = base.settings, _is_longer_tried(base, attempts)
    if base.word == "diverged":
        steadier = [*_rates(settings, 0.1), {"optimizer.clipnorm": 1.0}, *_rates(settings, 0.01)]
        yield Direction("rate", "training diverged", steadier, tries=3)
        return

    if base.word not in ("overfit", "balanced") and not base.answers.get("regularize", 0) > WORTH:
        relaxed = [*_relaxed(settings, scope)]
        reason = "strong regularization: perhaps less helps"
        yield Direction("relax", reason, relaxed, tries=max(1, len(relaxed)))

    changes = {
        "go_on": [] if is_longer_tried else [_longer(base, attempts)],
        "regularize": [*regularized(settings, scope.honours, scope.kind, scope.dropout)],
        "enlarge": [*_resized(settings, scope, larger=True)],
        "shrink": [*_resized(settings, scope, larger=False)],
    }
    if base.word == "no_power":
        yield from _without_power(base, scope, changes)
        return

    rate = settings["optimizer.learning_rate"]
    if rate > HIGH_RATE:
        reason = f"learning rate {rate:g}: perhaps a lower one helps"
        yield Direction("rate", reason, [*_rates(settings, 0.1)])
    if rate < LOW_RATE and (base.word == "underfit" or base.answers.get("go_on", 0) > 0.5):
        reason = f"learning rate {rate:g}: perhaps a higher one helps"
        yield Direction("rate", reason, [*_rates(settings, 10)])
    questions = _questions(base.word, base.answers)
    if "go_on" in _open(base, ()):
        questions.setdefault("go_on", base.answers["go_on"])
    for name, p in questions.items():
        if name in changes:
            tries = 1 + (name == "regularize")
            yield Direction(name, _reason(name, base.word, p), changes[name], p, tries)
    if base.word == "overfit":
        yield Direction("shrink", "overfit: perhaps a smaller network helps", changes["shrink"])
    if "stop_earlier" in _open(base, ()):
        p, shorter = base.answers["stop_earlier"], {"trainer.epochs": base.best_epoch}
        yield Direction("stop_earlier", _reason("stop_earlier", base.word, p), [shorter], p)


def _without_power(
    base: Attempt, scope: Scope, changes: Mapping[str, Sequence[Values]]
) -> Iterator[Direction]:
    """Yield what may help a configuration that is no better than the baseline."""
    if scope.weighted:
        reason = "class weights raise the loss and lower the accuracy, by which power is tested"
        yield Direction("measure", reason, [{"problem.metrics": ["auc", "accuracy"]}])

    directions: list[Direction] = []
    if base.best_epoch > base.epochs - max(1, base.epochs // 8):
        reason = "no power yet, and the lowest validation loss is that of the last epochs"
        directions.append(Direction("go_on", reason, changes["go_on"]))
    memorizes = base.train_loss < MEMORIZED * scope.baseline
    if memorizes:
        reason = "it learns the training rows and no others"
        simpler = [*changes["shrink"], *changes["regularize"]]
        directions.append(Direction("regularize", reason, simpler, tries=2))

    rate, factors = base.settings["optimizer.learning_rate"], [10, 0.1]
    if rate > HIGH_RATE:
        factors.reverse()
    rates = [values for factor in factors for values in _rates(base.settings, factor)]
    is_usual = LOW_RATE <= rate <= HIGH_RATE
    directions.insert(
        len(directions) * is_usual,
        Direction("rate", "no power: another learning rate", rates, tries=2),
    )
    if not memorizes:
        directions.append(Direction("enlarge", "no power: a larger network", changes["enlarge"]))
    yield from directions


def _rates(settings: Values, factor: float) -> Iterator[Values]:
    """Yield another learning rate, if it is a sensible one."""
    rate = float(f"{factor * settings['optimizer.learning_rate']:.3g}")
    if RATES[0] <= rate <= RATES[1]:
        yield {"optimizer.learning_rate": rate}


def _longer(base: Attempt, attempts: Sequence[Attempt]) -> Values:
    """Return twice the epochs, or four times where these are twice those of another attempt."""
    settings = base.settings
    if base.epochs < settings["trainer.epochs"] and settings.get("regularizer.patience"):
        return {"regularizer.patience": 2 * settings["regularizer.patience"]}
    half = {**settings, "trainer.epochs": settings["trainer.epochs"] / 2}
    factor = 4 if _is_among(half, attempts) else 2
    return {"trainer.epochs": factor * settings["trainer.epochs"]}


def _is_longer_tried(base: Attempt, attempts: Sequence[Attempt]) -> bool:
    """Return whether the same configuration was trained for clearly more epochs."""
    epochs = base.settings["trainer.epochs"]
    return any(
        attempt.settings["trainer.epochs"] >= LONGER * epochs
        and {**attempt.settings, "trainer.epochs": epochs} == base.settings
        for attempt in attempts
    )


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


def _relaxed(settings: Values, scope: Scope) -> Iterator[Values]:
    """Yield usual regularization in place of strong one."""
    if settings["regularizer.dropout"] > scope.dropout:
        yield {"regularizer.dropout": scope.dropout}
    if settings["regularizer.l2"] > MOST_L2:
        yield {"regularizer.l2": 0.001}


def _resized(settings: Values, scope: Scope, *, larger: bool) -> Iterator[Values]:
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


def _open(base: Attempt, answered: Collection[str]) -> list[str]:
    """Return which questions about the number of epochs neither the curve nor a run answers."""
    names = sorted(EPOCHS - {*answered})
    if base.best_epoch >= base.epochs:
        names = [name for name in names if name == "go_on"]
    return [name for name in names if NO < base.answers.get(name, 0) < YES]


def _last(
    base: Attempt, present: Attempt, in_vain: int, left_open: Sequence[str], *, is_final: bool
) -> Move:
    """Return the move where nothing is left to try: the best configuration."""
    reason = "nothing left to try"
    if base.word == "balanced" and not in_vain:
        reason = "balanced"
    elif in_vain:
        tries = "the last one is" if in_vain == 1 else f"the last {in_vain} are"
        reason += f", {tries} no better beyond noise"
    if is_final:
        return Move(_final(base, present), f"{reason}: take this one, val_loss {number(base.loss)}")
    reason += f". The best is {base.name}: {base.word}"
    return Move({}, ", open is whether ".join([reason, *(HELPS[name] for name in left_open)]))


def _final(base: Attempt, present: Attempt) -> dict[str, str]:
    """Return the changes to the final run of an attempt."""
    return _typed({**base.settings, **base.final}, present)


def _typed(values: Values, present: Attempt) -> dict[str, str]:
    """Return, as they are typed, the values that the present configuration has not."""
    return {
        key: _text(value) for key, value in values.items() if present.settings.get(key) != value
    }


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    return json.dumps(value)


def _is_among(values: Values, attempts: Sequence[Attempt]) -> bool:
    return any(values == attempt.settings for attempt in attempts)
