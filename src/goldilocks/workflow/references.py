"""The scikit-learn model that a workflow's winner is compared with: tuned, tested, and logged as runs of its own."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks.config.settings import Settings
from goldilocks.problem import Problem
from goldilocks.run.context import PREDICTIONS
from goldilocks.tracking import provenance
from goldilocks.workflow.runner import Candidate
from goldilocks.workflow.state import Flow
from goldilocks.workflow.step import once

SHARE = 0.05  # of the budget that the search may take
SECONDS = 60.0  # that it may take at most
ANY = Candidate("reference", ("model=baseline", "regularizer=none"))


def tune(flow: Flow, parent: str, folder: Path) -> dict[str, Any]:
    """Tune the reference on the splits of the workflow, and log it.

    Returns:
        What later steps need, as JSON has it: its name and parameters, the mean of its scores, its
        run.
    """
    return once(folder / "reference.json", functools.partial(_tune, flow, parent, folder))


def _tune(flow: Flow, parent: str, folder: Path) -> dict[str, Any]:
    settings = flow.runner.settings(ANY)
    seconds = min(SECONDS, SHARE * flow.budget.seconds)
    call = functools.partial(_tuned, settings, flow.problem, seconds)
    found, rows = flow.runner.call(call, "reference", folder, parent)
    folds = [""] if len(rows) == 1 else [str(number) for number in range(1, len(rows) + 1)]
    arrays: dict[str, Any] = {}
    for fold, judged, said in zip(folds, rows, found.predictions, strict=True):
        arrays |= {f"rows.{fold}": judged, f"predictions.{fold}": said}
    np.savez(folder / PREDICTIONS, **arrays)
    scores = {
        name: float(np.mean([each[name] for each in found.scores])) for name in found.scores[0]
    }
    best = {f"best_val_{name}": value for name, value in scores.items()}
    return {
        "name": found.name,
        "parameters": dict(found.parameters),
        "scores": scores,
        "candidates": found.candidates,
        "run": _logged(flow, parent, found.name, found.parameters, best, arrays),
    }


def validated(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the reference predicted of the validation rows of each fold."""
    with np.load(folder / PREDICTIONS, allow_pickle=False) as arrays:
        folds = [name.partition(".")[2] for name in arrays.files if name.startswith("rows.")]
        return {fold: (arrays[f"rows.{fold}"], arrays[f"predictions.{fold}"]) for fold in folds}


def test(flow: Flow, parent: str, folder: Path, rows: np.ndarray) -> np.ndarray:
    """The reference's predictions of the test rows (int64, (n,)), fitted on all others; float32 (n, outputs)."""
    known, settings = flow.found("baseline")["reference"], flow.runner.settings(ANY)
    call = functools.partial(_tested, settings, flow.problem, known, rows)
    said, scores = flow.runner.call(call, "reference", folder, parent)
    metrics = {f"test_{name}": value for name, value in scores.items()}
    _logged(
        flow,
        parent,
        f"{known['name']} final",
        known["parameters"],
        metrics,
        {"rows": rows, "predictions": said},
    )
    return said


def _logged(
    flow: Flow,
    parent: str,
    name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    arrays: Mapping[str, Any],
) -> str:
    """A run for the reference; its ID."""
    tags = {
        "role": "reference",
        "problem": flow.problem.type,
        "dataset.source": flow.dataset.source,
        "dataset.digest": flow.dataset.digest,
    }
    params = {
        "dataset": flow.dataset.name,
        "model": name,
        **{f"reference.{k}": v for k, v in parameters.items()},
    }
    tags |= provenance.tags()
    with flow.store.start_run(
        name, parent=parent, params=params, tags=tags, resume=None
    ) as tracker:
        tracker.metrics({key: value for key, value in metrics.items() if np.isfinite(value)})
        with tempfile.TemporaryDirectory() as folder:
            np.savez(Path(folder) / PREDICTIONS, **arrays)
            (Path(folder) / "parameters.json").write_text(json.dumps(dict(parameters), indent=1))
            tracker.files(Path(folder))
        return tracker.run_id


def _tuned(settings: Settings, problem: Problem, seconds: float) -> Any:
    """In a process of its own: the tuned reference, and the validation rows of each split."""
    from goldilocks import reference

    dataset = settings.builder("dataset")()
    splits = settings.builder("protocol")(dataset)
    found = reference.tune(dataset, problem, splits, seed=settings.tree["seed"], seconds=seconds)
    return found, [split.validation for split in splits]


def _tested(
    settings: Settings, problem: Problem, known: Mapping[str, Any], rows: np.ndarray
) -> Any:
    """In a process of its own: predictions of rows by the reference fitted on all but the test rows, and its scores."""
    from goldilocks import reference
    from goldilocks.encoding.targets import count_outputs, encode_targets
    from goldilocks.evaluation import scores as evaluation

    dataset = settings.builder("dataset")()
    split = settings.builder("protocol")(dataset)[-1]
    kept = split.joined().train if dataset.subset is None else split.train
    tuned = reference.Reference(
        name=known["name"],
        problem=problem,
        parameters=known["parameters"],
        scores=(),
        predictions=(),
        candidates=known["candidates"],
        seconds=0.0,
        seed=settings.tree["seed"],
        threads=1,
    )
    said = reference.predict(reference.refit(tuned, dataset, kept), dataset, rows)
    truth = encode_targets(problem, count_outputs(problem, dataset), dataset.y)[rows]
    return said, evaluation.scores(problem, truth, said)
