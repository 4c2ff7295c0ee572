"""Registered models: the model of a run becomes a version of one, and is found by its name."""

import json
import re
from dataclasses import dataclass

from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from goldilocks.errors import StoreError
from goldilocks.tracking import database, inputs
from goldilocks.tracking.failures import explained
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import RUN_ID, run_id_of
from goldilocks.tracking.store import MlflowStore

CHAMPION = "champion"  # alias of the version that is used where none is named
CHALLENGER = "challenger"  # alias of the newest version that is no champion
SHORTCOMING = "shortcoming"  # tag of a version: why it is no champion
# tag of a logged model, by which MLflow's pages show where it is registered
VERSIONS = "mlflow.modelVersions"


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        name: Of the registered model.
        number: From 1.
        alias: "champion" or "challenger".
    """

    name: str
    number: int
    alias: str

    @property
    def reference(self) -> str:
        """Return what `goldilocks predict` takes; the name alone means the champion."""
        return self.name if self.alias == CHAMPION else f"{self.name}/{self.number}"

    @property
    def uri(self) -> str:
        """What `mlflow models serve -m` takes."""
        return f"models:/{self.name}/{self.number}"


def register(store: MlflowStore, run_id: str, name: str, *, shortcoming: str = "") -> Version:
    """Register the model of a run as the newest version of a registered model, with an alias.

    A run that is registered by this name already keeps its version, and aliases stay.

    Args:
        store: Where the run is.
        run_id: The whole ID.
        name: Of the registered model, which is created if it is not there.
        shortcoming: Why the version is the challenger, and not the champion; "" of the champion.

    Raises:
        StoreError: There is no such run, it logged no model, MLflow does not take the name, or the
            store cannot be written.
    """
    if not name.strip() or re.search(r"[/:@]", name) or RUN_ID.fullmatch(name):
        raise StoreError(
            f"a model cannot be registered as {name!r}; expected a name without slashes, colons "
            "and @ signs, which is no run's ID, such as house-prices."
        )
    logged, client = store.logged_model(run_id), store.client
    alias = CHALLENGER if shortcoming else CHAMPION

    # Else two processes that register the same run make two versions of it.
    with explained(store.uri), database.lock(store.uri):
        versions = [version for version in _versions(client, name) if version.run_id == run_id]
        made = versions or [_create_version(store, run_id, logged, name)]
        version = min(made, key=_number)

        # A run that is listed was registered completely: another may be the champion by now.
        listed = json.loads(logged.tags.get(VERSIONS) or "[]")
        if not versions or name not in [item["name"] for item in listed]:
            if shortcoming:
                client.set_model_version_tag(name, version.version, SHORTCOMING, shortcoming)
            client.set_registered_model_alias(name, alias, version.version)
            listed.append({"name": name, "version": version.version})
            client.set_logged_model_tags(logged.model_id, {VERSIONS: json.dumps(listed)})
    return Version(version.name, _number(version), alias)


def champion(store: MlflowStore, name: str) -> str | None:
    """Return the ID of the run whose model is the champion; None where there is none.

    Raises:
        StoreError: The store cannot be read.
    """
    with explained(store.uri):
        versions = {_number(version): version for version in _versions(store.client, name)}
        if not versions:
            return None
        aliases = store.client.get_registered_model(name).aliases
    version = versions.get(int(aliases.get(CHAMPION, 0)))
    return version.run_id if version is not None else None


def _create_version(
    store: MlflowStore, run_id: str, logged: LoggedModel, name: str
) -> ModelVersion:
    """Create a version of a registered model, and that model if it is not there."""
    try:
        store.client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    run = store.get_run(run_id)
    return store.client.create_model_version(
        name,
        source=f"models:/{logged.model_id}",
        run_id=run_id,
        tags=_tags(store, run),
        description=run.tags.get("mlflow.note.content") or run.name,
        model_id=logged.model_id,
    )


def model_run_id(store: MlflowStore, reference: str) -> str:
    """Return the ID of the run that logged a model.

    Args:
        store: Where the model is.
        reference: The ID itself, its beginning, "last", or `NAME` (its champion, else its newest
            version), `NAME/VERSION` or `NAME@ALIAS`.

    Raises:
        StoreError: There is no such model, version or alias, or the store cannot be read.
    """
    with explained(store.uri):
        if not RUN_ID.fullmatch(reference) and _versions(store.client, _divided(reference)[0]):
            return _referenced(store, reference)
    return run_id_of(store, reference) or _referenced(store, reference)


def _referenced(store: MlflowStore, reference: str) -> str:
    client = store.client
    name, sign, choice = _divided(reference.removeprefix("models:/"))
    in_order = sorted(_versions(client, name), key=_number)
    versions = {str(version.version): version for version in in_order}
    if not versions:
        names = sorted(model.name for model in client.search_registered_models(max_results=100))
        raise StoreError(
            f"{reference} is neither the ID of a run (or its beginning, or last) nor a registered "
            f"model of the store {store.uri}: it has {', '.join(names) or 'none'}. Give the ID "
            "that a run prints when it ends, or a name from there."
        )

    aliases = client.get_registered_model(name).aliases
    *_, newest = versions
    if sign == "@":
        number = str(aliases.get(choice, ""))
    elif sign == "/":
        number = choice
    else:
        number = str(aliases.get(CHAMPION, newest))

    if number in versions:
        return _run_id(versions[number])
    numbers = ", ".join(versions)
    named = "".join(f", {alias} is {version}" for alias, version in sorted(aliases.items()))
    raise StoreError(
        f"the registered model {name} has no {'alias' if sign == '@' else 'version'} "
        f"{choice or number}; expected one of its versions ({numbers}{named}): {name}/{newest}, "
        "for example."
    )


def _run_id(version: ModelVersion) -> str:
    if not version.run_id:
        raise StoreError(
            f"version {version.version} of {version.name} does not say which run logged it; "
            "expected one that `goldilocks` has registered."
        )
    return version.run_id


def _versions(client: MlflowClient, name: str) -> list[ModelVersion]:
    """Return all versions of a registered model; none if there is no such model."""
    quoted = name.replace("'", "''")
    return list(client.search_model_versions(f"name='{quoted}'"))  # 10,000 at most.


def _number(version: ModelVersion) -> int:
    return int(version.version)


def _divided(reference: str) -> tuple[str, str, str]:
    """Return `NAME`, "@" or "/" or "", and what stands behind it."""
    for sign in ("@", "/"):
        if sign in reference:
            return reference.rpartition(sign)
    return reference, "", ""


def _tags(store: MlflowStore, run: StoredRun) -> dict[str, str]:
    """Return what a version can be found and understood by, without what the run did not log."""
    schema = inputs.of(store, run.run_id)
    tags = {
        "dataset": run.params.get("dataset"),
        "problem": run.tags.get("problem"),
        "verdict": run.tags.get("verdict"),
        "role": run.tags.get("role"),
        "target": schema.target,
        "unit": schema.unit,
    }
    if schema.classes:
        noun = "labels" if schema.problem == "multilabel" else "classes"
        tags[noun] = json.dumps(list(schema.classes), ensure_ascii=False)
    for name, value in run.metrics.items():
        if name.startswith("test_"):
            tags[name] = repr(value)
    return {name: text for name, text in tags.items() if text}
