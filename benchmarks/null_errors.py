"""How often chance beats the baseline by 2.5 errors under the null.

    python benchmarks/null_errors.py [TRIALS [WORD ...]]

Nothing is trained. The predictions of each trial have nothing to do with its targets, and are drawn
in one of several ways: spread out, close to a constant, of few values, or a constant with few
exceptions. Of a normal distribution 0.62 % lie so far out: no measure may come beyond it, and those
lie below it whose score suffers from predictions that vary. The words choose rows of the table by
their names. 2,000 trials of all take an hour on one core.
"""

import sys
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special, stats

from goldilocks.evaluation import measures
from goldilocks.evaluation.null_errors import null_error
from goldilocks.problem import PROBLEMS, Problem

ROWS = 400
REACH = 2.5  # errors, as `diagnosis.evidence.POWER`
AREAS = ("auc", "average_precision")
OF_LABELS = ("accuracy", *AREAS, "balanced_accuracy", "precision", "f1_score")
OF_NUMBERS = ("mae", "mse", "mean_absolute_percentage_error", "r2_score")
SKEWS = {
    "normal": lambda z: z,
    "lognormal": np.exp,
    "exponential": lambda z: -special.log_ndtr(-z),
    "70 % zeros": lambda z: np.maximum(0, np.exp(z) - np.exp(special.ndtri(0.7))),
}

# For each row its cluster, and the row that it is a copy of, or itself.
Belonging = tuple[np.ndarray, np.ndarray]
Belongings = Callable[[np.random.Generator], Belonging]
# Truth, predictions, clusters or None, and the naive forecast of a series or None.
Drawn = tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]
Draw = Callable[[np.random.Generator, str], Drawn]


def apart(rng: np.random.Generator) -> Belonging:
    return np.arange(ROWS), np.arange(ROWS)


def groups(sizes: Callable[[np.random.Generator], Sequence[int] | np.ndarray]) -> Belongings:
    def draw(rng: np.random.Generator) -> Belonging:
        clusters = np.repeat(np.arange(len(drawn := sizes(rng))), drawn)
        return clusters, np.arange(len(clusters))

    return draw


def copies(rng: np.random.Generator) -> Belonging:
    counts = rng.integers(1, 4, 200)
    return np.repeat(np.arange(200), counts), np.repeat(np.cumsum(counts) - counts, counts)


BELONGING = {
    "400 rows": apart,
    "8 groups of 50": groups(lambda rng: [50] * 8),
    "20 groups of 20": groups(lambda rng: [20] * 20),
    "50 groups of 10": groups(lambda rng: [10] * 50),
    "20 groups of 2 to 100": groups(lambda rng: 1 + rng.geometric(1 / 20, 20)),
    "200 contents, 1 to 3 times": copies,
}


def normal(rng: np.random.Generator, belonging: Belonging, outputs: int) -> np.ndarray:
    """Draw normal numbers, (rows, outputs), of which clusters share most of the variance."""
    clusters, originals = belonging
    of_cluster = rng.normal(size=(clusters.max() + 1, outputs))[clusters]
    of_row = rng.normal(size=(len(clusters), outputs))
    return (0.9 * of_cluster + np.sqrt(1 - 0.9**2) * of_row)[originals]


def shaped(rng: np.random.Generator, numbers: np.ndarray) -> np.ndarray:
    """Return normal numbers as some network's: as they are, or nearly, mostly or partly equal."""
    way = rng.integers(4)
    if way == 0:
        return numbers
    if way == 1:
        return 0.05 * numbers
    if way == 2:
        return np.round(numbers)
    return np.where(numbers > np.quantile(numbers, 0.97, axis=0), 3.0, 0.0)


def classes(kind: str, shares: list[float], belonging: Belongings) -> Draw:
    """Draw classes or labels with these frequencies."""

    def draw(rng: np.random.Generator, metric: str) -> Drawn:
        belongs = belonging(rng)
        outputs = 1 if kind == "multiclass" else len(shares)
        hidden = normal(rng, belongs, outputs)
        numbers = shaped(rng, normal(rng, belongs, len(shares)))
        if kind == "multiclass":
            edges = np.quantile(hidden, np.cumsum(shares)[:-1])
            truth = np.digitize(hidden[:, 0], edges)
            predictions = special.softmax(numbers + np.log(shares), axis=1)
        else:
            above = [np.quantile(hidden[:, k], 1 - share) for k, share in enumerate(shares)]
            truth = (hidden > above).astype("float32")
            predictions = special.expit(numbers + special.logit(shares))
        return truth, predictions.astype("float32"), clusters_of(belongs), None

    return draw


def numbers(skew: str, belonging: Belongings) -> Draw:
    """Draw targets of this skew, and predictions around the best constant, or as skewed."""

    def draw(rng: np.random.Generator, metric: str) -> Drawn:
        belongs = belonging(rng)
        truth = SKEWS[skew](normal(rng, belongs, 1)).astype("float32")
        others = normal(rng, belongs, 1)
        if rng.integers(2):
            predictions = SKEWS[skew](others)
        else:
            best = measures.get(metric).best_constant(problem_of("regression", metric), truth, 1)
            predictions = best + 0.2 * truth.std() * shaped(rng, others)
        return truth, predictions.astype("float32"), clusters_of(belongs), None

    return draw


def walk(horizon: int) -> Draw:
    """Draw a random walk, its last value as the naive forecast, and other walks or noise on it."""

    def draw(rng: np.random.Generator, metric: str) -> Drawn:
        values = 50 + rng.normal(size=ROWS + horizon).cumsum()
        truth, last = values[horizon:], values[:-horizon]
        other = rng.normal(size=ROWS)
        if rng.integers(2):
            other = other.cumsum() / np.sqrt(ROWS)
        predictions = last + rng.choice([0.05, 0.2, 1.0]) * other
        stretches = np.arange(ROWS) // (12 + horizon)
        columns = [array[:, None].astype("float32") for array in (truth, predictions, last)]
        return columns[0], columns[1], stretches, columns[2]

    return draw


def clusters_of(belongs: Belonging) -> np.ndarray | None:
    """Return the clusters; None where each row is one."""
    return belongs[0] if belongs[0][-1] + 1 < len(belongs[0]) else None


def problem_of(kind: str, metric: str) -> Problem:
    row = PROBLEMS[kind]
    return Problem(kind, row.last_activation, row.losses[0], (metric,))


def cases() -> dict[str, tuple[str, str, Draw]]:
    """Return for each name the problem type, the measure, and what draws its rows."""
    drawn: dict[str, tuple[str, str, Draw]] = {}
    for metric in (*OF_LABELS, "log_loss"):
        shares = (0.5, 0.05, 0.02) if metric in ("accuracy", *AREAS) else (0.05,)
        for share in shares:
            name = f"{metric}, 400 rows, {share:.0%} positive"
            drawn[name] = ("binary", metric, classes("binary", [share], apart))
        name = f"{metric}, 400 rows, classes of 94.7, 3.7 and 1.6 %"
        drawn[name] = ("multiclass", metric, classes("multiclass", [0.947, 0.037, 0.016], apart))
        name = f"{metric}, 400 rows, labels of 50, 20, 5 and 2 %"
        drawn[name] = ("multilabel", metric, classes("multilabel", [0.5, 0.2, 0.05, 0.02], apart))
    for metric in OF_NUMBERS:
        for skew in SKEWS:
            drawn[f"{metric}, 400 rows, {skew}"] = ("regression", metric, numbers(skew, apart))
        for horizon in (1, 24):
            name = f"{metric}, random walk of 400, {horizon} ahead"
            drawn[name] = ("regression", metric, walk(horizon))
    for belonging in list(BELONGING)[1:]:
        draw = BELONGING[belonging]
        for metric in AREAS:
            name = f"{metric}, {belonging}, 20 % positive"
            drawn[name] = ("binary", metric, classes("binary", [0.2], draw))
        name = f"mae, {belonging}, lognormal"
        drawn[name] = ("regression", "mae", numbers("lognormal", draw))
    return drawn


def exceeded(kind: str, metric: str, draw: Draw, trials: int) -> tuple[int, int]:
    """Return how many trials' gains are beyond 2.5 errors, and how many have no error."""
    rng, measure, problem = np.random.default_rng(0), measures.get(metric), problem_of(kind, metric)
    beyond = without = 0
    for _ in range(trials):
        truth, predictions, clusters, baseline = draw(rng, metric)
        if baseline is None:
            outputs = predictions.shape[1]
            constant = measure.best_constant(problem, truth, outputs)
            baseline = np.tile(constant, (len(truth), 1))
        error = null_error(measure, problem, truth, predictions, baseline, clusters)
        scores = [measure.score(problem, truth, each) for each in (predictions, baseline)]
        gain = scores[0] - scores[1] if measure.greater_is_better else scores[1] - scores[0]
        without += error is None
        beyond += error is not None and gain > REACH * error
    return beyond, without


def main(trials: int, words: list[str]) -> None:
    print(f"| of {trials} powerless predictors | beyond 2.5 errors | 95 % interval | no error |")
    print("|---|---|---|---|")
    for name, (kind, metric, draw) in cases().items():
        if words and not any(word in name for word in words):
            continue
        beyond, without = exceeded(kind, metric, draw, trials)
        low, high = stats.binomtest(beyond, trials).proportion_ci()
        row = (
            f"| {name} | {beyond / trials:.2%} | {low:.2%} to {high:.2%} | {without / trials:.1%} |"
        )
        print(row, flush=True)
    print(f"| normal distribution | {stats.norm.sf(REACH):.2%} | | |")


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["2000"])[0]), sys.argv[2:])
