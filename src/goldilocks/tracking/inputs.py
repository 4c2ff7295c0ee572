"""What the model of a logged run takes: its `input.json`, or what an earlier version logged in other places."""

import json
import tempfile
from pathlib import Path
from typing import Any

from mlflow.tracking import MlflowClient

from goldilocks.dataset.readers.features import kind_of
from goldilocks.encoding import schema
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError, StoreError
from goldilocks.tracking import sender


def of(client: MlflowClient, run_id: str, *, uri: str) -> Schema:
    """The schema of the model of a run.

    Args:
        client: Of the store.
        run_id: Of a run that is there.
        uri: Of the store.

    Raises:
        StoreError: The run did not note it.
        MlflowException: The store cannot be read.
    """
    run = client.get_run(run_id)
    files = sender.repository(uri, str(run.info.artifact_uri))
    try:
        if schema.FILE in [item.path for item in files.list_artifacts(None)]:
            with tempfile.TemporaryDirectory() as folder:
                return schema.from_json(
                    Path(files.download_artifacts(schema.FILE, folder)).read_text("utf-8")
                )
        return _earlier(run)
    except (DataError, LookupError, ValueError) as error:
        reason = "" if isinstance(error, LookupError) else f" ({str(error).rstrip('.')})"
        raise StoreError(
            f"the run {run_id} ({run.info.run_name}) did not note what its model takes{reason}; "
            "expected a run on "
            "images, a table, texts or a series that this version of the program trained. Train it "
            "again."
        ) from error


def _earlier(run: Any) -> Schema:
    """The schema of a run without `input.json`, from its data set, parameters and tags; a `LookupError` without them.

    Of series such a run did not note the names of the columns.
    """
    logged = run.inputs.dataset_inputs[-1].dataset
    params, columns = run.data.params, json.loads(logged.schema)
    kind = {"mlflow_colspec": "table", "mlflow_tensorspec": "image"}[next(iter(columns))]
    shape: tuple[int, ...] = ()
    if kind == "image":
        [spec] = json.loads(columns["mlflow_tensorspec"]["features"])
        shape = tuple(spec["tensor-spec"]["shape"][1:])
        kind = {3: "image", 0: "text"}[len(shape)]
    target = params.get("dataset.target", "null")
    return Schema(
        kind=kind,
        problem=run.data.tags["problem"],
        target=schema.target_of("" if target == "null" else target, run.data.tags["problem"]),
        classes=tuple(json.loads(logged.profile)["classes"]),
        unit="",
        columns={each["name"]: kind_of(each["type"]) for each in columns.get("mlflow_colspec", ())},
        image_size=(shape[0], shape[1]) if shape else None,
        channels=shape[2] if shape else 0,
        text=None if params.get("dataset.text", "null") == "null" else params["dataset.text"],
        time=None,
        lookback=0,
        step=0,
        delay=0,
    )
