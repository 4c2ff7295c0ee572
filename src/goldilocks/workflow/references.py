"""The scikit-learn model that the winner is compared with: tuned, tested and logged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks import reference
from goldilocks.encoding.targets import targets_of
from goldilocks.evaluation.scores import scores
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
    settings, problem, dataset = context.settings_of(BASELINE), context.problem, context.dataset
    splits = settings.builder("protocol")(dataset)
    seed, seconds = settings.tree["seed"], min(SECONDS, SHARE * context.budget.seconds)
    tuned = reference.tune(dataset, problem, splits, seed=seed, seconds=seconds)

    folds = [""] if len(splits) == 1 else [str(number) for number in range(1, len(splits) + 1)]
    arrays: dict[str, np.ndarray] = {}
    for fold, split, predictions in zip(folds, splits, tuned.predictions, strict=True):
        arrays |= {f"rows.{fold}": split.validation, f"predictions.{fold}": predictions}
    metrics = {f"best_val_{name}": value for name, value in tuned.scores.items()}
    file = _log(context, tuned.name, tuned.parameters, metrics, arrays)
    return TunedReference(
        name=tuned.name,
        parameters=dict(tuned.parameters),
        scores=tuned.scores,
        settings_tried=tuned.candidates,
        predictions=str(file),
    )


def validated(tuned: TunedReference) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return what the reference predicted of the validation rows of each fold."""
    with np.load(tuned.predictions, allow_pickle=False) as arrays:
        folds = [name.partition(".")[2] for name in arrays.files if name.startswith("rows.")]
        return {fold: (arrays[f"rows.{fold}"], arrays[f"predictions.{fold}"]) for fold in folds}


def test(context: Context, tuned: TunedReference, rows: np.ndarray) -> np.ndarray:
    """Predict test rows by the reference, fitted on all others, and log that.

    Args:
        context: Of the step.
        tuned: The reference.
        rows: int64 (n,).

    Returns:
        float32 (n, outputs).
    """
    settings, problem, dataset = context.settings_of(BASELINE), context.problem, context.dataset
    split = settings.builder("protocol")(dataset)[-1]
    train = split.train
    if dataset.subset is None:
        train = split.joined().train
    seed, parameters = settings.tree["seed"], tuned.parameters
    predictions = reference.predict(dataset, problem, train, rows, parameters, seed=seed)

    truth = targets_of(problem, dataset, rows)
    reached = scores(problem, truth, predictions, dataset.queries(rows))
    metrics = {f"test_{name}": value for name, value in reached.items()}
    arrays = {"rows": rows, "predictions": predictions}
    _log(context, f"{tuned.name} final", parameters, metrics, arrays)
    return predictions


def _log(
    context: Context,
    name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    arrays: Mapping[str, Any],
) -> Path:
    """Log a run of the reference, and return the file with its predictions."""
    folder = context.folder / FOLDER
    folder.mkdir(exist_ok=True)
    np.savez(folder / PREDICTIONS, **arrays)
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
        tracker.files(folder)
    return folder / PREDICTIONS
