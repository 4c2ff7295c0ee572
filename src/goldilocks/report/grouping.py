"""Stored runs -> groups whose values may be compared: one meaning for every table and page."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from goldilocks.problem import PROBLEMS, SAME_LOSS
from goldilocks.tracking import ledger, query
from goldilocks.tracking.query import StoredRun

DIGEST = 8  # characters of a digest that are shown

# Settings, by the beginnings of their keys, that choose the validation rows.
CHOOSE_ROWS = (
    *("protocol", "inner_validation", "dataset.subset", "trainer.validation_steps"),
    *("dataset.time", "dataset.group", "dataset.query", "dataset.split"),
)
CHOOSE_NONE = ("null", "0")  # values of a key that earlier versions may not have logged

REASONS: Mapping[str, str] = {
    "dataset": "the data set",
    "source": "the source of the data (the published data, or a stand-in for it)",
    "digest": "the rows or targets of the data (its digest)",
    "problem": "the problem",
    "loss": "the loss",
    "scale": "the deviation that the loss divides targets by (problem.standardize)",
    "metric": "the primary metric",
    "final": "the kind of rows that they are scored on (final runs: test rows; others: validation "
    "rows)",
    "rows": "the rows that they are scored on",
}


class Basis(NamedTuple):
    """What the runs of a group share, so that their values may be compared.

    A field is "", or empty, where the store does not have it.

    Attributes:
        dataset: Name of the data set.
        source: "original" or "stand_in".
        digest: Digest of its rows and targets; of a person's file without the choice of inputs.
        problem: Problem type.
        loss: Keras's name of the loss. "auto" is resolved by the problem, and the crossentropy of
            classes has one name, whether they are integers or one-hot vectors; of logarithms it
            says so.
        scale: The deviation of each target that the loss divides by, as a run logs it.
        metric: Keras's name of the primary metric.
        final: Whether the scores are of test rows, as those of final runs are.
        rows: What chooses the rows that are scored: settings such as "protocol.k=4", and of a
            person's file the digest of the validation rows; of final runs that of the test rows.
    """

    dataset: str
    source: str
    digest: str
    problem: str
    loss: str
    scale: str
    metric: str
    final: bool
    rows: tuple[str, ...]


def group(runs: Sequence[StoredRun]) -> dict[Basis, list[StoredRun]]:
    """Group runs that may be compared, in the order of their first runs.

    A fold or a repeat belongs to the group of the run above it.
    """
    by_id = {run.run_id: run for run in runs}
    groups: dict[Basis, list[StoredRun]] = {}
    for run in runs:
        above = run
        if run.is_part:
            above = by_id.get(run.parent, run)
        groups.setdefault(basis(above), []).append(run)
    return groups


def basis(run: StoredRun) -> Basis:
    """Return what other runs must share with a run to be compared with it."""
    problem, loss = run.tags.get("problem", ""), run.params.get("problem.loss", "")
    if loss == "auto" and problem in PROBLEMS:
        loss = PROBLEMS[problem].losses[0]
    of_logarithms = " of logarithms" * (run.params.get("problem.log_target") == "true")
    return Basis(
        dataset=run.params.get("dataset", ""),
        source=run.tags.get("dataset.source", ""),
        digest=run.tags.get(query.ROWS) or run.tags.get("dataset.digest", ""),
        problem=problem,
        loss=SAME_LOSS.get(loss, loss) + of_logarithms,
        scale=run.tags.get("problem.scale", ""),
        metric=query.primary_metric(run).rpartition(".")[2],
        final=is_final(run),
        rows=_rows(run),
    )


def is_final(run: StoredRun) -> bool:
    """Return whether a run was scored on test rows."""
    return run.params.get("final") == "true"


def heading(basis: Basis, bases: Sequence[Basis]) -> str:
    """Return a group's data in words, and what else sets it apart from the other groups.

    Args:
        basis: Of the group.
        bases: Of all groups, this one included.
    """
    return ", ".join([data_name(basis), *distinctions(basis, bases)])


def distinctions(basis: Basis, bases: Sequence[Basis]) -> list[str]:
    """Return in words what sets a group apart from others, but for its data."""
    words = ["final runs"] if basis.final else []
    for name in ("problem", "loss", "metric"):
        if len({getattr(other, name) for other in bases}) > 1:
            words.append(f"{name} {getattr(basis, name) or 'not known'}")
    if len({other.scale for other in bases}) > 1:
        words.append(f"loss of targets / {basis.scale}" if basis.scale else "loss in the unit")

    alike = [set(other.rows) for other in bases if other.final == basis.final]
    shared = set.intersection(*alike)
    return words + [row for row in basis.rows if row not in shared]


def data_name(basis: Basis) -> str:
    """Return the data of a group in words: "boston (stand-in, 1f0c5e2a)"."""
    name = basis.dataset or "data without a name"
    details = filter(None, [basis.source.replace("_", "-"), basis.digest[:DIGEST]])
    return f"{name} ({', '.join(details)})".removesuffix(" ()")


def reasons(bases: Sequence[Basis]) -> list[str]:
    """Return in words why there are several groups: of each two, the first field that differs."""
    fields = {
        next(name for name in REASONS if getattr(first, name) != getattr(second, name))
        for first, second in combinations(bases, 2)
    }
    return [words for name, words in REASONS.items() if name in fields]


def _rows(run: StoredRun) -> tuple[str, ...]:
    """Return `Basis.rows`."""
    digest = run.tags.get("test.digest", "")
    if is_final(run):
        return (f"test rows {digest[:DIGEST]}",) if digest else ()
    chosen = CHOOSE_ROWS
    if run.params.get("trainer.validation_steps", "null") != "null":
        chosen += ("trainer.batch_size",)  # so many steps are so many rows
    settings = sorted(run.params.items())
    rows = [
        f"{name}={value}"
        for name, value in settings
        if name.startswith(chosen) and (name.startswith("protocol") or value not in CHOOSE_NONE)
    ]
    if validated := run.tags.get(ledger.VALIDATED, ""):
        rows.append(f"validation rows {validated[:DIGEST]}")
    return tuple(rows)
