"""The scikit-learn model that the winner is compared with: tuned, tested and logged."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks import reference
from goldilocks.config.settings import Settings
from goldilocks.encoding.targets import count_outputs, encode_targets
from goldilocks.evaluation import scores
from goldilocks.problem import Problem
from goldilocks.report.workflow.results import TunedReference, from_json
from goldilocks.run.context import PREDICTIONS
from goldilocks.tracking import provenance
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context
from goldilocks.workflow.resume import once

SHARE = 0.05  # of the budget that the search may take
SECONDS = 60.0  # that it may take at most
ANY = Candidate("reference", ("model=baseline", "regularizer=none"))


def tune(context: Context) -> TunedReference:
    """Tune the reference on the splits of the workflow, and log it."""
    folder = context.folder / "reference"
    decided = once(folder / "reference.json", functools.partial(_tune, context, folder))
    return from_json(TunedReference, decided)


def _tune(context: Context, folder: Path) -> dict[str, Any]:
    seconds = min(SECONDS, SHARE * context.budget.seconds)
    call = functools.partial(_tuned, context.runner.settings(ANY), context.problem, seconds)
    values, arrays = context.runner.call(call, "reference", folder, context.run_id)
    np.savez(folder / PREDICTIONS, **arrays)

    metrics = {f"best_val_{name}": value for name, value in values["scores"].items()}
    _log(context, values["name"], values["parameters"], metrics, arrays)
    return {**values, "predictions": str(folder / PREDICTIONS)}


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
    settings = context.runner.settings(ANY)
    call = functools.partial(_tested, settings, context.problem, reference, rows)
    folder = context.folder / "reference"
    predictions, scores = context.runner.call(call, "reference", folder, context.run_id)

    metrics = {f"test_{name}": value for name, value in scores.items()}
    arrays = {"rows": rows, "predictions": predictions}
    _log(context, f"{reference.name} final", reference.parameters, metrics, arrays)
    return predictions


def _log(
    context: Context,
    name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    arrays: Mapping[str, Any],
) -> None:
    """Log a run of the reference."""
    dataset = context.dataset
    tags = {
        "role": "reference",
        "problem": context.problem.type,
        "dataset.source": dataset.source,
        "dataset.digest": dataset.digest,
        **provenance.tags(),
    }
    params = {f"reference.{key}": value for key, value in parameters.items()}
    params = {"dataset": dataset.name, "model": name} | params

    opened = context.store.start_run(
        name, parent=context.run_id, params=params, tags=tags, resume=None
    )
    with opened as tracker, tempfile.TemporaryDirectory() as folder:
        tracker.metrics({key: value for key, value in metrics.items() if np.isfinite(value)})
        np.savez(Path(folder) / PREDICTIONS, **arrays)
        (Path(folder) / "parameters.json").write_text(json.dumps(dict(parameters), indent=1))
        tracker.files(Path(folder))


def _tuned(
    settings: Settings, problem: Problem, seconds: float
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Tune the reference, in a process of its own.

    Returns:
        The fields of `TunedReference` but for the file, and the arrays in that file.
    """
    dataset = settings.builder("dataset")()
    splits = settings.builder("protocol")(dataset)
    seed = settings.tree["seed"]
    tuned = reference.tune(dataset, problem, splits, seed=seed, seconds=seconds)

    folds = [""] if len(splits) == 1 else [str(number) for number in range(1, len(splits) + 1)]
    arrays = {}
    for fold, split, predictions in zip(folds, splits, tuned.predictions, strict=True):
        arrays |= {f"rows.{fold}": split.validation, f"predictions.{fold}": predictions}
    values = {
        "name": tuned.name,
        "parameters": dict(tuned.parameters),
        "scores": {
            name: float(np.mean([fold[name] for fold in tuned.scores])) for name in tuned.scores[0]
        },
        "settings_tried": tuned.candidates,
    }
    return values, arrays


def _tested(
    settings: Settings, problem: Problem, tuned: TunedReference, rows: np.ndarray
) -> tuple[np.ndarray, Mapping[str, float]]:
    """Return predictions of test rows and their scores, in a process of its own."""
    dataset = settings.builder("dataset")()
    split = settings.builder("protocol")(dataset)[-1]
    train = split.joined().train if dataset.subset is None else split.train
    seed = settings.tree["seed"]
    fitted = reference.fit(dataset, problem, train, tuned.parameters, seed=seed)
    predictions = reference.predict(dataset, problem, fitted, rows)
    truth = encode_targets(problem, count_outputs(problem, dataset), dataset.y)[rows]
    return predictions, scores.scores(problem, truth, predictions)
