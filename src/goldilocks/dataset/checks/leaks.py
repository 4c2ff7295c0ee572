"""Checks of inputs that know the target. They fit something, on learnable rows alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import linregress
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score, roc_auc_score

from goldilocks.dataset.checks.evidence import Evidence, as_numbers
from goldilocks.formatting import argument

FEWEST = 20  # rows that both have a value
PRESENT = 0.5  # of the rows have one, at least
LINEAR = 0.999  # R2 of a column that is a linear function of the target but for its decimals
BINS, PER_BIN = 500, 5  # of a column of numbers, and rows in each: enough for any curve
ALONE, OTHERS = 0.99, 0.97  # R2, or the area under the ROC curve
TREES = {"n_estimators": 50, "min_samples_leaf": 2, "random_state": 0}
MOST_SAMPLES = 5_000  # of a tree
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
    columns = evidence.inputs.drop(columns=list(_copied(evidence)))
    if columns.shape[1] < 2 or len(columns) < 2 * FEWEST:
        return

    numbers = columns.apply(as_numbers)
    fitted = np.random.default_rng(0).permutation(len(columns)) % 2 == 0
    forest = RandomForestRegressor(max_samples=min(MOST_SAMPLES, int(fitted.sum())), **TREES)
    measure, score = "R2", r2_score
    if evidence.dataset.classes:
        measure, score = "area under the ROC curve", _area
    for target, outputs in evidence.targets.items():
        truth = outputs[~fitted].to_numpy()
        for name, column in columns.items():
            if column[fitted].count() < FEWEST:
                continue
            alone = score(truth, _means(column, outputs, fitted))
            if alone <= ALONE:
                continue

            others = numbers.drop(columns=name)
            forest.fit(others[fitted], outputs[fitted].squeeze())
            together = score(truth, forest.predict(others[~fitted]))
            # Of the size of its standard error: few rows are given the benefit of the doubt.
            error = np.sqrt(max(together * (1 - together), 0) * 2 / len(truth))
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
    for name, column in evidence.inputs.items():
        gaps = column.isna()
        if min(gaps.sum(), (~gaps).sum()) < GAPS:
            continue
        for target, outputs in evidence.targets.items():
            tells = outputs.rank().corrwith(gaps).abs().max()
            if tells >= TELLS:
                yield (
                    f"Whether {name!r} is missing ({gaps.sum():,} of {len(gaps):,} rows"
                    f"{evidence.sampled}) tells the target {target!r} (correlation {tells:.2f}). "
                    "If it is filled in only after the target is known, leave it out: "
                    f"{argument('dataset.drop', str(name))}."
                )
                break


def _copied(evidence: Evidence) -> dict[str, str]:
    """Return the columns that are a target again, with the name of the target."""
    copied, is_copy = dict[str, str](), _is_linear
    if evidence.dataset.classes:
        is_copy = _is_one_to_one
    for name, column in evidence.inputs.items():
        present = column.notna()
        if present.sum() < max(FEWEST, PRESENT * len(column)):
            continue
        for target, outputs in evidence.targets.items():
            if is_copy(column[present].to_numpy(), outputs[present].to_numpy()):
                copied[str(name)] = target
    return copied


def _is_one_to_one(values: np.ndarray, outputs: np.ndarray) -> bool:
    """Return whether each value has one class, and each class one value."""
    pairs = pd.DataFrame(outputs).assign(value=values).drop_duplicates()
    classes = pairs.drop(columns="value")
    return len(pairs) > 1 and pairs["value"].is_unique and not classes.duplicated().any()


def _is_linear(values: np.ndarray, outputs: np.ndarray) -> bool:
    """Return whether numbers are a linear function of others, up to the decimals of both."""
    target = outputs[:, 0]
    if values.dtype == object or values.std() == 0 or target.std() == 0:
        return False
    fit = linregress(values, target)
    rest = np.abs(target - fit.intercept - fit.slope * values).max()
    step = _step(target) + abs(fit.slope) * _step(values)
    # float32 holds seven digits.
    return rest <= 0.75 * step + 1e-6 * np.abs(target).max() and fit.rvalue**2 >= LINEAR


def _step(values: np.ndarray) -> float:
    """Return 1, 0.1, 0.01 ... as numbers are written with no decimals, one, two ...; else 0."""
    for decimals in range(5):
        # The targets are float32.
        if np.allclose(values, np.round(values, decimals), rtol=1e-6, atol=0):
            return 10.0**-decimals
    return 0.0


def _means(column: pd.Series, outputs: pd.DataFrame, fitted: np.ndarray) -> np.ndarray:
    """Predict the rows that are not fitted from one column, float64 (rows, outputs)."""
    present, others, learned = column[fitted].dropna(), column[~fitted], outputs[fitted]
    if column.dtype == object:
        means = learned.groupby(present).mean().reindex(others)
    else:
        order = present.sort_values(kind="stable")
        bins = np.arange(len(order)) * min(BINS, len(order) // PER_BIN) // len(order)
        positions = order.groupby(bins).mean()
        values = learned.loc[order.index].groupby(bins).mean()
        means = values.apply(
            lambda value: np.interp(others, positions, value), result_type="expand"
        )
    # Between values of 1e-300, or of 1e308, the interpolation overflows.
    means = means.clip(learned.min(), learned.max(), axis="columns")
    return means.fillna(learned.mean()).to_numpy()


def _area(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return the area under the ROC curve, the mean over the classes that occur; 0.5 of one."""
    varying = truth.std(axis=0) > 0
    if not varying.any():
        return 0.5
    return roc_auc_score(truth[:, varying], predicted.reshape(truth.shape)[:, varying])
