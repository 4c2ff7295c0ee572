"""Runs as the store has them, for comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlflow.tracking import MlflowClient


@dataclass(frozen=True)
class StoredRun:
    """A run that was tracked.

    Attributes:
        run_id: MLflow's.
        name: For people.
        status: "FINISHED", "FAILED", "KILLED" or "RUNNING".
        params: As logged.
        tags: As logged.
        metrics: The last value of each.
        val_loss: One value an epoch.
    """

    run_id: str
    name: str
    status: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    val_loss: Sequence[float]


def children(client: MlflowClient, experiment_id: str, parent: str) -> list[StoredRun]:
    """The runs of a sweep, in the order in which they started."""
    query = f"tags.`mlflow.parentRunId` = '{parent}'"
    found, token = [], None
    while True:
        page = client.search_runs([experiment_id], query, max_results=1000, order_by=["start_time"], page_token=token)
        found += page
        if not (token := page.token):
            break
    return [
        StoredRun(
            run.info.run_id,
            run.info.run_name,
            run.info.status,
            run.data.params,
            run.data.tags,
            run.data.metrics,
            [point.value for point in client.get_metric_history(run.info.run_id, "val_loss")],
        )
        for run in found
    ]
