"""The search for a reference's hyperparameters, and the reference itself: tuned, fitted again, and predicting.

Source: random search after Bergstra and Bengio, "Random search for hyper-parameter optimization",
    JMLR 13 (2012), as
scikit-learn draws it (`ParameterSampler`), here with an end in time and with the predictions kept.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ParameterSampler
from threadpoolctl import threadpool_limits

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import count_outputs, encode_targets
from goldilocks.evaluation import scores as evaluation
from goldilocks.problem import Problem
from goldilocks.protocol import Split
from goldilocks.reference import pipelines, rows

CANDIDATES = 40  # tried at most, however much time there is

Reader = Callable[[np.ndarray], Any]  # rows, int64 (n,) -> what `rows.read` makes of them


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A tuned scikit-learn model.

    Attributes:
        name: Of the model, for people.
        problem: What it predicts.
        parameters: The best ones, by the names of `pipelines.FIRST`.
        scores: Of each split: loss and metrics on its validation rows, by Keras's names.
        predictions: Of each split: those of its validation rows, float32 (rows, outputs), by a
            model that was fitted on its training rows alone.
        candidates: Number of settings that were tried on every split.
        seconds: That the search took.
        seed: Of everything that was drawn.
        threads: That it may use.
        fitted: The model that `refit` has fitted, or None.
    """

    name: str
    problem: Problem
    parameters: Mapping[str, Any]
    scores: tuple[Mapping[str, float], ...]
    predictions: tuple[np.ndarray, ...]
    candidates: int
    seconds: float
    seed: int
    threads: int
    fitted: Any = None


def tune(
    dataset: Dataset,
    problem: Problem,
    splits: Split | Sequence[Split],
    *,
    seed: int,
    seconds: float,
    threads: int = 1,
) -> Reference:
    """The reference with the hyperparameters of the lowest mean validation loss.

    scikit-learn's defaults are tried first, then what is drawn. The settings and their order depend
    on the seed alone; how many of them are tried depends on the time as well.

    Args:
        dataset: Of any kind.
        problem: What is predicted; its loss is what is lowered.
        splits: One or several; the model is fitted on training rows and judged on validation rows.
            Test rows are never read.
        seed: Of everything that is drawn.
        seconds: After which no other settings are begun; the first are always tried to the end.
        threads: Of linear algebra and gradient boosting.

    Raises:
        ValueError: There is no split, or one has no validation rows.
    """
    given = [splits] if isinstance(splits, Split) else list(splits)
    if not given or not all(len(split.train) and len(split.validation) for split in given):
        raise ValueError(
            f"the reference got {len(given)} splits with "
            f"{[len(split.validation) for split in given]} validation rows; "
            "expected at least one split, each with training and validation rows."
        )
    began = time.monotonic()
    outputs = count_outputs(problem, dataset)
    truths = [encode_targets(problem, outputs, dataset.y[split.validation]) for split in given]
    found: list[tuple[float, Reference]] = []
    tried = 0
    with threadpool_limits(threads):
        read = _reader(dataset, given)
        drawn = ParameterSampler(pipelines.space(dataset.kind), CANDIDATES - 1, random_state=seed)
        for parameters in (pipelines.FIRST[dataset.kind], *drawn):
            scores, predictions = [], []
            for split, truth in zip(given, truths, strict=True):
                if found and time.monotonic() - began > seconds:
                    break
                model = _fit(
                    dataset, problem, parameters, rows.thinned(dataset, split.train), read, seed
                )
                predictions.append(_predict(dataset, problem, model, split.validation, read))
                scores.append(evaluation.scores(problem, truth, predictions[-1]))
            if len(scores) < len(given):
                break
            tried += 1
            loss = float(np.mean([each["loss"] for each in scores]))
            one = Reference(
                name=pipelines.NAMES[dataset.kind],
                problem=problem,
                parameters={name: _plain(value) for name, value in parameters.items()},
                scores=tuple(scores),
                predictions=tuple(predictions),
                candidates=0,
                seconds=0.0,
                seed=seed,
                threads=threads,
            )
            found = [
                min([*found, (loss, one)], key=lambda pair: np.nan_to_num(pair[0], nan=np.inf))
            ]
    return replace(found[0][1], candidates=tried, seconds=time.monotonic() - began)


def refit(reference: Reference, dataset: Dataset, train: np.ndarray) -> Reference:
    """The reference, fitted with its parameters on other rows (int64, (n,)): training and validation rows together."""
    with threadpool_limits(reference.threads):
        kept = rows.thinned(dataset, train)
        read = _reader(dataset, [])
        model = _fit(dataset, reference.problem, reference.parameters, kept, read, reference.seed)
    return replace(reference, fitted=model)


def predict(reference: Reference, dataset: Dataset, wanted: np.ndarray) -> np.ndarray:
    """The predictions of these rows (int64, (n,)), float32 (n, outputs), as the network's: probabilities or numbers.

    Raises:
        ValueError: The reference was not fitted.
    """
    if reference.fitted is None:
        raise ValueError(
            "this reference is tuned and not fitted; expected one that `refit` has fitted on rows."
        )
    with threadpool_limits(reference.threads):
        return _predict(dataset, reference.problem, reference.fitted, wanted, _reader(dataset, []))


def _reader(dataset: Dataset, splits: Sequence[Split]) -> Reader:
    """What reads rows; images of these splits, whose reading takes long, are read once if they fit into memory."""
    if dataset.kind != "image" or not splits:
        return functools.partial(rows.read, dataset)
    parts = [part for split in splits for part in (split.train, split.validation)]
    wanted = np.unique(np.concatenate(parts))
    if len(rows.thinned(dataset, wanted)) < len(wanted):
        return functools.partial(rows.read, dataset)
    held = rows.read(dataset, wanted)
    return lambda some: held[np.searchsorted(wanted, some)]


def _fit(
    dataset: Dataset,
    problem: Problem,
    parameters: Mapping[str, Any],
    fitted_on: np.ndarray,
    read: Reader,
    seed: int,
) -> Any:
    x = read(fitted_on)
    y = dataset.y[fitted_on]
    if dataset.persistence is not None:
        y = y - dataset.persistence[fitted_on]
    pipeline = pipelines.build(
        dataset.kind,
        problem,
        parameters,
        categories=rows.categories(dataset),
        characters=dataset.vectorization is not None and dataset.vectorization.token == "character",
        most_components=min(x.shape) if dataset.kind == "image" else 0,
        seed=seed,
    )
    if (
        problem.type in ("binary", "multiclass") and len(np.unique(y)) < 2
    ):  # Of a fold: others refuse to be fitted.
        pipeline.set_params(model=DummyClassifier())
    with warnings.catch_warnings():
        for unstable in (
            ConvergenceWarning,
            LinAlgWarning,
        ):  # Its validation loss says how good it is all the same.
            warnings.simplefilter("ignore", unstable)
        warnings.filterwarnings(
            "ignore", "Label .* is present in (all|none)"
        )  # of a label, in the rows of a fold
        return pipeline.fit(x, y)


def _predict(
    dataset: Dataset, problem: Problem, model: Any, wanted: np.ndarray, read: Reader
) -> np.ndarray:
    """The predictions of these rows, float32 (rows, outputs), so many rows at a time as fit into memory."""
    size = max(1, len(rows.thinned(dataset, wanted)))
    parts = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    return np.concatenate([_said(dataset, problem, model, part, read(part)) for part in parts])


def _said(dataset: Dataset, problem: Problem, model: Any, wanted: np.ndarray, x: Any) -> np.ndarray:
    if problem.type.endswith("regression"):
        values = model.predict(x)
        if dataset.persistence is not None:
            values = values + dataset.persistence[wanted]
        values = np.clip(values, 0, 1) if problem.type == "unit_regression" else values
        return values.reshape(len(wanted), -1).astype("float32")
    shares = model.predict_proba(x)
    if problem.type != "multilabel":  # A class that no training row had has no column.
        every = np.zeros((len(wanted), max(2, len(dataset.classes))), shares.dtype)
        every[:, model.classes_.astype(np.int64)] = shares
        shares = every[:, 1:2] if problem.type == "binary" else every
    return shares.astype("float32")


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    return value.item() if isinstance(value, np.generic) else value
