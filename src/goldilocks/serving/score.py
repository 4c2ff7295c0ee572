"""Predictions of rows whose truth is known -> their score, and whether the model had seen them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from goldilocks.config import own
from goldilocks.encoding.schema import Schema
from goldilocks.encoding.targets import encode_targets
from goldilocks.errors import ProblemError, StoreError
from goldilocks.evaluation import measures, scores
from goldilocks.evaluation.intervals import interval
from goldilocks.formatting import number
from goldilocks.problem import COST, PROBLEMS, Problem, standard
from goldilocks.run import seen_rows, summary
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.store import MlflowStore

# Truth as `unlabeled.Rows.truth`, predictions, float32 (rows, outputs), and keys as
# `seen_rows.keys_of`.
Part = tuple[np.ndarray, ...]


TOGETHER = ("group", "query", "time")  # keys of columns by which rows are kept together


def lines(store: MlflowStore, run_id: str, schema: Schema, parts: Sequence[Part]) -> list[str]:
    """Return the score as people read it, and how many of these rows the run had; [] without truth.

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
    of_all, predictions, keys = map(np.concatenate, zip(*parts, strict=True))
    has_truth = np.isfinite(of_all.reshape(len(of_all), -1)).all(axis=1)
    truth, predictions, keys = of_all[has_truth], predictions[has_truth], keys[has_truth]
    if not len(truth):
        return []

    run, notes = store.get_run(run_id), list[str]()
    try:
        problem = _measured(run, schema)
    except ProblemError as error:
        problem = standard(schema.problem, schema.thresholds)
        notes = [str(error)]
    metric = problem.metric
    y = truth.astype("int64" if problem.type == "multiclass" else "float32")
    encoded = encode_targets(problem, predictions.shape[1], y)
    score = number(scores.scores(problem, encoded, predictions)[metric])

    # Equal rows belong together. Which rows are of one group is not known here, nor which are
    # neighbours in time, whose errors are alike.
    clusters = None
    if len(np.unique(keys[:, 0])) < len(keys):
        clusters = keys[:, 0]
    ends = interval(problem, metric, encoded, predictions, clusters)
    alone = all(run.params.get(f"dataset.{key}", "null") == "null" for key in TOGETHER)
    alone &= run.params.get("dataset.outer_folders") != "groups" and schema.kind != "series"
    if ends is not None and alone:
        score += f" ({summary.interval(ends.low, ends.high, ends.few_rows)})"
    return [
        *notes,
        f"score     {metric} {score}, of {len(truth)} of {len(of_all)} rows: those whose target "
        "the model knows",
        _seen(store, run_id, keys),
    ]


def _measured(run: StoredRun, schema: Schema) -> Problem:
    """Return the problem of a model with the primary metric of its run.

    Which rows are of one query is not known here, and then the metric is that of the problem type.

    Raises:
        ProblemError: It is a person's own, and this folder's project does not list its package.
    """
    problem, path = standard(schema.problem, schema.thresholds), query.primary_metric(run)
    if "." in path:
        package = path.partition(".")[0]
        if package not in own.listed():
            raise ProblemError(
                f"{path}, the metric of the run, is not computed: conf/config.yaml of this folder "
                f"does not list its package; if it is yours, add there own: [{package}]."
            )
        [metric] = own.metrics({"own": own.listed(), "problem": {"metrics": [path]}})
        return replace(problem, metrics=(metric.name,), own_metrics=(metric,))
    if path == COST:
        return replace(problem, metrics=(path,), cost=tuple(json.loads(run.params["problem.cost"])))
    if path not in PROBLEMS[schema.problem].metrics or measures.get(path).by_query:
        return problem
    return replace(problem, metrics=(path,))


def _seen(store: MlflowStore, run_id: str, keys: np.ndarray) -> str:
    """Return the sentence on which of the scored rows the run had: uint64 keys (rows, ways)."""
    try:
        logged = seen_rows.logged(store, run_id)
    except StoreError as error:
        return f"Whether the run had these rows is not known: {error}"
    counts = [
        f"{seen_rows.among(keys, of_part).sum()} in {part}" for part, of_part in logged.items()
    ]
    return f"Of these {len(keys)} rows, so many are equal to rows of the run: {', '.join(counts)}."
