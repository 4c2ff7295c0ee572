"""The seal of the test rows: who has looked at them before, and whether another look is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldilocks.config.settings import deciding
from goldilocks.errors import SealError

if TYPE_CHECKING:
    from goldilocks.tracking import Store
    from goldilocks.tracking.query import StoredRun

OF_LUCK = (
    "seed",
    "trainer.repeats",
)  # keys that choose no other configuration, but how its luck is drawn
SHOWN = 3  # earlier looks that are named
# What a store logs beside a score on the test rows; these are no scores.
BESIDE = ("_low", "_high", "_looks", "_looks_elsewhere")


@dataclass(frozen=True)
class Look:
    """The look of a final run at its test rows.

    Attributes:
        digest: Of the content of the test rows.
        number: Which look at these rows it is, from 1; None where no ledger is kept.
        elsewhere: How many final runs have looked at other test rows of the same data.
        consulted: How many configurations were judged by validation rows of the same data; None
            without a ledger.
        validated: How many validation rows they were judged by: those of this run's protocol,
            before they were joined.
    """

    digest: str
    number: int | None
    elsewhere: int
    consulted: int | None
    validated: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of it beside the scores."""
        if self.number is None:
            return (
                "tracking=none keeps no ledger: whether these test rows were looked at before is "
                "not known.",
            )
        if not self.elsewhere:
            return ()
        runs = "final run has" if self.elsewhere == 1 else "final runs have"
        return (f"{self.elsewhere} {runs} looked at other test rows of the same data.",)


def warned(number: float | None) -> str:
    """What every report says of a look that is not the first one; "" of the first, or where none is known."""
    return (
        f"look {number:.0f} at this test set: optimistic"
        if number is not None and number > 1
        else ""
    )


def look(
    store: Store,
    *,
    digest: str,
    dataset_digest: str,
    fingerprint: str,
    continued: str | None,
    force: bool,
    validated: int,
) -> Look:
    """What the ledger says before a final run opens; to be asked while the lock of the digest is held.

    Args:
        store: An open store.
        digest: Of the content of the test rows.
        dataset_digest: Of the data set.
        fingerprint: Of the final run.
        continued: ID of the interrupted run that goes on, None for a new run; one that had looked
            may look again.
        force: Whether another look is wanted all the same.
        validated: As of `Look`.

    Raises:
        SealError: Another configuration has looked at these rows, or is about to, and `force` is
            false.
        StoreError: The store cannot be read.
    """
    found = store.looks(digest)
    if found is None:
        return Look(digest, None, 0, None, validated)
    earlier = [run for run in found if run.run_id != continued]
    others = [run for run in earlier if run.tags.get("fingerprint") != fingerprint]
    looked = any(run.run_id == continued for run in found)
    if others and not looked and not force:
        raise SealError(refusal(others, len(earlier) + 1))
    elsewhere = len(store.looks_elsewhere(dataset_digest, digest))
    return Look(
        digest,
        len(earlier) + 1,
        elsewhere,
        _configurations(store.consulted(dataset_digest)),
        validated,
    )


def _configurations(runs: Sequence[StoredRun]) -> int:
    """How many configurations these runs are of; with another seed, a configuration is the same one."""
    params = [deciding(run.params) for run in runs]
    return len(
        {
            tuple(sorted((key, value) for key, value in each.items() if key not in OF_LUCK))
            for each in params
        }
    )


def refusal(earlier: Sequence[StoredRun], number: int) -> str:
    """Why there is no further look, with who looked, when, and what was seen.

    Args:
        earlier: Runs of other configurations.
        number: Which look it would be.
    """
    named = "; ".join(_told(run) for run in earlier[:SHOWN])
    more = f"; and {len(earlier) - SHOWN} more" if len(earlier) > SHOWN else ""
    return (
        f"another configuration has looked at these test rows: {named}{more}. Expected one look, "
        "by one configuration "
        "that was chosen by validation: whoever has seen a result on the test rows chooses by it, "
        "and the next result "
        "is too good. Take the earlier result; or look again with force=true, and every report "
        "says that it is look "
        f"{number}."
    )


def is_score(name: str) -> bool:
    """Whether a metric is a score on test rows."""
    return name.startswith("test_") and not name.endswith(BESIDE)


def results(run: StoredRun) -> dict[str, float]:
    """The scores on test rows that a run logged, by names such as "test_mae"."""
    return {name: value for name, value in run.metrics.items() if is_score(name)}


def _told(run: StoredRun) -> str:
    found = ", ".join(f"{name} {value:.4g}" for name, value in results(run).items())
    when = run.tags.get("test.looked", "")[:16].replace("T", " ")
    seen = (
        f"on {when} UTC{f', with {found}' if found else ', and has logged no result'}"
        if when
        else "is about to look"
    )
    return f"run {run.run_id} ({run.name}) {seen}"
