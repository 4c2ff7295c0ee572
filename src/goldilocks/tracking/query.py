"""Runs as the store has them, for comparisons, and the models that they logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow.entities import LoggedModel, Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import served
from goldilocks.tracking.database import located

if TYPE_CHECKING:
    import keras

IDS_A_QUERY = 100
REUSED = "reused."
EXPERIMENTS_SEARCHED = 1000  # for a run whose ID begins as a mistyped one does


@dataclass(frozen=True)
class StoredRun:
    """A run as the store has it.

    Attributes:
        run_id: MLflow's.
        name: For people.
        status: "FINISHED", "FAILED", "KILLED" or "RUNNING".
        params: As logged, by the keys of today.
        tags: As logged.
        metrics: The last value of each.
        val_loss: One value an epoch; empty where the curves were not asked for.
        experiment_id: MLflow's, of the experiment that it is in.
        started: When, in milliseconds since 1970.
    """

    run_id: str
    name: str
    status: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    val_loss: Sequence[float]
    experiment_id: str = ""
    started: int = 0


def several(
    client: MlflowClient, experiment_ids: Sequence[str], run_ids: Sequence[str]
) -> list[StoredRun]:
    """Return runs in the order of their IDs, without those that are not there."""
    runs: dict[str, StoredRun] = {}
    for start in range(0, len(run_ids), IDS_A_QUERY):
        ids = ", ".join(f"'{run_id}'" for run_id in run_ids[start : start + IDS_A_QUERY])
        for run in search(client, experiment_ids, f"attributes.run_id IN ({ids})"):
            runs[run.run_id] = run
    return [runs[run_id] for run_id in run_ids if run_id in runs]


def of_study(client: MlflowClient, experiment_id: str, study: str) -> list[StoredRun]:
    """Return the runs of a study's experiments, whose names begin with its own, as they started."""
    runs = search(client, [experiment_id], f"params.experiment LIKE '{study}_%'")
    # To LIKE, _ is any character.
    return [run for run in runs if run.params["experiment"].startswith(f"{study}_")]


def of_fingerprint(client: MlflowClient, experiment_id: str, fingerprint: str) -> list[StoredRun]:
    """Return the runs of one configuration, newest first, without curves."""
    runs = client.search_runs(
        [experiment_id],
        f"tags.fingerprint = '{fingerprint}'",
        max_results=100,
        order_by=["start_time DESC"],
    )
    return [_stored(run) for run in runs]


def reused(run: StoredRun) -> list[str]:
    """Return the IDs of the cached runs that a sweep took as its own."""
    lists = [ids for name, ids in run.tags.items() if name.startswith(REUSED)]
    return " ".join(lists).split()


def reused_tags(run_ids: Sequence[str]) -> dict[str, str]:
    """Return those IDs as tags of the sweep's run, none of them longer than MLflow allows."""
    return {
        f"{REUSED}{start // IDS_A_QUERY}": " ".join(run_ids[start : start + IDS_A_QUERY])
        for start in range(0, len(run_ids), IDS_A_QUERY)
    }


def history(client: MlflowClient, run_id: str, name: str) -> list[float]:
    """Return the values of a metric in the order of epochs; none if the run does not have it."""
    points = client.get_metric_history(run_id, name)
    return [point.value for point in sorted(points, key=lambda point: point.step)]


def search(
    client: MlflowClient,
    experiment_ids: Sequence[str],
    query: str,
    view: int = ViewType.ACTIVE_ONLY,
) -> list[StoredRun]:
    """Return the runs that match a query, in the order in which they started, without curves."""
    runs, token = [], None
    while True:
        page = client.search_runs(
            list(experiment_ids),
            query,
            view,
            max_results=1000,
            order_by=["start_time"],
            page_token=token,
        )
        runs += [_stored(run) for run in page]
        token = page.token
        if not token:
            return runs


def _stored(run: Run) -> StoredRun:
    data, info = run.data, run.info
    return StoredRun(
        run_id=info.run_id,
        name=str(info.run_name),
        status=info.status,
        params=data.params,
        tags=data.tags,
        metrics=data.metrics,
        val_loss=(),
        experiment_id=info.experiment_id,
        started=info.start_time or 0,
    )


def all_experiments(client: MlflowClient, view: int = ViewType.ACTIVE_ONLY) -> list[str]:
    """Return the IDs of all experiments of a store."""
    experiments = client.search_experiments(view_type=view, max_results=EXPERIMENTS_SEARCHED)
    return [experiment.experiment_id for experiment in experiments]


def one(client: MlflowClient, run_id: str, *, uri: str) -> StoredRun:
    """Return a run by its whole ID, without its curves.

    Args:
        client: Of the store.
        run_id: The whole ID.
        uri: Of the store, for the message.

    Raises:
        StoreError: There is no such run.
        MlflowException: The store cannot be read.
    """
    return _stored(_run(client, run_id, uri, "the run to look at"))


def load_model(client: MlflowClient, run_id: str, *, uri: str) -> keras.Model:
    """Load the model that a run logged, raw rows -> predictions.

    Args:
        client: Of the store.
        run_id: The whole ID.
        uri: Of the store, for the message.

    Raises:
        StoreError: There is no such run, or it logged no model that Keras can load.
        MlflowException: The store cannot be read.
    """
    logged = model_of(client, run_id, uri=uri, subject="model.init_from")
    load = served.keras_loader()
    try:
        return load(located(uri, logged.artifact_location))
    except (KeyError, TypeError, ValueError) as error:  # Another flavor, or layers unknown here.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise StoreError(
            f"the model of the run {run_id} cannot be loaded: {reason}. Expected a Keras model "
            "that this version of the program has logged; give the ID of another run."
        ) from error


def model_of(client: MlflowClient, run_id: str, *, uri: str, subject: str) -> LoggedModel:
    """Return MLflow's record of the model that a run logged.

    Args:
        client: Of the store.
        run_id: The whole ID.
        uri: Of the store, for the message.
        subject: What the run is to the caller, for the message.

    Raises:
        StoreError: There is no such run, or it logged no model.
        MlflowException: The store cannot be read.
    """
    run = _run(client, run_id, uri, subject)
    if not (run.outputs and run.outputs.model_outputs):
        raise StoreError(
            f"the run {run_id} ({run.info.run_name}, {run.info.status}) logged no model; expected "
            "a run that finished, not a sweep nor the parent of folds. Give the ID of one that did."
        )
    return client.get_logged_model(run.outputs.model_outputs[-1].model_id)


def _run(client: MlflowClient, run_id: str, uri: str, subject: str) -> Run:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if not is_missing(error):
            raise

    hint = ""
    if start := "".join(letter for letter in run_id if letter.isalnum()):
        close = client.search_runs(
            all_experiments(client), f"attributes.run_id LIKE '{start}%'", max_results=2
        )
        if len(close) == 1:
            hint = f" Did you mean {close[0].info.run_id} ({close[0].info.run_name})?"
    raise StoreError(
        f"{subject} is {run_id}, and the store {uri} has no such run; expected the whole ID of one "
        f"of its runs, which a run prints when it ends.{hint}"
    )


def is_missing(error: MlflowException) -> bool:
    """Return whether MLflow says that what was named does not exist, or cannot."""
    missing = map(ErrorCode.Name, (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE))
    return error.error_code in missing
