"""How often the phrases of a verdict's sentence are true: `python benchmarks/phrases.py [COUNT]`.

First every phrase and many sentences are held against their curves (`phrases_checked.py`): of the
curves that were trained (`verdict_truths.csv.gz`), those made by hand, 14 that people have
published, and COUNT simulated ones (10,000; three minutes). It fails if one is contradicted.

Then two tables. Of simulated curves the smooth course is known, without its noise, and tells
whether a phrase is true; courses of even numbers were there to tune by, the odd ones give the
figures. Of trained curves with power it is known whether held-out loss falls by fewer or more
epochs, or by more regularization, and what a phrase suggests is held against that, on the families
that verdicts are tuned by.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from phrases_by_hand import CASES
from phrases_checked import contradictions
from scipy import stats
from verdict_simulated import NOISES, climb, course, wobble
from verdict_table import cases

from goldilocks.diagnosis import judge
from goldilocks.diagnosis.courses import both_courses
from goldilocks.diagnosis.curve import SMALLEST
from goldilocks.diagnosis.history import Curves
from goldilocks.diagnosis.phrases import CLASHES, HELP, phrases, sentence
from goldilocks.diagnosis.verdicts import VERDICTS

HERE = Path(__file__).parent
COUNT = 10_000
LINE = "|---|---|---|---|"
ANSWERS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
TRUE = {
    "memorizes": "training loss is below half of validation loss, which has risen or is high",
    "both rise": "both have risen from their lowest, by half of what matters",
    "training rises": "training loss has risen from its lowest, by half of what matters",
    "falls again": "it has risen so from its lowest, and falls by half of what matters",
    "rises": "it has risen from its lowest, by half of what matters",
    "falls": "it falls over the named epochs, by half of what matters",
    "high": "both change by less than what matters, and are above half of the baseline's",
    "gap": "training loss is below 0.8 of validation loss",
    "rising": "it rises over the named epochs",
    "slows down": "it falls over the named epochs, by less than twice what matters",
    "flat": "it changes by less than what matters over the named epochs",
    "jumps": "steps of the noise alone are two thirds as large, or larger",
}
# Phrase -> what it suggests would help, or would not.
SUGGESTS: dict[str, tuple[tuple[str, ...], bool]] = {
    "memorizes": (("stop_earlier", "regularize"), True),
    "rises": (("stop_earlier",), True),
    "rising": (("stop_earlier",), True),
    "gap": (("stop_earlier", "regularize"), True),
    "falls": (("go_on",), True),
    "high": (("go_on",), False),
    "slows down": (("go_on",), False),
    "flat": (("go_on",), False),
}


def published() -> list[Curves]:
    """Return the curves that people have published; what is no number in JSON is NaN."""
    lines = json.loads((HERE / "published_curves.json").read_text())
    return [
        Curves(
            loss=np.array(line["loss"], float),
            val_loss=np.array(line["val_loss"], float),
            metric=line["metric"],
            scores=np.array(line["val_metric"] or line["val_loss"], float),
            higher=line["metric"] != "loss",
            baseline={"loss": line["baseline_loss"]},
            rows=line["rows"],
        )
        for line in lines
    ]


def simulated(number: int) -> tuple[Curves, dict[str, bool]]:
    """Return a simulated curve, and which phrases would be true of its course without noise."""
    random = np.random.default_rng([number, 77])
    epochs, rows = int(4 * 50 ** random.random()), int(100 * 300 ** random.random())
    smooth_train, smooth_val, _ = course(random, epochs)
    smooth_train, smooth_val = smooth_train[:epochs], smooth_val[:epochs]

    # Courses are rare whose training loss rises too, or that fall again late: a tenth of each.
    more = 0.5 * smooth_val.min() * random.random()
    if number // 2 % 10 == 3:
        rise = more * climb(random, epochs)[:epochs]
        smooth_train, smooth_val = smooth_train + rise, smooth_val + rise
    if number // 2 % 10 == 7:
        late = (np.arange(epochs) / epochs - random.uniform(0.4, 0.7)) / 0.15
        smooth_val = smooth_val + 2 * more * np.exp(-0.5 * late**2)
    noise = NOISES[number // 2 % len(NOISES)] * smooth_val.min()
    disturbance = noise * wobble(random, epochs)[0]
    val_loss = np.abs(smooth_val + disturbance)
    curves = Curves(
        loss=np.abs(smooth_train + noise / 3 * random.normal(size=epochs)),
        val_loss=val_loss,
        metric="loss",
        scores=val_loss,
        higher=False,
        baseline={"loss": 1.0},
        rows=rows,
    )

    # The epochs that are named are the same in all phrases of the last stretch.
    _, val = both_courses(curves, "training loss", "validation loss")
    start, end = val.start, val.end
    matters = SMALLEST * np.sqrt(smooth_val.min())
    change = smooth_val[end] - smooth_val[start]
    train_change = smooth_train[end] - smooth_train[start]
    lowest, train_lowest = smooth_val[: end + 1].min(), smooth_train[: end + 1].min()
    rose = bool(smooth_val[end] - lowest > matters / 2)
    train_rose = bool(smooth_train[end] - train_lowest > matters / 2)
    last = slice(-max(6, epochs // 2), None)
    steps = np.median(np.abs(np.diff(disturbance[last])))
    seen_steps = np.median(np.abs(np.diff(val_loss[last])))
    is_level = abs(change) < matters
    is_high = min(smooth_train[end], smooth_val[end]) > 0.5
    truths = {
        "memorizes": smooth_train[end] < smooth_val[end] / 2 and (rose or smooth_val[end] > 0.95),
        "both rise": rose and train_rose,
        "training rises": train_rose,
        "falls again": rose and change < -matters / 2,
        "rises": rose,
        "falls": change < -matters / 2,
        "high": is_level and abs(train_change) < matters and is_high,
        "gap": smooth_train[end] < 0.8 * smooth_val[end],
        "rising": change > 0,
        "slows down": -2 * matters < change < 0,
        "flat": is_level,
        "jumps": steps > seen_steps / 1.5,
    }
    return curves, {name: bool(holds) for name, holds in truths.items()}


def faults(curves: Curves, random: np.random.Generator, sentences: int) -> tuple[int, list[str]]:
    """Return how many phrases and sentences were checked, and their faults.

    The sentences are that of the verdict, and those of verdicts by chance.
    """
    texts = list(phrases(curves).values())
    found = [fault for text in texts for fault in contradictions(text, curves)]
    verdict = judge(curves)
    found += contradictions(verdict.sentence, curves, verdict.word, verdict.answers)
    for _ in range(sentences):
        word = str(random.choice(list(VERDICTS)))
        answers = {name: float(random.choice(ANSWERS)) for name in HELP}
        if word in ("no_power", "diverged"):
            answers = {}
        has_power = word != "unsure" or random.random() < 0.5
        text = sentence(curves, word, answers, has_power=has_power)
        found += contradictions(text, curves, word, answers)
    return len(texts) + 1 + sentences, found


def row(name: str, counts: Counter[bool], what: str) -> str:
    """Return a line of a table: how often a phrase was said and true, with its 95 % interval."""
    right, said = counts[True], counts.total()
    if not said:
        return f"| {name} | {what} | 0 | - |"
    interval = stats.binomtest(right, said).proportion_ci(method="wilson")
    rate = f"{right / said:.1%} ({interval.low:.1%} to {interval.high:.1%})".replace("%", " %")
    return f"| {name} | {what} | {said:,} | {rate} |"


def main() -> None:
    """Check all curves, and print both tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    random = np.random.default_rng(0)
    table = list(cases())
    drawn = [simulated(2 * number + 1) for number in range(count)]
    kinds = {
        "trained": [case.curves for case in table],
        "made by hand": [one.curves for one in CASES],
        "published": published(),
        "simulated": [curves for curves, _ in drawn],
    }
    failed: list[str] = []
    for kind, all_curves in kinds.items():
        checked = 0
        wrong: list[str] = []
        for curves in all_curves:
            number, found = faults(curves, random, 2 if kind == "simulated" else 5)
            checked, wrong = checked + number, wrong + found
        print(f"{len(all_curves):,} curves {kind}: {len(wrong)} of {checked:,} contradicted")
        print("\n".join(wrong[:10]))
        if kind != "simulated":
            failed += wrong

    print(f"\n| phrase | is true where, of the course without noise, | said | true |\n{LINE}")
    counts = {name: Counter[bool]() for name in CLASHES}
    for curves, truths in drawn:
        for name in phrases(curves):
            if name in truths:
                counts[name][truths[name]] += 1
    for name, what in TRUE.items():
        print(row(name, counts[name], what))

    print(f"\n| phrase | suggests | said | true |\n{LINE}")
    counts = {name: Counter[bool]() for name in CLASHES}
    for case in table:
        if case.is_tested or case.truth.word in ("no_power", "diverged"):
            continue
        for name in phrases(case.curves).keys() & SUGGESTS.keys():
            questions, expected = SUGGESTS[name]
            counts[name][any(case.truth.helps[one] for one in questions) == expected] += 1
    for name, (questions, expected) in SUGGESTS.items():
        words = " or ".join(HELP[one] for one in questions)
        print(row(name, counts[name], words + ("" if expected else ": no help")))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
