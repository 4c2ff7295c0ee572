"""Configurations that were compared on the same validation rows, whatever the rows are read as."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from goldilocks.config.settings import SEEDS, deciding
from goldilocks.dataset import Dataset, overlap
from goldilocks.dataset.sources import cache
from goldilocks.errors import StoreError
from goldilocks.protocol import Split
from goldilocks.tracking import ledger
from goldilocks.tracking.ledger import StoreLedger
from goldilocks.tracking.query import ROWS

if TYPE_CHECKING:
    from goldilocks.tracking import Store, Tracker
    from goldilocks.tracking.query import StoredRun

KEPT = 200  # validation rows of which keys are kept, at most: each run of a sweep logs some
ASKED = 1000  # validation rows that are asked about, at most


def configuration(run: StoredRun) -> str:
    """Return what is equal for runs of one configuration, whatever their seeds."""
    if "configuration" in run.tags:
        return run.tags["configuration"]
    chosen = {key: value for key, value in deciding(run.params).items() if key not in SEEDS}
    return repr(sorted(chosen.items())) if chosen else run.tags.get("fingerprint", run.run_id)


def validated(splits: Sequence[Split]) -> np.ndarray:
    """Return the rows of all folds that choose, int64 (rows,), ascending."""
    return np.unique(np.concatenate([split.validation for split in splits]))


def log(tracker: Tracker, dataset: Dataset, splits: Sequence[Split]) -> None:
    """Log which rows a run chooses by.

    Published data sets have no keys: they have one digest, whatever they are read as.
    """
    keys = dataset.cell_keys
    if keys is None:
        return
    rows = validated(splits)
    with tempfile.TemporaryDirectory() as folder:
        stored_keys = overlap.keep(keys, rows, b"", KEPT)
        ledger.pack(stored_keys, Path(folder) / ledger.VALIDATED_FILE)
        tracker.files(Path(folder))


def tags(dataset: Dataset, splits: Sequence[Split]) -> dict[str, str]:
    """Return the tags by which runs of the same rows and targets are known, whatever their inputs.

    So a run without some columns may be compared with one that has them, if it is scored on the
    same rows. Published data sets need none.
    """
    keys = dataset.cell_keys
    if keys is None:
        return {}
    return {ROWS: rows_digest(dataset), ledger.VALIDATED: cache.digest(keys[validated(splits)])}


def rows_digest(dataset: Dataset) -> str:
    """Return a digest of a file's rows and targets, whatever its inputs."""
    assert dataset.cell_keys is not None  # which published data sets do not have
    return cache.digest(dataset.cell_keys, dataset.y)


def is_same(run: StoredRun, dataset: Dataset) -> bool:
    """Return whether a run was of these rows and targets, whatever columns it had as inputs."""
    if ROWS in run.tags and dataset.cell_keys is not None:
        return run.tags[ROWS] == rows_digest(dataset)
    return run.tags.get("dataset.digest") == dataset.digest


def configurations(store: Store, dataset: Dataset, rows: np.ndarray) -> int:
    """Return how many configurations were compared on some validation rows, int64 (n,).

    Runs of the same data set count, and those whose validation rows are these in part.

    Raises:
        StoreError: If the store cannot be read.
    """
    book, query = StoreLedger(store, file=ledger.VALIDATED_FILE), None
    chosen: set[str] = set()
    is_shared: dict[str, bool] = {}
    for run in ledger.choices(store):
        digest = run.tags.get(ledger.VALIDATED, "")
        if run.tags.get("dataset.digest") == dataset.digest:
            chosen.add(configuration(run))
            continue
        if not digest or dataset.cell_keys is None:
            continue

        if digest not in is_shared:
            if query is None:
                drawn = np.random.default_rng(0).permutation(rows)[:ASKED]
                others = np.setdiff1d(np.arange(len(dataset.y)), rows)
                query = overlap.ask(dataset, drawn, others, book.secret)
            with contextlib.suppress(StoreError):  # Another run of these rows may have logged them.
                agreement = overlap.known(query, book.kept(run))
                is_shared[digest] = agreement is not None and agreement.share >= overlap.LIMIT
        if is_shared.get(digest):
            chosen.add(configuration(run))
    return len(chosen)
