"""Predictions of rows whose truth is known -> their score, and whether the model had seen them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from goldilocks.dataset import row_keys
from goldilocks.encoding.schema import Schema
from goldilocks.encoding.targets import encode_targets
from goldilocks.errors import StoreError
from goldilocks.evaluation import scores
from goldilocks.evaluation.intervals import interval
from goldilocks.formatting import number
from goldilocks.problem import Problem, resolve
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.store import MlflowStore


@dataclass(frozen=True)
class Scored:
    """Some predicted rows.

    Attributes:
        truth: As `unlabeled.Rows.truth`.
        predictions: float32 (rows, outputs).
        keys: As `unlabeled.Rows.keys`.
    """

    truth: np.ndarray
    predictions: np.ndarray
    keys: np.ndarray


def lines(store: MlflowStore, run_id: str, schema: Schema, parts: Sequence[Scored]) -> list[str]:
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
    truth = np.concatenate([part.truth for part in parts])
    known = np.asarray(np.isfinite(truth.reshape(len(truth), -1)).all(axis=1))
    rows = np.flatnonzero(known)
    if not len(rows):
        return []
    predictions = np.concatenate([part.predictions for part in parts])[rows]
    keys = np.concatenate([part.keys for part in parts])[rows]

    run = store.get_run(run_id)
    problem = _problem(run, schema)
    y = truth[rows].astype("int64" if problem.type == "multiclass" else "float32")
    encoded = encode_targets(problem, predictions.shape[1], y)
    # Windows that share points belong together. Which rows of a file do, is not known here.
    clusters = rows // (schema.lookback + schema.delay - 1) if schema.lookback else None
    grouped = run.params.get("dataset.group", "null") != "null"
    words = []
    for name, value in scores.scores(problem, encoded, predictions).items():
        ends = None if grouped else interval(problem, name, encoded, predictions, clusters)
        between = f" ({number(ends.low)} to {number(ends.high)})" if ends else ""
        words.append(f"{name} {number(value)}{between}")
    of_all = f"of {len(rows)} rows" if known.all() else f"of the {len(rows)} of {len(known)} rows"
    said = "" if known.all() else " whose target is known"
    return [
        f"score     {', '.join([*words[1:], words[0]])}, {of_all}{said}",
        *_seen(store, run, keys),
    ]


def _problem(run: StoredRun, schema: Schema) -> Problem:
    """Return the problem of a run, from what it logged."""
    metrics = run.params.get("problem.metrics", "auto")
    problem = resolve(
        schema.problem,
        type="auto",
        last_activation="auto",
        loss=run.params.get("problem.loss", "auto"),
        metrics="auto" if metrics == "auto" else json.loads(metrics),
        standardize="auto",
        override=True,
    )
    return replace(problem, scale=tuple(json.loads(run.tags.get("problem.scale", "[]"))))


def _seen(store: MlflowStore, run: StoredRun, keys: np.ndarray) -> list[str]:
    """Return sentences on which of the scored rows the run had: uint64 keys (rows, n)."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = store.download_artifact(run.run_id, row_keys.FILE, Path(folder))
            with np.load(file) as logged:
                counts = {
                    name: int(np.isin(keys, logged[name]).any(axis=1).sum()) for name in logged
                }
    except StoreError:
        return [
            "The run logged no keys of its rows, so nobody can tell whether the model was trained "
            "on these."
        ]

    rows, sentences = len(keys), []
    trained, validated, tested = (counts[name] for name in ("train", "validation", "test"))
    if trained or validated:
        sentences.append(
            f"{trained} of these {rows} rows are equal to rows that the model was trained on, "
            f"{validated} to rows that it was validated with: the score is no measure of new data."
        )
    else:
        sentences.append("None of these rows is equal to one that was trained or validated with.")
    if tested:
        sentences.append(
            f"{tested} of them are equal to test rows of the run: this was an evaluation on test "
            "rows, and the test ledger does not have it. final=true is the one that it has."
        )
    return sentences
