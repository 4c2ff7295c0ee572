"""The sections of a sweep's runs, and the next command."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.config import invocation
from goldilocks.config.literals import plainest
from goldilocks.config.settings import key_of
from goldilocks.report import conclusion
from goldilocks.report.conclusion import FEW, unresolved
from goldilocks.report.sections import Section, curve_names, sections
from goldilocks.run import next_moves
from goldilocks.run.context import stored_predictions, stored_rows
from goldilocks.sweep.expand import settings_of
from goldilocks.tracking import Store
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import with_parts

SEEDS = (0, 1, 2)  # with which those are trained again that one seed cannot tell apart


def sections_of(store: Store, runs: Sequence[StoredRun], *, rank_by: str) -> list[Section]:
    """Return the variants of the runs of a sweep, ranked and compared.

    Args:
        store: Has the runs.
        runs: Of its jobs.
        rank_by: What a search has compared them by; "" of another sweep.
    """
    every = with_parts(store, runs)
    histories = store.histories([run.run_id for run in every], curve_names(every))
    read_rows = functools.partial(stored_rows, store)
    return sections(every, histories, read_rows, rank_by=rank_by)


def commands(
    of_sweep: Sequence[Section], overrides: Mapping[str, Sequence[str]], store: Store
) -> dict[str, str]:
    """Return what to type next after a sweep, by the heading of each section; none of a single run.

    Args:
        of_sweep: The sections of its runs.
        overrides: Of each job, by the ID of its run.
        store: Has the runs.
    """
    if not conclusion.compares(of_sweep):
        return {}
    texts = {
        heading: next_command(section, overrides, store)
        for heading, section in zip(conclusion.headings(of_sweep), of_sweep, strict=True)
    }
    return {heading: text for heading, text in texts.items() if text}


def next_command(section: Section, overrides: Mapping[str, Sequence[str]], store: Store) -> str:
    """Return what to type after a sweep, with the reason as a comment; "" where nothing is known.

    Args:
        section: Its runs.
        overrides: Of each job, by the ID of its run.
        store: Has the runs.
    """
    best = section.variants[0]
    typed = overrides.get(best.runs[0].run_id)
    if typed is None or not best.trainings:
        return ""
    [settings] = settings_of([list(typed)])
    if settings.tree["final"]:
        return ""

    rivals = unresolved(section)[: FEW - 1]
    is_single = all(len(variant.trainings) == 1 for variant in (best, *rivals))
    if rivals and is_single and "seed" not in map(key_of, typed):
        ids = [variant.runs[0].run_id for variant in (best, *rivals)]
        return _over_seeds([overrides[run_id] for run_id in ids if run_id in overrides])

    run = next(iter(best.trainings.values()))
    of_each = [stored_predictions(store, one.run_id)[0] for one in best.trainings.values()]
    rows = set(np.concatenate(of_each).tolist())
    problem = settings.problem(run.tags["problem"])
    first = best.runs[0]
    if base := first.params.get("model.base"):  # What auto stood for.
        settings = settings.changed({"model.base": base})
    moves = next_moves.propose(
        *(settings, problem, first.metrics, first.tags),
        rows=len(rows),
        store=store,
        digest=first.tags["dataset.digest"],
    )
    return next_moves.lines(settings, moves[:1])


def _over_seeds(jobs: Sequence[Sequence[str]]) -> str:
    """Return the sweep over seeds of a few jobs of a sweep: of each key the values that they have.

    Where these would make other jobs as well, it is of the first job alone.

    Args:
        jobs: The overrides of each.
    """
    values: dict[str, list[str]] = {}
    for job in jobs:
        for word in job:
            key, _, value = plainest(word, sweeps=True).partition("=")
            if value not in values.setdefault(key, []):
                values[key].append(value)
    if sum(len(of_key) > 1 for of_key in values.values()) > 1:
        values = {key: of_key[:1] for key, of_key in values.items()}
    words = [f"{key}={','.join(of_key)}" for key, of_key in values.items()]
    seeds = f"seed={','.join(map(str, SEEDS))}"
    command = invocation.command("train", ["-m", *words, seeds])
    return f"{command}   # one seed cannot tell how much of the lead is chance"
