"""How often noise passes the gate of step 3, and how often a weak signal does.

    python benchmarks/gate.py [REPEATS [WORD ...]]

In each repeat a network with one layer of random features learns targets that have nothing to do
with its inputs, or a little; rows of its own choose its epoch, and others test it, by several
metrics and the loss at once. Under the null p is uniform: 1 % lie below 0.01. The words choose rows
of the table by their names. 2,000 repeats of one row take about five minutes on one core.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import special, stats

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.naive import LAST_VALUE
from goldilocks.evaluation import measures, null_errors, null_test
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.evaluation.intervals import standard_error
from goldilocks.problem import PROBLEMS, Problem

TRAINED, CHOOSING, TESTING = 300, 100, 400  # rows
FEATURES, UNITS, EPOCHS, EVERY = 10, 32, 40, 2
RATE = 0.5
LEVEL = 0.001
SKEWS = {
    "normal": lambda z: z,
    "lognormal": np.exp,
    "exponential": lambda z: -special.log_ndtr(-z),
    "pareto": lambda z: special.ndtr(-z) ** (-1 / 1.5),
    "70 % zeros": lambda z: np.maximum(0, np.exp(z) - np.exp(special.ndtri(0.7))),
}
OF_CLASSES = ("auc", "average_precision", "precision", "recall", "accuracy", "log_loss")
OF_NUMBERS = ("mae", "mse", "mean_absolute_percentage_error", "r2_score")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row of the table.

    Attributes:
        name: Of the row.
        kind: Problem type.
        metrics: What is tested, at once.
        targets: From a generator and normal numbers, one a row, to targets.
        clusters: How many rows belong together, in inputs and targets.
        copies: Whether those are the same row again.
        folds: How many trainings test all rows; 0 for one training.
        signal: Correlation of the numbers behind the targets with a function of the inputs.
        season: Of a series, how many points before the one is that a point is a step from.
        delay: Of a series, how many points ahead it is predicted.
        points: Of a series, in all.
    """

    name: str
    kind: str
    metrics: Sequence[str]
    targets: Callable[[np.ndarray], np.ndarray]
    clusters: int = 1
    copies: bool = False
    folds: int = 0
    signal: float = 0.0
    season: int = 0
    delay: int = 1
    points: int = 1600


def share(positive: float) -> Callable[[np.ndarray], np.ndarray]:
    """Targets of two classes."""
    return lambda z: (z < special.ndtri(positive)).astype("float32")


def thirds(z: np.ndarray) -> np.ndarray:
    """Targets of three classes."""
    return np.digitize(z, special.ndtri([0.5, 0.85]))


CASES = [
    *[
        Case(name=f"binary {name}", kind="binary", metrics=OF_CLASSES, targets=share(positive))
        for name, positive in {"50 %": 0.5, "5 %": 0.05, "2 %": 0.02, "1 %": 0.01}.items()
    ],
    Case(
        name="multiclass",
        kind="multiclass",
        metrics=("accuracy", "balanced_accuracy", "log_loss"),
        targets=thirds,
    ),
    *[
        Case(name=f"numbers {name}", kind="regression", metrics=OF_NUMBERS, targets=skew)
        for name, skew in SKEWS.items()
    ],
    *[
        Case(
            name=f"{kind} groups of {rows}",
            kind=kind,
            metrics=metrics,
            targets=targets,
            clusters=rows,
        )
        for rows in (50, 20, 10)
        for kind, metrics, targets in (
            ("binary", OF_CLASSES, share(0.3)),
            ("regression", OF_NUMBERS, np.exp),
        )
    ],
    Case(
        name="copies of 3",
        kind="regression",
        metrics=OF_NUMBERS,
        targets=np.exp,
        clusters=3,
        copies=True,
    ),
    *[
        Case(
            name=f"{length}walk of season {season}, delay {delay}",
            kind="regression",
            metrics=("mae", "mse"),
            targets=np.exp,
            season=season,
            delay=delay,
            points=points,
        )
        for length, points, seasons, delays in (
            ("", 1600, (1, 24), (1, 24)),
            ("short ", 360, (1, 12), (1, 3)),
        )
        for season in seasons
        for delay in delays
    ],
    Case(name="4 folds, binary", kind="binary", metrics=OF_CLASSES, targets=share(0.3), folds=4),
    Case(name="4 folds, numbers", kind="regression", metrics=OF_NUMBERS, targets=np.exp, folds=4),
]
SIGNALS = [
    *[
        replace(case, name=f"{case.name}, signal {signal:g}", signal=signal)
        for case in CASES
        if case.name in ("binary 50 %", "binary 5 %", "numbers normal", "numbers lognormal")
        for signal in (0.3, 0.4, 0.5)
    ]
]


def learn(
    rng: np.random.Generator, kind: str, x: np.ndarray, y: np.ndarray, train: np.ndarray
) -> np.ndarray:
    """Return predictions of all rows after every second epoch, (epochs, rows, outputs)."""
    weights = rng.normal(size=(x.shape[1], UNITS)) / np.sqrt(x.shape[1])
    hidden = np.maximum(0, x @ weights + 0.3 * rng.normal(size=UNITS))
    hidden = np.column_stack([hidden / np.sqrt(UNITS), np.ones(len(x))])
    truth = np.asarray(y, float).reshape(len(y), -1)
    if kind == "multiclass":
        truth = np.eye(3)[y]
    centre, scale = truth[train].mean(axis=0), truth[train].std(axis=0) + 1e-9
    if kind == "regression":
        truth = (truth - centre) / scale
        output = lambda z: z  # noqa: E731
    else:
        output = special.expit if kind == "binary" else lambda z: special.softmax(z, axis=1)
    bias = {"binary": special.logit, "multiclass": np.log}.get(kind, np.zeros_like)
    coefficients = np.zeros((hidden.shape[1], truth.shape[1]))
    coefficients[-1] = bias(np.clip(centre, 1e-3, 1 - 1e-3)) if kind != "regression" else 0
    seen, found = hidden[train], []
    for epoch in range(EPOCHS):
        for _ in range(8):
            error = output(seen @ coefficients) - truth[train]
            coefficients = coefficients - RATE * 4 * seen.T @ error / len(train)
        if epoch % EVERY == 0:
            found.append(output(hidden @ coefficients))
    predictions = np.array(found)
    return predictions * scale + centre if kind == "regression" else predictions


def drawn(case: Case, rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
    """Return inputs, targets and clusters of rows."""
    clusters = np.arange(rows) // case.clusters
    share_of_cluster = 0.9 if case.clusters > 1 else 0.0
    normal = rng.normal(size=(rows, FEATURES + 1))
    of_cluster = rng.normal(size=(clusters.max() + 1, FEATURES + 1))[clusters]
    normal = np.sqrt(1 - share_of_cluster**2) * normal + share_of_cluster * of_cluster
    if case.copies:
        normal = of_cluster
    x, z = normal[:, 1:], normal[:, 0]
    told = np.tanh(x[:, 0] + x[:, 1] * x[:, 2])
    z = np.sqrt(1 - case.signal**2) * z + case.signal * told / told.std()
    return x, case.targets(z), clusters


def data(case: Case, y: np.ndarray, clusters: np.ndarray) -> Dataset:
    """A data set with these targets and groups."""
    groups = clusters if case.clusters > 1 else None
    names: dict[str, Any] = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c")}
    return Dataset(
        name="noise",
        kind="table",
        problem=case.kind,
        x=np.arange(len(y), dtype="float32")[:, None],
        y=y,
        classes=names.get(case.kind, ()),
        source="original",
        location="drawn",
        digest="0" * 64,
        groups=groups,
    )


def problem_of(case: Case) -> Problem:
    """The problem; its first metric is the primary one."""
    row = PROBLEMS[case.kind]
    return Problem(case.kind, row.last_activation, row.losses[0], tuple(case.metrics))


def chosen(
    case: Case, problem: Problem, predictions: np.ndarray, y: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Return the predictions of the epoch of the least loss on these rows."""
    loss = measures.get("mse" if case.kind == "regression" else "log_loss")
    values = [loss.score(problem, y[rows], one[rows]) for one in predictions]
    return predictions[int(np.nanargmin(values))]


def trial(case: Case, seed: int) -> tuple[float, bool, bool]:
    """Return p of the best, whether it passes at `LEVEL`, and whether the rule of before passes."""
    rng, problem = np.random.default_rng(seed), problem_of(case)
    if case.season:
        return in_time(case, rng, problem)
    rows = TRAINED + CHOOSING + TESTING
    x, y, clusters = drawn(case, rng, rows)
    dataset = data(case, y, clusters)
    train, choosing, testing = np.split(np.arange(rows), [TRAINED, TRAINED + CHOOSING])
    if case.kind != "regression" and len(np.unique(y[testing])) < 2:
        return 1.0, False, False
    if case.folds:
        testing = np.arange(TESTING)
        folds = testing % case.folds
        of_model = np.empty((TESTING, 3 if case.kind == "multiclass" else 1))
        for fold in range(case.folds):
            inside = testing[folds == fold]
            rest = testing[folds != fold]
            choosing, train = rest[::4], np.setdiff1d(rest, rest[::4])
            told = learn(rng, case.kind, x[:TESTING], y[:TESTING], train)
            of_model[inside] = chosen(case, problem, told, y, choosing)[inside]
    else:
        told = learn(rng, case.kind, x, y, train)
        of_model = chosen(case, problem, told, y, choosing)[testing]
    of_model = of_model.astype("float32")
    gains = null_test.gains(
        problem, dataset, testing, [of_model], case.metrics, folds=bool(case.folds)
    )
    best = gains[0]
    passes = any(gain.p <= LEVEL / 2 and gain.mean > 0 for gain in gains)
    before = bool(case.signal) and passed_before(case, problem, dataset, told, y, testing)
    return best.p, passes, before


def in_time(case: Case, rng: np.random.Generator, problem: Problem) -> tuple[float, bool, bool]:
    """As `trial`, of a walk whose best forecast is the naive one.

    A ridge regression of the points of a window learns the change from the naive forecast; the
    latest training windows choose its penalty.
    """
    lookback, delay, season = 24, case.delay, case.season
    y = rng.normal(size=case.points + season)
    for t in range(season, len(y)):
        y[t] += y[t - season]
    starts = np.arange(season, len(y) - lookback - delay)
    windows = np.lib.stride_tricks.sliding_window_view(y, lookback)[starts]
    last = starts + lookback - 1
    target = y[last + delay]
    naive = y[last + delay - season * -(-delay // season)]
    train, choosing, testing = np.split(
        np.arange(len(starts)), [7 * len(starts) // 16, 9 * len(starts) // 16]
    )
    train, choosing = train[: -lookback - delay], choosing[: -lookback - delay]
    x = np.column_stack([windows - windows[:, -1:], naive - windows[:, -1], windows[:, -1]])
    x = (x - x[train].mean(axis=0)) / (x[train].std(axis=0) + 1e-9)
    change = target - naive
    predictions: list[np.ndarray] = []
    for penalty in (1, 10, 100, 1e3, 1e4):
        gram = x[train].T @ x[train] + penalty * np.eye(x.shape[1])
        coefficients = np.linalg.solve(gram, x[train].T @ (change[train] - change[train].mean()))
        predictions.append((naive + change[train].mean() + x @ coefficients)[:, None])
    of_model = chosen(case, problem, np.array(predictions), target, choosing)[testing]
    dataset = replace(
        data(case, target, starts),
        kind="series",
        x=SimpleNamespace(starts=starts, delay=delay, horizon=1),
        overlap=lookback + delay,
        naive={LAST_VALUE: naive[:, None].astype("float32")},
        groups=None,
    )
    gains = null_test.gains(
        problem, dataset, testing, [of_model.astype("float32")], case.metrics, folds=False
    )
    passes = any(gain.p <= LEVEL / 2 and gain.mean > 0 for gain in gains)
    return gains[0].p, passes, False


def passed_before(
    case: Case,
    problem: Problem,
    dataset: Dataset,
    told: np.ndarray,
    y: np.ndarray,
    testing: np.ndarray,
) -> bool:
    """Whether the rule of 0.2 passes: the best epoch by these rows, shares of the level."""
    of_model = chosen(case, problem, told, y, testing)[testing].astype("float32")
    names = ("auc", "log_loss") if case.kind == "binary" else ("mae", "mse")
    level = LEVEL / (EPOCHS * len(names))
    for name in names:
        measure = measures.get(name)
        baseline = baseline_predictions(problem, dataset, testing, name)
        sign = 1 if measure.greater_is_better else -1
        assert measure.per_row is not None
        values = sign * (
            measure.per_row(problem, y[testing], of_model)
            - measure.per_row(problem, y[testing], baseline)
        )
        error = standard_error(values, None)[0]
        if name == "auc":
            found = null_errors.null_error(measure, problem, y[testing], of_model, baseline, None)
            error = found or np.inf
        if stats.norm.sf(values.mean() / error) < level:
            return True
    return False


def main(repeats: int, words: Sequence[str]) -> None:
    cases = [case for case in CASES + SIGNALS if not words or any(w in case.name for w in words)]
    # The rank of chance is told by few; what passes needs all of them.
    draws = {"SCALING": 20, "BEYOND": 5, "RANKING": 199}
    usual = {name: getattr(null_test, name) for name in draws}
    print(f"| rows | repeats | p <= 0.01 | p <= 0.1 | below uniform | {LEVEL} passes | before |")
    print("|---|---|---|---|---|---|---|")
    for case in cases:
        for name, draws_of_case in (usual if case.signal else draws).items():
            setattr(null_test, name, draws_of_case)
        results = [trial(case, seed) for seed in range(repeats)]
        p, passes, before = map(np.array, zip(*results, strict=True))
        below = stats.kstest(p, "uniform", alternative="greater").pvalue
        print(
            f"| {case.name} | {repeats} | {np.mean(p <= 0.01):.2%} | {np.mean(p <= 0.1):.1%} | "
            f"{below:.2g} | {passes.sum()} | {before.sum()} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, sys.argv[2:])
