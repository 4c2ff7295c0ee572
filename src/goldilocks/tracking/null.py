"""No tracking: everything is computed and nothing is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from goldilocks.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from goldilocks.tracking.protocols import Store
    from goldilocks.tracking.query import Histories, StoredRun


class NullTracker:
    """Satisfies `Tracker` and logs nothing."""

    run_id = ""
    where = "nowhere (tracking=none)"
    ui_command = ""
    checkpoint = None

    def epoch(self, *values: Any, **named: Any) -> None:
        """Log nothing."""

    metrics = tags = describe = dataset = files = model = mark_test_evaluation = epoch


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

    def repair(self) -> list[str]:
        """Repair nothing."""
        return []

    def search(
        self,
        text: str,
        *,
        everywhere: bool = False,
        deleted: bool = False,
        newest: int | None = None,
    ) -> list[StoredRun]:
        """Return no runs."""
        return []

    def get_run(self, run_id: str) -> NoReturn:
        """Raise a `StoreError`: there is no run."""
        raise StoreError(
            f"tracking=none keeps no runs, so there is no {run_id}; expected the store that has "
            "this run: use tracking=local or tracking=server."
        )

    load_model = get_run

    def download_artifact(self, run_id: str, path: str, folder: Path) -> NoReturn:
        """Raise a `StoreError`: there is no run."""
        self.get_run(run_id)

    def annotate(
        self, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str], folder: Path
    ) -> NoReturn:
        """Raise a `StoreError`: there is no run."""
        self.get_run(run_id)

    def histories(self, run_ids: Sequence[str], names: Sequence[str]) -> Histories:
        """Return no values."""
        return {}


def connect() -> Store:
    """Return the store that stores nothing."""
    return NullStore()
