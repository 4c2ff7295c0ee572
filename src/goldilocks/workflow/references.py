"""The scikit-learn model that the winner is compared with: tuned, tested and logged."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks import reference
from goldilocks.config.settings import Settings
from goldilocks.encoding.targets import count_outputs, encode_targets
from goldilocks.evaluation.scores import scores
from goldilocks.problem import Problem
from goldilocks.report.workflow.results import TunedReference
from goldilocks.run.context import PREDICTIONS
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context

SHARE = 0.05  # of the budget that the search may take
SECONDS = 60.0  # that it may take at most
FOLDER = "reference"  # in that of a step: what is logged
BASELINE = Candidate("baseline", ("model=baseline", "regularizer=none"))


def tune(context: Context) -> TunedReference:
    """Tune the reference on the splits of the workflow, and log it."""
    folder = context.folder / FOLDER
    seconds = min(SECONDS, SHARE * context.budget.seconds)
    job = functools.partial(_tune, context.settings_of(BASELINE), context.problem, seconds, folder)
    tuned = context.call(job, FOLDER)
    metrics = {f"best_val_{name}": value for name, value in tuned.scores.items()}
    _log(context, tuned.name, tuned.parameters, metrics)
    return tuned


def validated(reference: TunedReference) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return what the reference predicted of the validation rows of each fold."""
    with np.load(reference.predictions, allow_pickle=False) as arrays:
        folds = [name.partition(".")[2] for name in arrays.files if name.startswith("rows.")]
        return {fold: (arrays[f"rows.{fold}"], arrays[f"predictions.{fold}"]) for fold in folds}


def test(context: Context, reference: TunedReference, rows: np.ndarray) -> np.ndarray:
    """Predict test rows by the reference, fitted on all others, and log that.

    Args:
        context: Of the step.
        reference: As it was tuned.
        rows: int64 (n,).

    Returns:
        float32 (n, outputs).
    """
    folder, settings = context.folder / FOLDER, context.settings_of(BASELINE)
    job = functools.partial(_test, settings, context.problem, reference, rows, folder)
    predictions, values = context.call(job, FOLDER)
    metrics = {f"test_{name}": value for name, value in values.items()}
    _log(context, f"{reference.name} final", reference.parameters, metrics)
    return predictions


def _log(
    context: Context, name: str, parameters: Mapping[str, Any], metrics: Mapping[str, float]
) -> None:
    """Log a run of the reference, with what its job has left in the folder."""
    params = {f"reference.{key}": value for key, value in parameters.items()}
    opened = context.store.start_run(
        name,
        parent=context.step_id,
        params={"dataset": context.dataset.name, "model": name} | params,
        tags=context.tags | {"role": "reference"},
        resume=None,
    )
    with opened as tracker:
        tracker.metrics({key: value for key, value in metrics.items() if np.isfinite(value)})
        tracker.files(context.folder / FOLDER)


def _tune(settings: Settings, problem: Problem, seconds: float, folder: Path) -> TunedReference:
    """Tune the reference, in a process of its own, and write its predictions into a folder."""
    dataset = settings.builder("dataset")()
    splits = settings.builder("protocol")(dataset)
    seed = settings.tree["seed"]
    tuned = reference.tune(dataset, problem, splits, seed=seed, seconds=seconds)

    folds = [""] if len(splits) == 1 else [str(number) for number in range(1, len(splits) + 1)]
    arrays: dict[str, np.ndarray] = {}
    for fold, split, predictions in zip(folds, splits, tuned.predictions, strict=True):
        arrays |= {f"rows.{fold}": split.validation, f"predictions.{fold}": predictions}
    return TunedReference(
        name=tuned.name,
        parameters=dict(tuned.parameters),
        scores=tuned.scores,
        settings_tried=tuned.candidates,
        predictions=_save(folder, arrays),
    )


def _test(
    settings: Settings, problem: Problem, tuned: TunedReference, rows: np.ndarray, folder: Path
) -> tuple[np.ndarray, Mapping[str, float]]:
    """Return predictions of test rows and their scores, in a process of its own."""
    dataset = settings.builder("dataset")()
    split = settings.builder("protocol")(dataset)[-1]
    train = split.joined().train if dataset.subset is None else split.train
    seed = settings.tree["seed"]
    predictions = reference.predict(dataset, problem, train, rows, tuned.parameters, seed=seed)
    _save(folder, {"rows": rows, "predictions": predictions})
    truth = encode_targets(problem, count_outputs(problem, dataset), dataset.y)[rows]
    return predictions, scores(problem, truth, predictions)


def _save(folder: Path, arrays: Mapping[str, Any]) -> str:
    """Write predictions into a folder, and return the file."""
    folder.mkdir(exist_ok=True)
    np.savez(folder / PREDICTIONS, **arrays)
    return str(folder / PREDICTIONS)
