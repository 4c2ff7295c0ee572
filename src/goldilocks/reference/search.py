"""Splits -> the reference: its hyperparameters by random search, then fitted again and predicting.

Source: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13 (2012). The
draws are Optuna's.
"""

from __future__ import annotations

import contextlib
import functools
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import optuna
from scipy.linalg import LinAlgWarning
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.naive import LAST_VALUE
from goldilocks.encoding.targets import targets_of
from goldilocks.evaluation import measures, row_values
from goldilocks.evaluation import scores as evaluation
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.problem import Problem
from goldilocks.protocol import Split
from goldilocks.reference import pipelines, rows
from goldilocks.reference.pipelines import Parameters

CANDIDATES = 40  # tried at most, however much time there is
THREADS = 1  # of linear algebra and gradient boosting

Reader = Callable[[np.ndarray], rows.Inputs]  # maps rows, int64 (n,), to what scikit-learn reads


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A tuned scikit-learn model.

    Attributes:
        name: Name of the model, for people.
        parameters: The best hyperparameters, by the names of `pipelines.FIRST`; none where the
            baseline of the training rows is better than any.
        scores: The loss and the metrics of validation rows, by Keras's names; the mean over splits.
        predictions: For each split, the predictions of its validation rows, float32 (rows,
            outputs), by a model that was fitted on its training rows alone.
        candidates: Number of settings that were tried on every split.
    """

    name: str
    parameters: Parameters
    scores: Mapping[str, float]
    predictions: tuple[np.ndarray, ...]
    candidates: int = 1


@threadpool_limits.wrap(limits=THREADS)
def tune(
    dataset: Dataset,
    problem: Problem,
    splits: Sequence[Split],
    *,
    seed: int,
    seconds: float,
) -> Reference:
    """Return the reference with the hyperparameters of the best mean validation score.

    The score is the one that models are compared by, and where it is equal, the loss. The baseline
    and scikit-learn's defaults are tried first, then random draws. The settings and their order
    depend on the seed alone; how many of them are tried depends on the time as well.

    Args:
        dataset: A data set of any kind.
        problem: The problem, whose primary metric or loss is the score.
        splits: Models are fitted on training rows and scored on validation rows. Test rows are
            never read.
        seed: Seed of all that is random.
        seconds: Time after which no further settings are tried; the first ones always are.
    """
    deadline = time.monotonic() + seconds
    read = _reader(dataset, splits)

    def evaluate(parameters: Parameters, deadline: float) -> Reference:
        """Fit on the training rows of every split, and score on its validation rows."""
        scores, predictions = [], []
        for split in splits:
            if time.monotonic() > deadline:
                raise TimeoutError
            train, wanted = split.train, split.validation
            predicted = predict(dataset, problem, train, wanted, parameters, seed=seed, read=read)
            truth, queries = targets_of(problem, dataset, wanted), dataset.queries(wanted)
            scores.append(evaluation.scores(problem, truth, predicted, queries))
            predictions.append(predicted)
        name = pipelines.NAMES[dataset.kind]
        return Reference(
            name=name if parameters else f"the baseline, which no {name} beat",
            parameters=parameters,
            scores={
                metric: float(np.mean([fold[metric] for fold in scores])) for metric in scores[0]
            },
            predictions=tuple(predictions),
        )

    first: tuple[Parameters, ...] = ({}, pipelines.FIRST[dataset.kind])
    candidates = [evaluate(parameters, math.inf) for parameters in first]
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # Else it would print what it draws.
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    with contextlib.suppress(TimeoutError):
        while len(candidates) <= CANDIDATES:
            trial = study.ask(pipelines.SPACES[dataset.kind])
            candidates.append(evaluate(trial.params, deadline))

    metric = problem.metric
    sign = -1 if measures.find(problem, metric).greater_is_better else 1

    def rank(candidate: Reference) -> list[float]:
        """Return what is lower for the better one; what is not a number is the worst."""
        values = [sign * candidate.scores.get(metric, math.nan), candidate.scores["loss"]]
        return np.nan_to_num(values, nan=np.inf, posinf=np.inf).tolist()

    best = min(candidates, key=rank)
    return replace(best, candidates=len(candidates) - 1)


@threadpool_limits.wrap(limits=THREADS)
def predict(
    dataset: Dataset,
    problem: Problem,
    train: np.ndarray,
    wanted: np.ndarray,
    parameters: Parameters,
    *,
    seed: int,
    read: Reader | None = None,
) -> np.ndarray:
    """Return predictions of the reference, fitted with given hyperparameters, as of a network.

    Of series the change from the last value is fitted. As many rows are read at a time as memory
    holds.

    Args:
        dataset: The data set.
        problem: What is predicted.
        train: The rows to fit on, int64 (n,).
        wanted: The rows to predict, int64 (m,).
        parameters: The hyperparameters, as `tune` finds them.
        seed: Seed of all that is random.
        read: Reads rows; None for `rows.read`.

    Returns:
        Probabilities or numbers, float32 (m, outputs).
    """
    if not parameters:
        name = "loss" if problem.classifies else problem.metric
        return baseline_predictions(problem, dataset, wanted, name, fitted_on=train)

    read = read or functools.partial(rows.read, dataset)
    train = rows.thin(dataset, train)
    x, y = read(train), dataset.y[train]
    fit_parameters = {}
    if pipelines.criterion(problem) == "mean_absolute_percentage_error":
        weights = (1 / np.maximum(np.abs(y), row_values.SMALLEST)).reshape(len(y), -1).mean(axis=1)
        fit_parameters = {"model__sample_weight": weights / weights.mean()}
    if dataset.naive:
        y = y - dataset.naive[LAST_VALUE][train].reshape(y.shape)
    elif problem.log_target:
        y = np.log(y)

    pipeline = pipelines.build(dataset, problem, parameters, x, seed=seed)
    if problem.type in ("binary", "multiclass") and len(np.unique(y)) < 2:
        # The training rows of a fold may have a single class, on which the others cannot be fitted.
        pipeline.set_params(model=DummyClassifier())

    with warnings.catch_warnings():
        # However badly a fit went, its validation loss says how good it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", LinAlgWarning)
        # The training rows of a fold may lack a label.
        warnings.filterwarnings("ignore", "Label .* is present in (all|none)")
        pipeline.fit(x, y, **fit_parameters)

    method = pipeline.predict_proba if problem.classifies else pipeline.predict
    size = max(1, len(rows.thin(dataset, wanted)))
    chunks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    predicted = np.concatenate([method(read(chunk)) for chunk in chunks])
    if not problem.classifies:
        predicted = predicted.reshape(len(wanted), -1)
        if dataset.naive:
            predicted = predicted + dataset.naive[LAST_VALUE][wanted]
        elif problem.log_target:
            predicted = np.exp(predicted)
        if problem.type == "unit_regression":
            predicted = np.clip(predicted, 0, 1)
        return predicted.astype("float32")

    if problem.type == "multilabel":
        return predicted.astype("float32")

    # A class that no training row had has no column, and gets no probability.
    probabilities = np.zeros((len(wanted), max(2, len(dataset.classes))), "float32")
    probabilities[:, pipeline.classes_.astype(np.int64)] = predicted
    return probabilities[:, 1:2] if problem.type == "binary" else probabilities


def _reader(dataset: Dataset, splits: Sequence[Split]) -> Reader:
    """Return what reads rows; images, which are slow to read, are held if they fit into memory."""
    read = functools.partial(rows.read, dataset)
    parts = [part for split in splits for part in (split.train, split.validation)]
    wanted = np.unique(np.concatenate(parts))
    if dataset.kind != "image" or len(rows.thin(dataset, wanted)) < len(wanted):
        return read
    held = np.asarray(read(wanted))
    return lambda some: held[np.searchsorted(wanted, some)]
