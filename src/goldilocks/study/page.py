"""What was measured -> the page of a study, in Markdown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from goldilocks import formatting
from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.report.sweep import markdown
from goldilocks.run import test_ledger
from goldilocks.study.measured import Data, Measured, Statistic
from goldilocks.study.plan import SOURCES, Study
from goldilocks.study.relations import Checked, check

DIGEST = 12  # characters of a digest that are shown

SOURCE_WORDS: Mapping[str, str] = {
    "original": "the published data set",
    "stand_in": "the stand-in, a small data set of the same kind that needs no publisher's server; "
    "its numbers are its "
    "own, so that only the relations below can be compared with the book, not the values",
    "unknown": "of a source that the store does not name",
}


class Picture(NamedTuple):
    """A picture of curves: its file's name, and the variants that are not in it because their loss is another."""

    file: str
    left_out: tuple[str, ...]


def text(
    study: Study, groups: Mapping[Data, Sequence[Measured]], pictures: Sequence[Picture | None]
) -> str:
    """The whole page.

    Args:
        study: What a person wrote down.
        groups: What was measured, for each data.
        pictures: Of each of these, or None where there is no curve.
    """
    parts = [
        f"<!-- Written by `goldilocks report --study {study.name}` from the runs in the store and "
        "from study.yaml. "
        "Do not edit it: edit study.yaml, and write it again. -->",
        f"# {study.title}",
        f"Chapter {study.chapter}. {study.question}",
        "\n".join(
            f"    {line}"
            for line in [*study.command.splitlines(), f"goldilocks report --study {study.name}"]
        ),
    ]
    for (data, variants), picture in zip(groups.items(), pictures, strict=True):
        parts += _section(study, data, variants, picture)
    parts += [
        "## The original data",
        study.original,
        "## Notes",
        "\n".join(f"- {note}" for note in study.notes),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def number(value: Statistic | None) -> str:
    """A mean with four significant digits, and its standard deviation, if any, with two; "" of nothing."""
    if value is None:
        return ""
    spread = "" if not value.std else f" ± {value.std:.2g}"
    return f"{formatting.number(value.mean)}{spread}"


def _section(
    study: Study, data: Data, variants: Sequence[Measured], picture: Picture | None
) -> list[str]:
    """What was measured on one data."""
    checked = check(study.relations, variants)
    held = sum(each.holds is True for each in checked)
    known = sum(each.holds is not None for each in checked)
    drawn = []
    if picture:
        aside = (
            f" Not drawn, for another loss: {', '.join(picture.left_out)}."
            if picture.left_out
            else ""
        )
        drawn = [
            f"![val_loss of the variants]({picture.file})",
            f"*Validation loss, the mean of all trainings.{aside}*",
        ]
    return [
        f"## Measured on {data.source}, digest {data.digest[:DIGEST]}",
        f"The data is {SOURCE_WORDS.get(data.source, data.source)}.",
        markdown(_overview(study, variants)),
        "`best_` values are those at the best epoch of what is monitored (of its mean, where "
        "several were trained "
        "together), `last_` those of the last epoch; ± is the standard deviation over the seeds "
        "(or folds) that `n` "
        "counts. Every number: [results.csv](results.csv).",
        _not_run(study, variants),
        _looked(variants),
        *drawn,
        "### Beside the book",
        _published(study, variants),
        f"### What must hold: {held} of the {known} that were measured",
        markdown(_relations(checked)) if checked else "Nothing was written down.",
        "### What the curves say",
        _verdicts(variants),
    ]


def _overview(study: Study, variants: Sequence[Measured]) -> pd.DataFrame:
    """A row a variant."""
    names = dict.fromkeys(name for each in variants for name in each.values)
    best = [name for name in names if name.startswith("best_val_") or test_ledger.is_score(name)]
    last = [name for name in ("last_loss", "last_val_loss") if name in names]
    rows = []
    for each in variants:
        changed = f" (run with {', '.join(each.changed)})" if each.changed else ""
        row = {"variant": each.variant, "what it is": f"{study.variants[each.variant]}{changed}"}
        for name in ("parameters", "best_epoch", *best, *last, "seconds_per_epoch"):
            row[name] = number(each.values.get(name))
        row["verdict"] = _counted(each.verdicts)
        row["n"] = f"{len(each.trainings)} {each.over}" if len(each.trainings) > 1 else "1"
        rows.append(row)
    return pd.DataFrame(rows)


def _looked(variants: Sequence[Measured]) -> str:
    """Which variants looked at test rows that had been looked at before; "" where none did."""
    found = {
        each.variant: max(test_ledger.evaluations(run.metrics) or 0 for run in each.trainings)
        for each in variants
    }
    said = [
        f"{variant}: {test_ledger.warning(number)}"
        for variant, number in found.items()
        if test_ledger.warning(number)
    ]
    return f"**{'; '.join(said)}.**" if said else ""


def _published(study: Study, variants: Sequence[Measured]) -> str:
    """The book's numbers beside ours, and where they are from."""
    measured = {each.variant: each.values for each in variants}
    rows = [
        {
            "variant": variant,
            "measure": item.measure,
            "book": f"{formatting.number(item.value)}"
            + (f" (epoch {item.epoch})" if item.epoch else ""),
            "measured": number(measured[variant].get(item.measure)),
            "from": item.source,
        }
        for variant, items in study.published.items()
        if variant in measured
        for item in items
    ]
    if not rows:
        return "The book has no number for these variants."
    used = dict.fromkeys(row["from"] for row in rows)
    words = "; ".join(f"{source}: {SOURCES[source]}" for source in used)
    return (
        f"{markdown(pd.DataFrame(rows))}\n\n{words}. Each is of one run without a seed, and of the "
        "epoch where it was "
        "best by itself."
    )


def _relations(checked: Sequence[Checked]) -> pd.DataFrame:
    """A row a relation, with both numbers."""
    said = {True: "holds", False: "does not hold", None: "not measured"}
    rows = []
    for each in checked:
        relation = each.relation
        factor = f"{relation.times:g} x " if relation.times != 1 else ""
        rows.append(
            {
                "what must hold": relation.says,
                "measure": relation.measure,
                "left": f"{relation.left}: {number(each.left) or 'not run'}",
                "is": relation.comparison + (f" by {relation.by:g}" if relation.by else ""),
                "right": f"{relation.right:g}"
                if isinstance(relation.right, float)
                else f"{factor}{relation.right}: {number(each.right) or 'not run'}",
                "": said[each.holds] + (", within the spread of the seeds" if _close(each) else ""),
            }
        )
    return pd.DataFrame(rows)


def _close(each: Checked) -> bool:
    """Whether the difference that was asked for is smaller than the spread of the two sides together."""
    left, right, relation = each.left, each.right, each.relation
    if relation.comparison == "equal" or left is None or right is None:
        return False
    spread = (left.std or 0.0) ** 2 + (relation.times * (right.std or 0.0)) ** 2
    sign = 1 if relation.comparison == "greater" else -1
    return (left.mean - relation.times * right.mean - sign * relation.by) ** 2 < spread


def _verdicts(variants: Sequence[Measured]) -> str:
    """The variants by what their curves say."""
    lines = []
    for verdict, description in VERDICTS.items():
        named = []
        for each in variants:
            count = each.verdicts.count(verdict)
            if count:
                named.append(
                    each.variant
                    + ("" if count == len(each.verdicts) else f" ({count} of {len(each.verdicts)})")
                )
        if named:
            lines.append(f"- **{verdict}** ({description.meaning}): {', '.join(named)}.")
    silent = [each.variant for each in variants if not each.verdicts]
    if silent:
        lines.append(f"- No verdict, as nothing was validated or learned: {', '.join(silent)}.")
    return "\n".join(lines)


def _counted(verdicts: Sequence[str]) -> str:
    """The verdicts of several trainings: "overfit", or "overfit 2, balanced 1"."""
    counts = Counter(verdicts).most_common()
    return (
        counts[0][0] if len(counts) == 1 else ", ".join(f"{name} {count}" for name, count in counts)
    )


def _not_run(study: Study, variants: Sequence[Measured]) -> str:
    """The variants without a run."""
    run = {each.variant for each in variants}
    missing = [f"`{name}` ({words})" for name, words in study.variants.items() if name not in run]
    return f"Not run: {', '.join(missing)}." if missing else ""
