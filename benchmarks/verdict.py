"""How often the verdict is right: `python benchmarks/verdict.py [stored] [tuning] [all]` (a
minute).

`stored` takes the real curves alone, in seconds; `tuning` shows the first half; `all` names every
wrong verdict.

Two benchmarks. Simulated curves: 500 of every kind and noise level in each half, their truth read
from the smooth course (`verdict_simulated.py`). Real curves: small networks whose truth was found
by training them again, longer, larger and with more regularization (`verdict_curves.csv`, which
`verdict_trained.py` makes). Thresholds were tuned on the first half of one alone; the figures are
those of the second.
"""

import csv
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from scipy import stats
from verdict_simulated import KINDS, NOISES
from verdict_simulated import draw as draw_simulated

from goldilocks.diagnosis import Verdict, judge
from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.evaluation.measures import higher_is_better

HERE = Path(__file__).parent
CURVES = HERE / "verdict_curves.csv"
CURVES_OF_KERAS = HERE / "verdict_curves_keras.csv"
THRESHOLDS = yaml.safe_load((HERE.parent / "conf" / "config.yaml").read_text())["diagnosis"]
EACH = 500  # simulated curves of a kind and noise level, in each half
# standard errors beyond which an intervention has helped: 95 % one-sided, by Student's t of 6 seeds
SURE = 2.0
UNLIKELY = (
    1.65  # standard errors that are added to what an intervention may have brought: 95 % one-sided
)
LEARNED = 2.0  # baseline losses that training loss ends above in a run that has diverged


@dataclass(frozen=True)
class Case:
    """A curve with its verdict.

    Attributes:
        name: What it is, in words.
        kind: Its true kind; what stands before a comma is the verdict that is right.
        verdict: The verdict that it got.
        settled: Whether its truth is beyond doubt.
    """

    name: str
    kind: str
    verdict: Verdict
    settled: bool

    @property
    def right(self) -> bool:
        """Whether the verdict is the truth."""
        return self.verdict.name == self.kind.split(",")[0]


def simulated(half: int, count: int) -> list[Case]:
    """Return simulated curves of every kind and noise level; half 0 for tuning, half 1 for the
    figures.
    """
    cases = []
    for kind in KINDS:
        for noise in NOISES:
            for number in range(count):
                drawn = draw_simulated(kind, noise, 2 * number + half)
                verdict = judge(
                    drawn.history,
                    metric=drawn.metric,
                    higher=higher_is_better(drawn.metric),
                    baseline=drawn.baseline,
                    rows=drawn.rows,
                    **THRESHOLDS,
                )
                cases.append(
                    Case(
                        f"noise {noise}, {drawn.rows} rows, {drawn.character}", kind, verdict, True
                    )
                )
    return cases


def real(half: int) -> list[Case]:
    """Return the stored curves: runs of even numbers for tuning (0), of odd ones for the figures
    (1).
    """
    return [case(line) for line in stored(CURVES) if int(line["number"]) % 2 == half]


def real_of_keras() -> list[Case]:
    """Return the curves that Keras itself has trained, of both halves."""
    return [case(line) for line in stored(CURVES_OF_KERAS)]


def stored(path: Path) -> list[dict[str, str]]:
    """Return the lines of a file of stored curves."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def case(line: Mapping[str, str]) -> Case:
    """Return a line of the file of stored curves with its verdict."""
    metric = "mae" if line["kind"] == "regression" else "accuracy"
    loss, val_loss, score = (
        np.array(line[name].split(), float) for name in ("loss", "val_loss", "val_metric")
    )
    history = {"loss": loss, "val_loss": val_loss, metric: score, f"val_{metric}": score}
    baseline = {"loss": float(line["base_loss"]), metric: float(line["base_metric"])}
    verdict = judge(
        history,
        metric=metric,
        higher=higher_is_better(metric),
        baseline=baseline,
        rows=int(line["val_rows"]),
        **THRESHOLDS,
    )
    kind, settled = truth(line, float(loss[-1]))
    name = (
        f"run {line['number']} ({line['source']}): "
        f"{line['family']}{', shuffled' * (line['shuffled'] == 'True')}, "
        f"{line['rows']}+{line['val_rows']} rows, {line['layers']} x {line['units']} units, "
        f"{line['epochs']} epochs"
    )
    return Case(name, kind, verdict, settled)


def truth(line: Mapping[str, str], end_loss: float) -> tuple[str, bool]:
    """Return what interventions say of a run, and whether it is beyond doubt.

    A run that ends with a training loss that is not finite, or above twice the baseline's, has
    diverged. One that beats the baseline on held-out rows neither by the loss of its best epoch nor
    by the metric of its best epoch, by 2 standard errors, has no power; between 1 and 3 of them the
    truth is in doubt. Then the first intervention that helps decides, in the order in which
    docs/verdict.md asks: fewer epochs (overfit), more epochs (underfit), more regularization
    (overfit), more units (underfit). One helps if held-out loss falls by the smallest change that
    matters and by 2 standard errors. The truth is in doubt where one that comes earlier may have
    helped by twice the smallest change, but has not shown it, and where the one that decides may
    have helped by less than half of it.

    Args:
        line: Of the file of stored curves.
        end_loss: The last training loss.

    Returns:
        The kind, and whether it is beyond doubt.
    """
    base = float(line["held_base"])
    if not math.isfinite(end_loss) or end_loss > LEARNED * float(line["base_loss"]):
        return "diverged", True
    power = max(
        float(line[name]) / max(float(line[f"{name}_error"]), 1e-9)
        for name in ("power", "power_metric")
    )
    smallest = THRESHOLDS["smallest_effect"] * math.sqrt(float(line["held_best"]) * base)
    if not power > SURE:
        return "no_power", not power > SURE / 2
    helps = {"fewer": "overfit, fewer epochs", "more": "underfit, more epochs"}
    helps |= {"calmer": "overfit, more regularization", "larger": "underfit, more units"}
    settled = power > 1.5 * SURE
    for name, kind in helps.items():
        gained, error = float(line[name]), float(line[f"{name}_error"])
        if gained > max(smallest, SURE * error):
            return kind, settled and gained - UNLIKELY * error > smallest / 2
        settled = (
            settled and not gained + UNLIKELY * error >= 2 * smallest
        )  # what diverged, NaN, has not helped
    return "balanced", settled


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927)."""
    interval = stats.binomtest(right, count).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def matrix(cases: Iterable[Case]) -> str:
    """Return the confusion matrix in Markdown: a row for each truth, a column for each verdict."""
    counts = Counter((one.kind, one.verdict.name) for one in cases)
    order = list(VERDICTS)
    kinds = sorted(
        {kind for kind, _ in counts}, key=lambda kind: (order.index(kind.split(",")[0]), kind)
    )
    rows = [
        f"| truth | {' | '.join(f'`{name}`' for name in VERDICTS)} | right |",
        "|---" * (len(VERDICTS) + 2) + "|",
    ]
    for kind in kinds:
        row = [counts[kind, name] for name in VERDICTS]
        share = counts[kind, kind.split(",")[0]] / sum(row)
        rows.append(f"| {kind} | {' | '.join(map(str, row))} | {share:.1%} |")
    return "\n".join(rows)


def summary(cases: list[Case]) -> str:
    """Return how many are right, with the interval."""
    right = sum(one.right for one in cases)
    low, high = wilson(right, len(cases))
    return f"{right} of {len(cases)} are right: {right / len(cases):.1%} (95 % interval {low:.1%} to {high:.1%})."


def excuse(one: Case) -> str | None:
    """Return why no single curve could show the truth; None where one could."""
    if one.verdict.name == "no_power" and one.kind != "diverged":
        return "it beats the baseline on held-out rows, but its own validation rows are too few to show it"
    resting = "at a high level" in one.verdict.reason and one.kind == "balanced"
    if resting or (one.verdict.name == "balanced" and one.kind == "underfit, more units"):
        return "whether a larger model would do better, only a larger model tells"
    return None


def report(title: str, cases: list[Case], worst: int) -> None:
    """Print the matrix, the accuracy, and some of the wrong ones."""
    print(f"\n{title}\n\n{matrix(cases)}\n\n{summary(cases)}")
    wrong = [one for one in cases if not one.right]
    for reason, count in Counter(excuse(one) for one in wrong).items():
        print(f"  {count} wrong: {reason or 'for another reason'}.")
    for one in wrong[:worst]:
        print(f"  {one.kind} -> {one.verdict.name}: {one.name}. {one.verdict.reason}")


def main() -> None:
    half = 0 if "tuning" in sys.argv else 1
    worst = 1000 if "all" in sys.argv else 12
    trained = real(half)
    report(
        "Real curves whose truth is beyond doubt", [one for one in trained if one.settled], worst
    )
    report("Real curves whose truth is in doubt", [one for one in trained if not one.settled], 0)
    print(f"\nAll real curves: {summary(trained)}")
    report(
        "Of Keras itself, in both halves, beyond doubt",
        [one for one in real_of_keras() if one.settled],
        worst,
    )
    if "stored" not in sys.argv:
        drawn = simulated(half, EACH)
        print(f"\nSimulated curves\n\n{matrix(drawn)}\n\n{summary(drawn)}")
        wrong = Counter(
            (one.kind, one.name.split(",")[0], one.verdict.name) for one in drawn if not one.right
        )
        for (kind, noise, verdict), count in wrong.most_common(worst):
            print(f"  {count:4} of {EACH}: {kind}, {noise} -> {verdict}")


if __name__ == "__main__":
    main()
