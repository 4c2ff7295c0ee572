"""Hold the sentence of a verdict against its curve, by tests that know nothing of its making.

Every sentence must be one that is known here, word for word; its numbers are looked up in the raw
curve, and what it claims is tested by ranks (Kendall, 1938) and medians of raw values.
"""

import re
from collections.abc import Callable, Mapping

import numpy as np
from scipy import stats

from goldilocks.diagnosis.history import Curves
from goldilocks.formatting import number

N = r"(-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]\d+)?)"
AT = rf"{N} \(epoch (\d+)\)"
VAL, TRAIN = "(?:[Vv]alidation loss|val_data_loss)", "(?:[Tt]raining loss|data_loss)"
MATTERS = 0.02  # of sqrt(best x baseline)
ROUGHLY = 1.5  # times that what is called small may be, by medians
TURNS = 0.4  # of the epochs turn back, at least, where a curve jumps
SAID = {
    "stopping earlier": "stop_earlier",
    "more epochs": "go_on",
    "regularization": "regularize",
    "a larger model": "enlarge",
}
# What must not stand beside a word, or beside an answer that is yes or no.
UPS, GAPS = r"\bro?ises?\b|\brose\b", "memorizes|times as high"
STOPS = "stopped|hardly changes"
FORBIDDEN: Mapping[str, str] = {
    "no_power": "stopped falling and are still high",
    "diverged": f"still falls|{STOPS}|falls slowly",
    "underfit": f"{GAPS}|at best .* baseline gets .*: |beats",
    "overfit": rf"still high|beats|{VAL} still falls",
    "balanced": f"{UPS}|{GAPS}|still falls|still high|falls again|beats",
    "stop_earlier no": f"{UPS}|memorizes|stopping earlier .*should help",
    "stop_earlier yes": f"still falls|{STOPS}|falls slowly|not overfit",
    "go_on no": "still falls|falls again|more epochs[^;]* should help",
    "go_on yes": f"{UPS}|{STOPS}|whether it still falls|memorizes",
    "regularize no": GAPS,
    "regularize yes": "not overfit",
}


def contradictions(
    text: str, curves: Curves, word: str | None = None, answers: Mapping[str, float] | None = None
) -> list[str]:
    """Return what is wrong with a sentence; nothing if all of it holds.

    Args:
        text: The sentence, or a phrase.
        curves: Of which it is said.
        word: The verdict's, if any.
        answers: The verdict's.
    """
    faults: list[str] = []
    for part in re.split(r"(?<=\.) ", text):
        matches = [(match, test) for claim, test in CLAIMS if (match := claim.fullmatch(part))]
        if not matches:
            faults.append(f"nothing is known of: {part}")
        epochs = [int(epoch) for epoch in re.findall(r"epoch (\d+)", part)]
        if max(epochs, default=1) > len(curves.loss):
            faults.append(f"{part} (the curve has {len(curves.loss)} epochs)")
            continue
        faults += [
            f"{part} ({fault})"
            for match, test in matches
            for fault in test(curves, answers or {}, *match.groups())
        ]
    said = [word] if word else []
    for name, p in (answers or {}).items():
        said += [f"{name} yes"] * (p >= 0.9) + [f"{name} no"] * (p <= 0.1)
    faults += [
        f"{text} (beside {one})"
        for one in said
        if one in FORBIDDEN and re.search(FORBIDDEN[one], text)
    ]
    return faults


def matters(curves: Curves) -> float:
    """Return the smallest change that matters; of a loss that can be negative, of its range."""
    base, best = curves.baseline.get("loss"), float(np.median(np.sort(curves.val_loss)[:3]))
    if best > 0:
        return MATTERS * float(np.sqrt(best * max(base or 0.0, best)))
    return MATTERS * (float(np.ptp(curves.val_loss)) if base is None else abs(base - best))


def lies(curve: np.ndarray, *pairs: str) -> list[str]:
    """Return which of the values, each followed by its epoch, do not stand in a curve."""
    faults: list[str] = []
    for value, epoch in zip(pairs[::2], pairs[1::2], strict=True):
        if number(curve[int(epoch) - 1]) != value:
            faults.append(f"{value} is not that of epoch {epoch}")
    return faults


def goes(curve: np.ndarray, first: str, last: str, *, up: bool) -> list[str]:
    """Return the fault of a curve that does not go up, or down, from one epoch to another.

    The median of the last third must be beyond that of the first three, or of the first third.
    """
    start, end = int(first) - 1, int(last) - 1
    stretch = curve[start : end + 1] if up else -curve[start : end + 1]
    way = "up" if up else "down"
    if len(stretch) < 2 or stretch[-1] <= stretch[0]:
        return [f"from epoch {first} to {last} it does not go {way}"]
    third = max(1, len(stretch) // 3)
    early = min(np.median(stretch[:3]), np.median(stretch[:third]))
    return fails(len(stretch) < 4 or np.median(stretch[-third:]) > early, f"it does not go {way}")


def ordered(curve: np.ndarray, first: str, last: str, *, up: bool) -> list[str]:
    """Return the fault of values that are not mostly in rising, or falling, order."""
    stretch = curve[int(first) - 1 : int(last)]
    order = stats.kendalltau(np.arange(len(stretch)), stretch).statistic
    return fails(order > 0 if up else order < 0, "its values are in no such order")


def level(curves: Curves, curve: np.ndarray) -> list[str]:
    """Return the fault of a last third whose halves differ by more than is small."""
    last = curve[-max(5, len(curve) // 3) :]
    half = len(last) // 2
    apart = abs(float(np.median(last[:half]) - np.median(last[-half:])))
    return ["it is not level"] if apart > ROUGHLY * matters(curves) else []


def fails(holds: bool, fault: str) -> list[str]:
    """Return a fault unless something holds."""
    return [] if holds else [fault]


def baseline(curves: Curves, value: str) -> list[str]:
    """Return the fault of a number that is not the baseline's."""
    base = curves.baseline.get("loss")
    return fails(base is not None and number(base) == value, f"{value} is not the baseline's")


def up(curve, verb, low, first, high, last):
    faults = lies(curve, low, first, high, last)
    faults += fails(number(curve.min()) == low, f"{low} is not the best")
    if "rose" in verb:
        return faults + goes(curve, first, last, up=True)
    since = curve[int(first) - 1 : int(last)]
    late = np.median(since[-max(1, len(since) // 3) :])
    return faults + fails(late > since[0], "it is not above its best")


def rose(curves, _, verb, low, first, high, last, train, memorizes):
    faults = up(curves.val_loss, verb, low, first, high, last)
    if train is not None:
        faults += lies(curves.loss, train, last) + goes(curves.loss, first, last, up=False)
    if memorizes is not None:
        end = int(last) - 1
        faults += fails(
            2 * curves.loss[end] < curves.val_loss[end], "training loss is not far below"
        )
    return faults


def fits(curves, _, epoch, train, val, base):
    faults = lies(curves.loss, train, epoch) + lies(curves.val_loss, val, epoch)
    end = int(epoch) - 1
    faults += fails(
        curves.val_loss[end] > curves.baseline.get("loss", np.nan), "it beats the baseline"
    )
    faults += fails(2 * curves.loss[end] < curves.val_loss[end], "training loss is not far below")
    return faults + baseline(curves, base)


def powerless(curves, _, best, epoch, base, rows=None):
    faults = lies(curves.val_loss, best, epoch) + baseline(curves, base)
    below = curves.baseline.get("loss", np.nan) - curves.val_loss.min()
    faults += fails(number(curves.val_loss.min()) == best, f"{best} is not the best")
    if rows is None:
        return faults + fails(below <= 0, "it is below the baseline")
    faults += fails(f"{curves.rows or 0:,}" == rows, f"{rows} are not its rows")
    unit = abs(curves.baseline.get("loss", np.nan)) / np.sqrt(curves.rows or 1)
    return faults + fails(0 < below < 5 * unit, "these rows tell them apart")


def jumping(curves, _, size, base):
    steps = np.diff(curves.val_loss[-max(6, len(curves.val_loss) // 2) :])
    value = float(size.replace(",", ""))
    low, high = np.quantile(np.abs(steps), [0.3, 0.7])
    turns = np.mean(np.sign(steps[1:]) != np.sign(steps[:-1]))
    faults = fails(0.99 * low <= value <= 1.01 * high, f"its steps are not about {size}")
    faults += fails(turns >= TURNS, "it does not turn back")
    faults += fails(value > matters(curves) / ROUGHLY, "its steps are small")
    if base is not None:
        tail = curves.val_loss[len(curves.val_loss) // 2 :]
        faults += baseline(curves, base)
        faults += fails(
            tail.max() >= curves.baseline.get("loss", np.nan), "all epochs beat the baseline"
        )
    return faults


def both_rose(curves, _, *rises):
    return up(curves.val_loss, *rises[:5]) + up(curves.loss, *rises[5:])


def train_rose(curves, _, *rise):
    return up(curves.loss, *rise)


def falls_again(curves, _, best, at, *ends):
    faults = lies(curves.val_loss, best, at, *ends)
    faults += goes(curves.val_loss, ends[1], ends[3], up=False)
    faults += fails(number(curves.val_loss.min()) == best, f"{best} is not the best")
    return faults + fails(
        curves.val_loss[int(ends[3]) - 1] > curves.val_loss.min(), "it is at its best"
    )


def falling(curves, _, verb, high, first, low, last, *train):
    faults = lies(curves.val_loss, high, first, low, last)
    faults += goes(curves.val_loss, first, last, up=False)
    faults += ordered(curves.val_loss, first, last, up=False)
    best = int(np.argmin(curves.val_loss)) + 1
    faults += fails((best >= int(first)) == (verb == "still falls"), f"it was best in epoch {best}")
    if train[0] is not None:
        faults += lies(curves.loss, *train) + goes(curves.loss, train[1], train[3], up=False)
    return faults


def high(curves, _, train, val, base):
    faults = baseline(curves, base) + level(curves, curves.val_loss) + level(curves, curves.loss)
    ends = [(number(a), number(b)) for a, b in zip(curves.loss, curves.val_loss, strict=True)]
    faults += fails((train, val) in ends, f"no epoch has {train} and {val}")
    medians = [np.median(curve[-3:]) for curve in (curves.loss, curves.val_loss)]
    return faults + fails(
        min(medians) > 0.45 * curves.baseline.get("loss", np.nan), "they are not high"
    )


def apart(curves, _, epoch, train, val, times):
    faults = lies(curves.loss, train, epoch) + lies(curves.val_loss, val, epoch)
    ratio = curves.val_loss[int(epoch) - 1] / curves.loss[int(epoch) - 1]
    if times is None:
        faults += fails(ratio > 100, "it is not 100 times")
    else:
        faults += fails(abs(ratio - float(times)) <= 0.06 * ratio, f"it is {ratio:.3g} times")
    third = -max(1, len(curves.loss) // 3)
    medians = [np.median(curve[third:]) for curve in (curves.val_loss, curves.loss)]
    return faults + fails(medians[0] > medians[1], "medians are not apart")


def rising(curves, _, slowly, low, first, high, last):
    faults = lies(curves.val_loss, low, first, high, last)
    faults += goes(curves.val_loss, first, last, up=True)
    faults += ordered(curves.val_loss, first, last, up=True)
    change = curves.val_loss[int(last) - 1] - curves.val_loss[int(first) - 1]
    small = change <= ROUGHLY * matters(curves)
    return faults + fails(small or not slowly, "that is not slow")


def slowing(curves, _, verb, high, first, low, last):
    faults = lies(curves.val_loss, high, first, low, last)
    faults += goes(curves.val_loss, first, last, up=False)
    faults += ordered(curves.val_loss, first, last, up=False)
    change = curves.val_loss[int(first) - 1] - curves.val_loss[int(last) - 1]
    faults += fails(change <= ROUGHLY * matters(curves), "that is not slow")
    return faults + (level(curves, curves.val_loss) if "stopped" in verb else [])


def steady(curves, _, *ends):
    return lies(curves.val_loss, *ends) + level(curves, curves.val_loss)


def stopped(curves, _, *ends):
    epochs, at = len(curves.val_loss), int(ends[1])
    faults = steady(curves, _, *ends) + fails(
        number(curves.val_loss.min()) == ends[0], f"{ends[0]} is not the best"
    )
    return faults + fails(at <= epochs - max(1, round(epochs / 8)), "it was best just now")


def after(curves, _, epoch, train, val, best=None, at=None, base=None):
    faults = lies(curves.loss, train, epoch) + lies(curves.val_loss, val, epoch)
    if best is not None:
        faults += lies(curves.val_loss, best, at)
        faults += fails(number(curves.val_loss.min()) == best, f"{best} is not the best")
    return faults + (baseline(curves, base) if base is not None else [])


def train_falling(curves, _, high, first, low, last, val, epoch):
    faults = lies(curves.loss, high, first, low, last) + lies(curves.val_loss, val, epoch)
    return faults + goes(curves.loss, first, last, up=False)


def not_finite(curves, _, name, epoch, count):
    curve = curves.val_loss if "val" in name.lower() else curves.loss
    faults = fails(len(curve) == int(count), f"it has {len(curve)} epochs")
    return faults + fails(not np.isfinite(curve[int(epoch) - 1]), "it is finite")


def perfect(curves, _, metric, value, epoch):
    faults = fails(metric == curves.metric, f"{metric} is not the metric")
    faults += lies(curves.scores, value, epoch)
    best = curves.scores.max() if curves.higher else curves.scores.min()
    return faults + fails(number(best) == value, f"{value} is not the best")


def known(curves, answers, text):
    faults: list[str] = []
    for clause in text.rstrip(".").lower().split("; "):
        names = [name for words, name in SAID.items() if words in clause]
        if clause == "it does not overfit":
            names = ["stop_earlier", "regularize"]
        for name in names:
            p = answers.get(name, np.nan)
            right = 0.1 < p < 0.9
            if clause.endswith("should help"):
                right = p >= 0.9
            if clause.endswith("should not help") or "overfit" in clause:
                right = p <= 0.1
            faults += fails(right, f"{name} has a probability of {p}")
    return faults


def unpowered(curves, _):
    return fails(bool(np.isfinite(curves.loss).all()), "it diverged")


ANY = rf"(?:{'|'.join(SAID)})"
CLAUSES = (
    rf"(?:it does not overfit|{ANY}(?:(?:,| and| or) {ANY})* should (?:not )?help|"
    rf"whether {ANY}(?:(?:,| or) {ANY})* would help is open)"
)
MEMORIZES = ": the network memorizes the training rows"
ROSE = rf"(rose from|is above its best of) {AT}(?: to|, at) {AT}"
AFTER = rf"After epoch (\d+), {TRAIN} is {N} and {VAL} {N}"
CLAIMS: list[tuple[re.Pattern[str], Callable[..., list[str]]]] = [
    (re.compile(claim + r"\.", re.IGNORECASE if test is known else 0), test)
    for claim, test in (
        (rf"{VAL} {ROSE}(?: while {TRAIN} fell to {N})?({MEMORIZES})?", rose),
        (rf"{AFTER}, where the baseline gets {N}{MEMORIZES}", fits),
        (rf"{VAL} is {AT} at best, and the baseline gets {N}", powerless),
        (
            rf"{VAL} is {AT} at best, and the baseline gets {N}: {N} validation rows are too few "
            "to tell these apart",
            powerless,
        ),
        (
            rf"{VAL} jumps by about {N} from epoch to epoch, too much to "
            rf"(?:say that it beats {N}|tell whether it still falls)",
            jumping,
        ),
        (rf"{VAL} {ROSE}, and {TRAIN} {ROSE}", both_rose),
        (rf"{TRAIN} {ROSE}", train_rose),
        (rf"{VAL} is above its best of {AT}, but falls again, from {AT} to {AT}", falls_again),
        (
            rf"{VAL} (still falls|falls again), from {AT} to {AT}"
            rf"(?:, and {TRAIN} from {AT} to {AT})?",
            falling,
        ),
        (
            rf"Both losses have nearly stopped falling and are still high \({TRAIN} {N}, {VAL} {N};"
            rf" the baseline gets {N}\)",
            high,
        ),
        (rf"{AFTER}, (?:{N}|more than 100) times as high", apart),
        (rf"{VAL} rises( slowly)?, from {AT} to {AT}", rising),
        (rf"{VAL} (falls slowly|has nearly stopped falling), from {AT} to {AT}", slowing),
        (rf"{VAL} hardly changes any more, from {AT} to {AT}", steady),
        (rf"{VAL} has stopped improving: it was best with {AT}, and is {AT}", stopped),
        (rf"{AFTER}; its last epochs do not tell whether it still falls", after),
        (
            rf"{TRAIN} still falls, from {AT} to {AT}; whether {VAL} does, its last epochs do not "
            rf"tell: {N} after epoch (\d+)",
            train_falling,
        ),
        (rf"{AFTER}(?:, at best {AT})?(?:; the baseline gets {N})?", after),
        (rf"({TRAIN}|{VAL}) is not a finite number in epoch (\d+) of (\d+)", not_finite),
        (
            rf"The (\w+) is {N} \(epoch (\d+)\), its best value; only the loss can still improve",
            perfect,
        ),
        (rf"({CLAUSES}(?:; {CLAUSES})*)", known),
        ("Whether it beats the baseline is open", unpowered),
    )
]
