"""The seal of the test rows: which configurations were evaluated, and whether another may be."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset, cell_keys, overlap, row_keys
from goldilocks.dataset.overlap import LIMIT, Known
from goldilocks.errors import SealError, StoreError
from goldilocks.formatting import number, percent
from goldilocks.protocol import Split
from goldilocks.run import compared
from goldilocks.run.test_scores import results
from goldilocks.tracking import ledger, user_ledger
from goldilocks.tracking.ledger import StoreLedger, evaluated_at
from goldilocks.tracking.user_ledger import UserLedger

if TYPE_CHECKING:
    from goldilocks.tracking import Store
    from goldilocks.tracking.query import StoredRun

NAMED = 3  # earlier evaluations that a refusal names


@dataclass(frozen=True, eq=False)
class Overlap:
    """A run that was evaluated on test rows, or is about to be.

    Attributes:
        run: Of the store, or of the person's ledger.
        agreement: Which of the rows that are asked about were among its test rows; None where
            content cannot tell.
    """

    run: StoredRun
    agreement: Known | None


@dataclass(frozen=True, eq=False)
class Question:
    """Test rows that are asked about.

    Attributes:
        ledgers: Where they may be.
        dataset: The data set.
        split: Its rows; those of the test are asked about.
        digest: Of the content of the test rows.
        claim_id: What a person's ledger calls a run that no store has.
        queries: The same, as ledgers of different secrets are asked.
        agreements: What was found out, by the digests of other test rows.
    """

    ledgers: Sequence[StoreLedger | UserLedger]
    dataset: Dataset
    split: Split
    digest: str
    claim_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    queries: dict[bytes, overlap.Asked] = field(default_factory=dict[bytes, overlap.Asked])
    agreements: dict[str, Known | None] = field(default_factory=dict[str, "Known | None"])

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
                    runs[run.run_id] = Overlap(run, self._known(book, run, digest))
        return list(runs.values())

    def kept(self, book: StoreLedger | UserLedger) -> overlap.Kept:
        """Return what a ledger keeps of the test rows."""
        keys = cell_keys.of_dataset(self.dataset)
        return overlap.keep(keys, self.split.test, book.secret)

    def _known(self, book: StoreLedger | UserLedger, run: StoredRun, digest: str) -> Known | None:
        if digest == self.digest:
            return overlap.ALL
        if run.tags.get(ledger.KIND) != self.dataset.kind:  # Or of an earlier version.
            return overlap.NONE
        if digest not in self.agreements:
            self.agreements[digest] = None
            with contextlib.suppress(StoreError):  # Its keys are gone: the digest decides.
                stored_keys = book.kept(run)
                if book.secret not in self.queries:
                    self.queries[book.secret] = overlap.ask(
                        self.dataset, self.split.test, self.split.train, book.secret
                    )
                self.agreements[digest] = overlap.known(self.queries[book.secret], stored_keys)
        return self.agreements[digest]


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
        share: Which fraction of the test rows was evaluated before, by all others together.
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
    validation: np.ndarray,
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
        validation: The validation rows of this run's protocol, int64 (n,).

    Raises:
        SealError: If another configuration was evaluated on these rows, or is about to be, and
            `force` is false.
        StoreError: If a ledger cannot be read.
    """
    if not question.ledgers:
        return Evaluation(question, None, 0, None, len(validation))

    overlaps = question.overlaps()
    # A run of version 0.1 has no configuration: only an equal fingerprint makes it the same.
    others = [
        one
        for one in overlaps
        if one.run.run_id != resumed_run
        and one.run.tags.get("configuration") != configuration
        and one.run.tags.get("fingerprint") != fingerprint
    ]
    rivals = sealed(others)
    evaluated_before = any(
        one.run.run_id == resumed_run and evaluated_at(one.run) for one in overlaps
    )
    if rivals and not evaluated_before and not force:
        raise SealError(refusal(rivals))

    dataset = question.dataset
    return Evaluation(
        question,
        position(rivals),
        sum(
            one not in rivals
            and share([one]) < LIMIT
            and bool(evaluated_at(one.run))
            and compared.is_same(one.run, dataset)
            for one in overlaps
        ),
        compared.configurations(store, dataset, validation),
        len(validation),
        earlier=frozenset(one.run.run_id for one in overlaps),
        share=share(others),
        is_untold=any(one.agreement is None for one in others),
    )


def share(overlaps: Sequence[Overlap]) -> float:
    """Return which fraction of the asked rows were test rows of any of these runs, 0 to 1."""
    return overlap.union([one.agreement for one in overlaps if one.agreement is not None])


def sealed(others: Sequence[Overlap]) -> list[Overlap]:
    """Return the runs of other configurations because of which another evaluation is refused.

    That is so where one of them was evaluated on `LIMIT` of the rows, or all together were.
    """
    alone = [one for one in others if share([one]) >= LIMIT]
    if alone or share(others) < LIMIT:
        return alone
    return [one for one in others if share([one]) > 0]


def position(others: Sequence[Overlap]) -> int:
    """Return which evaluation of these rows it is, after those of other configurations."""
    return len({compared.configuration(one.run) for one in others}) + 1


def refusal(others: Sequence[Overlap]) -> str:
    """Return why the seal stays closed: who was evaluated, when, and with what result.

    Args:
        others: Runs of other configurations.
    """
    named = "; ".join(_described(one.run) for one in others[:NAMED])
    more = f"; and {len(others) - NAMED} more" if len(others) > NAMED else ""
    part = percent(share(others)) if len(others) == 1 else f"together {percent(share(others))}"
    return (
        f"another configuration was evaluated on these test rows ({part} of them): "
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
