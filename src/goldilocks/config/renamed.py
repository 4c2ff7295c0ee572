"""Keys of earlier versions, in stored runs or typed by a person -> the names of today."""

from collections.abc import Mapping, Sequence
from typing import Any

NAMES: Mapping[str, str] = {
    "dataset.words": "dataset.max_tokens",
    "dataset.length": "dataset.maxlen",
    "dataset.truncate": "dataset.truncating",
    "dataset.pad": "dataset.padding",
    "dataset.hold": "dataset.cache_gib",
    "model.kernel": "model.kernel_size",
    "model.pool": "model.pool_size",
    "model.dimensions": "model.output_dim",
}
# The thresholds of verdicts by rules.
THRESHOLDS = (
    *("power_noise", "change_noise", "smallest_effect", "noise_prior", "noise_prior_epochs"),
    *("end_fraction", "horizon", "epochs_minimum", "wide_gap", "wide_ratio", "high_loss"),
    "collapse",
)
# What settings that did not exist in earlier versions would have been.
ADDED: Mapping[str, Mapping[str, Any]] = {"problem": {"log_target": False}}
ADDED_TO: Mapping[str, Mapping[str, Any]] = {
    "goldilocks.dataset.table.load": {"time": None, "date_parts": "none"},
    "goldilocks.dataset.series.load": {"lags": None, "difference": 0},
}
ENDS: Mapping[str, str] = {"before": "pre", "after": "post"}


def today(key: str, value: Any) -> tuple[str, Any]:
    """Return a stored setting, by its dotted key, with the key and the value that it has today."""
    name = NAMES.get(key, key)
    if name in ("dataset.truncating", "dataset.padding"):
        value = ENDS.get(value, value)
    return name, value


def params(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the logged parameters of a run with the keys of today."""
    return dict(today(key, value) for key, value in stored.items())


def tree(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `config.yaml` of a run with the keys of today."""
    renamed = dict(stored)
    for group in stored.keys() & ADDED.keys():
        renamed[group] = {**ADDED[group], **stored[group]}
    for group in ("dataset", "model"):
        settings = [today(f"{group}.{key}", value) for key, value in stored.get(group, {}).items()]
        renamed[group] = {key.removeprefix(f"{group}."): value for key, value in settings}
    target = renamed["dataset"].get("_target_")
    renamed["dataset"] = {**ADDED_TO.get(target, {}), **renamed["dataset"]}
    if target == "goldilocks.dataset.imdb.load":
        renamed["dataset"].pop("dir", None)  # Reviews in a folder are dataset=texts now.
    return renamed


def sentence(key: str, values: Sequence[str]) -> str | None:
    """Return what has replaced a key of an earlier version; None for any other key.

    Args:
        key: A dotted key.
        values: As typed, several in a sweep.
    """
    group, _, name = key.partition(".")
    if group == "diagnosis" and name in THRESHOLDS:
        return (
            f"{key} is gone: a verdict follows from four probabilities, without thresholds to set "
            "(docs/verdict.md); leave it out."
        )
    if key not in NAMES:
        return None
    typed = ",".join(str(today(key, value)[1]) for value in values)
    return f"{key} is now {NAMES[key]}: type {NAMES[key]}={typed}."
