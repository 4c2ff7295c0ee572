"""Predicted classes or labels -> how often each is right."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

# By class or label: its rows, those of them that are predicted to have it, and all that are.
Counts = Mapping[str, Sequence[int]]


def count(classes: Sequence[str], truth: np.ndarray, decided: np.ndarray) -> Counts:
    """Return the counts of each class or label.

    Args:
        classes: Names, in the order of their indices.
        truth: Indices of classes (rows,), or 0 and 1 of each label (rows, labels).
        decided: What is predicted, likewise.
    """
    if decided.ndim == 1:
        indices = np.arange(len(classes))
        truth, decided = truth.reshape(-1, 1) == indices, decided[:, np.newaxis] == indices
    truth, decided = truth.astype(bool), decided.astype(bool)
    parts = truth.sum(axis=0), (truth & decided).sum(axis=0), decided.sum(axis=0)
    return dict(zip(classes, np.stack(parts, axis=1).tolist(), strict=True))


def total(parts: Sequence[Counts]) -> Counts:
    """Return the counts over several trainings; none where one of them has none."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.sum([part[name] for part in parts], axis=0).tolist() for name in names}


def table(counts: Counts, *, name: str) -> pd.DataFrame:
    """Return precision, recall, F1 and numbers of rows of each class or label.

    They are those of scikit-learn's `classification_report`; what would be divided by 0 is 0.

    Args:
        counts: At least one.
        name: Of the index: "class" or "label".
    """
    rows, right, predicted = np.array(list(counts.values())).T
    columns = {
        "precision": right / np.maximum(predicted, 1),
        "recall": right / np.maximum(rows, 1),
        "f1_score": 2 * right / np.maximum(rows + predicted, 1),
        "rows": rows,
        "predicted": predicted,
    }
    return pd.DataFrame(columns, index=pd.Index(list(counts), name=name))


def never(counts: Counts) -> dict[str, int]:
    """Return the rows of each class or label that is there and never predicted."""
    return {name: rows for name, (rows, _, predicted) in counts.items() if rows and not predicted}
