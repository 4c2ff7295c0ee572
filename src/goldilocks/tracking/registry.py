"""Registered models: the model of a run becomes a version of one, and is found by its name."""

import json
import re
from dataclasses import dataclass

from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    INVALID_PARAMETER_VALUE,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    ErrorCode,
)
from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import database, inputs, query
from goldilocks.tracking.selection import RUN_ID

CHAMPION = "champion"  # alias of the version that is used where none is named
# tag of a logged model, by which MLflow's pages show where it is registered
VERSIONS = "mlflow.modelVersions"


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        name: Of the registered model.
        number: From 1.
        run_id: Of the run that logged the model.
    """

    name: str
    number: int
    run_id: str

    @property
    def uri(self) -> str:
        """What `mlflow models serve -m` takes."""
        return f"models:/{self.name}/{self.number}"


def register(client: MlflowClient, run_id: str, name: str, *, uri: str) -> Version:
    """Make the model of a run the newest version, and the champion, of a registered model.

    A run that is registered by this name already stays the version that it is, and the champion who
    it is.

    Args:
        client: Of the store.
        run_id: The whole ID.
        name: Of the registered model, which is created if it is not there.
        uri: Of the store.

    Raises:
        StoreError: There is no such run, it logged no model, or the name is none that MLflow takes.
        MlflowException: The store cannot be written.
    """
    if not name.strip() or re.search(r"[/:@]", name) or RUN_ID.fullmatch(name):
        raise StoreError(
            f"a model cannot be registered as {name!r}; expected a name without slashes, colons "
            "and @ signs, which is "
            "no run's ID, such as house-prices."
        )
    logged = query.model_of(client, run_id, uri=uri, asked="the run to register")
    with database.lock(
        uri
    ):  # Else two processes that register the same run make two versions of it.
        known = [each for each in _versions(client, name) if each.run_id == run_id]
        made = (
            min(known, key=lambda each: int(each.version))
            if known
            else _made(client, run_id, logged, name, uri=uri)
        )
        listed = json.loads(logged.tags.get(VERSIONS) or "[]")
        if not known or not any(
            each["name"] == name for each in listed
        ):  # Else another may be the champion by now.
            client.set_registered_model_alias(name, CHAMPION, made.version)
            listed.append({"name": name, "version": made.version})
            client.set_logged_model_tags(logged.model_id, {VERSIONS: json.dumps(listed)})
        return _version(made)


def _made(
    client: MlflowClient, run_id: str, logged: LoggedModel, name: str, *, uri: str
) -> ModelVersion:
    """A new version of a registered model, which is created if it is not there."""
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    run = query.one(client, run_id, uri=uri)
    return client.create_model_version(
        name,
        source=f"models:/{logged.model_id}",
        run_id=run_id,
        tags=_tags(client, run, uri=uri),
        description=run.tags.get("mlflow.note.content") or run.name,
        model_id=logged.model_id,
    )


def run_of(client: MlflowClient, named: str, *, uri: str) -> str:
    """The ID of the run that logged a model.

    Args:
        client: Of the store.
        named: The ID itself, or `NAME` (its champion, else its newest version), `NAME/VERSION` or
            `NAME@ALIAS`.
        uri: Of the store, for messages.

    Raises:
        StoreError: There is no such model, version or alias.
        MlflowException: The store cannot be read.
    """
    if RUN_ID.fullmatch(named):
        return named
    name, sign, chosen = _divided(named.removeprefix("models:/"))
    versions = _versions(client, name)
    if not versions:
        known = sorted(each.name for each in client.search_registered_models(max_results=100))
        listed = f"it has {', '.join(known)}" if known else "it has none"
        raise StoreError(
            f"{named} is neither the ID of a run (32 letters and digits) nor a registered model of "
            f"the store {uri}: "
            f"{listed}. Give the ID that a run prints when it ends, or a name from there."
        )
    aliases = client.get_registered_model(name).aliases
    newest = max(versions, key=lambda each: int(each.version))
    wanted = str(aliases.get(CHAMPION, newest.version))
    if sign == "@":
        wanted = str(aliases.get(chosen, ""))
    elif sign == "/":
        wanted = chosen
    found = [each for each in versions if str(each.version) == wanted]
    if not found:
        numbers = ", ".join(
            str(each.version) for each in sorted(versions, key=lambda each: int(each.version))
        )
        called = "".join(f", {alias} is {version}" for alias, version in sorted(aliases.items()))
        raise StoreError(
            f"the registered model {name} has no {'alias' if sign == '@' else 'version'} "
            f"{chosen or wanted}; expected "
            f"one of its versions ({numbers}{called}): {name}/{newest.version}, for example."
        )
    if not found[0].run_id:
        raise StoreError(
            f"version {found[0].version} of {name} does not say which run logged it; expected one "
            "that `goldilocks` "
            "has registered."
        )
    return found[0].run_id


def _versions(client: MlflowClient, name: str) -> list[ModelVersion]:
    """All versions of a registered model; none where there is no such model."""
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code in map(
            ErrorCode.Name, (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)
        ):
            return []
        raise
    found, token = [], None
    quoted = name.replace("'", "''")
    while True:
        page = client.search_model_versions(f"name='{quoted}'", page_token=token)
        found += page
        if not (token := page.token):
            return found


def _divided(named: str) -> tuple[str, str, str]:
    """`NAME`, "@" or "/" or "", and what stands behind it."""
    for sign in ("@", "/"):
        if sign in named:
            return named.rpartition(sign)
    return named, "", ""


def _version(found: ModelVersion) -> Version:
    return Version(found.name, int(found.version), str(found.run_id))


def _tags(client: MlflowClient, run: query.StoredRun, *, uri: str) -> dict[str, str]:
    """What a version can be found and understood by; without what the run does not say."""
    taken = inputs.of(client, run.run_id, uri=uri)
    said = {
        "dataset": run.params.get("dataset"),
        "problem": run.tags.get("problem"),
        "verdict": run.tags.get("verdict"),
        "role": run.tags.get("role"),
        "target": taken.target,
        "unit": taken.unit,
        "classes": json.dumps(list(taken.classes), ensure_ascii=False) if taken.classes else None,
        **{name: repr(value) for name, value in run.metrics.items() if name.startswith("test_")},
    }
    return {name: value for name, value in said.items() if value}
