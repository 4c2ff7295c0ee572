"""Runs as the store has them, for comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
        val_loss: One value an epoch; empty where the curves were not asked for.
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
    found = _search(client, experiment_id, f"tags.`mlflow.parentRunId` = '{parent}'")
    return [replace(run, val_loss=history(client, run.run_id, "val_loss")) for run in found]


def of_study(client: MlflowClient, experiment_id: str, study: str) -> list[StoredRun]:
    """The runs of experiments whose names begin with a study's, in the order in which they started, without curves."""
    found = _search(client, experiment_id, f"params.experiment LIKE '{study}_%'")
    return [run for run in found if run.params["experiment"].startswith(f"{study}_")]  # To LIKE, _ is any character.


def history(client: MlflowClient, run_id: str, name: str) -> list[float]:
    """The values of a metric in the order of epochs; none where the run does not have it."""
    return [point.value for point in sorted(client.get_metric_history(run_id, name), key=lambda point: point.step)]


def _search(client: MlflowClient, experiment_id: str, query: str) -> list[StoredRun]:
    """The runs that a query finds, in the order in which they started, without curves."""
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
            (),
        )
        for run in found
    ]
