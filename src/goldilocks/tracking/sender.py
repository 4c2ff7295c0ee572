"""Entries of a journal -> the store. Each can be sent again: the store then has it once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import (
    DatasetInput,
    InputTag,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    RunTag,
)
from mlflow.models import Model
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient

from goldilocks.tracking.database import located
from goldilocks.tracking.journal import Journal

PARAMS_A_BATCH, METRICS_A_BATCH = 100, 1000  # MLflow's limits (field notes, section 2)


def send(
    client: MlflowClient,
    uri: str,
    run_id: str,
    journal: Journal,
    entries: Sequence[tuple[str, Any]],
) -> int:
    """Send the first of some entries: as many metrics as one call takes, or one entry of another kind.

    Args:
        client: Of the store.
        uri: Of the store.
        run_id: Of the run.
        journal: Where the folders lie that entries name.
        entries: At least one.

    Returns:
        How many were sent.

    Raises:
        MlflowException, SQLAlchemyError, OSError: The store did not take them.
    """
    kind, value = entries[0]
    if kind == "metrics":
        return _send_metrics(client, run_id, entries)
    if kind == "params":
        params = [Param(name, text) for name, text in value.items()]
        for start in range(0, len(params), PARAMS_A_BATCH):
            client.log_batch(run_id, params=params[start : start + PARAMS_A_BATCH])
    elif kind == "tags":
        client.log_batch(run_id, tags=[RunTag(name, text) for name, text in value.items()])
    elif kind == "dataset":
        context = InputTag("mlflow.data.context", value["context"])
        client.log_inputs(run_id, [DatasetInput(DatasetEntity(**value["dataset"]), [context])])
    elif kind == "files":
        location = client.get_run(run_id).info.artifact_uri
        repository(uri, str(location)).log_artifacts(
            str(journal.folder / value["folder"]), value["path"]
        )
    elif kind == "model":
        _send_model(client, uri, run_id, journal.folder / value["folder"])
    elif kind == "begin":
        pass  # For `repair`: the run was created before its journal was.
    elif kind == "end":
        if len(entries) == 1:  # Else the run has gone on since.
            client.set_terminated(run_id, value["status"], value["time"])
    else:
        raise ValueError(
            f"the journal {journal.folder} has an entry of the kind {kind}; expected one that is "
            "known."
        )
    return 1


def repository(uri: str, location: str) -> Any:
    """MLflow's access to the artifacts of a store's run or model."""
    return get_artifact_repository(located(uri, location), tracking_uri=uri)


def _send_metrics(client: MlflowClient, run_id: str, entries: Sequence[tuple[str, Any]]) -> int:
    """One batch of the metrics that stand first."""
    batch, count = [], 0
    for kind, value in entries:
        if kind != "metrics" or (batch and len(batch) + len(value["values"]) > METRICS_A_BATCH):
            break
        batch += [
            Metric(name, number, value["time"], value["epoch"])
            for name, number in value["values"].items()
        ]
        count += 1
    for start in range(0, len(batch), METRICS_A_BATCH):
        client.log_batch(run_id, metrics=batch[start : start + METRICS_A_BATCH])
    return count


def _send_model(client: MlflowClient, uri: str, run_id: str, folder: Path) -> None:
    """Log a saved model, as `mlflow.models.Model.log` does with one that is in memory."""
    run, noted = client.get_run(run_id), folder.with_name(f"{folder.name}.id")
    if noted.exists():  # An earlier try ended half-way, or its last answer was lost.
        fresh = client.get_logged_model(noted.read_text())
        if fresh.status == LoggedModelStatus.READY:
            return
    else:
        fresh = client.create_logged_model(
            run.info.experiment_id,
            name="model",
            source_run_id=run_id,
            params=dict(run.data.params),
            model_type=None,
        )
        noted.write_text(fresh.model_id)
    if fresh.model_id not in [
        each.model_id for each in (run.outputs.model_outputs if run.outputs else [])
    ]:
        client.log_outputs(run_id, [LoggedModelOutput(fresh.model_id, step=0)])
    described = Model.load(str(folder))
    described.artifact_path = fresh.artifact_location
    described.run_id, described.model_uuid, described.model_id = (
        run_id,
        fresh.model_id,
        fresh.model_id,
    )
    described.save(str(folder / "MLmodel"))
    repository(uri, fresh.artifact_location).log_artifacts(str(folder))
    client.finalize_logged_model(fresh.model_id, LoggedModelStatus.READY)
