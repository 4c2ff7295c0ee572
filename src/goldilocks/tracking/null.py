"""No tracking: everything is computed and nothing is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from goldilocks.errors import StoreError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from goldilocks.dataset import Dataset
    from goldilocks.tracking.protocols import Store
    from goldilocks.tracking.query import StoredRun


class NullTracker:
    """Satisfies `Tracker` and logs nothing."""

    run_id = ""
    where = "nowhere (tracking=none)"
    ui_command = ""
    checkpoint = None

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Log nothing."""

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log nothing."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Log nothing."""

    def mark_test_evaluation(self) -> None:
        """Log nothing."""

    def describe(self, markdown: str) -> None:
        """Log nothing."""

    def dataset(self, dataset: Dataset, *, context: str) -> None:
        """Log nothing."""

    def files(self, folder: Path, path: str | None = None) -> None:
        """Log nothing."""

    def model(self, model: keras.Model, example: np.ndarray | dict[str, np.ndarray]) -> None:
        """Log nothing."""


class NullStore:
    """Satisfies `Store` and stores nothing: searches find nothing, and naming a run is an error."""

    uri = ""
    ui_command = ""

    @contextlib.contextmanager
    def start_run(
        self,
        name: str,
        *,
        parent: str | None,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        resume: str | None,
    ) -> Generator[NullTracker]:
        """Open a run that logs nothing."""
        yield NullTracker()

    @contextlib.contextmanager
    def lock(self, name: str, doing: str = "training this configuration") -> Generator[None]:
        """Lock nothing: no process shares anything here."""
        yield

    def find_run(self, fingerprint: str, *, finished: bool = True) -> None:
        """Find nothing."""

    def test_evaluations(self, digest: str) -> None:
        """Return None: there is no test ledger."""

    def test_evaluations_elsewhere(self, dataset_digest: str, digest: str) -> list[StoredRun]:
        """Return no runs."""
        return []

    def validation_runs(self, dataset_digest: str) -> list[StoredRun]:
        """Return no runs."""
        return []

    def record_reason(self, run_id: str, reason: str) -> None:
        """Record nothing."""

    def repair(self) -> list[str]:
        """Repair nothing."""
        return []

    def load_model(self, run_id: str) -> NoReturn:
        """Raise a `StoreError`: there is no run to start from."""
        raise StoreError(
            f"model.init_from is {run_id}, but tracking=none keeps no runs; expected the store "
            "that has this run. Use tracking=local or tracking=server."
        )

    def schema(self, run_id: str) -> NoReturn:
        """Raise a `StoreError`."""
        raise _no_run(run_id)

    def register(self, run_id: str, name: str) -> NoReturn:
        """Raise a `StoreError`: there is no run to register."""
        raise StoreError(
            f"tracking=none keeps no runs, so that none can be registered as {name}; use "
            "tracking=local."
        )

    def model_run_id(self, name: str) -> NoReturn:
        """Raise a `StoreError`."""
        raise _no_run(name)

    def get_run(self, run_id: str) -> NoReturn:
        """Raise a `StoreError`."""
        raise _no_run(run_id)

    def get_runs(self, run_ids: Sequence[str]) -> list[StoredRun]:
        """Return no runs."""
        return []

    def child_run_ids(self, run_id: str) -> list[str]:
        """Return no IDs."""
        return []

    def runs_of(self, study: str) -> list[StoredRun]:
        """Return no runs."""
        return []

    def history(self, run_id: str, name: str) -> list[float]:
        """Return no values."""
        return []

    def histories(
        self, run_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """Return no values for each run."""
        return {run_id: {} for run_id in run_ids}

    def select(self, targets: Sequence[str]) -> NoReturn:
        """Raise a `StoreError`."""
        raise _no_run(" or ".join(targets))

    def download_artifact(self, run_id: str, path: str, folder: Path) -> NoReturn:
        """Raise a `StoreError`."""
        raise _no_run(run_id)

    def log_artifacts(self, run_id: str, folder: Path, path: str | None) -> NoReturn:
        """Raise a `StoreError`."""
        raise _no_run(run_id)

    def page_url(self, run: StoredRun) -> NoReturn:
        """Raise a `StoreError`."""
        raise _no_run(run.run_id)


def connect() -> Store:
    """Return the store that stores nothing."""
    return NullStore()


def _no_run(name: str) -> StoreError:
    return StoreError(
        f"tracking=none keeps no runs, so there is no {name}; expected the store that has this "
        "run: use tracking=local or tracking=server."
    )
