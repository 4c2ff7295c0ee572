"""Evidence -> the probability of four answers, and of three words.

Each is a logistic regression on ranks: a table of quantiles turns every number of the evidence into
its rank among the curves that the model was fitted on, from -1 to 1, so that no unit and no outlier
counts; three straight pieces of it, and whether it is missing, are weighed. `answers.json` has the
tables and weights, as `benchmarks/verdict_model.py` fits them.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

WORDS = ("underfit", "overfit", "balanced")
# The first question that has the answer yes decides the word.
DECIDES = {
    "stop_earlier": "overfit",
    "go_on": "underfit",
    "regularize": "overfit",
    "enlarge": "underfit",
}
QUESTIONS = tuple(DECIDES)
TRAINABLE = QUESTIONS[1:]  # that a training answers: a run keeps the weights of its best epoch
YES, NO = 0.9, 0.1  # probabilities from and to which an answer is said
BENDS = 0.5  # where the pieces of a rank meet, on both sides


@functools.cache
def _model() -> Mapping[str, Any]:
    text = importlib.resources.files("goldilocks.diagnosis").joinpath("answers.json").read_text()
    model: dict[str, Any] = json.loads(text)
    rows = model["questions"] | model["words"]
    return model | {"names": list(rows), "weights": np.array(list(rows.values()))}


def basis(values: np.ndarray, knots: Sequence[Sequence[float]]) -> np.ndarray:
    """Return what is weighed, float64 (curves, 4 x numbers).

    Args:
        values: Evidence, float64 (curves, numbers), NaN where missing.
        knots: Of each number the quantiles of the fitted curves, in ascending order.
    """
    parts: list[np.ndarray] = []
    for column, quantiles in zip(values.T, knots, strict=True):
        is_missing = np.isnan(column)
        rank = np.interp(np.where(is_missing, 0.0, column), quantiles, _ranks(len(quantiles)))
        rank[is_missing] = 0.0
        parts += [rank, np.maximum(rank - BENDS, 0), np.maximum(-rank - BENDS, 0), is_missing]
    return np.stack(parts, axis=1).astype(float)


def _ranks(count: int) -> np.ndarray:
    return np.linspace(-1, 1, count)


def odds(*evidence: Mapping[str, float]) -> dict[str, float]:
    """Return the log-odds of power, of each question, and of each word.

    Args:
        *evidence: That of each training of one configuration. The odds are their mean: trainings on
            the same rows are no independent witnesses, whose odds would multiply.
    """
    model = _model()
    values = np.array([[one[name] for name in model["numbers"]] for one in evidence])
    weighed = basis(values, model["knots"]).mean(axis=0)
    logits = model["weights"] @ np.concatenate([[1.0], weighed])
    return dict(zip(model["names"], map(float, logits), strict=True))


def power(odds: Mapping[str, float]) -> float:
    """Return the probability that the loss or the metric beats the baseline on other rows."""
    return _probability(odds["power"])


def answers(odds: Mapping[str, float]) -> dict[str, float]:
    """Return for each of `QUESTIONS` the probability that it would lower the held-out loss."""
    return {name: _probability(odds[name]) for name in QUESTIONS}


def possible(probabilities: Mapping[str, float]) -> set[str]:
    """Return the words that no answer that is said makes wrong."""
    left: set[str] = set()
    for question, word in DECIDES.items():
        if probabilities[question] > NO:
            left.add(word)
        if probabilities[question] >= YES:
            return left
    return left | {"balanced"}


def most_valuable(probabilities: Mapping[str, float], answered: Collection[str]) -> str | None:
    """Return the open question whose answer most likely decides the word; None if none is open.

    Where none decides it alone, it is the first of them.

    Args:
        probabilities: For each of `answers.QUESTIONS`; empty where nobody asks.
        answered: Questions that are not to be asked again.
    """

    def decides(question: str) -> float:
        p = probabilities[question]
        shares = {1.0: p, 0.0: 1 - p}
        return sum(
            share
            for answer, share in shares.items()
            if len(possible({**probabilities, question: answer})) == 1
        )

    is_open = [
        name
        for name, p in probabilities.items()
        if name in TRAINABLE and name not in answered and NO < p < YES
    ]
    return max(is_open, key=decides, default=None)


def words(odds: Mapping[str, float]) -> dict[str, float]:
    """Return for each of `WORDS` the probability that it is right."""
    powers = np.exp(np.array([odds[name] for name in WORDS]))
    return dict(zip(WORDS, map(float, powers / powers.sum()), strict=True))


def said(p: float) -> str:
    """Return what a probability says: "yes", "no" or "open"."""
    if NO < p < YES:
        return "open"
    return "yes" if p >= YES else "no"


def least_probability() -> float:
    """Return the probability from which a word is said: of those, 95 in 100 were right."""
    return _model()["least_probability"]


def most_power() -> float:
    """Return the probability of power up to which there is said to be none, as rightly."""
    return _model()["most_power"]


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
