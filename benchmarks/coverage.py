"""How often the 95 % interval of a test score holds the truth: `python benchmarks/coverage.py`.

Each data set is drawn from a distribution whose true score, that of endlessly many rows, is known
from a formula or from millions of rows. Nothing is trained: predictions are drawn with the rows.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import integrate, special, stats

from goldilocks.evaluation.intervals import interval, row_values
from goldilocks.problem import PROBLEMS, Problem

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # truth, predictions, clusters
DATA_SETS = (200, 2000)
ROWS_FOR_TRUTH = 4_000_000
APART = 1.5  # of the mean scores of the two classes, in standard deviations
SKEW = 0.75  # standard deviation of the logarithm of errors


def problem(kind: str, metric: str) -> Problem:
    row = PROBLEMS[kind]
    return Problem(kind, row.last_activation, row.losses[0], (metric,))


def shares(chance: float, rows: int) -> Callable[[np.random.Generator], Drawn]:
    """Two classes, of which the predictions hit the right one with this chance."""

    def draw(random: np.random.Generator) -> Drawn:
        truth = random.random((rows, 1)) < 0.5
        right = random.random((rows, 1)) < chance
        return truth.astype("float32"), (truth == right).astype("float32"), None

    return draw


def shares_of_groups(groups: int, size: int, a: float) -> Callable[[np.random.Generator], Drawn]:
    """The same, but how well the rows of a group are predicted differs between groups: beta(a, 1)."""

    def draw(random: np.random.Generator) -> Drawn:
        truth = random.random((groups * size, 1)) < 0.5
        chance = np.repeat(random.beta(a, 1, (groups, 1)), size, axis=0)
        right = random.random((groups * size, 1)) < chance
        members = np.repeat(np.arange(groups), size)
        return truth.astype("float32"), (truth == right).astype("float32"), members

    return draw


def errors(rows: int) -> Callable[[np.random.Generator], Drawn]:
    """Absolute errors with a log-normal distribution: a few are very large."""

    def draw(random: np.random.Generator) -> Drawn:
        return np.zeros((rows, 1)), random.lognormal(0, SKEW, (rows, 1)), None

    return draw


def errors_of_groups(groups: int) -> Callable[[np.random.Generator], Drawn]:
    """Groups of 1 to 9 rows, which share half of the variance of the logarithm of their errors."""

    def draw(random: np.random.Generator) -> Drawn:
        members = np.repeat(np.arange(groups), random.integers(1, 10, groups))
        shared, own = random.normal(size=groups)[members], random.normal(size=len(members))
        wrong = np.exp(SKEW * math.sqrt(0.5) * (shared + own))[:, None]
        return np.zeros_like(wrong), wrong, members

    return draw


def probabilities(rows: int, positive: float) -> Callable[[np.random.Generator], Drawn]:
    """Probabilities that are too sure of themselves; this share of rows is positive."""

    def draw(random: np.random.Generator) -> Drawn:
        truth = (random.random((rows, 1)) < positive).astype("float32")
        scores = APART * (truth - 0.5) + random.normal(size=(rows, 1))
        return truth, special.expit(2 * APART * scores).astype("float32"), None

    return draw


def cases() -> dict[str, tuple[str, str, float, Callable[[np.random.Generator], Drawn]]]:
    """By name: problem type, score, its true value, and what draws a data set."""
    random = np.random.default_rng(1)
    skewed = math.exp(SKEW**2 / 2)
    truth, said, _ = probabilities(ROWS_FOR_TRUTH, 0.5)(random)
    loss = float(row_values(problem("binary", "accuracy"), "loss", truth, said).mean())
    area = float(stats.norm.cdf(APART / math.sqrt(2)))
    precise = integrate.quad(lambda z: stats.norm.pdf(z), -APART / 2, np.inf)[
        0
    ]  # right at 0.5, of either class
    found = {}
    for chance in (0.6, 0.9, 0.97):
        for rows in (100, 500):
            found[f"accuracy {chance}, {rows} rows"] = (
                "binary",
                "accuracy",
                chance,
                shares(chance, rows),
            )
    for a, groups, size in ((4, 20, 10), (4, 60, 5), (32, 20, 10)):
        name = f"accuracy {a / (a + 1):.2f}, {groups} groups of {size} rows"
        found[name] = ("binary", "accuracy", a / (a + 1), shares_of_groups(groups, size, a))
    for rows in (30, 100, 500, 3000):
        found[f"mae, skewed, {rows} rows"] = ("regression", "mae", skewed, errors(rows))
    for groups in (30, 100):
        found[f"mae, skewed, {groups} groups of 1 to 9"] = (
            "regression",
            "mae",
            skewed,
            errors_of_groups(groups),
        )
    rmse = math.exp(SKEW**2)
    found["root of mse, skewed, 500 rows"] = (
        "regression",
        "root_mean_squared_error",
        rmse,
        errors(500),
    )
    for rows in (100, 500):
        found[f"log loss, {rows} rows"] = ("binary", "loss", loss, probabilities(rows, 0.5))
        found[f"auc {area:.2f}, {rows} rows"] = ("binary", "auc", area, probabilities(rows, 0.5))
    found[f"auc {area:.2f}, 100 rows, 20 positive"] = (
        "binary",
        "auc",
        area,
        probabilities(100, 0.2),
    )
    found[f"recall {precise:.2f}, 200 rows"] = (
        "binary",
        "recall",
        precise,
        probabilities(200, 0.5),
    )
    return found


def main() -> None:
    print(f"| score | {' | '.join(f'of {count}' for count in DATA_SETS)} | above | below | width |")
    print("|---|---|---|---|---|---|")
    totals = np.zeros(len(DATA_SETS))
    known = cases()
    for name, (kind, metric, true, draw) in known.items():
        random, ends = np.random.default_rng(0), []
        for _ in range(max(DATA_SETS)):
            found = interval(problem(kind, metric), metric, *draw(random))
            ends.append((found.low, found.high))
        low, high = np.array(ends).T
        held = [np.mean((low[:count] <= true) & (true <= high[:count])) for count in DATA_SETS]
        totals += held
        said = " | ".join(f"{share:.1%}" for share in held)
        print(
            f"| {name} | {said} | {np.mean(low > true):.1%} | {np.mean(high < true):.1%} | "
            f"{np.mean(high - low):.3f} |"
        )
    print(f"| all | {' | '.join(f'{share:.1%}' for share in totals / len(known))} | | | |")
    for count in DATA_SETS:
        print(
            f"Of {count} data sets a perfect interval holds it in 95 % -+ "
            f"{1.96 * math.sqrt(0.0475 / count):.1%}."
        )


if __name__ == "__main__":
    main()
