"""Entries of a journal -> the store. Each can be sent again: the store then has it once."""

import functools
import itertools
import re
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

JOURNAL = "goldilocks.journal"  # tag of a run or model: what its journal calls it
# Kinds of entries that go together: of a run that trained for less than a second the store has all
# in two calls, and each takes some ten transactions. "begin" and the like are for `repair`.
TOGETHER = ("begin", "opened", "resumed", "params", "metrics", "tags")
MODELS: dict[str, str] = {}  # of the runs of this process, by ID
ENTRIES_AT_ONCE = 100  # of these; what fails half-way is sent again, and the store has it once


def send(client: MlflowClient, uri: str, journal: Journal, entries: Sequence[Entry]) -> int:
    """Send the first entries: some of those that go together, or one of another kind.

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
    if kind in TOGETHER:
        return _send_together(client, run_id, entries)

    if kind == "dataset":
        parts = list(itertools.takewhile(lambda entry: entry.kind == "dataset", entries))
        client.log_inputs(run_id, [_input(entry) for entry in parts])
        return len(parts)

    if kind == "files":
        artifacts = repository(uri, str(_run(client, run_id).info.artifact_uri))
        artifacts.log_artifacts(str(journal.folder / value["folder"]), value["path"])
    elif kind == "model":
        identity = f"{entries[0].number}-{run_id}"
        _send_model(client, uri, run_id, journal.folder / value["folder"], identity)
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


def _input(entry: Entry) -> DatasetInput:
    context = InputTag("mlflow.data.context", entry.value["context"])
    return DatasetInput(DatasetEntity(**entry.value["dataset"]), [context])


def repository(uri: str, location: str) -> ArtifactRepository:
    """Return MLflow's access to the artifacts of a store's run or model."""
    return get_artifact_repository(located(uri, location), tracking_uri=uri)


def _send_together(client: MlflowClient, run_id: str, entries: Sequence[Entry]) -> int:
    """Send the parameters, metrics and tags that stand first, and return how many entries."""
    first = entries[:ENTRIES_AT_ONCE]
    together = list(itertools.takewhile(lambda entry: entry.kind in TOGETHER, first))
    params, tags, metrics = dict[str, str](), dict[str, str](), list[Metric]()
    for entry in together:
        if entry.kind == "params":
            params |= entry.value
        elif entry.kind == "tags":
            tags |= entry.value
        elif entry.kind == "metrics":
            values, now, epoch = (entry.value[key] for key in ("values", "time", "epoch"))
            of_model = None if epoch else _model_id(client, run_id)
            metrics += [
                Metric(name, number, now, epoch, of_model) for name, number in values.items()
            ]

    client.log_batch(
        run_id,
        metrics=metrics,
        params=[Param(name, text) for name, text in params.items()],
        tags=[RunTag(name, text) for name, text in tags.items()],
    )
    return len(together)


def _model_id(client: MlflowClient, run_id: str) -> str | None:
    """Return the ID of the model of a run, which single metrics belong to; None before it is sent.

    In a journal, a model stands before the metrics of the whole training.
    """
    if run_id not in MODELS:  # Another process has sent it, or there is none.
        outputs = client.get_run(run_id).outputs
        if not (outputs and outputs.model_outputs):
            return None
        MODELS[run_id] = outputs.model_outputs[-1].model_id
    return MODELS[run_id]


@functools.lru_cache(maxsize=1)  # The model and the files of one run follow each other.
def _run(client: MlflowClient, run_id: str) -> Run:
    """Return a run whose parameters were sent; of it, what does not change is read alone."""
    return client.get_run(run_id)


def _send_model(client: MlflowClient, uri: str, run_id: str, folder: Path, identity: str) -> None:
    """Log a saved model, as `mlflow.models.Model.log` does with one that is in memory."""
    logged = _logged_model(client, _run(client, run_id), identity)
    MODELS[run_id] = logged.model_id
    if logged.status == LoggedModelStatus.READY:
        return

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
    """Create MLflow's record of a run's model, once: an earlier try may have ended half-way."""
    experiment_id, run_id = run.info.experiment_id, run.info.run_id
    mine = f"tags.`{JOURNAL}` = '{identity}'"
    earlier = client.search_logged_models([experiment_id], filter_string=mine)
    if earlier:
        [logged], outputs = earlier, client.get_run(run_id).outputs
        if outputs and logged.model_id in [output.model_id for output in outputs.model_outputs]:
            return logged
    else:
        logged = client.create_logged_model(
            experiment_id,
            name=re.sub(r"[/:.%\"']", "-", str(run.info.run_name)),  # MLflow takes none of these.
            source_run_id=run_id,
            tags={JOURNAL: identity},
            params=dict(run.data.params),
            model_type=None,
        )
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return logged
