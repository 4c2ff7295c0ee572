"""Verdict and configuration -> what may help, the likeliest first, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from goldilocks.diagnosis.answers import NO, YES
from goldilocks.diagnosis.changes import Scope, Values, rates, regularized, relaxed, resized
from goldilocks.formatting import number

WORTH, WORTH_UNSURE = 0.5, 0.3  # least probability of a move; where the verdict is unsure
LONGER = 1.5  # times the epochs: a training that has shown what more epochs bring
LOW_RATE, HIGH_RATE = 0.0005, 0.01  # usual ones; outside of these, another is tried first
USUAL_RATE = 0.001  # that far lower ones are raised to
MEMORIZED = 0.75  # of the baseline: a training loss below it is of a network that learns its rows

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
        loss_name: What the run calls it.
        train_loss: Training loss at the end.
        best_epoch: Where the loss is lowest, from 1.
        epochs: That were trained.
        final: The values of its final run; empty where it can have none, whatever its verdict.
        probes: Number of trainings that answered open questions.
        has_power: Whether loss or metric beats the baseline's beyond noise.
    """

    name: str
    settings: Values
    word: str
    answers: Mapping[str, float]
    loss: float
    loss_name: str
    train_loss: float
    best_epoch: int
    epochs: int
    final: Values
    probes: int = 0
    has_power: bool = True


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


def directions(base: Attempt, scope: Scope, attempts: Sequence[Attempt]) -> Iterator[Direction]:
    """Yield what may help a configuration, the likeliest first."""
    settings = base.settings
    if base.word == "diverged":
        steadier = [*rates(settings, 0.1), {"optimizer.clipnorm": 1.0}, *rates(settings, 0.01)]
        yield Direction("rate", "training diverged", steadier, tries=3)
        return

    is_overfit = base.word == "overfit" or base.answers.get("regularize", 0) >= WORTH
    if not is_overfit and base.word != "balanced":
        is_small = base.word in ("underfit", "no_power") or base.answers.get("enlarge", 0) >= WORTH
        weaker = [*relaxed(settings, scope, penalty=is_small)]
        reason = "strong regularization: perhaps less helps"
        yield Direction("relax", reason, weaker, tries=max(1, len(weaker)))

    changes = {
        "go_on": [*_longer(base, attempts)],
        "regularize": [*regularized(settings, scope.honours, scope.kind, scope.dropout)],
        "enlarge": [*resized(settings, scope, larger=True)],
        "shrink": [*resized(settings, scope, larger=False)],
    }
    if base.word == "no_power" or (base.word == "unsure" and not base.has_power):
        yield from _without_power(base, scope, changes)
        return

    rate = settings["optimizer.learning_rate"]
    if rate > HIGH_RATE:
        reason = f"learning rate {rate:g}: perhaps a lower one helps"
        yield Direction("rate", reason, [*rates(settings, 0.1)])
    if rate < LOW_RATE and (base.word == "underfit" or base.answers.get("go_on", 0) > 0.5):
        reason = f"learning rate {rate:g}: perhaps a higher one helps"
        yield Direction("rate", reason, [{"optimizer.learning_rate": max(10 * rate, USUAL_RATE)}])
    likely = likely_questions(base.word, base.answers)
    if "go_on" in open_questions(base, ()):
        likely.setdefault("go_on", base.answers["go_on"])
    for name, p in likely.items():
        if name in changes:
            tries = 1 + (name == "regularize")
            yield Direction(name, reason_of(name, base.word, p), changes[name], p, tries)
    if base.word == "overfit":
        yield Direction("shrink", "overfit: perhaps a smaller network helps", changes["shrink"])
    if "stop_earlier" in open_questions(base, ()):
        p, shorter = base.answers["stop_earlier"], {"trainer.epochs": base.best_epoch}
        yield Direction("stop_earlier", reason_of("stop_earlier", base.word, p), [shorter], p)


def _without_power(
    base: Attempt, scope: Scope, changes: Mapping[str, Sequence[Values]]
) -> Iterator[Direction]:
    """Yield what may help a configuration that does not show that it beats the baseline."""
    if scope.weighted:
        reason = "class weights raise the loss and lower the accuracy, by which power is tested"
        yield Direction("measure", reason, [{"problem.metrics": ["auc", "accuracy"]}])

    power = "no power" if base.word == "no_power" else "power is open"
    memorizes = base.train_loss < MEMORIZED * scope.baseline
    is_late = base.best_epoch > base.epochs - max(1, base.epochs // 8)
    others: list[Direction] = []
    if is_late or not memorizes:
        reason = f"{power}, and training loss {number(base.train_loss)} is still high"
        if is_late:
            reason = f"{power}, and the lowest validation loss is that of the last epochs"
        others.append(Direction("go_on", reason, changes["go_on"]))
    if memorizes:
        reason = "it learns the training rows and no others"
        simpler = [*changes["shrink"], *changes["regularize"]]
        others.append(Direction("regularize", reason, simpler, tries=2))

    rate, settings = base.settings["optimizer.learning_rate"], base.settings
    steps = [*rates(settings, 10), *rates(settings, 0.1)]
    if rate < LOW_RATE:
        steps = [{"optimizer.learning_rate": max(10 * rate, USUAL_RATE)}]
    if rate > HIGH_RATE:
        steps.reverse()
    another = Direction("rate", f"{power}: another learning rate", steps, tries=len(steps))
    others.insert(len(others) * (LOW_RATE <= rate <= HIGH_RATE), another)
    if not memorizes:
        others.append(Direction("enlarge", f"{power}: a larger network", changes["enlarge"]))
    yield from others


def _longer(base: Attempt, attempts: Sequence[Attempt]) -> Iterator[Values]:
    """Yield twice the epochs, or four times if half of them were tried; nothing if so many were."""
    settings = base.settings
    if is_longer_tried(base, attempts):
        return
    if base.epochs < settings["trainer.epochs"] and settings.get("regularizer.patience"):
        yield {"regularizer.patience": 2 * settings["regularizer.patience"]}
        return
    half = {**settings, "trainer.epochs": settings["trainer.epochs"] / 2}
    factor = 4 if is_among(half, attempts) else 2
    yield {"trainer.epochs": factor * settings["trainer.epochs"]}


def is_longer_tried(base: Attempt, attempts: Sequence[Attempt]) -> bool:
    """Return whether the same configuration was trained for clearly more epochs."""
    epochs = base.settings["trainer.epochs"]
    return any(
        attempt.settings["trainer.epochs"] >= LONGER * epochs
        and {**attempt.settings, "trainer.epochs": epochs} == base.settings
        for attempt in attempts
    )


def open_questions(base: Attempt, answered: Collection[str]) -> list[str]:
    """Return which questions about the number of epochs neither the curve nor a run answers."""
    names = sorted(EPOCHS - {*answered})
    if base.best_epoch >= base.epochs:
        names = [name for name in names if name == "go_on"]
    return [name for name in names if NO < base.answers.get(name, 0) < YES]


def likely_questions(word: str, answers: Mapping[str, float]) -> dict[str, float | None]:
    """Return the questions whose answer may be yes, the likeliest first, with its probability."""
    least, meant = WORTH, LIKELY.get(word, ())
    if word == "unsure":
        least = WORTH_UNSURE
    names = sorted(answers, key=lambda name: -answers[name]) or meant
    likely = [name for name in names if answers.get(name, 1) >= least]
    open_ones = [name for name in names if name in meant and answers.get(name, 1) > NO]
    return {name: answers.get(name) for name in likely or open_ones}


def reason_of(question: str, word: str, p: float | None) -> str:
    """Return why a question is one to answer, with the probability of a yes where there is one."""
    if p is None:
        return f"{word}: perhaps {HELPS[question]}"
    reason = f"p = {p:.2f} that {HELPS[question]}"
    return reason if p >= WORTH_UNSURE else f"unlikely, but open: {reason}"


def is_among(values: Values, attempts: Sequence[Attempt]) -> bool:
    """Return whether a configuration was trained."""
    return any(values == attempt.settings for attempt in attempts)
