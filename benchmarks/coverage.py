"""How often the 95 % interval of a test score holds the truth: `python benchmarks/coverage.py`.

Each data set is drawn from a distribution whose true score, that of endlessly many rows, is known
from a formula or from millions of rows. Nothing is trained: predictions are drawn with the rows.
`--seed 1` draws other data sets than those that the methods were chosen by, which had seed 0.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import numpy as np
from scipy import signal, special

from goldilocks.dataset import Dataset
from goldilocks.evaluation import measures
from goldilocks.evaluation.clusters import STRETCHES, row_clusters
from goldilocks.evaluation.intervals import interval
from goldilocks.problem import PROBLEMS, OwnMetric, Problem

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # truth, predictions, clusters
Draw = Callable[[np.random.Generator, int], Drawn]  # of so many rows
ROWS_FOR_TRUTH = 2_000_000


def median_error(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    return float(np.median(np.abs(y_true - y_pred)))


def worst_tenth(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    errors = np.sort(np.abs(y_true - y_pred).ravel())
    return float(errors[-max(1, len(errors) // 10) :].mean())


def top_tenth(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    return float(y_true[y_pred[:, 0].argsort()[-max(1, len(y_pred) // 10) :]].mean())


OWN = [OwnMetric(f"own.{f.__name__}", f, False) for f in (median_error, worst_tenth, top_tenth)]


@dataclass(frozen=True)
class Case:
    """A row of the table: a score, what draws its rows, and of how many of them."""

    name: str
    kind: str
    metric: str
    draw: Draw
    rows: int
    true: float = math.nan  # NaN: that of `ROWS_FOR_TRUTH` rows

    @property
    def problem(self) -> Problem:
        """Return the problem that has the score."""
        row = PROBLEMS[self.kind]
        return Problem(
            self.kind, row.last_activation, row.losses[0], (self.metric,), own_metrics=tuple(OWN)
        )

    def truth(self) -> float:
        """Return the score of endlessly many rows, or of nearly so many."""
        if math.isfinite(self.true):
            return self.true
        rows = self.draw(np.random.default_rng(10**6), ROWS_FOR_TRUTH)
        return measures.find(self.problem, self.metric).score(self.problem, *rows[:2])


def shares(chance: float) -> Draw:
    """Draw two classes, of which the predictions hit the right one with this chance."""

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        truth, right = rng.random((rows, 1)) < 0.5, rng.random((rows, 1)) < chance
        return truth.astype("float32"), (truth == right).astype("float32"), None

    return draw


def shares_of_groups(size: int, a: float) -> Draw:
    """Draw the same, but how well the rows of a group are predicted has a beta(a, 1)."""

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        clusters = np.arange(rows) // size
        chance = rng.beta(a, 1, clusters[-1] + 1)[clusters, None]
        truth, right = rng.random((rows, 1)) < 0.5, rng.random((rows, 1)) < chance
        return truth.astype("float32"), (truth == right).astype("float32"), clusters

    return draw


def errors(of_size: Callable[[np.random.Generator, int], np.ndarray]) -> Draw:
    """Draw absolute errors."""
    return lambda rng, rows: (np.zeros((rows, 1)), of_size(rng, rows)[:, None], None)


def lognormal(deviation: float) -> Draw:
    return errors(lambda rng, rows: rng.lognormal(0, deviation, rows))


def pareto(index: float) -> Draw:
    return errors(lambda rng, rows: 1 + rng.pareto(index, rows))


def errors_of_groups(sizes: tuple[int, int], deviation: float) -> Draw:
    """Draw groups that share half of the variance of the logarithm of their rows' errors.

    Args:
        sizes: The least and the most rows of a group.
        deviation: Of the logarithm.
    """

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        ends = np.cumsum(rng.integers(sizes[0], sizes[1] + 1, rows))
        clusters = np.searchsorted(ends, np.arange(rows), side="right")
        of_group, of_row = rng.normal(size=rows)[clusters], rng.normal(size=rows)
        wrong = np.exp(deviation * math.sqrt(0.5) * (of_group + of_row))[:, None]
        return np.zeros_like(wrong), wrong, clusters

    return draw


def errors_of_series(memory: float, overlap: int) -> Draw:
    """Draw normal errors that each resemble the one before.

    Args:
        memory: The correlation of two errors that follow each other.
        overlap: So many windows share points of time.
    """

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        noise = math.sqrt(1 - memory**2) * rng.normal(size=rows + 1000)
        wrong = signal.lfilter([1], [1, -memory], noise)[1000:, None]
        windows = SimpleNamespace(starts=np.arange(rows), delay=1, horizon=1)
        series = SimpleNamespace(kind="series", is_ordered=True, x=windows, overlap=overlap)
        clusters = row_clusters(cast(Dataset, series), np.arange(rows), most=STRETCHES)
        return np.zeros_like(wrong), wrong, clusters

    return draw


def copies(draw: Draw, most: int) -> Draw:
    """Draw contents of which each stands there once to `most` times, with equal predictions."""

    def repeat(rng: np.random.Generator, rows: int) -> Drawn:
        truth, predictions, _ = draw(rng, rows)
        contents = np.repeat(np.arange(rows), rng.integers(1, most + 1, rows))
        return truth[contents], predictions[contents], contents

    return repeat


def classes(positive: float, apart: float, *, sure: float = 1.0, squeeze: float = 1.0) -> Draw:
    """Draw two classes and their probabilities.

    Args:
        positive: The share of positive rows.
        apart: Of the mean scores of the classes, in standard deviations.
        sure: The logarithm of the odds is so many times too large.
        squeeze: The probabilities are so many times too small.
    """

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        truth = rng.random((rows, 1)) < positive
        scores = rng.normal(size=(rows, 1)) + apart * (truth - 0.5)
        odds = sure * (apart * scores + special.logit(positive))
        return truth.astype("float32"), (squeeze * special.expit(odds)).astype("float32"), None

    return draw


def balanced(positive: float, apart: float) -> Draw:
    """Draw the same; a decision at 0.5 finds both classes."""

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        truth = rng.random((rows, 1)) < positive
        scores = rng.normal(size=(rows, 1)) + apart * (truth - 0.5)
        return truth.astype("float32"), special.expit(apart * scores).astype("float32"), None

    return draw


def rare_mistakes(chance: float) -> Draw:
    """Draw predictions that are nearly certain, and wrong with this chance."""

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        truth, wrong = rng.random((rows, 1)) < 0.5, rng.random((rows, 1)) < chance
        surely = special.expit(-rng.uniform(3, 16, (rows, 1)))
        predictions = np.where(truth ^ wrong, 1 - surely, surely)
        return truth.astype("float32"), predictions.astype("float32"), None

    return draw


def numbers(freedom: float) -> Draw:
    """Draw targets and predictions of them, with errors of Student's t."""

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        truth = rng.normal(size=(rows, 1))
        return truth, truth + 0.6 * rng.standard_t(freedom, (rows, 1)), None

    return draw


def kinds(positive: float) -> Draw:
    """Draw a class, and a number that tells something of it."""

    def draw(rng: np.random.Generator, rows: int) -> Drawn:
        truth = (rng.random((rows, 1)) < positive).astype("float32")
        return truth, truth + rng.normal(size=(rows, 1)), None

    return draw


def cases() -> Iterator[Case]:
    for chance, rows in ((0.6, 100), (0.9, 100), (0.9, 500), (0.97, 100), (0.97, 500)):
        yield Case(f"accuracy {chance}", "binary", "accuracy", shares(chance), rows, chance)
    for size, rows in ((50, 400), (20, 400), (10, 500)):
        name = f"accuracy 0.80, groups of {size}"
        yield Case(name, "binary", "accuracy", shares_of_groups(size, 4), rows, 0.8)
    name = "accuracy 0.9, each row 1 to 3 times"
    yield Case(name, "binary", "accuracy", copies(shares(0.9), 3), 200, 0.9)

    for positive, rows in ((0.01, 500), (0.01, 2000), (0.02, 1000), (0.05, 200), (0.05, 1000)):
        for apart in (1.5, 2.5):
            draw = classes(positive, apart, squeeze=1e-3)
            yield Case(f"auc, {positive:.0%} positive", "binary", "auc", draw, rows)
    for apart, rows in ((1.5, 100), (2.5, 100), (1.5, 500)):
        yield Case("auc, 50% positive", "binary", "auc", classes(0.5, apart), rows)
    draw = copies(classes(0.2, 1.5), 3)
    yield Case("auc, 20% positive, each row 1 to 3 times", "binary", "auc", draw, 200)
    for metric in ("precision", "recall", "f1_score", "balanced_accuracy", "average_precision"):
        for positive, rows in ((0.02, 1000), (0.05, 500), (0.3, 200)):
            yield Case(
                f"{metric}, {positive:.0%} positive", "binary", metric, balanced(positive, 2), rows
            )

    for rows in (100, 500):
        yield Case("log loss", "binary", "log_loss", classes(0.5, 1.5), rows)
        yield Case("log loss, too sure", "binary", "log_loss", classes(0.5, 1.5, sure=2), rows)
    for chance, rows in ((0.003, 200), (0.003, 1000), (0.01, 200), (0.01, 1000), (0.05, 200)):
        name = f"log loss, wrong in {chance:.1%}"
        yield Case(name, "binary", "log_loss", rare_mistakes(chance), rows)

    for rows in (30, 100, 500):
        normal = errors(lambda rng, rows: rng.normal(size=rows))
        yield Case("mae, normal", "regression", "mae", normal, rows, math.sqrt(2 / math.pi))
        yield Case("mse, normal", "regression", "mse", normal, rows, 1.0)
        zeros = errors(lambda rng, rows: rng.exponential(1, rows) * (rng.random(rows) < 0.3))
        yield Case("mae, 70% zeros", "regression", "mae", zeros, rows, 0.3)
    for rows in (100, 500, 2000):
        for spread in (0.75, 1, 1.5):
            mean = math.exp(spread**2 / 2)
            name = f"mae, lognormal {spread}"
            yield Case(name, "regression", "mae", lognormal(spread), rows, mean)
        yield Case("mse, lognormal 1", "regression", "mse", lognormal(1), rows, math.exp(2))
        for index in (4, 3, 2, 1.5):
            name, mean = f"mae, pareto {index}", index / (index - 1)
            yield Case(name, "regression", "mae", pareto(index), rows, mean)
    yield Case("root of mse", "regression", "root_mean_squared_error", numbers(8), 200)
    mean = math.exp(0.5 * 0.75**2)
    for sizes, rows in (((50, 50), 400), ((20, 20), 400), ((10, 10), 500), ((1, 99), 1000)):
        name = f"mae, groups of {sizes[0]} to {sizes[1]}"
        yield Case(name, "regression", "mae", errors_of_groups(sizes, 0.75), rows, mean)
    for memory, rows in ((0, 1700), (0.5, 1700), (0.9, 1700), (0.98, 1700), (0.5, 300), (0.9, 300)):
        draw = errors_of_series(memory, rows // 50)
        name = f"mae, series of memory {memory}"
        yield Case(name, "regression", "mae", draw, rows, math.sqrt(2 / math.pi))
    draw = copies(lognormal(0.75), 3)
    yield Case("mae, each row 1 to 3 times", "regression", "mae", draw, 200, mean)

    yield Case("r2", "regression", "r2_score", numbers(50), 200)
    yield Case("r2, errors of t 4", "regression", "r2_score", numbers(4), 200)
    for rows in (50, 200, 1000):
        yield Case("median error, own", "regression", "median_error", numbers(50), rows)
        yield Case("worst tenth, own", "regression", "worst_tenth", numbers(50), rows)
        yield Case("top tenth, own", "binary", "top_tenth", kinds(0.3), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--only", default="")
    options = parser.parse_args()

    print("| score | rows | true | held | above | below | width | caveat | held without |")
    print("|---|---|---|---|---|---|---|---|---|")
    held, warned = list[bool](), list[bool]()
    for case in cases():
        if options.only not in case.name:
            continue
        rng, true, ends = np.random.default_rng(options.seed), case.truth(), []
        missing = 0
        for _ in range(options.sets):
            result = interval(case.problem, case.metric, *case.draw(rng, case.rows))
            if result is None:
                missing += 1
                continue
            ends.append((result.low, result.high, getattr(result, "few_rows", None) is not None))
        low, high, caveat = np.array(ends).T
        caveat = caveat > 0
        holds = (low <= true) & (true <= high)
        held += list(holds)
        warned += list(caveat)
        without = f"{holds[~caveat].mean():.1%}" if (~caveat).any() else "-"
        print(
            f"| {case.name} | {case.rows} | {true:.3g} | {holds.mean():.1%} | "
            f"{np.mean(low > true):.1%} | {np.mean(high < true):.1%} | "
            f"{np.median(high - low):.3g} | {caveat.mean():.0%} | {without} |"
            + (f" ({missing} had none)" if missing else ""),
            flush=True,
        )
    held, warned = np.array(held), np.array(warned)
    print(f"all {held.mean():.2%}, caveat {warned.mean():.1%}, without {held[~warned].mean():.2%}")


if __name__ == "__main__":
    main()
