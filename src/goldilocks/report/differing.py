"""Settings of runs -> the names of those that differ, and labels of runs that are made of them."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun


def keys(settings: Sequence[Mapping[str, str]], typed: Collection[str] = ()) -> list[str]:
    """Return the names of the settings that differ, but for those that others imply.

    A setting is implied by one that differs alike, and a key by the option of its group where all
    runs with the same option have the same value.

    Args:
        settings: Of each run, those of a group's option before the group's keys.
        typed: Names that were typed in a command line: no other setting implies them.
    """
    table = pd.DataFrame(list(settings))
    codes = {name: pd.factorize(column, use_na_sentinel=False)[0] for name, column in table.items()}
    shown = {str(name): code for name, code in codes.items() if code.any()}

    names = [name for name in shown if name in typed]
    for name, code in shown.items():
        alike = any(np.array_equal(code, shown[other]) for other in names)
        group = shown.get(name.partition(".")[0])
        if group is not None and "." in name:
            alike = alike or len(set(zip(group, code, strict=True))) == len(set(group))
        if not alike and name not in typed:
            names.append(name)
    return [name for name in shown if name in names]


def columns_of(runs: Sequence[StoredRun], settings: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the names of the settings that differ, as `keys` does, of these runs."""
    typed = {key for run in runs for key in run.tags.get(query.TYPED, "").split()}
    return keys(settings, typed)


def short(columns: Sequence[str]) -> dict[str, str]:
    """Return for each setting its name without the group, where no other one has the same.

    >>> short(["regularizer", "model.units", "model.dropout", "regularizer.dropout"])["model.units"]
    'units'
    """
    last = {name: name.partition(".")[2] or name for name in columns}
    names = list(last.values())
    return {name: text if names.count(text) == 1 else name for name, text in last.items()}


def labels(runs: Sequence[StoredRun], columns: Sequence[str]) -> list[str]:
    """Return the settings of each run that are columns, in words; its name if it has none."""
    names, texts = [], short(columns)
    for run in runs:
        settings = [f"{texts[name]}={run.params[name]}" for name in columns if name in run.params]
        names.append(", ".join(settings) or run.name)
    return names


def numbered(names: Sequence[str]) -> list[str]:
    """Return names of which no two are equal: those that are get their position."""
    return [
        name if names.count(name) == 1 else f"{name} ({position})"
        for position, name in enumerate(names, 1)
    ]
