"""No tracking: everything is computed and nothing is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, NoReturn

from goldilocks.errors import StoreError

if TYPE_CHECKING:
    from goldilocks.tracking.protocols import Store
    from goldilocks.tracking.query import Histories, StoredRun


class NullTracker:
    """Satisfies `Tracker` and logs nothing."""

    run_id = ""
    where = "nowhere (tracking=none)"
    url = page_command = ""
    checkpoint = None

    def epoch(self, *values: object, **named: object) -> None:
        """Log nothing."""

    params = metrics = tags = describe = dataset = files = model = mark_test_evaluation = flush = (
        epoch
    )


class NullStore:
    """Satisfies `Store` and stores nothing: searches find nothing, and naming a run is an error."""

    uri = ""
    experiment = ""
    ui_command = ""

    @contextlib.contextmanager
    def start_run(self, *values: object, **named: object) -> Generator[NullTracker]:
        """Open a run that logs nothing."""
        yield NullTracker()

    @contextlib.contextmanager
    def lock(self, *values: object, **named: object) -> Generator[None]:
        """Lock nothing: no process shares anything here."""
        yield

    def repair(self) -> list[str]:
        """Repair nothing."""
        return []

    def search(self, *values: object, **named: object) -> list[StoredRun]:
        """Return no runs."""
        return []

    def page_command(self, *values: object, **named: object) -> str:
        """Return no command: there is no page."""
        return ""

    def histories(self, *values: object, **named: object) -> Histories:
        """Return no values."""
        return {}

    def save_view(self, *values: object, **named: object) -> str:
        """Save nothing."""
        return ""

    def get_run(self, run_id: str, *values: object, **named: object) -> NoReturn:
        """Raise a `StoreError`: there is no run."""
        raise StoreError(
            f"tracking=none keeps no runs, so there is no {run_id}; expected the store that has "
            "this run: use tracking=local or tracking=server."
        )

    load_model = read_artifact = annotate = get_run


def connect() -> Store:
    """Return the store that stores nothing."""
    return NullStore()
