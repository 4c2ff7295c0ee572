"""The MLflow store: MLflow's own default in this folder, a database elsewhere, or a tracking server."""

import os
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import database
from goldilocks.tracking.failures import explained
from goldilocks.tracking.protocols import Store
from goldilocks.tracking.store import MlflowStore

# The MLflow UI then opens on runs and their metrics, not on its pages for language-model traces.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


def connect(*, uri: str | None, experiment: str) -> Store:
    """Open a store and its experiment, creating what is not there yet.

    Args:
        uri: An MLflow tracking URI; None: `MLFLOW_TRACKING_URI`, else MLflow's default, mlflow.db
            in this folder.
        experiment: Name of the MLflow experiment.

    Raises:
        StoreError: It cannot be reached or written.
    """
    where = uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path.cwd() / 'mlflow.db'}"
    with explained(where):
        database.reach(where)
        mlflow.set_tracking_uri(where)
        client = MlflowClient(where)
        found = client.get_experiment_by_name(experiment) or _created(client, where, experiment)
        if found.lifecycle_stage == "deleted":
            raise StoreError(
                f"the MLflow experiment {experiment} in {where} was deleted. Restore it with "
                "`mlflow experiments "
                f"restore --experiment-id {found.experiment_id}`, or use another: "
                "tracking.experiment=NAME."
            )
        return MlflowStore(client, where, found.experiment_id, experiment)


def _created(client: MlflowClient, uri: str, experiment: str) -> Any:
    """An experiment that was not there, made by one of the processes that want it."""
    with database.lock(uri):
        if client.get_experiment_by_name(experiment) is None:
            try:
                database.beside(uri, client.create_experiment(experiment, tags=EXPERIMENT_TAGS))
            except MlflowException:  # Of a server, another machine may have made it at this moment.
                if client.get_experiment_by_name(experiment) is None:
                    raise
        return client.get_experiment_by_name(experiment)
