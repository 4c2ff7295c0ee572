"""Predictions of rows whose truth is known -> their score, and whether the model had seen them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from goldilocks.dataset import row_keys
from goldilocks.encoding.schema import Schema
from goldilocks.encoding.targets import encode_targets
from goldilocks.errors import StoreError
from goldilocks.evaluation import scores
from goldilocks.evaluation.intervals import interval
from goldilocks.formatting import number
from goldilocks.problem import standard
from goldilocks.tracking.store import MlflowStore

# Truth as `unlabeled.Rows.truth`, predictions, float32 (rows, outputs), and keys, uint64 (rows,).
Part = tuple[np.ndarray, np.ndarray, np.ndarray]


def lines(store: MlflowStore, run_id: str, schema: Schema, parts: Sequence[Part]) -> list[str]:
    """Return the score as people read it, and whether these rows were trained on; [] without truth.

    Args:
        store: Where the run is.
        run_id: Of the run that trained the model.
        schema: Of the model.
        parts: All predicted rows.

    Raises:
        StoreError: The store cannot be read.
    """
    if not parts:
        return []
    truth, predictions, keys = map(np.concatenate, zip(*parts, strict=True))
    rows = np.flatnonzero(np.isfinite(truth.reshape(len(truth), -1)).all(axis=1))
    if not len(rows):
        return []

    predictions, keys = predictions[rows], keys[rows]
    run = store.get_run(run_id)
    problem = standard(schema.problem)
    metrics = run.params.get("problem.metrics", "auto")
    if metrics != "auto":
        problem = replace(problem, metrics=tuple(json.loads(metrics)[:1]))
    [metric] = problem.metrics
    y = truth[rows].astype("int64" if problem.type == "multiclass" else "float32")
    encoded = encode_targets(problem, predictions.shape[1], y)
    score = number(scores.scores(problem, encoded, predictions)[metric])

    # Equal rows belong together, and so do windows that share points.
    clusters = keys if len(np.unique(keys)) < len(keys) else None
    if schema.kind == "series":
        clusters = rows // max(1, schema.lookback + schema.delay - 1)
    ends = interval(problem, metric, encoded, predictions, clusters)
    # Which rows of the file are of one group is not known here.
    if ends is not None and run.params.get("dataset.group", "null") == "null":
        score += f" ({number(ends.low)} to {number(ends.high)})"
    return [
        f"score     {metric} {score}, of {len(rows)} of {len(truth)} rows: those whose target is "
        "known",
        *_seen(store, run_id, keys),
    ]


def _seen(store: MlflowStore, run_id: str, keys: np.ndarray) -> list[str]:
    """Return sentences on which of the scored rows the run had: uint64 keys (rows,)."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = store.download_artifact(run_id, row_keys.FILE, Path(folder))
            with np.load(file) as logged:
                counts = {name: int(np.isin(keys, logged[name]).sum()) for name in logged}
    except StoreError:
        return ["The run logged no keys of its rows: whether it had these is not known."]

    sentences = [
        f"Of these {len(keys)} rows, {counts['train']} are equal to rows that the model was "
        f"trained on, {counts['validation']} to validation rows, and {counts['test']} to test "
        "rows of the run."
    ]
    if counts["train"] or counts["validation"]:
        sentences.append("The score is no measure of new data.")
    if counts["test"]:
        sentences.append("The test ledger does not have this evaluation on test rows.")
    return sentences
