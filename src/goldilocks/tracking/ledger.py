"""The ledger: final runs by their test rows, and choices by their validation rows.

A final run has the tag `test.digest`, and its test rows as an artifact of keys, before it trains:
that is its intent. `test.granted` says that no other run was about to be evaluated on these rows,
and `test.evaluated` is set just before the evaluation. All experiments of a store are searched, and
deleted runs and experiments as well: what a person has seen stays seen.

A run by which a choice is made has the tag `validation.digest`, and keys of its validation rows.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from goldilocks.dataset.overlap import Kept
from goldilocks.errors import StoreError
from goldilocks.tracking.journal import HEARTBEAT
from goldilocks.tracking.protocols import Store
from goldilocks.tracking.query import StoredRun

DIGEST = "test.digest"  # of the content of the test rows
KIND = "test.kind"  # `Dataset.kind`
INTENT = "test.intent"  # since when the run is about to be evaluated, milliseconds since 1970
GRANTED = "test.granted"
EVALUATED = "test.evaluated"  # when, ISO 8601
EVALUATED_BEFORE = "test.looked"  # the same in stores of version 0.1

FILE = "test_rows.npz"  # the artifact of `Kept`
VALIDATED = "validation.digest"  # of the keys of the validation rows
VALIDATED_FILE = "validation_rows.npz"
LEASE = 1800.0  # seconds without a sign of life, one of which comes every 600 s, after which a run
# that is about to be evaluated stands in nobody's way

# Roles of the runs that choices are made by. A run of several folds or repeats is one choice: its
# parent has one of these roles, its children have not.
CHOICES = ("plain", "regularized")


@dataclass(frozen=True)
class StoreLedger:
    """The test ledger that a tracking store is.

    Who reads the store reads predictions of the test rows as well, so that its keys are not secret.
    """

    store: Store
    secret: bytes = b""
    file: str = FILE

    def runs(self) -> list[StoredRun]:
        """Return the final runs that were evaluated on test rows, or are about to be.

        Raises:
            StoreError: If the store cannot be read.
        """
        runs = self.store.search(f"tags.`{DIGEST}` != ''", deleted=True)
        return [run for run in runs if counts(run)]

    def kept(self, run: StoredRun) -> Kept:
        """Return the keys of the test rows of a run, or of the rows that `file` is about.

        Raises:
            StoreError: If the store cannot be read, or the run logged none.
        """
        return unpacked(self.store.read_artifact(run.run_id, self.file))


def counts(run: StoredRun) -> bool:
    """Return whether a final run was evaluated, or is about to be."""
    return bool(evaluated_at(run)) or (run.status == "RUNNING" and expires(run) > time.time())


def evaluated_at(run: StoredRun) -> str:
    """Return when a run was evaluated on its test rows, in ISO 8601; "" of one that was not."""
    return run.tags.get(EVALUATED) or run.tags.get(EVALUATED_BEFORE, "")


def now() -> str:
    """Return the time as `evaluated_at` does."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def expires(run: StoredRun) -> float:
    """Return when a run is no longer about to be evaluated, in seconds since 1970."""
    signs = (run.tags.get(tag, 0) for tag in (HEARTBEAT, INTENT))
    return max(run.started, *map(int, signs)) / 1000 + LEASE


def pack(kept: Kept, file: Path | io.BytesIO) -> None:
    """Write keys of rows into a file."""
    np.savez(file, allow_pickle=False, keys=kept.keys, rows=kept.rows)


def unpacked(content: bytes) -> Kept:
    """Return what `pack` wrote.

    Raises:
        StoreError: It is damaged.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Kept(arrays["keys"], int(arrays["rows"]))
    except Exception as error:  # Damage raises anything, and always means the same.
        raise StoreError(
            f"the keys of test rows in a ledger are damaged ({error}): whether these test rows "
            "were evaluated is not known. Expected what the run has logged; force=true evaluates "
            "them all the same."
        ) from error


def choices(store: Store) -> list[StoredRun]:
    """Return the runs that were scored on validation rows to choose by, but for failed ones.

    Raises:
        StoreError: If the store cannot be read.
    """
    ended = "attributes.status != 'FAILED' AND attributes.status != 'KILLED'"
    return [
        run
        for role in CHOICES
        for run in store.search(f"tags.role = '{role}' AND {ended}", deleted=True)
    ]
