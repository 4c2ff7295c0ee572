"""The MLflow store: MLflow's default in this folder, a database, or a tracking server."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

import mlflow
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from goldilocks import console
from goldilocks.errors import StoreError
from goldilocks.tracking import database, page
from goldilocks.tracking.failures import explained
from goldilocks.tracking.store import MlflowStore

EXPERIMENT = "goldilocks"  # of conf/tracking/local.yaml
DEFAULT_EXPERIMENT = "0"  # MLflow's own, in every store


def connect(*, uri: str | None, experiment: str) -> MlflowStore:
    """Open a store and its experiment for reading and writing, and create what is not there yet.

    Args:
        uri: An MLflow tracking URI; None: `MLFLOW_TRACKING_URI`, else MLflow's default, mlflow.db
            in this folder.
        experiment: Name of the MLflow experiment.

    Raises:
        StoreError: It cannot be reached or written.
    """
    uri = uri or default_uri()
    with explained(uri):
        database.reach(uri)
        return _opened(uri, experiment, create=True, address=uri)


def open_existing(*, uri: str | None, experiment: str) -> MlflowStore:
    """Open a store for reading: nothing is created, migrated or locked.

    Args:
        uri: As of `connect`.
        experiment: Name of the MLflow experiment in which a study's runs are searched. Runs are
            found by their IDs in any experiment, so a store without this one can be read too.

    Raises:
        StoreError: There is no store, or it cannot be read.
    """
    uri = uri or default_uri()
    with explained(uri):
        return _opened(uri, experiment, create=False, address=database.readable(uri))


def default_uri() -> str:
    """Return the tracking URI where none is given."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path.cwd() / 'mlflow.db'}"


@contextlib.contextmanager
def keeping_uri() -> Generator[None]:
    """Put MLflow's own tracking URI back after a `with`: a person's program may use another store.

    MLflow keeps it in an environment variable too, where the next store would be looked for.
    """
    before, variable = "", os.environ.get("MLFLOW_TRACKING_URI")
    if mlflow.is_tracking_uri_set():
        before = mlflow.get_tracking_uri()
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        if variable is not None:
            os.environ["MLFLOW_TRACKING_URI"] = variable


def _opened(uri: str, name: str, *, create: bool, address: str) -> MlflowStore:
    mlflow.set_tracking_uri(address)
    client = MlflowClient(address)
    experiment = client.get_experiment_by_name(name)
    if experiment is None and create:
        experiment = _create(client, uri, name)
    elif experiment is None:
        experiment = client.get_experiment(DEFAULT_EXPERIMENT)

    if experiment.lifecycle_stage == "deleted":
        raise StoreError(
            f"the MLflow experiment {experiment.name} in {uri} was deleted. Restore it with "
            f"`mlflow experiments restore --experiment-id {experiment.experiment_id}`, or use "
            "another: tracking.experiment=NAME."
        )
    # MLflow's default, of a new one; or who made it was killed before the next line.
    default = (Path.cwd() / "mlruns" / experiment.experiment_id).as_posix()
    if create and experiment.artifact_location.endswith(default):
        database.store_artifacts_nearby(uri, experiment.experiment_id)
    return MlflowStore(client, uri, experiment.experiment_id, experiment.name)


def _create(client: MlflowClient, uri: str, name: str) -> Experiment:
    """Create an experiment, in one of the processes that want it."""
    with database.lock(uri):
        if existing := client.get_experiment_by_name(name):
            return existing
        try:
            experiment_id = client.create_experiment(name, tags=dict(page.EXPERIMENT))
        except MlflowException:  # Of a server, another machine may have made it at this moment.
            if existing := client.get_experiment_by_name(name):
                return existing
            raise
        made = client.get_experiment(experiment_id)
    if not uri.startswith((database.SQLITE, "http")):
        console.note(
            f"artifacts of the experiment {name} lie in {made.artifact_location}: on other "
            "machines the same path, or a server, has to hold them"
        )
    return made
