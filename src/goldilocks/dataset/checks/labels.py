"""Checks of targets: their classes, their metric and their skew."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.stats import skew

from goldilocks.dataset import Dataset
from goldilocks.dataset.checks.evidence import Evidence, as_numbers, named
from goldilocks.dataset.readers.numbers import MISSING
from goldilocks.formatting import argument, number, percent
from goldilocks.problem import DISTANCES

RARE = 0.1  # of the rows
HIDES = 0.9  # of the rows have the most frequent class: always naming it looks like success
FEWEST = 3  # rows of a class in each part
OWN = ("images", "table", "texts")  # data sets that can leave classes out
SKEWED = 1.0  # of a target: an exponential distribution has 2, a symmetric one 0
ENOUGH, MOST = 100, 4_000  # rows that trees are fitted on, at least and at most
ERRORS = 4.0  # standard errors by which logarithms are better
GAIN = 0.1  # of the error, at least: what is skewed but far above 0 gains little
SQUARED = ("mse", "root_mean_squared_error", "r2_score")  # metrics of squared errors
LONG, UNSPLIT = 10, 0.8  # characters of a text without blanks; share of such texts


def counts(dataset: Dataset) -> np.ndarray:
    """Return the number of rows of each class or label, int64 (classes,); () of a regression."""
    if not dataset.classes:
        return np.zeros(0, np.int64)
    if dataset.y.ndim > 1:
        return dataset.y.sum(axis=0).astype(np.int64)
    return np.bincount(np.asarray(dataset.y).astype(np.int64), minlength=len(dataset.classes))


def imbalanced(evidence: Evidence) -> Iterator[str]:
    """Say the share of the rarest class or label.

    It is that of a class below a tenth of an equal share, or of a label below a tenth of the rows.
    """
    dataset, names, rows = evidence.dataset, evidence.dataset.classes, counts(evidence.dataset)
    if len(rows) < 2:
        return
    shares, few = rows / len(dataset.y), RARE
    if dataset.y.ndim == 1:
        few = RARE * 2 / len(rows)
    if shares.min() < few:
        rarest, share = names[shares.argmin()], percent(shares.min())
        yield (
            f"The rarest {dataset.nouns[0]} {rarest!r} has {share} of the rows, "
            f"the most frequent {names[shares.argmax()]!r} {percent(shares.max())}."
        )


def spelled_alike(evidence: Evidence) -> Iterator[str]:
    """Name classes or labels that are the same word but for capital letters."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in evidence.dataset.classes:
        spellings[name.lower()].append(name)
    for names in spellings.values():
        if len(names) > 1:
            yield (
                f"{', '.join(map(repr, names))} differ in capital letters alone, and are taken "
                f"for different {evidence.dataset.nouns[1]}; give them one name, or (of a file's "
                "column) set dataset.ignore_case=true."
            )


def missing_words(evidence: Evidence) -> Iterator[str]:
    """Name classes in a column of words that often stand for a missing value: "NA", "None"."""
    dataset, key, what = evidence.dataset, "dataset.missing", "them"
    if dataset.y.ndim > 1:
        key, what = "dataset.drop_classes", "it"
    for name, count in zip(dataset.classes, counts(dataset), strict=False):
        if name.lower() in MISSING and dataset.target:
            yield (
                f"{count:,} rows have the target {name!r}, which is taken for a "
                f"{dataset.nouns[0]}; {argument(key, name)} leaves {what} out."
            )


def rare_classes(evidence: Evidence) -> Iterator[str]:
    """Name classes or labels of which a part has fewer than 3 rows."""
    dataset, names = evidence.dataset, evidence.dataset.classes
    if not names:
        return
    parts = (evidence.train, evidence.validation, evidence.test)
    rows = np.stack([counts(replace(dataset, y=dataset.y[part])) for part in parts])
    rare = np.flatnonzero(rows.min(axis=0) < FEWEST)
    if len(rare):
        first = rare[rows[:, rare].sum(axis=0).argmin()]
        train, validation, test = rows[:, first]
        leave_out = ""
        if len(names) > 2 and dataset.name in OWN:
            left_out = argument("dataset.drop_classes", names[first])
            leave_out = f", or leave a {dataset.nouns[0]} out: {left_out}"
        yield (
            f"{named([names[index] for index in rare])}: too few rows to learn or to measure; "
            f"{names[first]!r} has {train} to train, {validation} to validate and {test} to test. "
            f"Add rows{leave_out}."
        )


def unfit_metric(evidence: Evidence) -> Iterator[str]:
    """Name a primary metric that misleads on this target.

    Accuracy, where one class has 90 % of the rows; a mean error in per cent, where targets are 0 or
    of both signs.
    """
    y, metric = evidence.dataset.y, evidence.metric
    if metric == "accuracy" and evidence.dataset.classes:
        shares = counts(evidence.dataset) / len(y)
        share, naming = shares.max(), "naming the most frequent class"
        if y.ndim > 1:
            share, naming = np.maximum(shares, 1 - shares).mean(), "saying what most rows have"
        if share >= HIDES:
            other = "auc"
            if evidence.dataset.problem == "multiclass":
                other = "balanced_accuracy"
            yield (
                f"Always {naming} is {percent(share)} accurate, so {metric} "
                f"tells little here. Go by another: problem.metrics=[{other},{metric}]."
            )

    if metric == "mean_absolute_percentage_error" and y.min() <= 0 <= y.max():
        yield (
            f"{(y == 0).sum():,} targets are 0 and the others from {y.min():g} to {y.max():g}, so "
            "an error in per cent means nothing. Go by another: problem.metrics=[mae]."
        )


def unsplit_texts(evidence: Evidence) -> Iterator[str]:
    """Say that texts have no blanks: 80 % of those with 10 letters or more are one word."""
    how = evidence.dataset.vectorization
    if how is None or how["token"] != "word":
        return
    texts = evidence.dataset.x[evidence.learnable]
    one_word = sum(len(text) >= LONG and len(text.split()) == 1 for text in texts)
    if one_word >= UNSPLIT * len(texts):
        yield (
            f"{one_word:,} of {len(texts):,} texts are one word, with no blanks between words. "
            "Take characters for tokens: dataset.token=character."
        )


def skewed(evidence: Evidence) -> Iterator[str]:
    """Say of a skewed target above 0 that small models predict it better from its logarithm.

    Its skewness is 1 or more, and that of its logarithm nearer to 0. Trees learn either on the same
    rows, and predict others (three folds). Their errors are compared row by row, in the unit and by
    the power of the metric: those of the logarithm are less by a tenth and 4 standard errors.
    """
    dataset, rows = evidence.dataset, evidence.learnable[:: -(-len(evidence.learnable) // MOST)]
    y = np.asarray(dataset.y, np.float64)
    if dataset.kind != "table" or dataset.problem != "regression" or y.ndim > 1:
        return
    if evidence.metric not in DISTANCES or len(rows) < ENOUGH or y.min() <= 0:
        return
    y, columns = y[rows], evidence.columns.iloc[rows].apply(as_numbers)
    if skew(y) < max(SKEWED, abs(skew(np.log(y)))):
        return
    # Here: they take a second, which most data does not need.
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import KFold, cross_val_predict

    trees, folds = HistGradientBoostingRegressor(random_state=0), KFold(3, shuffle=True)
    folds.random_state = 0
    errors = np.abs(
        [
            cross_val_predict(trees, columns, y, cv=folds) - y,
            np.exp(cross_val_predict(trees, columns, np.log(y), cv=folds)) - y,
        ]
    )
    sizes = errors
    if evidence.metric in SQUARED:
        sizes = errors**2
    elif evidence.metric == "mean_absolute_percentage_error":
        sizes = errors / y
    gains = sizes[0] - sizes[1]
    if gains.mean() < max(GAIN * sizes[0].mean(), ERRORS * gains.std() / math.sqrt(len(gains))):
        return
    as_it_is, of_logarithm = (number(mean) for mean in errors.mean(axis=1))
    yield (
        f"The target {dataset.target!r} is above 0 and skewed: its mean {number(y.mean())} is "
        f"{y.mean() / np.median(y):.2g} times its median. Trees that learn its logarithm miss by "
        f"{of_logarithm} on the mean, those that learn it as it is by {as_it_is} "
        f"({len(y):,} rows that did not train them). Try problem.log_target=true; all scores stay "
        "in the unit."
    )
