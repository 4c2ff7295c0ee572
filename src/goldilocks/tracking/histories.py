"""The curves of many runs at once: read run by run they take longer than all else in a report."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from mlflow.entities.metric import Metric, MetricWithRunId
from mlflow.store.tracking.rest_store import RestStore
from mlflow.tracking import MlflowClient
from mlflow.utils.request_utils import augmented_raise_for_status
from mlflow.utils.rest_utils import http_request

from goldilocks.tracking.query import Histories, batches

RUNS_A_QUERY = 1000  # below the 2,100 values that the strictest database takes in one query
POINTS_A_QUERY = 2**31 - 1  # all
# MLflow 3.17.2, server/handlers.py: get_metric_history_bulk_handler
RUNS_A_REQUEST, POINTS_A_REPLY = 100, 25_000
# What the MLflow UI itself requests; it cuts long replies off without a word.
BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
LARGEST = 1.7976931348623157e308  # what a database has for infinity


def histories(client: MlflowClient, run_ids: Sequence[str], names: Sequence[str]) -> Histories:
    """Return metrics of many runs, step by step.

    A database is read in one query per metric and 1,000 runs, a tracking server in one request per
    metric and 100 runs, any other store run by run.

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
    elif isinstance(store, RestStore):
        yield from _of_server(client, store, run_ids, name)
    else:
        yield from _one_by_one(client, run_ids, name)


def _of_server(
    client: MlflowClient, store: RestStore, run_ids: Sequence[str], name: str
) -> Iterator[MetricWithRunId]:
    waiting = batches(run_ids, RUNS_A_REQUEST)
    while waiting:
        some = waiting.pop()
        points = _reply(store, some, name)
        if points is not None and len(points) < POINTS_A_REPLY:
            yield from points
        elif points is None or len(some) == 1:
            yield from _one_by_one(client, some, name)
        else:  # Cut off: ask again for fewer runs.
            waiting += [some[: len(some) // 2], some[len(some) // 2 :]]


def _reply(store: RestStore, run_ids: Sequence[str], name: str) -> list[MetricWithRunId] | None:
    """Return at most `POINTS_A_REPLY` points; None from a server that does not know the request."""
    reply: Any = http_request(
        host_creds=store.get_host_creds(),
        endpoint=BULK,
        method="GET",
        params={"run_id": list(run_ids), "metric_key": name},
    )
    if reply.status_code in (404, 405):
        return None
    augmented_raise_for_status(reply)
    return [
        MetricWithRunId(Metric.from_dictionary(point), point["run_id"])
        for point in reply.json()["metrics"]
    ]


def _one_by_one(
    client: MlflowClient, run_ids: Sequence[str], name: str
) -> Iterator[MetricWithRunId]:
    for run_id in run_ids:
        for point in client.get_metric_history(run_id, name):
            yield MetricWithRunId(point, run_id)


def _unbounded(value: float) -> float:
    """Return infinity where the store has the largest number instead."""
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value
