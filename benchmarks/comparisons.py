"""How often equal candidates are set apart "beyond noise", and how often better ones are.

    python benchmarks/comparisons.py variants [REPEATS]   # of a report: seeds and rows
    python benchmarks/comparisons.py folds [REPEATS]      # of cross-validation
    python benchmarks/comparisons.py trials [REPEATS]     # of step 5 of a workflow
    python benchmarks/comparisons.py seeds [REPEATS]      # the same with fewer other seeds

Scores are drawn whose truth is known: each candidate has the noise of its rows, that of its seeds,
and a share that its rows and seeds have together. In `folds` linear models see other inputs that
are alike, so all are equally good. "Before" is the rule of version 0.5: against the best, Student's
paired t of the seeds with Holm's correction.

The rule was chosen with other seeds of the generator than that of the tables.
"""

import math
import sys

import numpy as np
import pandas as pd
from scipy import special, stats

from goldilocks.evaluation import simultaneous
from goldilocks.evaluation.family import Family, Scored

SEED = 7
ROWS = 200
BETTER = (1, 2, 3)  # deviations from seed to seed
TOGETHER = 0.3  # deviation of the noise of a row in one training, beside that of a row in all


def shares(count: float, repeats: int) -> str:
    """Return a share in per cent with its 95 % interval (Wilson's)."""
    ends = stats.binomtest(round(count), repeats).proportion_ci(method="wilson")
    return f"{100 * count / repeats:.1f} ({100 * ends.low:.1f} to {100 * ends.high:.1f})"


def scores(random, variants: int, seeds: int, rows: float, deviations) -> np.ndarray:
    """Return values of rows, float64 (variants, seeds, rows): a score's seeds deviate by 1."""
    size = rows * math.sqrt(ROWS)
    shared = random.normal(size=(variants, 1, ROWS)) * size
    own = random.normal(size=(variants, seeds, ROWS)) * size * TOGETHER
    return shared + own + random.normal(size=(variants, seeds, 1)) * deviations[:, None, None]


def before(table: np.ndarray) -> np.ndarray:
    """Return which variants the old rule sets apart from the best, bool (variants,)."""
    best = table.mean(axis=1).argmax()
    others = np.array([one for one in range(len(table)) if one != best])
    gaps = table[best] - table[others]
    quotients = gaps.mean(axis=1) / gaps.std(axis=1, ddof=1) * math.sqrt(table.shape[1])
    p = 2 * special.stdtr(table.shape[1] - 1, -np.abs(quotients))
    order = p.argsort()
    holm = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    apart = np.zeros(len(table), bool)
    apart[others[order]] = holm < simultaneous.LEVEL
    return apart


def after(table: np.ndarray, values: np.ndarray, better: float) -> np.ndarray:
    """Return which variants are set apart from the best, bool (variants,), as `before`."""
    covariance = None
    if values.any():
        covariance = np.atleast_2d(np.cov(values.mean(axis=1))) / ROWS
    means = table.mean(axis=1)
    every = np.ones(len(table), bool)
    seeds = simultaneous.Seeds(scores=table, fixed=~every)
    both = simultaneous.Candidates(
        means=means, covariance=covariance, row_freedom=ROWS - 1, seeds=seeds, named=every
    ).both
    assert both is not None
    apart = []
    for gain in (0, *BETTER):
        moved = means + gain * better * (np.arange(len(table)) == 0)
        best = moved.argmax()
        apart.append(np.abs(moved - moved[best]) > both.reach * both.error[best] + 1e-12)
    return np.array(apart)


def variants(repeats: int) -> None:
    """Print a row for each number of variants and seeds, and each size of the rows' noise."""
    random = np.random.default_rng(SEED)
    for spread in ("equal", "1 of n thrice", "half thrice"):
        print(f"\ndeviations of seeds: {spread}")
        print("variants seeds rows:seed | false now | before | found now 1, 2, 3 | before")
        for count in (2, 3, 5, 10):
            for seeds in (3, 5, 10):
                for rows in (0.0, 0.5, 1.0):
                    if spread != "equal" and (rows == 0.5 or seeds == 5 or count == 3):
                        continue
                    deviations = np.ones(count)
                    deviations[: {"equal": 0, "half thrice": count // 2}.get(spread, 1)] = 3
                    false, old, found, once = 0, 0, np.zeros(3), np.zeros(3)
                    for _ in range(repeats):
                        values = scores(random, count, seeds, rows, deviations)
                        table = values.mean(axis=2)
                        now = after(table, values if rows else 0 * values, 1.0)
                        false += now[0].any()
                        old += before(table).any()
                        found += now[1:, 1:].mean(axis=1)
                        for number, gain in enumerate(BETTER):
                            moved = table + gain * (np.arange(count) == 0)[:, None]
                            once[number] += before(moved)[1:].mean()
                    powers = " ".join(f"{100 * share / repeats:.0f}" for share in found)
                    olds = " ".join(f"{100 * share / repeats:.0f}" for share in once)
                    print(
                        f"{count:2} {seeds:2} {rows:3} | {shares(false, repeats)} | "
                        f"{shares(old, repeats)} | {powers} | {olds}",
                        flush=True,
                    )


def of_folds(random, count: int, folds: int, rows: int, gain: float) -> list[Scored]:
    """Return linear models of other inputs that are alike, cross-validated on one drawn table."""
    x = random.normal(size=(rows, count, 4))
    y = x.sum(axis=(1, 2)) + gain * x[:, 0].sum(axis=1) + random.normal(size=rows) * 2
    fold = random.permutation(rows) % folds
    models = []
    for one in range(count):
        parts = {}
        for number in range(folds):
            inside = fold == number
            weights = np.linalg.lstsq(x[~inside, one], y[~inside], rcond=None)[0]
            errors = (y - x[:, one] @ weights) ** 2
            parts["0", str(number)] = pd.Series(errors[inside], np.flatnonzero(inside))
        models.append(
            Scored(trainings={key: part.mean() for key, part in parts.items()}, rows=parts)
        )
    return models


def folds(repeats: int) -> None:
    """Print a row for each number of models and folds, with rows and by folds alone."""
    random = np.random.default_rng(SEED)
    print("models folds rows | false by rows and folds | by folds alone, corrected for overlap | "
          "found by rows, alone")  # fmt: skip
    for count in (2, 5):
        for number in (4, 10):
            for rows in (60, 200):
                found = np.zeros((2, 2))
                for gain in (0.0, 0.3):
                    for _ in range(repeats):
                        models = of_folds(random, count, number, rows, gain)
                        bare = [Scored(trainings=model.trainings) for model in models]
                        for column, family in enumerate(
                            (
                                Family(models, higher=False),
                                Family(bare, higher=False, overlap=1 / (number - 1)),
                            )
                        ):
                            apart = [
                                bool(family.difference(one, other).beyond_noise)
                                for one in range(count if gain == 0 else 1)
                                for other in range(one + 1, count)
                            ]
                            share = np.mean(apart) if gain else np.any(apart)
                            found[int(gain > 0), column] += share
                print(
                    f"{count} {number:2} {rows:3} | {shares(found[0, 0], repeats)} | "
                    f"{shares(found[0, 1], repeats)} | "
                    f"{100 * found[1, 0] / repeats:.0f} {100 * found[1, 1] / repeats:.0f}",
                    flush=True,
                )


def truths(kind: str, count: int, random) -> np.ndarray:
    """Return true scores, less is better, in deviations of seeds, float64 (count,)."""
    if kind == "normal, deviation 1":
        return random.normal(size=count)
    if kind == "half are 10 worse":
        return np.where(random.random(count) < 0.5, 10.0, 0.0)
    if kind == "4 apart":
        return random.permutation(count) * 4.0
    scores = np.zeros(count)
    scores[1] -= {"equal": 0, "one is 6 better": 6}[kind]
    return scores


def trials(repeats: int) -> None:
    """Print how often step 5 calls a winner of equals better than where tuning began, and by how
    much the score that the winner shows, and the one that is expected, miss its true score.

    Each trial has one seed; the two best and the start get two more, and the best of these wins.
    The deviation of seeds was measured with three.
    """
    random = np.random.default_rng(SEED)
    print(
        "trials rows:seed truth | false | shown: mean error, root mean square | expected: the same"
    )
    others = ("normal, deviation 1", "half are 10 worse", "one is 6 better", "4 apart")
    for kind, rows, count in (
        *(("equal", rows, count) for count in (8, 60) for rows in (0.0, 0.5, 1.0)),
        *((kind, 0.5, count) for kind in others for count in (8, 60)),
    ):
        false, shown, expected = 0, [], []
        for _ in range(repeats):
            scored_truths = truths(kind, count, random)
            values = scores(random, count, 3, rows, np.ones(count))
            values += scored_truths[:, np.newaxis, np.newaxis]
            finalists = [0, *(1 + values[1:, 0].mean(axis=1).argsort()[:2])]  # First the start.
            finalists.sort(key=lambda one: values[one].mean())
            models = [
                scored(values[one, : 3 if one in finalists else 1])
                for one in (*finalists, *(one for one in range(count) if one not in finalists))
            ]
            measured = (float(random.normal(size=3).std(ddof=1)), 2)
            family = Family(models, higher=False, measured=measured, named=len(finalists))
            winner = finalists[0]
            if winner != 0 and kind == "equal":
                lead = family.difference(0, finalists.index(0))
                false += lead.mean > 0 and bool(lead.beyond_noise)
            shown.append(values[winner].mean() - scored_truths[winner])
            expected.append(shown[-1] + max(0.0, family.shrinkage))
        called = shares(false, repeats) if kind == "equal" else ""
        missed = " | ".join(
            f"{mean(errors)}, {np.sqrt(np.mean(np.square(errors))):.2f}"
            for errors in (shown, expected)
        )
        print(f"{count:2} {rows:3} {kind} | {called} | {missed}", flush=True)


def seeds(repeats: int) -> None:
    """Print the same where the budget left fewer other seeds, and how often a better trial is told.

    The best trial and the start get other seeds first, the second best with what is left. "Found"
    is of a trial that is better than all others by 3 and by 6 deviations of seeds, in a fifth of
    the repeats; "on other rows" is said by the noise of rows alone.
    """
    random = np.random.default_rng(SEED)
    print("trials rows:seed | seeds of best, start, second | false | found | on other rows: false")
    for count in (8, 60):
        for rows in (0.0, 0.5, 1.0):
            for of_each in ((3, 3, 2), (2, 2, 1), (1, 1, 1)):
                called, tried = np.zeros((2, 3)), (repeats, repeats // 5, repeats // 5)
                for number, gain in enumerate((0, 3, 6)):
                    for _ in range(tried[number]):
                        values = scores(random, count, 3, rows, np.ones(count))
                        values[1] -= gain
                        measured = (float(random.normal(size=3).std(ddof=1)), 2)
                        family = step_five(values, of_each, measured)
                        if family is not None:
                            lead = family.difference(0, family.named - 1)
                            called[0, number] += lead.mean > 0 and bool(lead.beyond_noise)
                            called[1, number] += lead.mean > 0 and lead.p_rows < simultaneous.LEVEL
                found = (100 * called[0, 1:] / tried[1:]).round()
                print(
                    f"{count:2} {rows:3} | {of_each} | {shares(called[0, 0], repeats)} | "
                    f"{found[0]:.0f}, {found[1]:.0f} | {shares(called[1, 0], repeats)}",
                    flush=True,
                )


def step_five(
    values: np.ndarray, seeds: tuple[int, ...], measured: tuple[float, int]
) -> Family | None:
    """Return what was compared, the winner first and the start last of the finalists.

    Args:
        values: Of rows, float64 (trials, seeds, rows); the first trial is the start.
        seeds: Of the best trial, the start and the second best.
        measured: As of `Family`.

    Returns:
        None where the start itself is the winner.
    """
    best, second = 1 + values[1:, 0].mean(axis=1).argsort()[:2]
    counts = {best: seeds[0], 0: seeds[1], second: seeds[2]}
    finalists = sorted(counts, key=lambda one: (-counts[one], values[one, : counts[one]].mean()))
    if finalists[0] == 0:
        return None
    finalists = [finalists[0], *(one for one in finalists[1:] if one), 0]
    others = [one for one in range(len(values)) if one not in finalists]
    models = [scored(values[one, : counts.get(one, 1)]) for one in (*finalists, *others)]
    return Family(models, higher=False, measured=measured, named=len(finalists))


def scored(values: np.ndarray) -> Scored:
    """Return a model by the values of its rows, float64 (seeds, rows)."""
    rows = {(str(seed), ""): pd.Series(of_seed) for seed, of_seed in enumerate(values)}
    return Scored(trainings={key: of_seed.mean() for key, of_seed in rows.items()}, rows=rows)


def mean(values: list[float]) -> str:
    """Return a mean with its 95 % interval."""
    reach = 1.96 * np.std(values) / math.sqrt(len(values))
    return (
        f"{np.mean(values):+.2f} ({np.mean(values) - reach:+.2f} to {np.mean(values) + reach:+.2f})"
    )


if __name__ == "__main__":
    table = sys.argv[1]
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    {"variants": variants, "folds": folds, "trials": trials, "seeds": seeds}[table](repeats)
