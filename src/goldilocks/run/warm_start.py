"""The run that another one starts from (`model.init_from`): its model, where its training may be gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldilocks.config.settings import Settings
from goldilocks.errors import ModelError, SplitError
from goldilocks.tracking import Store
from goldilocks.tracking.tracker import written

if TYPE_CHECKING:
    import keras

# What a text or a window was turned into; the earlier run's encoder comes along, so these cannot
# change.
ENCODED_BY = (
    *(
        "dataset.encoding",
        "dataset.hashing",
        "dataset.token",
        "dataset.max_tokens",
        "dataset.maxlen",
        "dataset.truncating",
    ),
    *(
        "dataset.padding",
        "dataset.reverse",
        "dataset.lookback",
        "dataset.step",
        "dataset.delay",
        "dataset.target",
    ),
)


def load(settings: Settings, store: Store) -> keras.Model | None:
    """The logged model that `model.init_from` names, raw rows -> predictions; None where it names none.

    Args:
        settings: Checked.
        store: Where the run is.

    Raises:
        StoreError: There is no such run, or it logged no model.
        SplitError: On the same data set it was trained with rows that this run validates or tests
            with.
        ModelError: Its rows were encoded in another way.
    """
    run_id = settings.tree["model"].get("init_from")
    if not run_id:
        return None
    logged, own = store.get_run(run_id), settings.flat
    if logged.params.get("dataset") == own["dataset"]:
        _check_rows(run_id, logged, settings)
        if own.get("model.base") != "run":
            _check_encoding(run_id, logged.params, own)
    return store.load_model(run_id)


def _check_rows(run_id: str, logged: Any, settings: Settings) -> None:
    own, final = settings.flat, settings.tree["final"]
    kept = [key for key in own if key.startswith("protocol")]
    differing = [
        key for key in kept if logged.params.get(key, written(own[key])) != written(own[key])
    ]
    role = logged.tags.get("role")
    reason = ""
    if differing:
        reason = f"its {differing[0]} is {logged.params[differing[0]]}, and here it is {written(own[differing[0]])}"
    elif role == "fold" or (own["protocol"] != "holdout" and not final):
        reason = "one of several folds trains on what another one validates with"
    elif role == "final" and not final:
        reason = "it is a final run, which trained on the validation rows"
    if reason:
        raise SplitError(
            f"model.init_from={run_id}: that run may have trained on rows that this one validates "
            "or tests with: "
            f"{reason}. Expected a hold-out run with the same protocol, or another data set."
        )


def _check_encoding(run_id: str, theirs: Any, own: Any) -> None:
    for key in ENCODED_BY:
        if key in own and theirs.get(key, written(own[key])) != written(own[key]):
            raise ModelError(
                f"model.init_from={run_id}: that run has {key}={theirs[key]}, and here it is "
                f"{written(own[key])}. Its "
                f"weights mean nothing for other features; use {key}={theirs[key]}."
            )
