"""Entries of a journal -> the store. Each can be sent again: the store then has it once."""

from collections.abc import Sequence
from pathlib import Path

from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import (
    DatasetInput,
    InputTag,
    LoggedModel,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    Run,
    RunTag,
)
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from yaml import YAMLError

from goldilocks.tracking.database import located
from goldilocks.tracking.journal import KINDS, Entry, Journal
from goldilocks.tracking.query import batches

PARAMS_A_BATCH, METRICS_A_BATCH = 100, 1000  # MLflow's limits
JOURNAL = "goldilocks.journal"  # tag of a run or model: what its journal calls it
HEARTBEAT = "goldilocks.heartbeat"  # tag of a run: when its process lived, in milliseconds
ENTRIES_AT_ONCE = 100  # of metrics; what fails half-way is sent again, and the store has it once


def send(client: MlflowClient, uri: str, journal: Journal, entries: Sequence[Entry]) -> int:
    """Send the first entries: some of metrics, or one entry of another kind.

    Args:
        client: Of the store.
        uri: Of the store.
        journal: Of the run; it has the folders that entries name.
        entries: At least one.

    Returns:
        How many were sent.

    Raises:
        MlflowException, SQLAlchemyError, OSError: The store did not take them.
    """
    run_id = journal.run_id
    kind, value = entries[0].kind, entries[0].value
    if kind == "metrics":
        return _send_metrics(client, run_id, entries)

    if kind == "params":
        params = [Param(name, text) for name, text in value.items()]
        for some in batches(params, PARAMS_A_BATCH):
            client.log_batch(run_id, params=some)
    elif kind == "tags":
        client.log_batch(run_id, tags=[RunTag(name, text) for name, text in value.items()])
    elif kind == "dataset":
        context = InputTag("mlflow.data.context", value["context"])
        client.log_inputs(run_id, [DatasetInput(DatasetEntity(**value["dataset"]), [context])])
    elif kind == "files":
        artifacts = repository(uri, str(client.get_run(run_id).info.artifact_uri))
        artifacts.log_artifacts(str(journal.folder / value["folder"]), value["path"])
    elif kind == "model":
        identity = f"{entries[0].number}-{run_id}"
        _send_model(client, uri, run_id, journal.folder / value["folder"], identity)
    elif kind in ("begin", "opened", "resumed"):
        pass  # For `repair`.
    elif kind == "lost":
        numbers = ", ".join(map(str, value["numbers"]))
        client.set_tag(run_id, "journal.lost", f"the entries {numbers} of its journal")
    elif kind == "end":
        if len(entries) == 1:  # Else the run was resumed since.
            client.set_terminated(run_id, value["status"], value["time"])
    else:
        raise ValueError(
            f"the journal {journal.folder} has an entry of the kind {kind}; expected one of "
            f"{', '.join(KINDS)}."
        )
    return 1


def repository(uri: str, location: str) -> ArtifactRepository:
    """Return MLflow's access to the artifacts of a store's run or model."""
    return get_artifact_repository(located(uri, location), tracking_uri=uri)


def _send_metrics(client: MlflowClient, run_id: str, entries: Sequence[Entry]) -> int:
    """Send the metrics that stand first, and return how many entries that were."""
    count, batch = 0, []
    for entry in entries[:ENTRIES_AT_ONCE]:
        if entry.kind != "metrics":
            break
        for name, number in entry.value["values"].items():
            batch.append(Metric(name, number, entry.value["time"], entry.value["epoch"]))
        count += 1

    for some in batches(batch, METRICS_A_BATCH):
        client.log_batch(run_id, metrics=some)
    return count


def _send_model(client: MlflowClient, uri: str, run_id: str, folder: Path, identity: str) -> None:
    """Log a saved model, as `mlflow.models.Model.log` does with one that is in memory."""
    run = client.get_run(run_id)
    logged = _logged_model(client, run, identity)
    if logged.status == LoggedModelStatus.READY:
        return

    outputs = run.outputs.model_outputs if run.outputs else []
    if logged.model_id not in [output.model_id for output in outputs]:
        client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])

    description, file = _description(folder), folder / "MLmodel"
    description.artifact_path = logged.artifact_location
    description.run_id = run_id
    description.model_uuid = description.model_id = logged.model_id
    fresh = file.with_suffix(".new")
    description.save(str(fresh))
    fresh.replace(file)  # In one step: a process that is killed leaves it whole.
    repository(uri, logged.artifact_location).log_artifacts(str(folder))
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)


def _description(folder: Path) -> Model:
    """Return what MLflow's file in the folder of a model says.

    Raises:
        MlflowException: The file is damaged.
    """
    try:
        return Model.load(str(folder))
    except (AttributeError, TypeError, ValueError, YAMLError) as error:
        raise MlflowException.invalid_parameter_value(
            f"a model's file {folder / 'MLmodel'} is damaged; without its folder, the run is sent "
            "without the model"
        ) from error


def _logged_model(client: MlflowClient, run: Run, identity: str) -> LoggedModel:
    """Create MLflow's record of a model, once: an earlier try may have ended half-way."""
    experiment_id = run.info.experiment_id
    mine = f"tags.`{JOURNAL}` = '{identity}'"
    for logged in client.search_logged_models([experiment_id], filter_string=mine):
        return logged
    return client.create_logged_model(
        experiment_id,
        name="model",
        source_run_id=run.info.run_id,
        tags={JOURNAL: identity},
        params=dict(run.data.params),
        model_type=None,
    )
