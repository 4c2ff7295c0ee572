"""The seal of the test rows: which configurations were evaluated, and whether another may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldilocks.config.settings import SEEDS, deciding
from goldilocks.errors import SealError
from goldilocks.formatting import number
from goldilocks.tracking import ledger
from goldilocks.tracking.ledger import evaluated_at

if TYPE_CHECKING:
    from goldilocks.tracking import Store
    from goldilocks.tracking.query import StoredRun

NAMED = 3  # earlier evaluations that a refusal names

# What a store logs beside a score on the test rows. Stores of version 0.1 have the older names.
EVALUATIONS = "test_evaluations"
EVALUATIONS_BEFORE = "test_looks"
NO_SCORES = (
    "_low",
    "_high",
    "_few_rows",
    "_evaluations",
    "_evaluations_elsewhere",
    "_looks",
    "_looks_elsewhere",
)


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a final run on its test rows.

    Attributes:
        digest: Digest of the content of the test rows.
        number: How many configurations have been evaluated on these rows, this one included; None
            where no ledger is kept.
        elsewhere: Number of final runs that were evaluated on other test rows of the same data.
        configurations: Number of configurations that were compared on validation rows of the same
            data; None without a ledger.
        validation_rows: Number of validation rows of this run's protocol, before they were joined
            to the training rows.
    """

    digest: str
    number: int | None
    elsewhere: int
    configurations: int | None
    validation_rows: int

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the sentences that stand beside the scores."""
        if self.number is None:
            return (
                "tracking=none keeps no ledger: nobody knows whether these test rows were "
                "evaluated before.",
            )
        if not self.elsewhere:
            return ()

        runs = "final run was" if self.elsewhere == 1 else "final runs were"
        return (f"{self.elsewhere} {runs} evaluated on other test rows of the same data.",)


def warning(evaluations: float | None) -> str:
    """Return the warning of a repeated test evaluation; "" of the first one."""
    if evaluations is None or evaluations <= 1:
        return ""
    return f"test evaluation {evaluations:.0f} on these rows: optimistic"


def evaluations(metrics: Mapping[str, float]) -> float | None:
    """Return how many configurations had been evaluated on a run's test rows; None if none was."""
    return metrics.get(EVALUATIONS, metrics.get(EVALUATIONS_BEFORE))


def evaluation(
    store: Store,
    *,
    digest: str,
    dataset_digest: str,
    configuration: str,
    fingerprint: str,
    resumed_run: str | None,
    force: bool,
    validation_rows: int,
) -> Evaluation:
    """Check the seal before a final run opens. The caller holds the lock of the digest meanwhile.

    Runs of the same configuration with other seeds share one evaluation: their mean and spread are
    one result.

    Args:
        store: An open store.
        digest: Digest of the content of the test rows.
        dataset_digest: Digest of the data set.
        configuration: `Settings.configuration` of the final run.
        fingerprint: `Settings.fingerprint` of the final run.
        resumed_run: ID of the interrupted run that goes on; None for a new run. One that was
            evaluated before it was interrupted may be evaluated again.
        force: Whether another evaluation is wanted all the same.
        validation_rows: As in `Evaluation`.

    Raises:
        SealError: If another configuration was evaluated on these rows, or is about to be, and
            `force` is false.
        StoreError: If the store cannot be read.
    """
    if not store.uri:
        return Evaluation(digest, None, 0, None, validation_rows)

    runs = ledger.evaluations(store, digest)
    # A run of version 0.1 has no configuration: only an equal fingerprint makes it the same.
    others = [
        run
        for run in runs
        if run.run_id != resumed_run
        and run.tags.get("configuration") != configuration
        and run.tags.get("fingerprint") != fingerprint
    ]
    position = len({_configuration(run) for run in others}) + 1
    evaluated_before = any(run.run_id == resumed_run for run in runs)
    if others and not evaluated_before and not force:
        raise SealError(refusal(others, position))

    return Evaluation(
        digest,
        position,
        len(ledger.evaluations_elsewhere(store, dataset_digest, digest)),
        len({_configuration(run) for run in ledger.validation_runs(store, dataset_digest)}),
        validation_rows,
    )


def _configuration(run: StoredRun) -> str:
    """Return what is equal for runs of one configuration, whatever their seeds."""
    if "configuration" in run.tags:
        return run.tags["configuration"]
    chosen = {key: value for key, value in deciding(run.params).items() if key not in SEEDS}
    return repr(sorted(chosen.items())) if chosen else run.tags.get("fingerprint", run.run_id)


def refusal(others: Sequence[StoredRun], position: int) -> str:
    """Return why the seal stays closed: who was evaluated, when, and with what result.

    Args:
        others: Runs of other configurations.
        position: Which evaluation of these rows it would be.
    """
    named = "; ".join(_described(run) for run in others[:NAMED])
    more = f"; and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return (
        f"another configuration was evaluated on these test rows: {named}{more}. Expected one "
        "evaluation, of one configuration that was chosen by validation: once you have seen a "
        "test result, the next one is biased. Keep the first, or add force=true; reports will "
        f"mark it as test evaluation {position}."
    )


def is_score(name: str) -> bool:
    """Tell whether a metric is a score on test rows."""
    return name.startswith("test_") and not name.endswith(NO_SCORES)


def results(run: StoredRun) -> dict[str, float]:
    """Return the scores on test rows that a run logged, by names such as "test_mae"."""
    return {name: value for name, value in run.metrics.items() if is_score(name)}


def _described(run: StoredRun) -> str:
    name = f"run {run.run_id} ({run.name})"
    when = evaluated_at(run)[:16].replace("T", " ")
    if not when:
        return f"{name} is about to be evaluated"

    scores = ", ".join(f"{metric} {number(value)}" for metric, value in results(run).items())
    if not scores:
        return f"{name} on {when} UTC, and has logged no result"
    return f"{name} on {when} UTC, with {scores}"
