"""Checks of inputs that know the target. They fit something, on learnable rows alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestRegressor

from goldilocks.dataset.checks.evidence import Evidence, is_missing
from goldilocks.formatting import argument

FEWEST = 20  # rows that both have a value
PRESENT = 0.5  # of the rows have one, at least
LINEAR = 0.999  # R2 of a column that is a linear function of the target but for its decimals
BINS = 500  # of a column of numbers, of 5 rows at least: enough for a curve of any shape
ALONE, OTHERS = 0.99, 0.97  # R2, or the area under the ROC curve
FOREST = {"n_estimators": 50, "min_samples_leaf": 2, "max_samples": 5_000, "random_state": 0}
GAPS = 10  # missing and present values of a column, at least
TELLS = 0.5  # correlation of being missing with the target, at least


def copies(evidence: Evidence) -> Iterator[str]:
    """Name columns that are the target again.

    A column of numbers is a linear function of the target, up to the decimals that both are written
    with; of classes, each value of the column belongs to one class, and each class to one value.
    """
    what = "a linear function of"
    if evidence.dataset.classes:
        what = "a copy of"
    for name, target in _copied(evidence).items():
        yield (
            f"The column {name!r} is {what} the target {target!r}{evidence.sampled}: a model would "
            f"learn to read it. Leave it out: {argument('dataset.drop', name)}."
        )


def says_it_all(evidence: Evidence) -> Iterator[str]:
    """Name a column that tells the target by itself, where all the others together do not.

    Half of the rows are predicted from the other half by means of neighbouring values (of words, of
    equal ones): R2, or the area under the ROC curve, is above 0.99. A random forest of the other
    columns stays below 0.97. Copies are left to `copies`.
    """
    rows = evidence.learnable
    columns = evidence.columns.drop(columns=list(_copied(evidence)))
    if columns.shape[1] < 2 or len(rows) < 2 * FEWEST:
        return

    columns = columns.iloc[rows]
    fitted = np.random.default_rng(0).permutation(len(rows)) % 2 == 0
    measure = "R2"
    if evidence.dataset.classes:
        measure = "area under the ROC curve"
    for target, outputs in _targets(evidence).items():
        for name in columns.columns:
            alone = _score(_means(columns[name], outputs, fitted), outputs[~fitted], evidence)
            if alone <= ALONE:
                continue

            others = _forest(columns.drop(columns=name), outputs, fitted)
            together = _score(others, outputs[~fitted], evidence)
            # Of the size of its standard error: few rows are given the benefit of the doubt.
            error = np.sqrt(max(together * (1 - together), 0) * 2 / (~fitted).sum())
            if together + error < OTHERS:
                yield (
                    f"The column {name!r} alone tells the target {target!r} ({measure} "
                    f"{alone:.3f}), and all others together do not ({together:.3f})"
                    f"{evidence.sampled}. If it is known only after the target, leave it out: "
                    f"{argument('dataset.drop', str(name))}."
                )


def missing_tells(evidence: Evidence) -> Iterator[str]:
    """Name columns of which it tells the target whether a value is missing.

    The correlation is 0.5 at least, with 10 missing and 10 present values.
    """
    rows = evidence.learnable
    for name, column in evidence.columns.items():
        gaps = is_missing(column)[rows]
        if not GAPS <= gaps.sum() <= len(rows) - GAPS:
            continue
        for target, outputs in _targets(evidence).items():
            ranks = rankdata(outputs, axis=0)
            varying = ranks[:, ranks.std(axis=0) > 0]
            tells = max(np.abs(np.corrcoef(gaps, varying.T)[0, 1:]), default=0.0)
            if tells >= TELLS:
                yield (
                    f"Whether {name!r} is missing ({gaps.sum():,} of {len(rows):,} rows"
                    f"{evidence.sampled}) tells the target {target!r} (correlation {tells:.2f}). "
                    "If it is filled in only after the target is known, leave it out: "
                    f"{argument('dataset.drop', str(name))}."
                )
                break


def _targets(evidence: Evidence) -> dict[str, np.ndarray]:
    """Return what is predicted, by name: float64 (learnable rows, outputs), classes one-hot."""
    dataset = evidence.dataset
    if not dataset.problem:
        return {}
    answers = np.asarray(dataset.y)[evidence.learnable]
    if dataset.problem == "multilabel":
        return {name: answers[:, [number]] for number, name in enumerate(dataset.classes)}
    if dataset.problem == "multiclass":
        return {dataset.target: np.eye(len(dataset.classes))[answers.astype(int)]}
    return {dataset.target: answers.astype(np.float64)[:, None]}


def _copied(evidence: Evidence) -> dict[str, str]:
    """Return the columns that are a target again, with the name of the target."""
    rows, copied = evidence.learnable, dict[str, str]()
    for name, column in evidence.columns.items():
        present = ~is_missing(column)[rows]
        if present.sum() < max(FEWEST, PRESENT * len(rows)):
            continue
        values = column.to_numpy()[rows][present]
        for target, outputs in _targets(evidence).items():
            answers = outputs[present]
            if evidence.dataset.classes:
                again = _is_one_to_one(values, answers)
            else:
                again = values.dtype != object and _is_linear(values, answers[:, 0])
            if again:
                copied[str(name)] = target
    return copied


def _is_one_to_one(values: np.ndarray, outputs: np.ndarray) -> bool:
    """Return whether each value has one class, and each class one value."""
    codes = pd.factorize(values)[0]
    classes = outputs[:, 0].astype(int)
    if outputs.shape[1] > 1:
        classes = outputs.argmax(axis=1)
    distinct = len(np.unique(classes))
    if distinct < 2 or codes.max() + 1 != distinct:
        return False
    return len(np.unique(np.stack([codes, classes]), axis=1).T) == distinct


def _is_linear(values: np.ndarray, target: np.ndarray) -> bool:
    """Return whether numbers are a linear function of others, up to the decimals of both."""
    if values.std() == 0 or target.std() == 0:
        return False
    slope, start = np.polyfit(values - values.mean(), target, 1)
    rest = target - slope * (values - values.mean()) - start
    step = _step(target) + abs(slope) * _step(values)
    # float32 holds seven digits.
    limit = 0.75 * step + 1e-6 * np.abs(target).max()
    return bool(np.abs(rest).max() <= limit and 1 - rest.var() / target.var() >= LINEAR)


def _step(values: np.ndarray) -> float:
    """Return 1, 0.1, 0.01 ... as numbers are written with no decimals, one, two ...; else 0."""
    for decimals in range(5):
        # The targets are float32.
        if np.allclose(values, np.round(values, decimals), rtol=1e-6, atol=0):
            return 10.0**-decimals
    return 0.0


def _means(column: pd.Series, outputs: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Predict the rows that are not fitted from one column, float64 (rows, outputs)."""
    values, gaps = column.to_numpy(), is_missing(column)
    average = outputs[fitted].mean(axis=0)
    if values.dtype == object:
        means = pd.DataFrame(outputs[fitted]).groupby(values[fitted]).mean()
        return means.reindex(values[~fitted]).fillna(dict(enumerate(average))).to_numpy()

    filled = fitted & ~gaps
    predicted = np.tile(average, ((~fitted).sum(), 1))
    if filled.sum() < FEWEST:
        return predicted
    order = np.flatnonzero(filled)[np.argsort(values[filled], kind="stable")]
    starts = np.linspace(0, len(order), min(BINS, len(order) // 5), endpoint=False).astype(int)
    sizes = np.diff(starts, append=len(order))
    positions = np.add.reduceat(values[order], starts) / sizes
    means = np.add.reduceat(outputs[order], starts) / sizes[:, None]
    here = ~gaps[~fitted]
    points = values[~fitted][here]
    predicted[here] = np.stack([np.interp(points, positions, mean) for mean in means.T], axis=1)
    return predicted


def _forest(columns: pd.DataFrame, outputs: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Predict the rows that are not fitted from several columns, float64 (rows, outputs)."""
    codes = columns.apply(
        lambda column: pd.factorize(column, sort=True)[0] if column.dtype == object else column
    ).fillna(-1e9)
    settings = FOREST | {"max_samples": min(FOREST["max_samples"], int(fitted.sum()))}
    forest = RandomForestRegressor(**settings).fit(codes[fitted], outputs[fitted].squeeze())
    return forest.predict(codes[~fitted]).reshape(-1, outputs.shape[1])


def _score(predicted: np.ndarray, outputs: np.ndarray, evidence: Evidence) -> float:
    """Return R2, or the area under the ROC curve, the mean over the classes that occur."""
    if not evidence.dataset.classes:
        return float(1 - ((outputs - predicted) ** 2).sum() / max(1e-300, _spread(outputs)))
    positive = outputs.sum(axis=0)
    negative = len(outputs) - positive
    ranks = (rankdata(predicted, axis=0) * outputs).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = (ranks - positive * (positive + 1) / 2) / (positive * negative)
    if np.isfinite(areas).any():
        return float(np.nanmean(areas))
    return 0.5


def _spread(outputs: np.ndarray) -> float:
    return float(((outputs - outputs.mean(axis=0)) ** 2).sum())
