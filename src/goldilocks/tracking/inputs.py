"""The input of a logged model: its `input.json`, or what version 0.1 logged elsewhere."""

import json

from mlflow.entities import Run

from goldilocks.dataset.readers.reading import CATEGORY, NUMBER, Reading
from goldilocks.encoding import schema
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError, StoreError
from goldilocks.tracking.failures import explained
from goldilocks.tracking.store import MlflowStore


def of(store: MlflowStore, run_id: str) -> Schema:
    """Return what the model of a run takes, and what its predictions mean.

    Args:
        store: Where the run is.
        run_id: The whole ID.

    Raises:
        StoreError: There is no such run, it did not log that, or the store cannot be read.
    """
    run, artifacts = store.mlflow_run(run_id), store.artifacts(run_id)
    try:
        with explained(store.uri):
            if schema.FILE not in [item.path for item in artifacts.list_artifacts(None)]:
                return _derived(run)
        return schema.from_json(store.read_artifact(run_id, schema.FILE).decode())
    except (DataError, LookupError, ValueError) as error:
        reason = "" if isinstance(error, LookupError) else f" ({str(error).rstrip('.')})"
        raise StoreError(
            f"the run {run_id} ({run.info.run_name}) did not log what its model takes{reason}; "
            "expected a run on images, a table, texts or a series that this version of the "
            "program trained, not a sweep nor the parent of folds. Give the ID of one that did, or "
            "train it again."
        ) from error


def _derived(run: Run) -> Schema:
    """Return the schema of a run without `input.json`, from its data set, parameters and tags.

    Of series such a run did not log the names of the columns.

    Raises:
        LookupError: One of them is missing.
    """
    if run.inputs is None:
        raise LookupError("the run has no data set")
    dataset = run.inputs.dataset_inputs[-1].dataset
    params, problem = run.data.params, run.data.tags["problem"]
    logged = json.loads(dataset.schema or "{}")
    target, text = _param(params, "dataset.target"), _param(params, "dataset.text")

    image_size, channels, columns = None, 0, {}
    if "mlflow_colspec" in logged:
        kind = "table"
        columns = {
            column["name"]: Reading(kind=NUMBER if column["type"] == "float64" else CATEGORY)
            for column in logged["mlflow_colspec"]
        }
    else:
        [spec] = json.loads(logged["mlflow_tensorspec"]["features"])
        shape = spec["tensor-spec"]["shape"][1:]
        kind = {3: "image", 0: "text"}[len(shape)]
        if shape:
            *size, channels = shape
            image_size = (size[0], size[1])

    return Schema(
        kind=kind,
        problem=problem,
        target=schema.target_of(target or "", problem),
        classes=tuple(json.loads(dataset.profile or "{}")["classes"]),
        columns=columns,
        image_size=image_size,
        channels=channels,
        text=text,
    )


def _param(params: dict[str, str], name: str) -> str | None:
    value = params.get(name, "null")
    return None if value == "null" else value
