"""The seal of the test rows: which configurations were evaluated, and whether another may be."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from goldilocks.config.settings import SEEDS, Settings, deciding
from goldilocks.dataset import Dataset, cell_keys, overlap, row_keys
from goldilocks.errors import SealError, StoreError
from goldilocks.formatting import number, percent
from goldilocks.protocol import Split
from goldilocks.run.test_scores import results
from goldilocks.tracking import ledger, user_ledger
from goldilocks.tracking.ledger import StoreLedger, evaluated_at
from goldilocks.tracking.user_ledger import UserLedger

if TYPE_CHECKING:
    from goldilocks.tracking import Store
    from goldilocks.tracking.query import StoredRun

NAMED = 3  # earlier evaluations that a refusal names
LIMIT = 0.05  # of the test rows: from here on, rows that were evaluated before are refused


@dataclass(frozen=True)
class Overlap:
    """A run that was evaluated on test rows, or is about to be.

    Attributes:
        run: Of the store, or of the person's ledger.
        share: Which fraction of the rows that are asked about were among its test rows; None where
            content cannot tell.
    """

    run: StoredRun
    share: float | None

    @property
    def is_sealed(self) -> bool:
        """Whether so many of the rows were evaluated that another evaluation is refused."""
        return self.share is not None and self.share >= LIMIT


@dataclass(frozen=True, eq=False)
class Question:
    """Test rows that are asked about.

    Attributes:
        ledgers: Where they may be.
        dataset: The data set.
        split: Its rows; those of the test are asked about.
        digest: Of the content of the test rows.
        claim_id: What a person's ledger calls a run that no store has.
        shares: What was found out, by the digests of other test rows.
    """

    ledgers: Sequence[StoreLedger | UserLedger]
    dataset: Dataset
    split: Split
    digest: str
    claim_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    shares: dict[str, float | None] = field(default_factory=dict[str, "float | None"])

    def overlaps(self) -> list[Overlap]:
        """Return the runs that were evaluated on test rows, or are about to be.

        Raises:
            StoreError: If a ledger cannot be read.
        """
        runs: dict[str, Overlap] = {}
        for book in self.ledgers:
            for run in book.runs():
                digest = run.tags[ledger.DIGEST]
                if run.run_id not in runs:
                    runs[run.run_id] = Overlap(run, self._share(book, run, digest))
        return list(runs.values())

    def kept(self, book: StoreLedger | UserLedger) -> overlap.Kept:
        """Return what a ledger keeps of the test rows."""
        keys = cell_keys.of_dataset(self.dataset)
        return overlap.keep(keys, self.split.test, book.secret)

    def _share(self, book: StoreLedger | UserLedger, run: StoredRun, digest: str) -> float | None:
        if digest == self.digest:
            return 1.0
        if run.tags.get(ledger.KIND) != self.dataset.kind:  # Or of an earlier version.
            return 0.0
        if digest not in self.shares:
            question = overlap.ask(self.dataset, self.split.test, self.split.train)
            self.shares[digest] = None
            with contextlib.suppress(StoreError):  # Its keys are gone: the digest decides.
                self.shares[digest] = overlap.share(question, book.kept(run), book.secret)
        return self.shares[digest]


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a final run on its test rows.

    Attributes:
        question: The test rows.
        number: How many configurations have been evaluated on these rows, this one included; None
            where no ledger is kept.
        elsewhere: Number of final runs that were evaluated on other test rows of the same data.
        configurations: Number of configurations that were compared on validation rows of the same
            data; None without a ledger.
        validation_rows: Number of validation rows of this run's protocol, before they were joined
            to the training rows.
        earlier: IDs of the runs that the ledgers had before this one.
        share: Which fraction of the test rows was evaluated before, of less than `LIMIT`.
        is_untold: Whether content cannot tell if these rows were among other test rows.
    """

    question: Question
    number: int | None
    elsewhere: int
    configurations: int | None
    validation_rows: int
    earlier: frozenset[str] = frozenset()
    share: float = 0.0
    is_untold: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the sentences that stand beside the scores."""
        if self.number is None:
            return (
                "tracking=none keeps no ledger of published data: nobody knows whether these test "
                "rows were evaluated before.",
            )

        notes: list[str] = []
        if self.elsewhere:
            runs = "final run was" if self.elsewhere == 1 else "final runs were"
            notes.append(f"{self.elsewhere} {runs} evaluated on other test rows of the same data.")
        if self.share:
            notes.append(f"{percent(self.share)} of the test rows were evaluated before.")
        if self.is_untold:
            notes.append(
                "Whether these test rows were among others that were evaluated, content cannot "
                "tell: too few of their cells are rare, or the keys of the others are gone. Only "
                "the same test rows are known again."
            )
        return tuple(notes)


def ask(settings: Settings, store: Store, dataset: Dataset, split: Split) -> Question:
    """Return what is asked about the test rows of a split.

    Of a person's own data, the ledger of that person is asked as well.

    Raises:
        StoreError: That ledger cannot be opened.
    """
    ledgers: list[StoreLedger | UserLedger] = []
    if store.uri:
        ledgers.append(StoreLedger(store))
    if settings.traits.dataset.requires:
        ledgers.append(user_ledger.of_person())
    return Question(ledgers, dataset, split, row_keys.digest(dataset, split.test))


def evaluation(
    store: Store,
    question: Question,
    *,
    configuration: str,
    fingerprint: str,
    resumed_run: str | None,
    force: bool,
    validation_rows: int,
) -> Evaluation:
    """Check the seal before a final run opens. The caller holds the lock of the ledgers meanwhile.

    Runs of the same configuration with other seeds share one evaluation: their mean and spread are
    one result.

    Args:
        store: An open store.
        question: The test rows.
        configuration: `Settings.configuration` of the final run.
        fingerprint: `Settings.fingerprint` of the final run.
        resumed_run: ID of the interrupted run that goes on; None for a new run. One that was
            evaluated before it was interrupted may be evaluated again.
        force: Whether another evaluation is wanted all the same.
        validation_rows: As in `Evaluation`.

    Raises:
        SealError: If another configuration was evaluated on these rows, or is about to be, and
            `force` is false.
        StoreError: If a ledger cannot be read.
    """
    if not question.ledgers:
        return Evaluation(question, None, 0, None, validation_rows)

    overlaps = question.overlaps()
    # A run of version 0.1 has no configuration: only an equal fingerprint makes it the same.
    others = [
        one
        for one in overlaps
        if one.run.run_id != resumed_run
        and one.run.tags.get("configuration") != configuration
        and one.run.tags.get("fingerprint") != fingerprint
    ]
    sealed = [one for one in others if one.is_sealed]
    evaluated_before = any(
        one.run.run_id == resumed_run and evaluated_at(one.run) for one in overlaps
    )
    if sealed and not evaluated_before and not force:
        raise SealError(refusal(sealed))

    data = question.dataset.digest
    return Evaluation(
        question,
        position(sealed),
        sum(
            not one.is_sealed
            and bool(evaluated_at(one.run))
            and one.run.tags.get("dataset.digest") == data
            for one in overlaps
        ),
        len({_configuration(run) for run in ledger.validation_runs(store, data)}),
        validation_rows,
        earlier=frozenset(one.run.run_id for one in overlaps),
        share=max((one.share or 0.0 for one in others if not one.is_sealed), default=0.0),
        is_untold=any(one.share is None for one in others),
    )


def _configuration(run: StoredRun) -> str:
    """Return what is equal for runs of one configuration, whatever their seeds."""
    if "configuration" in run.tags:
        return run.tags["configuration"]
    chosen = {key: value for key, value in deciding(run.params).items() if key not in SEEDS}
    return repr(sorted(chosen.items())) if chosen else run.tags.get("fingerprint", run.run_id)


def position(others: Sequence[Overlap]) -> int:
    """Return which evaluation of these rows it is, after those of other configurations."""
    return len({_configuration(one.run) for one in others}) + 1


def refusal(others: Sequence[Overlap]) -> str:
    """Return why the seal stays closed: who was evaluated, when, and with what result.

    Args:
        others: Runs of other configurations.
    """
    named = "; ".join(_described(one.run) for one in others[:NAMED])
    more = f"; and {len(others) - NAMED} more" if len(others) > NAMED else ""
    share = max(one.share or 0.0 for one in others)
    return (
        f"another configuration was evaluated on these test rows ({percent(share)} of them): "
        f"{named}{more}. Expected one evaluation, of one configuration that was chosen by "
        "validation: once you have seen a test result, the next one is biased. Keep the first, or "
        f"add force=true; reports will mark it as test evaluation {position(others)}."
    )


def _described(run: StoredRun) -> str:
    name = f"run {run.run_id} ({run.name})"
    when = evaluated_at(run)[:16].replace("T", " ")
    if not when:
        until = datetime.fromtimestamp(ledger.expires(run), UTC)
        return f"{name} is about to be evaluated (if its process is gone: until {until:%H:%M} UTC)"

    scores = ", ".join(f"{metric} {number(value)}" for metric, value in results(run).items())
    if not scores:
        return f"{name} on {when} UTC, and has logged no result"
    return f"{name} on {when} UTC, with {scores}"
