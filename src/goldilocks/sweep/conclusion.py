"""What a sweep has shown, in sentences, and the next command."""

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.config import invocation
from goldilocks.config.literals import plainest
from goldilocks.config.settings import key_of
from goldilocks.formatting import number
from goldilocks.report import grouping
from goldilocks.report.sections import Section, curve_names, sections
from goldilocks.report.variants import Variant, short
from goldilocks.run import next_moves
from goldilocks.run.context import stored_predictions, stored_rows
from goldilocks.sweep.expand import settings_of
from goldilocks.tracking import Store
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import with_parts

FEW = 3  # variants that a sentence or a command names
SEEDS = (0, 1, 2)  # with which those are trained again that one seed cannot tell apart


def sections_of(store: Store, runs: Sequence[StoredRun], *, search: str) -> list[Section]:
    """Return the variants of the runs of a sweep, ranked and compared.

    Args:
        store: Has the runs.
        runs: Of its jobs.
        search: What a search has compared them by; "" of another sweep.
    """
    every = with_parts(store, runs)
    histories = store.histories([run.run_id for run in every], curve_names(every))
    read_rows = functools.partial(stored_rows, store)
    return sections(every, histories, read_rows, rank_by=search.replace("data_loss", "loss"))


def of_sections(
    found: Sequence[Section], overrides: Mapping[str, Sequence[str]], store: Store
) -> list[tuple[str, str]]:
    """Return what the runs of a sweep have shown and what to type next.

    Args:
        found: The sections of its runs.
        overrides: Of each job, by the ID of its run.
        store: Has the runs.

    Returns:
        Sentences, each with a word for what it says, "" for the heading of a section: "best",
        "lead", "turn", "next". None of a single run.
    """
    if sum(len(variant.runs) for section in found for variant in section.variants) < 2:
        return []
    texts: list[tuple[str, str]] = []
    for section in found:
        if len(found) > 1:
            texts.append(("", grouping.heading(section.basis, [one.basis for one in found])))
        texts += sentences(section)
        if command := next_command(section, overrides, store):
            texts.append(("next", command))
    return texts


def sentences(section: Section) -> list[tuple[str, str]]:
    """Return which variant is best, whether beyond noise, and where underfit turns to overfit.

    There are none where no variant has a finite value.
    """
    if section.best_value is None:
        return []

    value = f"{section.measures[0]} {number(section.best_value)}"
    texts = [("best", f"{section.variants[0].name}: {value}")]
    if lead := _lead(section):
        texts.append(("lead", lead))
    return texts + [("turn", text) for name in section.columns if (text := turn(section, name))]


def lines(said: Sequence[tuple[str, str]]) -> list[str]:
    """Return what was said for a terminal."""
    return [f"{word:<10}{text}".lstrip() for word, text in said]


def paragraphs(said: Sequence[tuple[str, str]], *, winner: Sequence[str]) -> list[str]:
    """Return what was said in Markdown.

    Args:
        said: As `of_sections` returns it.
        winner: The paragraph that stands for "best", if there is one.
    """
    texts = list(winner)
    for word, text in said:
        if word == "next":
            texts.append(f"**Next.**\n\n```\n{text}\n```")
        elif not word:
            texts.append(f"**{text}**")
        elif word != "best" or not winner:
            texts.append(f"**{word.capitalize()}.** {text}")
    return texts


def unresolved(section: Section) -> list[Variant]:
    """Return the variants that the best one does not beat beyond noise, the nearest first.

    One that has diverged is no rival.
    """
    rivals: list[Variant] = []
    for variant in section.variants:
        difference = section.differences.get(variant.name)
        if difference and not difference.beyond_noise and math.isfinite(difference.mean):
            rivals.append(variant)
    return rivals


def _lead(section: Section) -> str:
    """Return in words how far the best variant is ahead of the others; "" of a single one."""
    best, differences = section.variants[0], section.differences
    assert section.reference is not None
    if best is not section.reference:  # It was trained once, others several times.
        return f"over {section.reference.name}: {differences[best.name].words}"
    if not differences:
        return ""

    # Those that are not beaten come first, and are named.
    names: dict[str, list[str]] = {}
    for name in sorted(differences, key=lambda name: bool(differences[name].beyond_noise)):
        names.setdefault(differences[name].words, []).append(name)
    (words, first), *others = names.items()
    texts = [f"over {len(more)} more: {of_more}" for of_more, more in others]
    return "; ".join([f"over {_others(first)}: {words}", *texts])


def _others(names: Sequence[str]) -> str:
    """Return names in words, of many the first and how many more there are."""
    if len(names) <= FEW:
        return " and ".join(names)
    return f"{', '.join(names[:FEW])} and {len(names) - FEW} more"


def turn(section: Section, name: str) -> str:
    """Return between which values of a setting underfit turns to overfit, in a sentence.

    The other settings are those of the best variant. It is "" where the verdicts do not turn.
    """
    best = section.variants[0].settings
    words: dict[float, str] = {}
    for variant in section.variants:
        others = (other for other in section.columns if other != name)
        if any(variant.settings.get(key) != best.get(key) for key in others):
            continue
        try:
            value = float(variant.settings[name])
        except (KeyError, ValueError):  # A text, or none.
            return ""
        words[value] = next(iter(variant.verdicts), "")

    under = [value for value, word in words.items() if word == "underfit"]
    over = [value for value, word in words.items() if word == "overfit"]
    if not under or not over or (max(under) > min(over) and max(over) > min(under)):
        return ""
    left, right = max(under), min(over)
    if left > right:
        left, right = max(over), min(under)
    key = short(section.columns)[name]
    return f"{words[left]} up to {key}={left:g}, {words[right]} from {key}={right:g}"


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
    moves = next_moves.propose(
        *(settings, problem, best.runs[0].metrics, best.runs[0].tags),
        rows=len(rows),
        store=store,
        digest=section.basis.digest,
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
            key, _, value = plainest(word).partition("=")
            if value not in values.setdefault(key, []):
                values[key].append(value)
    if sum(len(of_key) > 1 for of_key in values.values()) > 1:
        values = {key: of_key[:1] for key, of_key in values.items()}
    words = [f"{key}={','.join(of_key)}" for key, of_key in values.items()]
    seeds = f"seed={','.join(map(str, SEEDS))}"
    command = invocation.command("train", ["-m", *words, seeds])
    return f"{command}   # one seed cannot tell how much of the lead is chance"
