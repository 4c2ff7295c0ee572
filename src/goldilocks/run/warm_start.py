"""The logged model that a run starts from (`model.init_from`), if the splits allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.dataset.overlap import LIMIT
from goldilocks.errors import ModelError, SplitError, StoreError
from goldilocks.formatting import percent
from goldilocks.protocol import Split
from goldilocks.run import seen_rows
from goldilocks.tracking import Store
from goldilocks.tracking.query import StoredRun, written
from goldilocks.tracking.selection import run_id_of

if TYPE_CHECKING:
    import keras

# Keys that decide how a text or a window is encoded. The encoder of the source run comes along with
# its model, so these cannot change.
ENCODING_KEYS = (
    "dataset.encoding",
    "dataset.hashing",
    "dataset.token",
    "dataset.max_tokens",
    "dataset.maxlen",
    "dataset.truncating",
    "dataset.padding",
    "dataset.reverse",
    "dataset.lookback",
    "dataset.step",
    "dataset.delay",
    "dataset.horizon",
    "dataset.lags",
    "dataset.date_parts",
    "dataset.target",
)


def load(settings: Settings, store: Store) -> keras.Model | None:
    """Load the model to warm-start from, if the splits allow it.

    Args:
        settings: Checked settings.
        store: Where the source run is.

    Returns:
        The logged model that `model.init_from` names, raw rows -> predictions; None where it names
        none.

    Raises:
        StoreError: If there is no such run, or it logged no model.
        SplitError: If it was trained, on the same data set, with rows that this run validates or
            tests with.
        ModelError: If its rows were encoded in another way.
    """
    run_id = settings.tree["model"].get("init_from")
    if not run_id:
        return None

    source_run = store.get_run(run_id)
    if source_run.params.get("dataset") == settings.flat["dataset"]:
        if reason := _shared_rows(source_run, settings):
            raise SplitError(
                f"model.init_from={run_id}: that run may have trained on rows that this one "
                f"validates or tests with: {reason}. Expected a hold-out run with the same "
                "protocol, or another data set."
            )
        if keeps_encoder(settings):
            _check_encoding(source_run, settings)
    return store.load_model(run_id)


def resolved(settings: Settings, store: Store) -> Settings:
    """Return the settings with the whole ID of the run that `model.init_from` names.

    Raises:
        StoreError: The beginning of an ID fits several runs, or there is no last run.
    """
    reference = settings.tree["model"].get("init_from")
    run_id = run_id_of(store, reference, ended=True) if reference else None
    if run_id in (None, reference):
        return settings
    return settings.changed({"model.init_from": run_id})


def check_rows(settings: Settings, store: Store, dataset: Dataset, split: Split) -> None:
    """Refuse to start from a model that was trained on rows that validate or test here.

    Rows are compared by `seen_rows.keys_of`, whatever folder and split they come from. Equal rows
    that the training has as well, by the nature of the data, do not count.

    Args:
        settings: Checked settings.
        store: Where the source run is; one that logged no keys of its rows is not refused.
        dataset: The data set.
        split: Its rows.

    Raises:
        SplitError: At least 5 % of the rows of a part were training rows of the source run.
    """
    run_id = settings.tree["model"].get("init_from")
    if not run_id:
        return
    try:
        trained = seen_rows.logged(store, run_id)["train"]
    except StoreError:
        return

    keys = seen_rows.keys_of(dataset)
    _, *held_out = split.parts.items()
    for name, rows in reversed(held_out):
        seen = seen_rows.among(keys[rows], trained)
        seen &= ~seen_rows.among(keys[rows], keys[split.train])
        if len(rows) and seen.mean() >= LIMIT:
            raise SplitError(
                f"model.init_from={run_id}: that run was trained on {percent(seen.mean())} of the "
                f"rows that are {name} rows here. Expected a model that has not seen them, for an "
                "honest score. Give the protocol and the rows of that run, or another run."
            )


def check_date_parts(settings: Settings, store: Store, dataset: Dataset) -> None:
    """Refuse a model of a version that knew no parts of dates, where this run would read some.

    Raises:
        ModelError: The source run has no `dataset.date_parts`, and the dates here have parts.
    """
    run_id = settings.tree["model"].get("init_from")
    if not run_id or not dataset.date_parts or not keeps_encoder(settings):
        return
    params = store.get_run(run_id).params
    if params.get("dataset") == settings.flat["dataset"] and "dataset.date_parts" not in params:
        raise ModelError(
            f"model.init_from={run_id}: the model of that run reads no parts of dates, and here "
            f"they are {', '.join(dataset.date_parts)}. Its weights mean nothing for other "
            "features; use dataset.date_parts=none."
        )


def keeps_encoder(settings: Settings) -> bool:
    """Tell whether a model that starts from a logged one takes its encoder along with the weights.

    With `model.base=run` the model builder takes the weights, and the encoder is new.
    """
    return settings.tree["model"].get("base") != "run"


def _shared_rows(source_run: StoredRun, settings: Settings) -> str:
    """Return why the source run may have trained on our held-out rows; "" if not."""
    final = settings.tree["final"]
    for key, value in settings.flat.items():
        theirs = source_run.params.get(key)
        if key.startswith("protocol") and theirs not in (None, written(value)):
            return f"its {key} is {theirs}, and here it is {written(value)}"

    role = source_run.tags.get("role")
    if role == "fold" or (settings.flat["protocol"] != "holdout" and not final):
        return "one of several folds trains on what another one validates with"
    if role == "final" and not final:
        return "it is a final run, which trained on the validation rows"
    return ""


def _check_encoding(source_run: StoredRun, settings: Settings) -> None:
    for key in ENCODING_KEYS:
        if key not in settings.flat:
            continue
        theirs, value = source_run.params.get(key), written(settings.flat[key])
        if theirs not in (None, value):
            raise ModelError(
                f"model.init_from={source_run.run_id}: that run has {key}={theirs}, and here it is "
                f"{value}. Its weights mean nothing for other features; use {key}={theirs}."
            )
