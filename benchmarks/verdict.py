"""How often the verdict is right: `python benchmarks/verdict.py [tuning] [FIGURE.png]` (ten seconds).

Run: it judges the curves of `verdict_truths.csv.gz`, of the tested families; with `tuning` of those
that the model was fitted on.
Expect: of each question AUC, how many of the answers that are said are right with a 95 % interval,
    how many are said, and the calibration error; the same of the word; then parts of the curves.
    FIGURE.png is a reliability diagram.

Intervals are of families drawn again with replacement: curves of one family are alike.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from verdict_table import Case, cases

from goldilocks.diagnosis import Verdict, judge
from goldilocks.diagnosis.answers import NO, QUESTIONS, WORDS, YES
from goldilocks.diagnosis.verdicts import VERDICTS

BINS = 10
DRAWN = 1000  # samples of families
WELL_SOLVED = 0.8  # share of the baseline loss that is explained


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A curve with its verdict."""

    case: Case
    verdict: Verdict

    @property
    def has_power(self) -> bool:
        """Whether its truth is one of the three words that a model chooses from."""
        return self.case.truth.word in WORDS


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers beside their truths, each array (answers,); NaN where there is none.

    Attributes:
        p: Probabilities.
        helps: Whether the intervention helped.
        families: Of the curves.
    """

    p: np.ndarray
    helps: np.ndarray
    families: np.ndarray

    @property
    def said(self) -> np.ndarray:
        """Whether each is said."""
        return (self.p >= YES) | (self.p <= NO)

    @property
    def right(self) -> np.ndarray:
        """Whether each is right."""
        return (self.p > 0.5) == self.helps

    @property
    def calibration_error(self) -> float:
        """Return the expected calibration error, over ten equal bins."""
        given = ~np.isnan(self.p)
        bins = np.minimum((self.p[given] * BINS).astype(int), BINS - 1)
        apart = np.bincount(bins, self.p[given] - self.helps[given], minlength=BINS)
        return float(np.abs(apart).sum() / given.sum())


def answers_of(judged: Sequence[Judged], names: Sequence[str] = QUESTIONS) -> Answers:
    """Return the answers to some questions on curves that have power."""
    lines = [
        (one.verdict.answers.get(name, np.nan), one.case.truth.helps[name], one.case.family)
        for one in judged
        if one.has_power
        for name in names
    ]
    p, helps, families = zip(*lines, strict=True)
    return Answers(p=np.array(p), helps=np.array(helps), families=np.array(families))


def interval(right: np.ndarray, families: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a share, by families drawn again with replacement."""
    names, at = np.unique(families, return_inverse=True)
    sums, counts = np.bincount(at, right), np.bincount(at)
    drawn = np.random.default_rng(0).integers(0, len(names), (DRAWN, len(names)))
    shares = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def right_of(right: np.ndarray, families: np.ndarray) -> str:
    """Return a share with its interval, for people."""
    if not len(right):
        return "-"
    low, high = interval(right, families)
    return f"{right.mean():.1%} ({low:.1%} to {high:.1%})"


def answer_line(title: str, answers: Answers) -> str:
    """Return a line of the table of answers, in Markdown."""
    given, said = ~np.isnan(answers.p), answers.said
    auc = "-"
    if len(set(answers.helps[given])) == 2:
        auc = f"{roc_auc_score(answers.helps[given], answers.p[given]):.3f}"
    right = right_of(answers.right[said], answers.families[said])
    return (
        f"| {title} | {len(said)} | {answers.helps.mean():.1%} | {auc} | {right} | "
        f"{said.mean():.1%} | {answers.calibration_error:.3f} |"
    )


def word_line(title: str, judged: Sequence[Judged]) -> str:
    """Return a line of the table of words, in Markdown."""
    said = [one for one in judged if one.verdict.word != "unsure"]
    right = np.array([one.verdict.word == one.case.truth.word for one in said])
    families = np.array([one.case.family for one in said])
    share = len(said) / max(1, len(judged))
    return f"| {title} | {len(judged)} | {right_of(right, families)} | {share:.1%} |"


def matrix(judged: Sequence[Judged]) -> str:
    """Return how often each truth got each word, in Markdown."""
    counts = Counter((one.case.truth.word, one.verdict.word) for one in judged)
    lines = [
        f"| truth | {' | '.join(f'`{name}`' for name in VERDICTS)} |",
        "|---" * (len(VERDICTS) + 1) + "|",
    ]
    for truth in VERDICTS:
        if truth != "unsure":
            row = [str(counts[truth, word]) for word in VERDICTS]
            lines.append(f"| {truth} | {' | '.join(row)} |")
    return "\n".join(lines)


def draw(judged: Sequence[Judged], path: str) -> None:
    """Draw how often an answer of a probability was yes."""
    figure, axes = plt.subplots(1, len(QUESTIONS), figsize=(12, 3.4), sharey=True)
    for name, panel in zip(QUESTIONS, axes, strict=True):
        answers = answers_of(judged, [name])
        given = ~np.isnan(answers.p)
        bins = np.minimum((answers.p[given] * BINS).astype(int), BINS - 1)
        counts = np.bincount(bins, minlength=BINS)
        filled = counts > 0
        means = np.bincount(bins, answers.p[given], minlength=BINS)[filled] / counts[filled]
        shares = np.bincount(bins, answers.helps[given], minlength=BINS)[filled] / counts[filled]
        panel.plot([0, 1], [0, 1], color="0.8", linewidth=1)
        panel.scatter(means, shares, s=10 + counts[filled], color="#0072B2", zorder=2)
        panel.set(title=name.replace("_", " "), xlabel="probability", xlim=(0, 1), ylim=(0, 1))
    axes[0].set_ylabel("share in which it helped")
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main() -> None:
    """Judge the curves, and print the tables."""
    tested = "tuning" not in sys.argv
    chosen = [case for case in cases() if case.is_tested == tested]
    began = time.perf_counter()
    judged = [Judged(case=case, verdict=judge(case.curves)) for case in chosen]
    seconds = (time.perf_counter() - began) / len(judged)
    families = {case.family for case in chosen}
    print(f"{len(judged)} curves of {len(families)} families, {1000 * seconds:.1f} ms each\n")

    parts = {
        "dense, embedding": lambda case: case.architecture in ("dense", "embedding"),
        "convolutional": lambda case: case.architecture in ("conv", "conv1d"),
        "recurrent": lambda case: case.architecture == "rnn",
        "well solved": lambda case: case.explained > WELL_SOLVED,
    }
    by_part = {
        title: [one for one in judged if belongs(one.case)] for title, belongs in parts.items()
    }
    print("| answers | n | helped | AUC | right where said | said | calibration error |")
    print("|---|---|---|---|---|---|---|")
    print(answer_line("all", answers_of(judged)))
    for name in QUESTIONS:
        print(answer_line(f"`{name}`", answers_of(judged, [name])))
    for title, part in by_part.items():
        if any(one.has_power for one in part):
            print(answer_line(title, answers_of(part)))

    print("\n| words | n | right where said | said |\n|---|---|---|---|")
    settled = [one for one in judged if one.case.truth.is_settled]
    print(word_line("settled", settled))
    print(word_line("settled, with power", [one for one in settled if one.has_power]))
    print(word_line("all", judged))
    for title, part in by_part.items():
        print(word_line(f"{title}, settled", [one for one in part if one.case.truth.is_settled]))
    print(f"\n{matrix(settled)}")
    for path in sys.argv[1:]:
        if path.endswith(".png"):
            draw(judged, path)


if __name__ == "__main__":
    main()
