"""Runs as the store has them, for comparisons, and the models that they logged."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlflow.entities import LoggedModel, Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from goldilocks.config import renamed
from goldilocks.errors import StoreError
from goldilocks.tracking.database import located

IDS_A_QUERY = 100
REUSED = "reused."
EXPERIMENTS_SEARCHED = 1000  # for a run whose ID begins as a mistyped one does


@dataclass(frozen=True)
class StoredRun:
    """A run that was tracked.

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
    """Runs by their IDs, in the order given; those that are not there are left out."""
    found: dict[str, StoredRun] = {}
    for start in range(0, len(run_ids), IDS_A_QUERY):
        ids = ", ".join(f"'{run_id}'" for run_id in run_ids[start : start + IDS_A_QUERY])
        found |= {
            run.run_id: run
            for run in search(client, experiment_ids, f"attributes.run_id IN ({ids})")
        }
    return [found[run_id] for run_id in run_ids if run_id in found]


def of_study(client: MlflowClient, experiment_id: str, study: str) -> list[StoredRun]:
    """The runs of experiments whose names begin with a study's, in the order in which they started, without curves."""
    found = search(client, [experiment_id], f"params.experiment LIKE '{study}_%'")
    return [
        run for run in found if run.params["experiment"].startswith(f"{study}_")
    ]  # To LIKE, _ is any character.


def of_fingerprint(client: MlflowClient, experiment_id: str, fingerprint: str) -> list[StoredRun]:
    """The runs of one configuration, newest first, without curves."""
    query = f"tags.fingerprint = '{fingerprint}'"
    found = client.search_runs(
        [experiment_id], query, max_results=100, order_by=["start_time DESC"]
    )
    return [_stored(run) for run in found]


def reused(run: StoredRun) -> list[str]:
    """The IDs of the runs that a sweep took from others, where it found them finished."""
    return [
        run_id
        for name, ids in run.tags.items()
        if name.startswith(REUSED)
        for run_id in ids.split()
    ]


def reused_tags(run_ids: Sequence[str]) -> dict[str, str]:
    """Those IDs as tags of the sweep's run, none of them longer than MLflow allows."""
    parts = range(0, len(run_ids), IDS_A_QUERY)
    return {
        f"{REUSED}{number}": " ".join(run_ids[start : start + IDS_A_QUERY])
        for number, start in enumerate(parts)
    }


def history(client: MlflowClient, run_id: str, name: str) -> list[float]:
    """The values of a metric in the order of epochs; none where the run does not have it."""
    return [
        point.value
        for point in sorted(client.get_metric_history(run_id, name), key=lambda point: point.step)
    ]


def search(
    client: MlflowClient,
    experiment_ids: Sequence[str],
    query: str,
    view: int = ViewType.ACTIVE_ONLY,
) -> list[StoredRun]:
    """The runs that a query finds, in the order in which they started, without curves."""
    found, token = [], None
    while True:
        page = client.search_runs(
            list(experiment_ids),
            query,
            view,
            max_results=1000,
            order_by=["start_time"],
            page_token=token,
        )
        found += page
        if not (token := page.token):
            break
    return [_stored(run) for run in found]


def _stored(run: Run) -> StoredRun:
    data, info = run.data, run.info
    return StoredRun(
        run_id=info.run_id,
        name=str(info.run_name),
        status=info.status,
        params=renamed.params(data.params),
        tags=data.tags,
        metrics=data.metrics,
        val_loss=(),
        experiment_id=info.experiment_id,
        started=info.start_time or 0,
    )


def one(client: MlflowClient, run_id: str, *, uri: str) -> StoredRun:
    """A run by its ID, without its curves.

    Args:
        client: Of the store.
        run_id: The whole ID.
        uri: Of the store, for the message.

    Raises:
        StoreError: There is no such run.
        MlflowException: The store cannot be read.
    """
    return _stored(_run(client, run_id, uri, "the run to look at"))


def model(client: MlflowClient, run_id: str, *, uri: str) -> Any:
    """The `keras.Model` that a run logged, raw rows -> predictions.

    Args:
        client: Of the store.
        run_id: The whole ID.
        uri: Of the store, for the message.

    Raises:
        StoreError: There is no such run, or it logged no model that Keras can load.
        MlflowException: The store cannot be read.
    """
    logged = model_of(client, run_id, uri=uri, asked="model.init_from")
    from goldilocks import backend  # First: it is quiet.
    from goldilocks.encoding import vectorization  # noqa: F401  Keras loads our own layers once they are defined.

    backend.find_devices()
    load_model = importlib.import_module("mlflow.keras").load_model

    try:
        return load_model(located(uri, logged.artifact_location))
    except (
        KeyError,
        TypeError,
        ValueError,
    ) as error:  # Of another flavor, or with layers that are not defined here.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise StoreError(
            f"the model of the run {run_id} cannot be loaded: {reason}. Expected a Keras model "
            "that this version of the program has logged; give the ID of another run."
        ) from error


def model_of(client: MlflowClient, run_id: str, *, uri: str, asked: str) -> LoggedModel:
    """MLflow's record of the model that a run logged.

    Args:
        client: Of the store.
        run_id: The whole ID.
        uri: Of the store, for the message.
        asked: Who names the run, for the message.

    Raises:
        StoreError: There is no such run, or it logged no model.
        MlflowException: The store cannot be read.
    """
    run = _run(client, run_id, uri, asked)
    if not (run.outputs and run.outputs.model_outputs):
        raise StoreError(
            f"the run {run_id} ({run.info.run_name}, {run.info.status}) logged no model; expected "
            "a run that finished, "
            "not a sweep nor the parent of folds. Give the ID of one that did."
        )
    return client.get_logged_model(run.outputs.model_outputs[-1].model_id)


def _run(client: MlflowClient, run_id: str, uri: str, asked: str) -> Run:
    """A run by its whole ID; `asked` says who names it."""
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in map(
            ErrorCode.Name, (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)
        ):
            raise
    everywhere = [
        found.experiment_id for found in client.search_experiments(max_results=EXPERIMENTS_SEARCHED)
    ]
    like = "".join(letter for letter in run_id if letter.isalnum())
    close = client.search_runs(
        everywhere, f"attributes.run_id LIKE '{like}%'", ViewType.ACTIVE_ONLY, max_results=2
    )
    hint = (
        f" Did you mean {close[0].info.run_id} ({close[0].info.run_name})?"
        if like and len(close) == 1
        else ""
    )
    raise StoreError(
        f"{asked} is {run_id}, and the store {uri} has no such run; expected the whole ID of one "
        "of its runs, "
        f"which a run prints when it ends.{hint}"
    )
