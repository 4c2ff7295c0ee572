"""How often the 95 % interval of a test score holds the truth: `python benchmarks/coverage.py`.

Each data set is drawn from a distribution whose true score, that of endlessly many rows, is scores
from a formula or from millions of rows. Nothing is trained: predictions are drawn with the rows.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import integrate, special, stats

from goldilocks.evaluation import measures
from goldilocks.evaluation.intervals import interval
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
    """Draw two classes, of which the predictions hit the right one with this chance."""

    def draw(rng: np.random.Generator) -> Drawn:
        truth = rng.random((rows, 1)) < 0.5
        right = rng.random((rows, 1)) < chance
        return truth.astype("float32"), (truth == right).astype("float32"), None

    return draw


def shares_of_groups(groups: int, size: int, a: float) -> Callable[[np.random.Generator], Drawn]:
    """Draw the same, but how well the rows of a group are predicted differs between groups: beta(a,
    1).
    """

    def draw(rng: np.random.Generator) -> Drawn:
        truth = rng.random((groups * size, 1)) < 0.5
        chance = np.repeat(rng.beta(a, 1, (groups, 1)), size, axis=0)
        right = rng.random((groups * size, 1)) < chance
        clusters = np.repeat(np.arange(groups), size)
        return truth.astype("float32"), (truth == right).astype("float32"), clusters

    return draw


def errors(rows: int) -> Callable[[np.random.Generator], Drawn]:
    """Draw absolute errors with a log-normal distribution: a few are very large."""

    def draw(rng: np.random.Generator) -> Drawn:
        return np.zeros((rows, 1)), rng.lognormal(0, SKEW, (rows, 1)), None

    return draw


def errors_of_groups(groups: int) -> Callable[[np.random.Generator], Drawn]:
    """Draw groups of 1 to 9 rows, which share half of the variance of the logarithm of their
    errors.
    """

    def draw(rng: np.random.Generator) -> Drawn:
        clusters = np.repeat(np.arange(groups), rng.integers(1, 10, groups))
        of_group, of_row = rng.normal(size=groups)[clusters], rng.normal(size=len(clusters))
        wrong = np.exp(SKEW * math.sqrt(0.5) * (of_group + of_row))[:, None]
        return np.zeros_like(wrong), wrong, clusters

    return draw


def copies(
    draw: Callable[[np.random.Generator], Drawn], most: int
) -> Callable[[np.random.Generator], Drawn]:
    """Draw contents of which each stands there once to `most` times, with equal predictions."""

    def repeat(rng: np.random.Generator) -> Drawn:
        truth, predictions, _ = draw(rng)
        contents = np.repeat(np.arange(len(truth)), rng.integers(1, most + 1, len(truth)))
        return truth[contents], predictions[contents], contents

    return repeat


def probabilities(rows: int, positive: float) -> Callable[[np.random.Generator], Drawn]:
    """Draw probabilities that are too sure of themselves; this share of rows is positive."""

    def draw(rng: np.random.Generator) -> Drawn:
        truth = (rng.random((rows, 1)) < positive).astype("float32")
        scores = APART * (truth - 0.5) + rng.normal(size=(rows, 1))
        return truth, special.expit(2 * APART * scores).astype("float32"), None

    return draw


def cases() -> dict[str, tuple[str, str, float, Callable[[np.random.Generator], Drawn]]]:
    """Return for each name the problem type, score, its true value, and what draws a data set."""
    rng = np.random.default_rng(1)
    skewed = math.exp(SKEW**2 / 2)
    truth, predictions, _ = probabilities(ROWS_FOR_TRUTH, 0.5)(rng)
    loss = measures.get("loss").score(problem("binary", "accuracy"), truth, predictions)
    area = float(stats.norm.cdf(APART / math.sqrt(2)))
    precise = integrate.quad(lambda z: stats.norm.pdf(z), -APART / 2, np.inf)[
        0
    ]  # right at 0.5, of either class
    drawn = {}
    for chance in (0.6, 0.9, 0.97):
        for rows in (100, 500):
            drawn[f"accuracy {chance}, {rows} rows"] = (
                "binary",
                "accuracy",
                chance,
                shares(chance, rows),
            )
    for most in (2, 3):
        name = f"accuracy 0.9, 200 contents, each 1 to {most} times"
        drawn[name] = ("binary", "accuracy", 0.9, copies(shares(0.9, 200), most))
        name = f"mae, skewed, 200 contents, each 1 to {most} times"
        drawn[name] = ("regression", "mae", skewed, copies(errors(200), most))
        name = f"auc {area:.2f}, 200 contents, each 1 to {most} times"
        drawn[name] = ("binary", "auc", area, copies(probabilities(200, 0.5), most))
    for a, groups, size in ((4, 20, 10), (4, 60, 5), (32, 20, 10)):
        name = f"accuracy {a / (a + 1):.2f}, {groups} groups of {size} rows"
        drawn[name] = ("binary", "accuracy", a / (a + 1), shares_of_groups(groups, size, a))
    for rows in (30, 100, 500, 3000):
        drawn[f"mae, skewed, {rows} rows"] = ("regression", "mae", skewed, errors(rows))
    for groups in (30, 100):
        drawn[f"mae, skewed, {groups} groups of 1 to 9"] = (
            "regression",
            "mae",
            skewed,
            errors_of_groups(groups),
        )
    rmse = math.exp(SKEW**2)
    drawn["root of mse, skewed, 500 rows"] = (
        "regression",
        "root_mean_squared_error",
        rmse,
        errors(500),
    )
    for rows in (100, 500):
        drawn[f"log loss, {rows} rows"] = ("binary", "loss", loss, probabilities(rows, 0.5))
        drawn[f"auc {area:.2f}, {rows} rows"] = ("binary", "auc", area, probabilities(rows, 0.5))
    drawn[f"auc {area:.2f}, 100 rows, 20 positive"] = (
        "binary",
        "auc",
        area,
        probabilities(100, 0.2),
    )
    drawn[f"recall {precise:.2f}, 200 rows"] = (
        "binary",
        "recall",
        precise,
        probabilities(200, 0.5),
    )
    return drawn


def main() -> None:
    print(f"| score | {' | '.join(f'of {count}' for count in DATA_SETS)} | above | below | width |")
    print("|---|---|---|---|---|---|")
    totals = np.zeros(len(DATA_SETS))
    scores = cases()
    for name, (kind, metric, true, draw) in scores.items():
        rng, ends = np.random.default_rng(0), []
        for _ in range(max(DATA_SETS)):
            result = interval(problem(kind, metric), metric, *draw(rng))
            ends.append((result.low, result.high))
        low, high = np.array(ends).T
        held = [np.mean((low[:count] <= true) & (true <= high[:count])) for count in DATA_SETS]
        totals += held
        columns = " | ".join(f"{share:.1%}" for share in held)
        print(
            f"| {name} | {columns} | {np.mean(low > true):.1%} | {np.mean(high < true):.1%} | "
            f"{np.mean(high - low):.3f} |"
        )
    print(f"| all | {' | '.join(f'{share:.1%}' for share in totals / len(scores))} | | | |")
    for count in DATA_SETS:
        print(
            f"Of {count} data sets a perfect interval holds it in 95 % -+ "
            f"{1.96 * math.sqrt(0.0475 / count):.1%}."
        )


if __name__ == "__main__":
    main()
