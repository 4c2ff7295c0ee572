"""How often the interval of a mean over folds holds the truth: `benchmarks/fold_coverage.py`.

Linear models are cross-validated on drawn tables of 8 inputs, in stratified folds. The truth is the
mean score of these very models on 10,000 other rows. "Folds" is Student's t of the folds' scores
with Nadeau and Bengio's correction, "rows" the interval from all rows, each predicted once; of
rates and areas the ends farther out.
`--seed 1` draws other tables than those that the method was chosen by, which had seed 0.
"""

import argparse

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold

from goldilocks.evaluation import measures
from goldilocks.evaluation.mean_interval import bounded, over_rows, spread
from goldilocks.problem import PROBLEMS, Problem

INPUTS, OTHERS = 8, 10_000
RATES = ("accuracy", "precision", "recall", "f1_score", "auc", "average_precision", "log_loss")
ERRORS = ("mae", "mse")


def classes(rng: np.random.Generator, rows: int, positive: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw inputs and one of two classes, whose means are 2.5 deviations apart."""
    truth = rng.random((rows, 1)) < positive
    if rows < OTHERS:  # Folds are stratified: so are the tables.
        truth = rng.permutation(np.arange(rows) < round(positive * rows))[:, None]
    x = rng.normal(size=(rows, INPUTS)) + truth * 2.5 / np.sqrt(INPUTS)
    return x, truth.astype("float32")


def numbers(rng: np.random.Generator, rows: int, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw inputs and a number with an error whose logarithm has this deviation."""
    x = rng.normal(size=(rows, INPUTS))
    errors = rng.choice((-1, 1), rows) * rng.lognormal(0, tail, rows)
    return x, (x.sum(axis=1) + errors)[:, None]


def once(
    rng: np.random.Generator, problem: Problem, rows: int, folds: int, shape: float
) -> list[tuple[float, ...]]:
    """Return for each metric the truth and the ends by folds and by rows; NaN without."""
    binary = problem.type == "binary"
    draw = classes if binary else numbers
    (x, y), (others, truth) = draw(rng, rows, shape), draw(rng, OTHERS, shape)
    splitter = (StratifiedKFold if binary else KFold)(folds, shuffle=True, random_state=0)
    parts, predicted = [], []
    for train, validation in splitter.split(x, y.ravel()):
        model = (LogisticRegression() if binary else LinearRegression()).fit(
            x[train], y[train].ravel()
        )
        rule = model.predict_proba if binary else model.predict
        of_rows, of_others = (rule(some).reshape(len(some), -1)[:, -1:] for some in (x, others))
        parts.append((y[validation], of_rows[validation].astype("float32")))
        predicted.append(of_others.astype("float32"))

    results = []
    for name in problem.metrics:
        measure = measures.find(problem, name)
        scores = [measure.score(problem, *part) for part in parts]
        true = np.mean([measure.score(problem, truth, each) for each in predicted])
        by_folds = bounded(spread(scores, overlap=1 / (folds - 1)), scores, name)
        by_rows = over_rows(problem, name, parts, None, by_folds)
        results.append((true, by_folds.low, by_folds.high, by_rows.low, by_rows.high))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sets", type=int, default=400)
    options = parser.parse_args()

    print("| table | rows | folds | score | folds hold it | rows hold it | width |")
    print("|---|---|---|---|---|---|---|")
    for kind, shapes in (("binary", (0.5, 0.05, 0.02)), ("regression", (0.5, 1.0))):
        for shape in shapes:
            for rows, folds in ((200, 5), (1000, 5)):
                if shape * rows < folds or (shape == 0.5 and rows > 200):
                    continue
                names = RATES if kind == "binary" else ERRORS
                row = PROBLEMS[kind]
                problem = Problem(kind, row.last_activation, row.losses[0], names)
                rng = np.random.default_rng(options.seed)
                drawn = [once(rng, problem, rows, folds, shape) for _ in range(options.sets)]
                for name, each in zip(names, np.moveaxis(np.array(drawn), 1, 0), strict=True):
                    true, low, high, least, most = each.T
                    told = np.isfinite(low + least)
                    by_folds = (low <= true) & (true <= high)
                    by_rows = (least <= true) & (true <= most)
                    width = np.median((most - least)[told] / np.maximum((high - low)[told], 1e-12))
                    print(
                        f"| {kind} {shape} | {rows} | {folds} | {name} | {by_folds.mean():.1%} | "
                        f"{by_rows.mean():.1%} | {width:.2f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
