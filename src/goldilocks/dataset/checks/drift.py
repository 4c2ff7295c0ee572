"""Checks of rows in an order of time: do inputs, the relation to the target, or the level move?

They read learnable rows alone. Trees of scikit-learn are the small models; how far a score may be
off by chance is told from rows drawn at random.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import d2_log_loss_score, r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from goldilocks.dataset import Dataset
from goldilocks.dataset.checks.evidence import Evidence, as_numbers, by_time
from goldilocks.formatting import argument, number

FEWEST = 100  # rows, below which halves tell nothing
MOST = 4_000  # rows, evenly spread in time, that a model is fitted on
TREES = {"max_iter": 60, "max_leaf_nodes": 15, "min_samples_leaf": 10, "random_state": 0}
TRAINED = 0.7  # of the early rows; others test what they tell
DRAWINGS = 9  # of as many rows at random
FEWEST_DRAWINGS = 5  # in which each class is there, to tell anything
APART = 0.75  # area under the ROC curve: in 3 of 4 pairs the later row is told from the earlier
TURNED = 0.15  # of the target's variance, or of its log loss, that late rows are explained less of
ERRORS = 4.0  # and so many standard deviations of drawings
MOVES = 1.0  # deviations within halves by which a level moves
SEASON = 0.5  # of the size of a season's course, by which it moves
SHORTEST_SEASON = 4  # points of time that have a course
FEWEST_SEASONS = 8
ORDERS = 199  # of seasons; halves must be further apart than in all of them
CLEAR = 2.0  # times what halves are apart by chance


def inputs_move(evidence: Evidence) -> Iterator[str]:
    """Say whether early and late rows can be told apart by their inputs.

    Halves of the rows by time; the area under the ROC curve of trees on rows that did not train
    them. Dates are left out, since they always tell.
    """
    rows = _by_time(evidence)
    columns = _inputs(evidence, rows)
    if not len(rows) or columns.empty:
        return

    late = np.arange(len(rows)) >= len(rows) // 2
    trees = HistGradientBoostingClassifier(**TREES)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    with threadpool_limits(limits=1):
        scores = cross_val_predict(trees, columns, late, cv=folds, method="predict_proba")
    area = float(roc_auc_score(late, scores[:, 1]))
    if area < APART:
        return
    alone = columns.rank(pct=True).fillna(0.5).apply(functools.partial(roc_auc_score, late))
    name = str((alone - 0.5).abs().idxmax())
    yield (
        f"Trees tell the later half of the rows from the earlier one by their inputs, with an area "
        f"under the ROC curve of {area:.2f} (0.5: not at all); {name!r} differs most. Rows of the "
        f"future are like the latest ones: {_by(evidence)}. Try without it: "
        f"{argument('dataset.drop', name)}."
    )


def relation_turns(evidence: Evidence) -> Iterator[str]:
    """Say whether late rows are predicted worse from early ones than other early rows are.

    Trees, trained on 70 % of the earlier half by time: R2 of the ranks of numbers, which a few
    large ones do not decide, and of classes the share by which the log loss is below that of their
    frequencies.
    """
    rows = _by_time(evidence)
    columns = _inputs(evidence, rows)
    if not len(rows) or columns.empty or evidence.dataset.y.ndim > 1:
        return

    target = np.asarray(evidence.dataset.y)[rows]
    if evidence.classes is None:
        target = pd.Series(target).rank(pct=True).to_numpy()
    early, late = np.split(np.arange(len(rows)), [len(rows) // 2])
    random, cut = np.random.default_rng(0), round(TRAINED * len(early))
    skills: list[list[float]] = []
    for _ in range(DRAWINGS):
        trained, others = np.split(random.permutation(early), [cut])
        with threadpool_limits(limits=1):  # Two threads on so few rows wait for each other.
            skills.append(_skills(evidence, columns, target, trained, (others, late)))
    drawn = np.clip(skills, -1, 1)  # How much worse than a constant is no matter.
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    if len(drawn) < FEWEST_DRAWINGS:
        return
    within, across = drawn.mean(axis=0)
    spread = float(np.subtract(*drawn.T).std(ddof=1))
    if not within - across >= max(TURNED, ERRORS * spread):
        return
    measure = "R2 of ranks" if evidence.classes is None else "explained log loss"
    yield (
        "Trees that are trained on the earlier half of the rows by time predict other rows of "
        f"that half with {measure} {number(within, digits=2)}, and the later half with "
        f"{number(across, digits=2)}: the relation to the target changes with time, or the target "
        f"drifts. Expect the second figure for future rows: {_by(evidence)}.{_latest(evidence)}"
    )


def level_moves(evidence: Evidence) -> Iterator[str]:
    """Say whether the level of a series moves: by more than a deviation from half to half."""
    dataset = evidence.dataset
    if dataset.kind != "series" or len(evidence.learnable) < FEWEST:
        return
    values = np.asarray(dataset.y, float).reshape(len(dataset.y), -1)[:, 0]
    first, second = np.array_split(values[np.sort(evidence.learnable)], 2)
    within = float(np.sqrt((first.var() + second.var()) / 2))
    moved = float(second.mean() - first.mean())
    if not within or abs(moved) <= MOVES * within:
        return
    follows = ""
    if dataset.difference != 0:
        follows = " The network predicts changes, which follow it (dataset.difference)."
    elif dataset.name == "series":  # Published ones have no such key.
        follows = " A network that predicts changes follows it: dataset.difference=1."
    yield (
        f"The level of {_first_target(dataset)!r} moves from {number(first.mean())} to "
        f"{number(second.mean())} between the halves of its training and validation points, by "
        f"{abs(moved) / within:.1f} deviations: the test lies beyond what is trained on.{follows}"
    )


def season_moves(evidence: Evidence) -> Iterator[str]:
    """Say whether the course of a series within a season is another in the later half.

    Each whole season is taken without its mean and its trend; the mean courses of both halves are
    compared with those of seasons drawn into halves at random.
    """
    dataset = evidence.dataset
    if dataset.kind != "series":
        return
    points = np.sort(dataset.x.starts[np.sort(evidence.learnable)] + dataset.x.reach)
    values = dataset.x.values[points[0] : points[-1] + 1, dataset.x.target[0]].astype("float64")
    if np.isnan(values).any():  # A hole is one point, whatever its length: seasons end there.
        return
    for name, naive in dataset.naive.items():
        period = naive.period
        if period < SHORTEST_SEASON or len(values) < FEWEST_SEASONS * period:
            continue
        courses = _courses(values[: len(values) // period * period].reshape(-1, period))
        half, random = len(courses) // 2, np.random.default_rng(0)
        moved = _apart(courses, half)
        drawn = [_apart(random.permutation(courses), half) for _ in range(ORDERS)]
        size = float(np.sqrt((courses.mean(axis=0) ** 2).mean()))
        # The mean of so many courses that have nothing in common is as large by chance.
        chance = float(courses.std(axis=0).mean()) / math.sqrt(half)
        if moved > max(*drawn, SEASON * size, CLEAR * chance):
            yield (
                f"The course of {_first_target(dataset)!r} within a season ({name}: {period} rows) "
                f"is another in the later half: it differs by {number(moved)} on average, where it "
                f"varies by {number(size)} itself. What is learned of the season early is wrong "
                f"later.{_latest(evidence)}"
            )
            return


def _courses(seasons: np.ndarray) -> np.ndarray:
    """Return seasons, float64 (n, period), without their means and slopes."""
    centered = seasons - seasons.mean(axis=1, keepdims=True)
    time = np.linspace(-1, 1, seasons.shape[1])
    return centered - (centered @ time / (time @ time))[:, np.newaxis] * time


def _apart(courses: np.ndarray, half: int) -> float:
    """Return the root mean squared difference of the mean courses of both halves."""
    difference = courses[half:].mean(axis=0) - courses[:half].mean(axis=0)
    return float(np.sqrt((difference**2).mean()))


def _first_target(dataset: Dataset) -> str:
    """Return the name of the column that is predicted, of several the first, which is looked at."""
    return dataset.x.columns[dataset.x.target[0]]


def _by_time(evidence: Evidence) -> np.ndarray:
    """Return learnable rows of a table in the order of time, at most 4,000.

    That is `dataset.time`, or else its only column of dates; no rows where there is neither.
    """
    dataset, rows = evidence.dataset, np.sort(evidence.learnable)
    if dataset.times is None:
        if dataset.kind != "table" or len(evidence.dates) != 1:
            return rows[:0]
        moments = evidence.columns[evidence.dates[0]].to_numpy()[rows]
        rows = rows[np.isfinite(moments)][np.argsort(moments[np.isfinite(moments)], kind="stable")]
    if len(rows) < FEWEST:
        return rows[:0]
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(int)]


def _inputs(evidence: Evidence, rows: np.ndarray) -> pd.DataFrame:
    """Return the inputs of rows as numbers, without dates."""
    columns = evidence.columns.drop(columns=evidence.dates)
    return columns.apply(as_numbers).iloc[rows]


def _skills(
    evidence: Evidence,
    columns: pd.DataFrame,
    target: np.ndarray,
    trained: np.ndarray,
    tested: Sequence[np.ndarray],
) -> list[float]:
    """Return by which share trees are better than the best constant on several sets of rows.

    It is NaN where a class is not there.
    """
    if len(np.unique(target[trained])) < 2:
        return [math.nan] * len(tested)
    if evidence.classes is None:
        regression = HistGradientBoostingRegressor(**TREES)
        regression.fit(columns.iloc[trained], target[trained])
        return [r2_score(target[rows], regression.predict(columns.iloc[rows])) for rows in tested]

    trees, skills = HistGradientBoostingClassifier(**TREES), list[float]()
    trees.fit(columns.iloc[trained], target[trained])
    for rows in tested:
        rows = rows[np.isin(target[rows], trees.classes_)]
        if len(np.unique(target[rows])) < len(trees.classes_):
            skills.append(math.nan)
            continue
        skills.append(d2_log_loss_score(target[rows], trees.predict_proba(columns.iloc[rows])))
    return skills


def _by(evidence: Evidence) -> str:
    """Return what to type to judge by time."""
    if evidence.dataset.times is not None:
        return "the validation rows are the latest before the test rows, and their score shows it"
    return f"divide the rows by time, dataset=table {by_time(evidence)}"


def _latest(evidence: Evidence) -> str:
    """Return what to type to train on the latest rows alone, where rows are divided by time."""
    if not evidence.dataset.is_ordered or evidence.dataset.subset is not None:
        return ""
    return f" Try the latest training rows alone: dataset.subset={len(evidence.train) // 2}."
