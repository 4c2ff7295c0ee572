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
from goldilocks.diagnosis.evidence import POWER, measure
from goldilocks.diagnosis.history import Curves

FILE = Path(answers.__file__).with_name("answers.json")
KNOTS = 17  # quantiles of a table
PENALTY = 0.05  # C of the logistic regressions, chosen by the folds
FOLDS = 10
RIGHT = 0.95  # of what is said
WITH_BASELINE = (0, 3)  # variants that know the baseline and the rows
ORDER = ("no_power", *WORDS)
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
        words: Index of the right word of `WORDS`, or -1 of curves without power, int64 (curves,).
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
    """Return what is fitted by: runs that did not diverge."""
    lines = []
    for case in chosen:
        if case.truth.word == "diverged":
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
        words=np.array([ORDER.index(case.truth.word) - 1 for case, _, _ in lines]),
        settled=np.array([case.truth.is_settled for case, _, _ in lines]),
        families=np.array([case.family for case, _, _ in lines]),
        variant=np.array([number for _, number, _ in lines]),
    )


def knots_of(values: np.ndarray) -> list[list[float]]:
    """Return the quantiles of each number, in ascending order."""
    quantiles = np.nanquantile(values, np.linspace(0, 1, KNOTS), axis=0).T
    rounded = [[float(f"{value:.4g}") for value in row] for row in quantiles]
    return [list(np.maximum.accumulate(row)) for row in rounded]


def left_out(features: np.ndarray, truths: np.ndarray, families: np.ndarray) -> np.ndarray:
    """Return the logits of curves whose families were left out of the fit, (curves, classes)."""
    logits: list[tuple[np.ndarray, np.ndarray]] = []
    for fitted, others in GroupKFold(FOLDS).split(features, groups=families):
        model = _regression().fit(features[fitted], truths[fitted])
        logits.append((others, _logits(model, features[others])))
    columns = logits[0][1].shape[1]
    result = np.zeros((len(features), columns))
    for others, values in logits:
        result[others] = values
    return result


def _regression() -> LogisticRegression:
    return LogisticRegression(C=PENALTY, max_iter=1000)


def _logits(model: LogisticRegression, features: np.ndarray) -> np.ndarray:
    """Return the logits of classes, or of one answer, (curves, classes)."""
    return features @ model.coef_.T + model.intercept_


def scaled(logits: np.ndarray, truths: np.ndarray) -> tuple[float, float]:
    """Return the factor and the offset that make probabilities of an answer calibrated (Platt,
    1999).
    """

    def surprise(parameters: np.ndarray) -> float:
        odds = parameters[0] * logits + parameters[1]
        return float(np.mean(np.logaddexp(0, odds) - truths * odds))

    found = minimize(surprise, [1.0, 0.0], method="Nelder-Mead").x
    return float(found[0]), float(found[1])


def tempered(logits: np.ndarray, words: np.ndarray) -> float:
    """Return the factor that makes probabilities of words calibrated (Guo et al., 2017)."""

    def surprise(factor: np.ndarray) -> float:
        odds = factor[0] * logits
        chosen = np.take_along_axis(odds, words[:, None], axis=1)[:, 0]
        return float(np.mean(np.logaddexp.reduce(odds, axis=1) - chosen))

    return float(minimize(surprise, [1.0], method="Nelder-Mead").x[0])


def surest(probabilities: np.ndarray, is_right: np.ndarray) -> float:
    """Return the probability from which on what is said is right often enough."""
    order = np.argsort(-probabilities)
    shares = np.cumsum(is_right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= RIGHT)
    return float(probabilities[order[enough[-1]]]) if len(enough) else 1.0


def _written(weights: np.ndarray, bias: float) -> list[float]:
    return [float(f"{value:.4g}") for value in (bias, *weights)]


def fitted(
    features: np.ndarray, truths: np.ndarray, families: np.ndarray
) -> tuple[list[float], np.ndarray]:
    """Return the weights of an answer, and its probabilities where families were left out."""
    logits = left_out(features, truths, families)[:, 0]
    factor, offset = scaled(logits, truths)
    model = _regression().fit(features, truths)
    weights = _written(factor * model.coef_[0], factor * model.intercept_[0] + offset)
    return weights, 1 / (1 + np.exp(-(factor * logits + offset)))


def fit(data: Sample) -> tuple[dict[str, object], np.ndarray, np.ndarray]:
    """Return the model, and the probabilities of answers and of words where families were left out.

    Answers and words are those of curves with power; whether there is power, only a baseline tells.
    """
    knots = knots_of(data.values)
    features = basis(data.values, knots)
    has_power = data.words >= 0
    tells = np.isin(data.variant, WITH_BASELINE)
    power, p = fitted(features[tells], has_power[tells], data.families[tells])
    columns = [data.names.index(name) for name in ("loss_power", "metric_power")]
    tested = np.fmax(*data.values[tells][:, columns].T) < POWER
    tested &= (data.settled & (data.variant == 0))[tells]
    most_power = 1 - surest(1 - p[tested], ~has_power[tells][tested])
    questions = {"power": power}
    features, families, words = features[has_power], data.families[has_power], data.words[has_power]
    probabilities = np.zeros((len(features), len(QUESTIONS)))
    for index, name in enumerate(QUESTIONS):
        truths = data.helps[has_power, index]
        questions[name], probabilities[:, index] = fitted(features, truths, families)

    logits = left_out(features, words, families)
    factor = tempered(logits, words)
    odds = np.exp(factor * (logits - logits.max(axis=1, keepdims=True)))
    of_words = odds / odds.sum(axis=1, keepdims=True)
    model = _regression().fit(features, words)
    tuned = ((data.variant == 0) & data.settled)[has_power]
    likeliest, is_right = (
        of_words[tuned].max(axis=1),
        of_words[tuned].argmax(axis=1) == words[tuned],
    )
    least = surest(likeliest, is_right)
    written = {
        "numbers": data.names,
        "knots": knots,
        "questions": questions,
        "words": {
            name: _written(factor * model.coef_[index], factor * model.intercept_[index])
            for index, name in enumerate(WORDS)
        },
        "most_power": round(most_power, 3),
        "least_probability": round(least, 3),
    }
    return written, probabilities, of_words


def main() -> None:
    """Fit, write the file, and say how right it is on families that were left out."""
    data = sample([case for case in cases() if not case.is_tested])
    written, probabilities, of_words = fit(data)
    FILE.write_text(json.dumps(written) + "\n")
    has_power = data.words >= 0
    for number in np.unique(data.variant):
        chosen = data.variant[has_power] == number
        p, helps = probabilities[chosen], data.helps[has_power][chosen]
        said = (p >= YES) | (p <= NO)
        right = (p > 0.5) == helps
        likely, words = of_words[chosen], data.words[has_power][chosen]
        settled = data.settled[has_power][chosen]
        is_said = settled & (likely.max(axis=1) >= written["least_probability"])
        is_right = likely.argmax(axis=1) == words
        print(
            f"variant {number}: answers right {right[said].mean():.3f} where said, "
            f"{said.mean():.3f} are; settled words {is_right[is_said].mean():.3f}, "
            f"{is_said.sum() / settled.sum():.3f}"
        )


if __name__ == "__main__":
    main()
