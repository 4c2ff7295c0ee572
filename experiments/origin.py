"""Stored runs -> what they came from: commit, seeds, machine and versions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from goldilocks.formatting import counted
from goldilocks.tracking import Store, query
from goldilocks.tracking.query import StoredRun

SHOWN = ("keras", "tensorflow", "numpy", "scikit-learn")
COMMIT = 8  # characters of a commit that are shown


@dataclass(frozen=True)
class Origin:
    """What a run came from.

    Attributes:
        commit: Of the code, hexadecimal; it ends with "+changes" where files differed from it.
        seed: Of the run.
        machine: Cores, processor and system.
        versions: Of Python and the packages that compute.
    """

    commit: str
    seed: str
    machine: str
    versions: str


def of(run: StoredRun, store: Store) -> Origin:
    """Read what a finished run came from.

    Raises:
        StoreError: Its files cannot be read.
    """
    parts = [part for part in query.children(store, run) if part.is_part]
    logged_by = (parts or [run])[0].run_id  # Of folds or repeats, each logs where it came from.
    machine = json.loads(store.read_artifact(logged_by, "provenance/environment.json"))
    packages = store.read_artifact(logged_by, "provenance/packages.txt").decode()
    installed = dict(line.split("==", 1) for line in packages.splitlines())
    by_name = {name.lower(): version for name, version in installed.items()}
    versions = [f"{name} {by_name[name]}" for name in SHOWN if name in by_name]
    return Origin(
        commit=f"{machine['commit']}{'+changes' if machine['dirty'] else ''}",
        seed=run.params.get("seed", ""),
        machine=f"{counted(int(machine['cores']), 'core')}, {machine['processor']}, "
        f"{machine['platform'].partition('-')[0]}",
        versions=", ".join([f"Python {machine['python']}", *versions]),
    )


def sentence(origins: Iterable[Origin]) -> str:
    """Return where several runs came from, each word once."""
    origins = list(origins)
    commits = sorted({_short(origin.commit) for origin in origins})
    seeds = sorted({origin.seed for origin in origins}, key=lambda seed: (len(seed), seed))
    machines = sorted({origin.machine for origin in origins})
    versions = sorted({origin.versions for origin in origins})
    return (
        f"Run at the {'commit' if len(commits) == 1 else 'commits'} {', '.join(commits)} with "
        f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(seeds)} on {' or '.join(machines)}; "
        f"{' or '.join(versions)}."
    )


def _short(commit: str) -> str:
    head, plus, changes = commit.partition("+")
    return f"{head[:COMMIT]}{plus and ' + '}{changes}"
