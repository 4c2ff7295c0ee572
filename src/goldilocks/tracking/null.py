"""No tracking: everything is computed and nothing is stored."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from goldilocks.errors import StoreError


class Tracker:
    """Takes what `tracking.run.Tracker` takes, and forgets it."""

    run_id = ""
    where = "nowhere (tracking=none)"
    ui_command = ""
    checkpoint = None

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Forget the metrics of an epoch."""

    def metrics(self, values: Mapping[str, float]) -> None:
        """Forget single values."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Forget tags."""

    def mark_test_evaluation(self) -> None:
        """Do nothing: there is no ledger."""

    def describe(self, markdown: str) -> None:
        """Forget the description."""

    def dataset(self, dataset: Any, *, context: str) -> None:
        """Forget the data set."""

    def files(self, folder: Path, path: str | None = None) -> None:
        """Forget files."""

    def model(self, model: Any, example: Any) -> None:
        """Forget the model."""


class Store:
    """A store that keeps nothing."""

    ui_command = ""

    @contextlib.contextmanager
    def run(
        self,
        name: str,
        *,
        parent: str | None,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        continued: str | None,
    ) -> Iterator[Tracker]:
        """A run that nobody will find again."""
        yield Tracker()

    @contextlib.contextmanager
    def alone(self, fingerprint: str, doing: str = "") -> Iterator[None]:
        """Nothing is shared, so nothing is waited for."""
        yield

    def earlier(self, fingerprint: str) -> None:
        """No run was kept."""

    def test_evaluations(self, digest: str) -> None:
        """Return None: no ledger is kept."""

    def test_evaluations_elsewhere(self, dataset_digest: str, digest: str) -> list[Any]:
        """Return no runs: none was stored."""
        return []

    def validation_runs(self, dataset_digest: str) -> list[Any]:
        """Return no runs: none was stored."""
        return []

    def explain(self, run_id: str, reason: str) -> None:
        """Nothing to explain."""

    def repair(self) -> list[str]:
        """Nothing to repair."""
        return []

    def model(self, run_id: str) -> NoReturn:
        """No run was kept, so there is none to start from."""
        raise StoreError(
            f"model.init_from is {run_id}, but tracking=none keeps no runs; expected the store "
            "that has this run. Use "
            "tracking=local or tracking=server."
        )

    def found(self, run_id: str) -> NoReturn:
        """No run was kept."""
        raise StoreError(
            f"tracking=none keeps no runs, so there is no {run_id}; expected the store that has "
            "this run."
        )

    def register(self, run_id: str, name: str) -> NoReturn:
        """No run was kept, so there is none to register."""
        raise StoreError(
            f"tracking=none keeps no runs, so that none can be registered as {name}; use "
            "tracking=local."
        )

    def below(self, run_id: str) -> list[str]:
        """No runs."""
        return []

    def runs(self, run_ids: Sequence[str]) -> list[Any]:
        """No runs."""
        return []


def connect() -> Store:
    """The store that keeps nothing."""
    return Store()
