"""The results of a chapter's variants -> its page, in Markdown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

import pandas as pd

import origin
from chapter import FILE, SOURCES, Chapter
from goldilocks import formatting
from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.formatting import markdown
from goldilocks.report import grouping
from goldilocks.report.grouping import Basis
from goldilocks.run import test_scores
from measured import Measured, Statistic, Tables
from origin import Origin
from relations import Checked, check

DIGEST = 12  # characters of a digest that are shown

SOURCE_WORDS: Mapping[str, str] = {
    "original": "the published data set",
    "stand_in": "the stand-in, a small data set of the same kind that needs no publisher's server; "
    "its numbers are its own, so that only the relations below can be compared with the book, not "
    "the values",
    "": "of a source that the store does not name",
}


def text(
    chapter: Chapter,
    tables: Tables,
    figures: Mapping[Basis, str],
    origins: Mapping[str, Origin],
) -> str:
    """Return the whole page.

    Args:
        chapter: What a person wrote down.
        tables: The variants that may be compared, sorted by their data.
        figures: Names of the files with the curves of these tables.
        origins: Where each run came from, by its ID.
    """
    command = f"python experiments/pages.py {chapter.name}"
    parts = [
        f"<!-- Written by `{command}` from the runs in the store and from {FILE}. Do not edit it: "
        f"edit {FILE}, and write it again. -->",
        f"# {chapter.title}",
        f"Chapter {chapter.number}. {chapter.question}",
        "\n".join(f"    {line}" for line in [*chapter.command.splitlines(), command]),
    ]
    for _, bases in groupby(tables, key=lambda basis: (basis.source, basis.digest)):
        parts += _section(chapter, {basis: tables[basis] for basis in bases}, figures, origins)
    parts += [
        "## The original data",
        chapter.original,
        "## Notes",
        "\n".join(f"- {note}" for note in chapter.notes),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def number(value: Statistic | None) -> str:
    """Return a mean and its standard deviation, if any; "" of nothing."""
    if value is None:
        return ""
    spread = f" ± {formatting.number(value.std, digits=2)}" if value.std else ""
    return f"{formatting.number(value.mean)}{spread}"


def _section(
    chapter: Chapter,
    tables: Tables,
    figures: Mapping[Basis, str],
    origins: Mapping[str, Origin],
) -> list[str]:
    """Return what was measured on one data: its tables, and what is said of all its variants.

    A person who writes a relation knows what it compares, so relations reach across the tables.
    """
    order = list(chapter.variants)
    variants = [variant for members in tables.values() for variant in members]
    variants.sort(key=lambda variant: order.index(variant.name))
    checked = check(chapter.relations, variants)
    held = sum(each.holds is True for each in checked)
    count = sum(each.holds is not None for each in checked)

    basis = next(iter(tables))
    parts = [
        f"## Measured on {basis.source or 'unknown'}, digest {basis.digest[:DIGEST] or 'unknown'}",
        f"The data is {_data(chapter, basis)}.",
        origin.sentence(origins[run.run_id] for variant in variants for run in variant.runs),
    ]
    for basis, members in tables.items():
        parts += _table(chapter, basis, members, list(tables), figures.get(basis))
    parts += [
        "`best_` values are those at the best epoch of what is monitored (of its mean, where "
        "several were trained together), `last_` those of the last epoch; ± is the standard "
        "deviation over the seeds (or folds) that `n` counts. Every number: "
        "[results.csv](results.csv).",
        _not_run(chapter, variants),
        _test_evaluations(variants),
        "### Beside the book",
        _published(chapter, variants),
        f"### What must hold: {held} of the {count} that were measured, by more than the spread",
        markdown(_relations(checked)) if checked else "Nothing was written down.",
        "### What the curves say",
        _verdicts(variants),
    ]
    return parts


def _data(chapter: Chapter, basis: Basis) -> str:
    """Return what the data is: as the chapter says it, else as its source is."""
    for digest, words in chapter.data.items():
        if basis.digest.startswith(digest):
            return words
    return SOURCE_WORDS.get(basis.source, basis.source)


def _table(
    chapter: Chapter,
    basis: Basis,
    variants: Sequence[Measured],
    bases: Sequence[Basis],
    figure: str | None,
) -> list[str]:
    """Return the table and the figure of variants that may be compared."""
    parts = [markdown(_overview(chapter, variants))]
    if distinctions := grouping.distinctions(basis, bases):
        parts.insert(0, f"**{', '.join(distinctions)}**")
    if figure:
        parts.append(f"![val_loss of the variants]({figure})")
        parts.append("*Validation loss, the mean of all trainings.*")
    return parts


def _overview(chapter: Chapter, variants: Sequence[Measured]) -> pd.DataFrame:
    """Return a row for each variant."""
    names = list(dict.fromkeys(name for variant in variants for name in variant.values))
    scores = [name for name in names if name.startswith("best_val_") or test_scores.is_score(name)]
    last = [name for name in ("last_loss", "last_val_loss") if name in names]
    rows = []
    for variant in variants:
        words = chapter.variants[variant.name]
        if variant.changed:
            words += f" (run with {', '.join(variant.changed)})"
        row = {"variant": variant.name, "what it is": words}
        for name in ("parameters", "best_epoch", *scores, *last, "seconds_per_epoch"):
            row[name] = number(variant.values.get(name))

        count = len(variant.trainings)
        row["verdict"] = _counts(variant.verdicts)
        row["n"] = f"{count} {variant.over}" if count > 1 else "1"
        rows.append(row)
    return pd.DataFrame(rows)


def _counts(verdicts: Sequence[str]) -> str:
    """Return the verdicts of several trainings: "overfit", or "overfit 2, balanced 1"."""
    counts = Counter(verdicts).most_common()
    if len(counts) == 1:
        return counts[0][0]
    return ", ".join(f"{name} {count}" for name, count in counts)


def _not_run(chapter: Chapter, variants: Sequence[Measured]) -> str:
    """Return a sentence that lists the variants without a run; "" where there is none."""
    run = {variant.name for variant in variants}
    missing = [f"`{name}` ({words})" for name, words in chapter.variants.items() if name not in run]
    if missing:
        return f"Not run: {', '.join(missing)}."
    return ""


def _test_evaluations(variants: Sequence[Measured]) -> str:
    """Return which variants were not the first on their test rows; "" where all were."""
    warnings = []
    for variant in variants:
        numbers = [test_scores.evaluations(run.metrics) or 0 for run in variant.trainings]
        if warning := test_scores.warning(max(numbers)):
            warnings.append(f"{variant.name}: {warning}")
    if warnings:
        return f"**{'; '.join(warnings)}.**"
    return ""


def _published(chapter: Chapter, variants: Sequence[Measured]) -> str:
    """Return the book's numbers beside ours, and where they are from."""
    measured = {variant.name: variant.values for variant in variants}
    rows = []
    for variant, items in chapter.published.items():
        if variant not in measured:
            continue
        for item in items:
            epoch = f" (epoch {item.epoch})" if item.epoch else ""
            rows.append(
                {
                    "variant": variant,
                    "measure": item.measure,
                    "book": f"{formatting.number(item.value)}{epoch}",
                    "measured": number(measured[variant].get(item.measure)),
                    "from": item.source,
                }
            )
    if not rows:
        return "The book has no number for these variants."

    sources = dict.fromkeys(row["from"] for row in rows)
    words = "; ".join(f"{source}: {SOURCES[source]}" for source in sources)
    return (
        f"{markdown(pd.DataFrame(rows))}\n\n{words}. Each is of one run without a seed, and of the "
        "epoch where it was best by itself."
    )


def _relations(checked: Sequence[Checked]) -> pd.DataFrame:
    """Return a row for each relation, with both numbers."""
    answers = {True: "holds", False: "does not hold", None: "not measured"}
    rows = []
    for each in checked:
        relation = each.relation
        by = f" by {relation.by:g}" if relation.by else ""
        answer = "within the spread" if each.close else answers[each.holds]
        rows.append(
            {
                "what must hold": relation.words,
                "measure": relation.measure,
                "left": f"{relation.left}: {number(each.left) or 'not run'}",
                "is": f"{relation.comparison}{by}",
                "right": _right(each),
                "": answer,
            }
        )
    return pd.DataFrame(rows)


def _right(checked: Checked) -> str:
    relation = checked.relation
    if isinstance(relation.right, float):
        return f"{relation.right:g}"
    factor = f"{relation.times:g} x " if relation.times != 1 else ""
    return f"{factor}{relation.right}: {number(checked.right) or 'not run'}"


def _verdicts(variants: Sequence[Measured]) -> str:
    """Return a line for each verdict, with its variants."""
    lines = []
    for verdict, description in VERDICTS.items():
        names = [_share(variant, verdict) for variant in variants if verdict in variant.verdicts]
        if names:
            lines.append(f"- **{verdict}** ({description.meaning}): {', '.join(names)}.")

    silent = [variant.name for variant in variants if not variant.verdicts]
    if silent:
        lines.append(f"- No verdict, as nothing was validated or learned: {', '.join(silent)}.")
    return "\n".join(lines)


def _share(variant: Measured, verdict: str) -> str:
    """Return a variant's name, and how many of its trainings have a verdict if not all have."""
    count, total = variant.verdicts.count(verdict), len(variant.verdicts)
    if count == total:
        return variant.name
    return f"{variant.name} ({count} of {total})"
