"""Fit the answers: `python benchmarks/verdict_model.py` (two minutes).

Run: it reads `verdict_truths.csv.gz` and writes `src/goldilocks/diagnosis/answers.json`.
Expect: how often the answers and the word are right on tuning families that were left out.

Only tuning families are read. Every curve is there several times, with the baseline, the rows and
the metric left out or not, so that one model serves those who have only two losses.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from verdict_table import Case, cases

from goldilocks.diagnosis import answers
from goldilocks.diagnosis.answers import NO, QUESTIONS, WORDS, YES, basis
from goldilocks.diagnosis.evidence import measure
from goldilocks.diagnosis.history import Curves

FILE = Path(answers.__file__).with_name("answers.json")
KNOTS = 17  # quantiles of a table
PENALTY = 0.02  # C of the logistic regressions, chosen by the folds
FOLDS = 10
RIGHT = 0.95  # of what is said
KINDS = ("epochs", "best_epoch", "noise")  # evidence that has a unit


def variants(curves: Curves) -> list[Curves]:
    """Return curves as people have them: with less and less known beside them."""
    alone = {"metric": "loss", "scores": curves.val_loss, "higher": False}
    loss = {"loss": curves.baseline["loss"]}
    return [
        curves,
        dataclasses.replace(curves, rows=None),
        dataclasses.replace(curves, baseline={}),
        dataclasses.replace(curves, **alone, baseline=loss),
        dataclasses.replace(curves, rows=None, baseline={}),
        dataclasses.replace(curves, **alone, rows=None, baseline={}),
    ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    """Curves to fit by.

    Attributes:
        names: Of the numbers.
        values: float64 (curves, numbers).
        helps: bool (curves, questions).
        words: Index of the right word, -1 where none of the three is, int64 (curves,).
        settled: Whether the word is beyond doubt, bool (curves,).
        families: (curves,).
        variant: Which of `variants` a curve is, int64 (curves,).
    """

    names: list[str]
    values: np.ndarray
    helps: np.ndarray
    words: np.ndarray
    settled: np.ndarray
    families: np.ndarray
    variant: np.ndarray


def sample(chosen: Sequence[Case]) -> Sample:
    """Return what is fitted by: runs that have power and did not diverge."""
    lines = []
    for case in chosen:
        if case.truth.word not in WORDS:
            continue
        for number, curves in enumerate(variants(case.curves)):
            with np.errstate(all="ignore"):
                evidence = measure(curves)
            lines.append((case, number, evidence))
    names = [name for name in lines[0][2] if name not in KINDS]
    return Sample(
        names=names,
        values=np.array([[evidence[name] for name in names] for _, _, evidence in lines]),
        helps=np.array([[case.truth.helps[name] for name in QUESTIONS] for case, _, _ in lines]),
        words=np.array([WORDS.index(case.truth.word) for case, _, _ in lines]),
        settled=np.array([case.truth.is_settled for case, _, _ in lines]),
        families=np.array([case.family for case, _, _ in lines]),
        variant=np.array([number for _, number, _ in lines]),
    )


def knots_of(values: np.ndarray) -> list[list[float]]:
    """Return the quantiles of each number, in ascending order."""
    quantiles = np.nanquantile(values, np.linspace(0, 1, KNOTS), axis=0).T
    rounded = [[float(f"{value:.4g}") for value in row] for row in quantiles]
    return [list(np.maximum.accumulate(row)) for row in rounded]
