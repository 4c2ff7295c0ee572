"""The curves of many runs at once: read run by run they take longer than all else in a report."""

import functools
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mlflow.entities.metric import MetricWithRunId
from mlflow.tracking import MlflowClient

from goldilocks.tracking.query import Histories, batches

RUNS_A_QUERY = 1000  # below the 2,100 values that the strictest database takes in one query
POINTS_A_QUERY = 2**31 - 1  # all
REQUESTS_AT_ONCE = 8  # to a tracking server
LARGEST = 1.7976931348623157e308  # what a database has for infinity


def histories(client: MlflowClient, run_ids: Sequence[str], names: Sequence[str]) -> Histories:
    """Return metrics of many runs, step by step.

    A database is read in one query per metric and 1,000 runs, any other store run by run.

    Args:
        client: Of the store.
        run_ids: Whole IDs.
        names: Of the metrics.

    Returns:
        For each of the runs, for each metric that it has, (step, value) in the order of steps. Of
        several values of a step the one logged last counts, as after a run that was taken up again.

    Raises:
        MlflowException: The store cannot be read.
        SQLAlchemyError: The database cannot be read.
    """
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {run_id: {} for run_id in run_ids}
    for name in dict.fromkeys(names):
        values: dict[str, dict[int, float]] = {}
        for point in sorted(_points(client, list(curves), name), key=lambda point: point.timestamp):
            values.setdefault(point.run_id, {})[point.step] = _unbounded(point.value)
        for run_id, curve in values.items():
            curves[run_id][name] = sorted(curve.items())
    return curves


def _points(client: MlflowClient, run_ids: Sequence[str], name: str) -> Iterator[MetricWithRunId]:
    store: Any = client._tracking_client.store  # pyright: ignore[reportPrivateUsage]
    if hasattr(store, "get_metric_history_bulk"):
        for some in batches(run_ids, RUNS_A_QUERY):
            yield from store.get_metric_history_bulk(some, name, POINTS_A_QUERY)
        return

    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        curves = pool.map(functools.partial(client.get_metric_history, key=name), run_ids)
        for run_id, points in zip(run_ids, curves, strict=True):
            yield from (MetricWithRunId(point, run_id) for point in points)


def _unbounded(value: float) -> float:
    """Return infinity where the store has the largest number instead."""
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value
