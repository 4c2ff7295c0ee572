"""Whether another constant beats the baseline: `python benchmarks/constants.py [WORD ...]`.

For each measure and skew, the score of the best constant beside the best that a search finds on the
same rows: a grid, random draws, every corner, and a simplex from the best of them. It fails where
one is better by more than the rounding of float32 numbers. The words choose rows by their names.
"""

import itertools
import sys
from collections.abc import Callable, Iterator

import numpy as np
from scipy import optimize, special

from goldilocks.evaluation import measures
from goldilocks.problem import PROBLEMS, Problem

ROWS = 400
RANDOM = 200  # constants that are drawn
ROUNDING = 1e-5  # of a score, relative to it: constants are float32
RANKED = ("ndcg", "mean_average_precision")  # of queries
LOSSES = ("mse", "mae", "huber", "log_cosh")


def targets() -> dict[str, tuple[str, np.ndarray, int]]:
    """Return the problem type, targets and number of outputs of each skew."""
    rng = np.random.default_rng(0)
    zeros = rng.exponential(size=ROWS) * (rng.random(ROWS) < 0.3)
    numbers = {
        "normal": rng.normal(size=ROWS),
        "lognormal": rng.lognormal(size=ROWS),
        "exponential": rng.exponential(size=ROWS),
        "70 % zeros": zeros,
    }
    drawn: dict[str, tuple[str, np.ndarray, int]] = {
        name: ("regression", values.astype("float32")[:, np.newaxis], 1)
        for name, values in numbers.items()
    }
    shares = [0.5, 0.2, 0.05, 0.01]
    labels = (np.arange(ROWS)[:, np.newaxis] < np.array(shares) * ROWS).astype("float32")
    for output in (0, 2, 3):
        drawn[f"{shares[output]:.0%} positive"] = ("binary", labels[:, [output]], 1)
    drawn["classes of 94.7, 3.7 and 1.6 %"] = (
        "multiclass",
        rng.choice(3, ROWS, p=[0.947, 0.037, 0.016]),
        3,
    )
    labels = np.stack([rng.permutation(column) for column in labels.T], axis=1)
    drawn["labels of 50, 20, 5 and 1 %"] = ("multilabel", labels, 4)
    return drawn


def cases() -> Iterator[tuple[str, Problem, str, np.ndarray, int]]:
    """Yield the name, problem, measure, targets and number of outputs of each case."""
    for skew, (kind, truth, outputs) in targets().items():
        row = PROBLEMS[kind]
        for metric in row.metrics:
            if metric not in RANKED:
                problem = Problem(kind, row.last_activation, row.losses[0], (metric,))
                yield f"{metric}, {skew}", problem, metric, truth, outputs
        for loss in LOSSES if kind == "regression" else row.losses[:1]:
            problem = Problem(kind, row.last_activation, loss, row.metrics[:1])
            yield f"loss {loss}, {skew}", problem, "loss", truth, outputs


def constants(problem: Problem, truth: np.ndarray, outputs: int) -> np.ndarray:
    """Return the constants that are tried, float64 (n, outputs)."""
    rng = np.random.default_rng(1)
    if problem.type == "regression":
        low, high = float(truth.min()), float(truth.max())
        return np.concatenate([np.linspace(low - 0.1, high + 0.1, 2000), truth[:, 0]])[:, None]
    if problem.type == "multiclass":
        return np.concatenate([np.eye(outputs), rng.dirichlet(np.ones(outputs), RANDOM)])
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=outputs)))
    return np.concatenate([corners, rng.random((RANDOM, outputs))])


def searched(cost: Callable[[np.ndarray], float], problem: Problem, tried: np.ndarray) -> float:
    """Return the lowest cost of a constant that is found."""
    costs = [cost(constant) for constant in tried]
    start = tried[int(np.argmin(costs))]
    from_free: Callable[[np.ndarray], np.ndarray] = np.asarray
    if problem.type == "multiclass":
        from_free, start = special.softmax, np.log(np.clip(start, 1e-6, 1))
    elif problem.type != "regression":
        from_free, start = special.expit, special.logit(np.clip(start, 1e-6, 1 - 1e-6))
    found = optimize.minimize(lambda free: cost(from_free(free)), start, method="Nelder-Mead")
    return min(*costs, float(found.fun))


def compare(
    problem: Problem, name: str, truth: np.ndarray, outputs: int
) -> tuple[float, float, bool]:
    """Return the score of our constant, the best that is found, and whether ours is as good."""
    measure = measures.get(name)
    sign = -1 if measure.greater_is_better else 1

    def cost(constant: np.ndarray) -> float:
        """Return the score of a constant, lower where it is better."""
        predictions = np.tile(np.asarray(constant, "float32"), (len(truth), 1))
        return sign * measure.score(problem, truth, predictions)

    ours = cost(measure.best_constant(problem, truth, outputs))
    other = searched(cost, problem, constants(problem, truth, outputs))
    return sign * ours, sign * other, ours <= other + ROUNDING * max(0.1, abs(other))


def main(words: list[str]) -> int:
    """Print a row for each case, and return how many have a better constant."""
    print("| measure, targets | our constant | the best that a search finds | as good |")
    print("|---|---|---|---|")
    failures = 0
    for name, problem, metric, truth, outputs in cases():
        if words and not any(word in name for word in words):
            continue
        ours, other, is_as_good = compare(problem, metric, truth, outputs)
        failures += not is_as_good
        print(f"| {name} | {ours:.6g} | {other:.6g} | {is_as_good} |", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
