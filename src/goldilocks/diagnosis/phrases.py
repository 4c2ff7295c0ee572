"""Curves -> what holds of them, each phrase a test; and the sentence of a verdict.

A sentence takes phrases whose tests hold, and that contradict neither the word of the verdict nor
an answer that is said. `docs/verdict.md` gives how often each phrase is true. Every number is the
value of a named epoch, the baseline's, or counted from such values.
"""

from collections.abc import Mapping

import numpy as np

from goldilocks.diagnosis.answers import NO, YES
from goldilocks.diagnosis.courses import SURE, Course, both_courses, row_error, trend
from goldilocks.diagnosis.curve import running_median
from goldilocks.diagnosis.evidence import POWER
from goldilocks.diagnosis.history import Curves
from goldilocks.evaluation.measures import range_of
from goldilocks.formatting import number

APART = 0.75  # of validation loss, below which training loss is apart from it
FAR = 1 / 3  # of validation loss and of the baseline's, below which it is far below
HIGH = 0.5  # of the baseline loss, above which a loss is high

HELP = {
    "stop_earlier": "stopping earlier",
    "go_on": "more epochs",
    "regularize": "regularization",
    "enlarge": "a larger model",
}
POWERFUL = {"underfit", "overfit", "balanced", "diverged", "answers"}
# The words, and the answers that are said, beside which a phrase would be a contradiction;
# "answers" where there are any, which only a run with power has.
CLASHES: Mapping[str, set[str]] = {
    "not finite": {"underfit", "overfit", "balanced", "no_power"},
    "memorizes": {"underfit", "balanced", "stop_earlier no", "go_on yes", "regularize no"},
    "no power": POWERFUL,
    "jumps hide power": POWERFUL,
    "few rows hide power": POWERFUL,
    "both rise": {"balanced", "stop_earlier no", "go_on yes"},
    "training rises": {"underfit", "overfit", "balanced", "stop_earlier no", "go_on yes"},
    "falls again": {"balanced", "diverged", "stop_earlier no", "go_on no"},
    "rises": {"underfit", "balanced", "stop_earlier no", "go_on yes"},
    "falls": {"overfit", "balanced", "diverged", "stop_earlier yes", "go_on no"},
    "high": {"no_power", "overfit", "balanced", "diverged", "stop_earlier yes", "go_on yes"},
    "gap": {"underfit", "balanced", "diverged", "regularize no"},
    "rising": {"underfit", "balanced", "diverged", "stop_earlier no", "go_on yes"},
    "slows down": {"diverged", "stop_earlier yes", "go_on yes"},
    "flat": {"diverged", "stop_earlier yes", "go_on yes"},
    "jumps": {"balanced", "diverged", "stop_earlier yes", "go_on yes", "go_on no"},
    "open": {"balanced", "diverged", "stop_earlier yes", "go_on yes", "go_on no"},
    "ends": set(),
}


def phrases(curves: Curves) -> dict[str, str]:
    """Return the phrases that hold of the curves, by name, those that say most first.

    Args:
        curves: At least one epoch long.

    Returns:
        For each name of `CLASHES` whose test holds, a sentence.
    """
    train_name, val_name = "training loss", "validation loss"
    if curves.loss_name != "loss":
        train_name, val_name = curves.loss_name, f"val_{curves.loss_name}"

    for name, curve in ((train_name, curves.loss), (val_name, curves.val_loss)):
        bad = np.flatnonzero(~np.isfinite(curve))
        if len(bad):
            text = f"{name} is not a finite number in epoch {bad[0] + 1} of {len(curve)}"
            return {"not finite": _sentence(text), "ends": _sentence(text)}

    # A loss of 1e200 is finite, its square is not.
    with np.errstate(over="ignore", invalid="ignore"):
        train, val = both_courses(curves, train_name, val_name)
        error = row_error(curves)
        base = curves.baseline.get("loss")
        jump = _jump(val, error)
        texts = _memorizing(train, val, base)
        texts |= _power(val, base, error, curves.rows, jump)
        texts |= _rises(train, val)
        texts |= _levels(train, val, base, error)
        texts |= _last_stretch(train, val, base, jump)
    return {name: _sentence(text) for name, text in texts.items()}


def _sentence(text: str) -> str:
    """Return a text as a sentence; a name such as val_data_loss stays as it is."""
    first = text.split()[0]
    return f"{first if '_' in first else first.capitalize()}{text[len(first) :]}."


def _jump(val: Course, error: float | None) -> str | None:
    """Return how far validation loss jumps from epoch to epoch; None if it does not.

    It jumps where half of its last epochs turn back, and lead nowhere, by more than the rows
    explain and by more than matters.
    """
    steps = np.diff(val.raw[-max(6, len(val.raw) // 2) :])
    if len(steps) < 5 or np.mean(steps[1:] * steps[:-1] < 0) < 0.5:
        return None
    size = float(np.median(np.abs(steps)))
    if size < max(error or 0.0, val.matters) or abs(steps.sum()) > np.abs(steps).sum() / 2:
        return None
    return f"{val.name} jumps by about {number(size, 3)} from epoch to epoch"


def _memorizing(train: Course, val: Course, base: float | None) -> dict[str, str]:
    """Return the phrase of a training loss far below, which validation loss does not follow."""
    if not 0 < train.last < FAR * val.last:
        return {}
    text = "the network memorizes the training rows"
    if val.has_risen and _kept_falling(train, val) and not val.falls:
        return {"memorizes": f"{_rose(train, val)}: {text}"}
    if base is not None and train.last < FAR * base and val.last > base and not val.falls:
        ends = f"{val.name} {number(val.last)}, where the baseline gets {number(base)}"
        return {"memorizes": f"{_after(train)} and {ends}: {text}"}
    return {}


def _power(
    val: Course, base: float | None, error: float | None, rows: int | None, jump: str | None
) -> dict[str, str]:
    """Return the phrase of a validation loss that is not shown to be below the baseline's."""
    if base is None:
        return {}
    best, below = val.at(val.best), base - val.raw.min()
    if below <= 0:
        return {"no power": f"{val.name} is {best} at best, and the baseline gets {number(base)}"}
    is_above = val.raw[len(val.raw) // 2 :].max() >= base
    if jump is not None and is_above and below < POWER * np.hypot(error or 0.0, val.noise):
        return {"jumps hide power": f"{jump}, too much to say that it beats {number(base)}"}
    if rows is not None and error is not None and below < POWER * error:
        text = (
            f"{val.name} is {best} at best, and the baseline gets {number(base)}: {rows:,} "
            "validation rows are too few to tell these apart"
        )
        return {"few rows hide power": text}
    return {}


def _rises(train: Course, val: Course) -> dict[str, str]:
    """Return the phrases of losses that rose after their best."""
    texts: dict[str, str] = {}
    if train.has_risen and val.has_risen:
        texts["both rise"] = f"{val.rise()}, and {train.rise()}"
    if train.has_risen:
        texts["training rises"] = train.rise()
    if val.has_risen and val.falls:
        falls = f"falls again, {val.since(val.start)}"
        texts["falls again"] = f"{val.name} is above its best of {val.at(val.best)}, but {falls}"
    elif val.has_risen:
        texts["rises"] = _rose(train, val)
    return texts


def _levels(train: Course, val: Course, base: float | None, error: float | None) -> dict[str, str]:
    """Return the phrases of where the losses are."""
    texts: dict[str, str] = {}
    if val.falls and not val.has_risen:
        verb = "still falls" if val.best >= val.start else "falls again"
        texts["falls"] = f"{val.name} {verb}, {val.since(val.start)}"
        if train.falls:
            texts["falls"] += f", and {train.name} {train.since(train.start)}"

    stopped = all(one.is_level and one.has_fallen and not one.has_risen for one in (train, val))
    if stopped and base is not None and min(train.last, val.last) > HIGH * base > 0:
        texts["high"] = (
            "both losses have nearly stopped falling and are still high "
            f"({train.name} {number(train.last)}, {val.name} {number(val.last)}; the baseline gets "
            f"{number(base)})"
        )

    beyond = max(val.matters, SURE * np.hypot(val.noise, error or 0.0))
    if 0 < train.last < APART * val.last and val.last - train.last > beyond:
        times = f"{number(val.last / train.last, 2)} times"
        if val.last > 100 * train.last:
            times = "more than 100 times"
        text = f"{val.name} {number(val.last)}, {times} as high"
        texts["gap"] = f"{_after(train)} and {text}"
    return texts


def _last_stretch(
    train: Course, val: Course, base: float | None, jump: str | None
) -> dict[str, str]:
    """Return the phrases of a last stretch that does not fall by what matters; the last holds."""
    texts: dict[str, str] = {}
    epochs = len(val.raw)
    if val.goes_up:
        verb = "rises slowly" if -val.drop <= val.matters else "rises"
        texts["rising"] = f"{val.name} {verb}, {val.since(val.start)}"
    elif val.goes_down and not val.falls:
        verb = "has nearly stopped falling" if val.is_level else "falls slowly"
        texts["slows down"] = f"{val.name} {verb}, {val.since(val.start)}"
    elif val.is_level and not val.has_risen:
        verb = (
            f"has stopped improving: it was best with {val.at(val.best)}, and is {val.at(val.end)}"
        )
        is_last = val.best >= epochs - max(1, round(epochs / 8))
        if is_last or number(val.raw[val.best]) == number(val.last):
            verb = f"hardly changes any more, {val.since(val.start)}"
        texts["flat"] = f"{val.name} {verb}"

    ends = f"{_after(train)} and {val.name} {number(val.last)}"
    if not texts and not val.falls and not val.has_risen and epochs > 1:
        texts["open"] = f"{ends}; its last epochs do not tell whether it still falls"
        if train.falls:
            texts["open"] = (
                f"{train.name} still falls, {train.since(train.start)}; whether {val.name} does, "
                f"its last epochs do not tell: {number(val.last)} after epoch {val.end + 1}"
            )
        if jump is not None:
            texts = {"jumps": f"{jump}, too much to tell whether it still falls"}
    if val.best != val.end:
        ends += f", at best {val.at(val.best)}"
    if base is not None:
        ends += f"; the baseline gets {number(base)}"
    return texts | {"ends": ends}


def _kept_falling(train: Course, val: Course) -> bool:
    """Return whether training loss fell beyond chance after validation loss was best."""
    if val.best >= val.end:
        return False
    change, error, _ = trend(running_median(train.raw)[val.best : val.end + 1], train.noise)
    return change < -SURE * error and train.last < train.raw[val.best]


def _rose(train: Course, val: Course) -> str:
    text = val.rise()
    if _kept_falling(train, val):
        text += f" while {train.name} fell to {number(train.last)}"
    return text


def _after(train: Course) -> str:
    return f"after epoch {train.end + 1}, {train.name} is {number(train.last)}"


def sentence(
    curves: Curves, word: str, answers: Mapping[str, float], *, has_power: bool = True
) -> str:
    """Return what the curves show; of `unsure` what is known, and what is open.

    Args:
        curves: At least one epoch long.
        word: One of `verdicts.VERDICTS`.
        answers: For each of `HELP` the probability that it helps; empty where nobody asks.
        has_power: Whether it beats the baseline; where it does not, that is open.
    """
    claims = {word, "answers"} if answers and has_power else {word}
    for name, p in answers.items():
        if p >= YES:
            claims.add(f"{name} yes")
        if p <= NO:
            claims.add(f"{name} no")

    texts = {name: text for name, text in phrases(curves).items() if not CLASHES[name] & claims}
    shown = list(texts.values())[:1]
    if word == "no_power" and texts.get("falls", shown[0]) != shown[0]:
        shown.append(texts["falls"])
    if word not in ("no_power", "diverged") and (perfect := _perfect(curves)):
        shown.append(perfect)
    if not has_power:
        shown.append("Whether it beats the baseline is open.")
    if word == "unsure" and answers:
        shown.append(_known(answers, claims))
    return " ".join(shown)


def _perfect(curves: Curves) -> str | None:
    """Return the sentence of a metric that ends at its best value."""
    best = range_of(curves.metric)[curves.higher]
    if not np.isfinite(best) or curves.scores[-1] != best:
        return None
    epoch = len(curves.scores)
    return (
        f"The {curves.metric} is {number(best)} (epoch {epoch}), its best value; only the loss can "
        "still improve."
    )


def _known(answers: Mapping[str, float], claims: set[str]) -> str:
    """Return which answers are said, and which questions are open."""
    yes = [text for name, text in HELP.items() if f"{name} yes" in claims]
    no = {name: text for name, text in HELP.items() if f"{name} no" in claims}
    unsaid = [text for name, text in HELP.items() if not {f"{name} yes", f"{name} no"} & claims]

    texts: list[str] = []
    if {"stop_earlier", "regularize"} <= set(no):
        texts.append("it does not overfit")
        no = {name: text for name, text in no.items() if name not in ("stop_earlier", "regularize")}
    if yes:
        texts.append(f"{_listing(yes, 'and')} should help")
    if no:
        texts.append(f"{_listing(list(no.values()), 'or')} should not help")
    if unsaid:
        texts.append(f"whether {_listing(unsaid, 'or')} would help is open")
    return _sentence("; ".join(texts))


def _listing(words: list[str], last: str) -> str:
    """Return words as a sentence lists them, with "and" or "or" before the last."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))
