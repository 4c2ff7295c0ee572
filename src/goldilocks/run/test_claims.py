"""Final runs that begin at once on the same test rows: one of them is evaluated.

On one machine a lock lets one after the other ask and say that it is about to be evaluated. Of
several machines on one store each says so, waits, and asks again; the one with the lowest ID goes
on, says that it does, and asks once more.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from goldilocks.errors import SealError
from goldilocks.run.test_ledger import Evaluation, refusal, sealed
from goldilocks.run.test_scores import is_score
from goldilocks.tracking import ledger, user_ledger
from goldilocks.tracking.journal import milliseconds
from goldilocks.tracking.ledger import evaluated_at
from goldilocks.tracking.user_ledger import UserLedger

if TYPE_CHECKING:
    from goldilocks.tracking import Tracker

SETTLING = 0.5  # seconds until what another machine has written can be read


@contextlib.contextmanager
def claimed(
    evaluation: Evaluation, tracker: Tracker, name: str, tags: Mapping[str, str], *, force: bool
) -> Generator[None]:
    """Say in all ledgers that an open run is about to be evaluated, until it ends.

    Args:
        evaluation: Of the final run.
        tracker: Of the open run.
        name: Of the run, for people.
        tags: Of the run.
        force: Whether it is evaluated whoever else is about to be.

    Raises:
        SealError: Another configuration is about to be evaluated on these rows.
        StoreError: A ledger cannot be written.
    """
    question = evaluation.question
    intent = {
        ledger.DIGEST: question.digest,
        ledger.KIND: question.dataset.kind,
        ledger.INTENT: str(milliseconds()),
    }
    with contextlib.ExitStack() as stack:
        for book in question.ledgers:
            if isinstance(book, UserLedger):
                run = user_ledger.entry(
                    tracker.run_id or question.claim_id, name, {**tags, **intent}
                )
                stack.enter_context(book.claim(run, question.kept(book)))
                continue
            with tempfile.TemporaryDirectory() as folder:
                ledger.pack(question.kept(book), Path(folder) / ledger.FILE)
                tracker.files(Path(folder))
            tracker.tags(intent)
            tracker.flush()
            if not force:
                time.sleep(SETTLING)
                _check_rivals(evaluation, tracker.run_id, tags["configuration"], granted=False)
            tracker.tags({ledger.GRANTED: "true"})
            tracker.flush()
            if not force:
                _check_rivals(evaluation, tracker.run_id, tags["configuration"], granted=True)
        yield


def _check_rivals(
    evaluation: Evaluation, run_id: str, configuration: str, *, granted: bool
) -> None:
    """Raise SealError where a run that came meanwhile goes first.

    Args:
        evaluation: Of the run that asks.
        run_id: Its ID.
        configuration: Its configuration.
        granted: Whether it has said that it goes on: who did so as well goes first.
    """
    overlaps = evaluation.question.overlaps()
    others = [one for one in overlaps if one.run.tags.get("configuration") != configuration]
    rivals = [
        one
        for one in sealed(others)
        if one.run.run_id not in evaluation.earlier
        and (
            evaluated_at(one.run)
            or ledger.GRANTED in one.run.tags
            or (not granted and one.run.run_id < run_id)
        )
    ]
    if rivals:
        raise SealError(refusal(rivals))


def mark(evaluation: Evaluation, tracker: Tracker) -> None:
    """Record that a run is evaluated now, before anyone sees a result."""
    tracker.mark_test_evaluation()
    record(evaluation, tracker.run_id, {})


def record(evaluation: Evaluation, run_id: str, metrics: Mapping[str, float]) -> None:
    """Record in a person's ledger that a run is evaluated now, or what it scored.

    Args:
        evaluation: Of the run.
        run_id: Its ID; "" where no store has it.
        metrics: Of the run; empty before it is evaluated.

    Raises:
        StoreError: The ledger cannot be written.
    """
    scores = {name: value for name, value in metrics.items() if is_score(name)}
    for book in evaluation.question.ledgers:
        if isinstance(book, UserLedger):
            book.record(run_id or evaluation.question.claim_id, scores)
