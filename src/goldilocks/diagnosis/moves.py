"""What may help, and what was tried before -> what to try next; nothing here trains.

Moves go from the best configuration so far, never to one that was trained, and end where nothing is
left that is likely to help. To stop earlier comes last: a run keeps the weights of its best epoch.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldilocks.diagnosis.answers import YES, most_valuable
from goldilocks.diagnosis.changes import Scope, Values
from goldilocks.diagnosis.directions import (
    EPOCHS,
    HELPS,
    Attempt,
    directions,
    is_among,
    is_longer_tried,
    likely_questions,
    open_questions,
    reason_of,
)
from goldilocks.formatting import number

MOST = 3  # moves at once
IN_VAIN = 3  # configurations without a gain, after which only a yes is worth a training


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
        start = f"from the best so far, {base.loss_name} {number(base.loss)}: "
    probed = [attempt for attempt in attempts if attempt.probes]
    base = next((attempt for attempt in probed if attempt.settings == base.settings), base)

    # Of each direction whose answer is not known by now, the changes that are new. How many epochs
    # is always worth a training: without the answer there is no final run.
    answered, choices = set[str](), list[list[Move]]()
    for direction in directions(base, scope, attempts):
        ahead = [{**base.settings, **change} for change in direction.changes]
        new = [values for values in ahead if not is_among(values, attempts)]
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
    if is_longer_tried(base, attempts):
        answered |= EPOCHS
    left_open = open_questions(base, answered)
    is_judged = base.word in ("balanced", "overfit", "underfit") or bool(base.answers)
    is_final = bool(base.final) and base.has_power and is_judged and not left_open
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
    likely = likely_questions(word, answers)
    if best_epoch == epochs:
        likely.pop("stop_earlier", None)
    moves = [Move(changes[name], reason_of(name, word, p), p) for name, p in likely.items()]
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
        reason += f": take this one, {base.loss_name} {number(base.loss)}"
        return Move(_final(base, present), reason)
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
